"""Fork safety of engines.

A forked child has only the thread that forked, and a copy of all memory: locks that other threads held stay locked, and
the threads of a runtime's pool no longer exist, although the pool's state says so. So a fork waits until no engine is
running, and the parent's engines are neither used nor destroyed in the child.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock, local
from typing import Any, Protocol
from weakref import WeakSet

LONGEST_WAIT = 30.0
"""Seconds that a fork waits for running engines: longer than a batch takes, but finite in case one never returns."""


class _Gate:
    """A lock shared by many threads or held by one fork; a waiting fork locks `entrance`, to avoid starvation."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.entrance = Lock()
        self.change = Condition(Lock())
        self.working = 0
        self.thread = local()

    def enter(self) -> None:
        self.thread.blocks = self.blocks + 1
        if self.blocks == 1:
            with self.entrance, self.change:
                self.working += 1

    def leave(self) -> None:
        if self.blocks == 1:
            with self.change:
                self.working -= 1
                self.change.notify_all()
        self.thread.blocks = self.blocks - 1

    @property
    def blocks(self) -> int:
        """Nesting depth of this thread's blocks."""
        return getattr(self.thread, "blocks", 0)

    def close(self) -> None:
        self.entrance.acquire()
        with self.change:
            self.change.wait_for(lambda: self.working == 0, LONGEST_WAIT)

    def open(self) -> None:
        self.entrance.release()


class LeavesToParent(Protocol):
    """An object with something that only the process that created it can use."""

    def leave_to_parent(self) -> None:
        """Drop it without destroying it; called in a child before anything else."""
        ...


_gate = _Gate()
_of_parent: WeakSet[LeavesToParent] = WeakSet()


@contextmanager
def no_fork() -> Iterator[None]:
    """Delay forks of this process until the block ends."""
    _gate.enter()
    try:
        yield
    finally:
        _gate.leave()


def leave_in_child(holder: LeavesToParent) -> None:
    """Have `holder.leave_to_parent` called in every child, for the lifetime of the holder."""
    _of_parent.add(holder)


def keep_for_good(value: Any) -> None:
    """Never destroy an object, not even at exit: a destructor that joins threads that are gone would never return."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


def is_forked() -> bool:
    """Whether this process was forked after engines were imported."""
    return _forked


_forked = False


def _after_in_child() -> None:
    global _forked
    _forked = True
    _gate.reset()
    for holder in list(_of_parent):
        holder.leave_to_parent()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(before=_gate.close, after_in_parent=_gate.open, after_in_child=_after_in_child)
