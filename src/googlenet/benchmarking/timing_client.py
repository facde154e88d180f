"""The client of a timing process: starts it, sends requests, and ends it."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from googlenet.benchmarking.candidates import Candidate
from googlenet.errors import GoogLeNetError

PATIENCE = 20  # seconds for a worker to exit by itself


class WorkerError(GoogLeNetError):
    """A candidate that could not be opened, or that failed while running."""


class Worker:
    """A candidate in a process of its own, which is idle between requests."""

    def __init__(self, candidate: Candidate, path: Path | None, threads: int) -> None:
        """Start it and wait until it is ready. Raises WorkerError with the reason if it cannot be opened."""
        module = "googlenet.benchmarking.timing_process"
        # -P: files in the current folder must not shadow packages
        command = [sys.executable, "-P", "-m", module, candidate.opener, str(path or ""), str(threads)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            self._answer()
        except WorkerError:
            self.close()
            raise

    def run(self, *, times: int, batch: int, input_size: int) -> list[float]:
        """Seconds of each of `times` runs of `batch` pictures of `input_size` pixels; raises WorkerError."""
        seconds: list[float] = self._ask(times=times, batch=batch, input_size=input_size)["seconds"]
        return seconds

    def peak_bytes(self) -> int:
        """The peak memory of the process so far; raises WorkerError."""
        peak: int = self._ask(peak=True)["peak_bytes"]
        return peak

    def close(self) -> None:
        """Wait for the process to exit, or kill it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(BrokenPipeError):  # it has already exited
            self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def _ask(self, **request: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            raise WorkerError(self._end()) from None
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise WorkerError(self._end())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def _end(self) -> str:
        return f"its process exited unexpectedly (exit code {self.process.wait(PATIENCE)})"
