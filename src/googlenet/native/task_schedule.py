"""In which order the kernels run: tasks, and phases of tasks that do not wait for each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from googlenet.native.memory_plan import Placement
from googlenet.native.steps import Concat, Convolve, LoadImage, LoweredGraph, Step


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A kernel's work for a step, and its phase, from 0.

    `kernel`: its name without the suffix of an arithmetic. `reads`, `writes`: blocks of memory.
    """

    kernel: str
    step: Step
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    phase: int = 0


def schedule_tasks(graph: LoweredGraph, places: Mapping[str, Placement], tiles: Mapping[str, int]) -> tuple[Task, ...]:
    """The tasks, in the order of their phases: each in the first in which all that it reads is there."""
    ready: dict[str, int] = {}
    tasks = []
    for step in graph.steps:
        for task in _tasks_of(step, places, tiles):
            phase = max((ready[block] for block in task.reads), default=-1) + 1
            tasks.append(replace(task, phase=phase))
            for block in task.writes:
                ready[block] = max(ready.get(block, 0), phase)
    return tuple(sorted(tasks, key=lambda task: task.phase))


def _tasks_of(step: Step, places: Mapping[str, Placement], tiles: Mapping[str, int]) -> Iterator[Task]:
    match step:
        case Concat():
            return
        case LoadImage():
            yield Task(step.kernel, step, (), (places[step.output].owner,))
        case Convolve():
            source, outputs = places[step.source].owner, tuple(places[name].owner for name in step.outputs)
            if tiles[step.outputs[0]]:
                transformed = tiles_block(step)
                yield Task("winograd_input", step, (source,), (transformed,))
                yield Task("winograd_output", step, (transformed,), outputs)
            else:
                yield Task("conv", step, (source,), outputs)
        case _:
            yield Task(step.kernel, step, (places[step.source].owner,), (places[step.output].owner,))


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
