"""The process of one candidate: opens it, runs pictures on request, and answers with the times.

    python -m googlenet.benchmarking.timing_process OPENER PATH THREADS

Requests and answers are lines of JSON. The process starts with {"ready": true} or {"error": TEXT}. A request is
{"times": T, "batch": N, "input_size": S}, answered with {"seconds": [...]}, or {"peak": true}, answered with
{"peak_bytes": B}. It exits when its standard input ends.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Run: TypeAlias = Callable[[NDArray[np.uint8]], object]
"""Runs pictures (N, S, S, 3) uint8 RGB."""

DIFFERENT_PICTURES = 3
STATUS = Path("/proc/self/status")


def serve(opener: str, path: str, threads: str) -> None:
    """Open a candidate and answer requests until standard input ends; PATH is empty for one that reads no file."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # keep output of libraries apart from the answers

    def reply(**fields: Any) -> None:
        print(json.dumps(fields), file=replies, flush=True)

    module, _, function = opener.partition(":")
    try:
        run: Run = getattr(import_module(module), function)(Path(path) if path else None, int(threads))
    except Exception as error:  # each program raises errors of its own
        reply(error=(str(error).strip() or type(error).__name__).splitlines()[0])
        return
    reply(ready=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "peak" in request:
                reply(peak_bytes=peak_bytes())
            else:
                reply(seconds=time_runs(run, **request))
        except Exception as error:
            reply(error=(str(error).strip() or type(error).__name__).splitlines()[0])


def time_runs(run: Run, *, times: int, batch: int, input_size: int) -> list[float]:
    """Seconds of each of `times` runs of `batch` pictures, starting with a different picture each time."""
    from googlenet.model import known_answer_images

    pictures = known_answer_images(input_size, count=DIFFERENT_PICTURES)
    batches = [
        np.ascontiguousarray(np.resize(np.roll(pictures, shift, axis=0), (batch, input_size, input_size, 3)))
        for shift in range(min(times, DIFFERENT_PICTURES))
    ]
    seconds = []
    for number in range(times):
        images = batches[number % len(batches)]
        start = perf_counter()
        run(images)
        seconds.append(perf_counter() - start)
    return seconds


def peak_bytes() -> int:
    """The peak memory of this process so far.

    From /proc on Linux: getrusage also counts the parent's memory before exec.
    """
    if STATUS.is_file() and (found := re.search(r"VmHWM:\s*(\d+) kB", STATUS.read_text(encoding="utf-8"))):
        return int(found[1]) * 1024
    import resource

    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


if __name__ == "__main__":
    serve(*sys.argv[1:])
