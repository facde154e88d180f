"""Change the structure of exported files, models and graphs, with valid checksums, and report the outcomes.

Run: python -m benchmarks.fuzz onnx int8 --files 100000            read and checked in this process
     python -m benchmarks.fuzz onnx --files 5000 --engines         and what passes is run on every engine

A file must end in one of the package's own errors, in one printable line, or be a model whose engines agree. Anything
else ends the run with 1, and the file is kept. Engines run in a child process: one that crashes or hangs is found.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmarks.fuzz.engines import Runner, disagreement
from benchmarks.fuzz.kinds import KINDS, end_of_reading
from benchmarks.machine import describe_machine
from googlenet.artifacts import onnx_graph


def remember_decoded() -> None:
    """Decode a node and a constant once for the same bytes, on which alone they depend: nearly all are as they were."""
    for name in ("_node", "_constant"):
        setattr(onnx_graph, name, lru_cache(20_000)(getattr(onnx_graph, name)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read changed files and report the outcomes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", help=f"of {', '.join(KINDS)}; default: all")
    parser.add_argument("--files", type=int, default=1000, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engines", action="store_true", help="run what passes on every engine")
    options = parser.parse_args(arguments)
    print(describe_machine(), flush=True)
    remember_decoded()
    failed = False
    for name in options.kinds or KINDS:
        failed |= fuzz(name, options.files, options.seed, engines=options.engines)
    sys.exit(int(failed))


def fuzz(name: str, files: int, seed: int, *, engines: bool) -> bool:
    """Read and perhaps run changed files of a kind; whether something went wrong."""
    kind, ends, slowest, worst = KINDS[name](), Counter[str](), 0.0, Counter[str]()
    runner, failures, started = Runner(kind), 0, time.perf_counter()
    for number in range(files):
        content = kind.change(random.Random(f"{seed} {name} {number}"))
        begun = time.perf_counter()
        try:
            end, model = end_of_reading(kind, content)
        except Exception as error:
            end, model = f"RAW {type(error).__name__}: {error}"[:200], None
        slowest = max(slowest, time.perf_counter() - begun)
        wrong = end if end.startswith("RAW") else ""
        if model is not None and engines:
            answers = runner.run(content)
            if isinstance(answers, str):
                wrong = f"the engines' process {answers}"
            else:
                for engine, answer in answers.items():
                    told = (
                        answer if isinstance(answer, str) else "finite" if np.isfinite(answer).all() else "not finite"
                    )
                    worst[f"{engine}: {told[:80]}"] += 1
                    wrong = told if told.startswith("RAW") else wrong
                if name in ("onnx", "lrn", "model") and disagreement(answers) > 1e-3:
                    wrong = f"engines disagree by {disagreement(answers):.3f}"
        ends[end] += 1
        if (number + 1) % 1000 == 0:
            print(f"{name}: {number + 1:,} files, {failures} wrong", flush=True)
        if wrong:
            failures += 1
            ends[f"WRONG {wrong[:120]}"] += 1
            if failures <= 20:
                for place, data in enumerate(content):
                    Path(f"fuzz-{name}-{seed}-{number}-{place}{kind.suffix}").write_bytes(data)
                print(f"{name} {number}: {wrong}", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - started
    print(f"{name}: {files:,} files in {seconds:.0f} s, the slowest {slowest * 1000:.0f} ms to read")
    for counter in (ends, worst):
        for end, count in sorted(counter.items()):
            print(f"{count:8,}  {end}", flush=True)
    return failures > 0


if __name__ == "__main__":
    main()
