"""Compares speed and memory of this package's engines and other programs, each in a process of its own."""

from googlenet.benchmarking.candidates import CANDIDATES, Candidate, candidates_of
from googlenet.benchmarking.files import write_files
from googlenet.benchmarking.measure import Comparison, Measurement, Timing, compare
from googlenet.benchmarking.timing_client import Worker, WorkerError

__all__ = [
    "CANDIDATES",
    "Candidate",
    "Comparison",
    "Measurement",
    "Timing",
    "Worker",
    "WorkerError",
    "candidates_of",
    "compare",
    "write_files",
]
