"""How fast and how large: this package's engines beside other programs, each in a process of its own."""

from googlenet.benchmarking.candidates import CANDIDATES, Candidate, Precision
from googlenet.benchmarking.files import write_files
from googlenet.benchmarking.machine import FEATURES, Machine, read_machine
from googlenet.benchmarking.measure import Comparison, Measurement, Plan, compare
from googlenet.benchmarking.workers import Worker, WorkerError

__all__ = [
    "CANDIDATES",
    "FEATURES",
    "Candidate",
    "Comparison",
    "Machine",
    "Measurement",
    "Plan",
    "Precision",
    "Worker",
    "WorkerError",
    "compare",
    "read_machine",
    "write_files",
]
