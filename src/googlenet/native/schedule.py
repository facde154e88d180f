"""In which order the kernels run: tasks, and phases of tasks that do not wait for each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from googlenet.native.layout import Place
from googlenet.native.steps import (
    Average,
    Computation,
    Convolve,
    Join,
    MaxPool,
    Normalize,
    Restore,
    Round,
    Step,
    TakeImage,
)


class Kind(IntEnum):
    """The kernels, as source/program.h numbers them."""

    TAKE_IMAGE = 0
    CONVOLVE = 1
    TRANSFORM_TILES = 2
    MULTIPLY_TILES = 3
    MAX_POOL = 4
    NORMALIZE = 5
    AVERAGE = 6
    ROUND = 14
    RESTORE = 15

    @property
    def of_codes(self) -> int:
        """The kernel that does the same to values in whole numbers."""
        return self if self >= Kind.ROUND else self + 7


KINDS: dict[type[Step], Kind] = {
    TakeImage: Kind.TAKE_IMAGE,
    MaxPool: Kind.MAX_POOL,
    Normalize: Kind.NORMALIZE,
    Average: Kind.AVERAGE,
    Round: Kind.ROUND,
    Restore: Kind.RESTORE,
}
"""Of the steps that are one task and write one value."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A kernel's work for a step: the blocks of memory that it reads and writes, and its phase, from 0."""

    kind: Kind
    step: Step
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    phase: int = 0


def schedule(computation: Computation, places: Mapping[str, Place], tiles: Mapping[str, int]) -> tuple[Task, ...]:
    """The tasks, in the order of their phases: each in the first in which all that it reads is there."""
    ready: dict[str, int] = {}
    tasks = []
    for step in computation.steps:
        for task in _tasks_of(step, places, tiles):
            phase = max((ready[block] for block in task.reads), default=-1) + 1
            tasks.append(replace(task, phase=phase))
            for block in task.writes:
                ready[block] = max(ready.get(block, 0), phase)
    return tuple(sorted(tasks, key=lambda task: task.phase))


def _tasks_of(step: Step, places: Mapping[str, Place], tiles: Mapping[str, int]) -> Iterator[Task]:
    match step:
        case Join():
            return
        case TakeImage():
            yield Task(Kind.TAKE_IMAGE, step, (), (places[step.output].owner,))
        case Convolve():
            source, outputs = places[step.source].owner, tuple(places[name].owner for name in step.outputs)
            if tiles[step.outputs[0]]:
                transformed = tiles_block(step)
                yield Task(Kind.TRANSFORM_TILES, step, (source,), (transformed,))
                yield Task(Kind.MULTIPLY_TILES, step, (transformed,), outputs)
            else:
                yield Task(Kind.CONVOLVE, step, (source,), outputs)
        case _:
            yield Task(KINDS[type(step)], step, (places[step.source].owner,), (places[step.output].owner,))


def tiles_block(step: Convolve) -> str:
    """The name of the block that holds the transformed input of a convolution."""
    return f"{step.outputs[0]}.tiles"


def lifetimes(
    tasks: Sequence[Task], always: frozenset[str], until_the_end: frozenset[str]
) -> dict[str, tuple[int, int]]:
    """The first and last phase that uses each block; blocks in `always` keep their memory for themselves."""
    end = tasks[-1].phase
    spans: dict[str, tuple[int, int]] = {}
    for task in tasks:
        for block in (*task.reads, *task.writes):
            first, last = spans.get(block, (task.phase, task.phase))
            spans[block] = min(first, task.phase), max(last, task.phase)
    for block, (first, _) in spans.items():
        if block in always:
            spans[block] = 0, end
        elif block in until_the_end:
            spans[block] = first, end
    return spans
