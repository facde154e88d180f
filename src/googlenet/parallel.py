"""Work done by a few threads ahead of its reader, given back in order."""

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
"""Where Linux says how many microseconds of each period a container may compute: its newer way, its older one."""


MOST_THREADS = 64
"""Threads that may be asked for on any machine, however few processors it has."""


def available_cpus(limits: Path = Path("/sys/fs/cgroup")) -> int:
    """Processors this process may use: those it is bound to, and no more than its container's share, rounded up."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for names in CPU_LIMITS:
        with suppress(OSError, ValueError):  # another system, or no limit: "max", -1
            quota, period = (int(word) for name in names for word in (limits / name).read_text("ascii").split())
            if quota > 0 and period > 0:
                cpus = min(cpus, -(-quota // period))
    return cpus


def thread_count(threads: int | None) -> int:
    """How many threads a network is run by: as many as asked for, by default `available_cpus()`.

    Raises InputError for fewer than 1, and for more than any use: `MOST_THREADS`, or the machine's processors.
    """
    if threads is None:
        return available_cpus()
    most = max(MOST_THREADS, os.cpu_count() or 1)
    if not isinstance(threads, SupportsIndex) or not 1 <= index(threads) <= most:
        raise InputError(f"the number of threads must be an integer from 1 to {most}, not {threads!r}")
    return index(threads)


DEFAULT_WORKERS = min(8, available_cpus())
"""Threads that decode pictures; Pillow lets go of the interpreter's lock while it works."""


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], *, workers: int = DEFAULT_WORKERS, ahead: int = 32
) -> Generator[Result, None, None]:
    """Yield `function(item)` in the order of the items, computed by `workers` threads.

    At most `ahead` items are taken from the source before the reader has asked for them, so that an endless source
    and a slow reader need bounded memory. What `function` raises is raised here, at its item's turn; work not yet
    begun is dropped when the reader stops early.
    """
    source = iter(items)
    pool = ThreadPoolExecutor(workers)
    pending: deque[Future[Result]] = deque()
    try:
        pending.extend(pool.submit(function, item) for item in islice(source, max(1, ahead)))
        while pending:
            result = pending.popleft().result()
            pending.extend(pool.submit(function, item) for item in islice(source, 1))  # work for the reader's while
            yield result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def in_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of `size`; the last one may be shorter."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
