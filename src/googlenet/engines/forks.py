"""What a fork does to engines, in one place.

A child has one thread, its parent's that forked, and a copy of all memory: locks that other threads held stay locked,
and the threads of a runtime's pool are gone though the pool believes in them. So a fork waits until no engine is at
work, and what belongs to the parent is neither used nor taken apart in the child.
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
"""Seconds that a fork waits for engines at work: longer than a batch takes, and an end where one never returns."""


class _Gate:
    """Lets any number of threads in, or one fork. `entrance` is locked while a fork waits, so that it gets its turn."""

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
        """How many blocks this thread is in."""
        return getattr(self.thread, "blocks", 0)

    def close(self) -> None:
        self.entrance.acquire()
        with self.change:
            self.change.wait_for(lambda: self.working == 0, LONGEST_WAIT)

    def open(self) -> None:
        self.entrance.release()


class LeavesToParent(Protocol):
    """What holds something that only the process that made it can use."""

    def leave_to_parent(self) -> None:
        """Let go of it without taking it apart; called in a child before anything else."""
        ...


_gate = _Gate()
_of_parent: WeakSet[LeavesToParent] = WeakSet()


@contextmanager
def no_fork() -> Iterator[None]:
    """A fork of this process waits until the block ends."""
    _gate.enter()
    try:
        yield
    finally:
        _gate.leave()


def leave_in_child(holder: LeavesToParent) -> None:
    """Have `holder.leave_to_parent` called in every child, as long as the holder lives."""
    _of_parent.add(holder)


def keep_for_good(value: Any) -> None:
    """Never take an object apart, not even at the end: what waits for threads that are gone would wait for ever."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


def is_forked() -> bool:
    """Whether this process is a forked child of one that had imported the engines."""
    return _forked


_forked = False


def _after_in_child() -> None:
    global _forked
    _forked = True
    _gate.reset()
    for holder in list(_of_parent):
        holder.leave_to_parent()


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(before=_gate.close, after_in_parent=_gate.open, after_in_child=_after_in_child)
