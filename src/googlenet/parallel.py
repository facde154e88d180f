"""Thread counts, and work done ahead of its consumer by a few threads, with results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from operator import index
from pathlib import Path
from typing import SupportsIndex, TypeVar

from googlenet.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")

CPU_LIMITS = (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"))
"""Files with a container's CPU quota and period in microseconds, in cgroup v2 and v1."""

MOST_THREADS = 64
"""The number of threads that can be requested on any machine, however few cores it has."""


def available_cpus(limits: Path = Path("/sys/fs/cgroup")) -> int:
    """The number of CPUs available to this process: its CPU affinity, limited by its container's quota, rounded up."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for names in CPU_LIMITS:
        with suppress(OSError, ValueError):  # another system, or no limit ("max", -1)
            quota, period = (int(word) for name in names for word in (limits / name).read_text("ascii").split())
            if quota > 0 and period > 0:
                cpus = min(cpus, -(-quota // period))
    return cpus


def thread_count(threads: int | None) -> int:
    """The number of threads to run a network with: as requested, by default `available_cpus()`.

    Raises InputError for fewer than 1 and for more than the larger of `MOST_THREADS` and the machine's CPUs.
    """
    if threads is None:
        return available_cpus()
    most = max(MOST_THREADS, os.cpu_count() or 1)
    if not isinstance(threads, SupportsIndex) or not 1 <= index(threads) <= most:
        raise InputError(f"the number of threads must be an integer from 1 to {most}, not {threads!r}")
    return index(threads)


DEFAULT_WORKERS = min(8, available_cpus())
"""Threads that decode pictures; Pillow releases the interpreter lock while it works."""


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], *, workers: int = DEFAULT_WORKERS, ahead: int = 32
) -> Generator[Result, None, None]:
    """Yield `function(item)` in the order of the items, computed by `workers` threads.

    At most `ahead` items are taken from the source in advance, so that an endless source and a slow consumer need
    bounded memory. What `function` raises is raised here, when its item is reached; work that has not started is
    cancelled when the consumer stops early.
    """
    source = iter(items)
    pool = ThreadPoolExecutor(workers)
    pending: deque[Future[Result]] = deque()
    try:
        pending.extend(pool.submit(function, item) for item in islice(source, max(1, ahead)))
        while pending:
            result = pending.popleft().result()
            pending.extend(pool.submit(function, item) for item in islice(source, 1))  # before the consumer continues
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of `size`; the last one may be shorter."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
