"""From a computation to the operations that the library runs on pictures of one size: `write_program`.

An operation is cut into items of about the same work, for threads to take; threads wait for each other only between
phases.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.native.layout import (
    Place,
    Shape,
    borders,
    count_tiles,
    measure,
    place_blocks,
    place_values,
    tile_of,
)
from googlenet.native.library import Operation, Panel, Phase, View
from googlenet.native.numbers import Numbers
from googlenet.native.packing import aligned_zeros
from googlenet.native.schedule import Kind, Task, lifetimes, schedule, tiles_block
from googlenet.native.steps import Average, Convolve, Join, MaxPool, Normalize, Restore, Round, TakeImage

ITEM = 1 << 20
"""Multiply-adds of an item: some twenty microseconds, long beside what taking it costs, short beside a phase."""

MOST_INPUT = 128_000
"""Bytes of input that an item of a convolution reads: half of a second cache of 256 KiB."""

MOST_TILES = 32
"""Of an item, as in source/program.h; what they are computed from stays in a second cache of 512 KiB."""

READING = 8
"""Rows whose products take as long as reading the weights does, about: fewer cost no less."""

PICTURE_ROWS = 16
"""Of an item that takes the picture's bytes."""

FLOAT = 4
"""Bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Operations in phases, for pictures of one size.

    `arena_size`, and where each output lies, are in floats; `filled` is what an arena holds at first (bytes, by where
    they begin). `kept` holds the memory that the operations point to.
    """

    operations: ctypes.Array[Operation]
    phases: ctypes.Array[Phase]
    arena_size: int
    outputs: Mapping[str, tuple[int, Shape]]
    filled: Mapping[int, NDArray[np.uint8]]
    kept: tuple[Any, ...]

    def arenas(self, count: int) -> NDArray[np.float32]:
        """Memory for that many threads, one behind the other."""
        memory: NDArray[np.float32] = aligned_zeros(self.arena_size * count)
        content = memory.view(np.uint8).reshape(count, -1)
        for begin, values in self.filled.items():
            content[:, begin : begin + len(values)] = values
        return memory


def write_program(numbers: Numbers, height: int, width: int) -> Program:
    """The program for pictures of that size. Raises InputError where the computation or the size cannot be run."""
    computation = numbers.computation
    shapes = measure(computation, height, width)
    convolutions = [step for step in computation.steps if isinstance(step, Convolve)]
    tiles = {
        step.outputs[0]: tile_of(step, shapes, numbers.winograd_channels, numbers.small_tile) for step in convolutions
    }
    needed = borders(computation, shapes, tiles)
    places, lengths = place_values(computation, shapes, needed)
    sizes = {name: length * numbers.bytes_of(name) for name, length in lengths.items()}
    for step in convolutions:
        if tile := tiles[step.outputs[0]]:
            down, across = count_tiles(shapes[step.outputs[0]], tile)
            transformed = (tile + 2) ** 2 * down * across * shapes[step.source].channels
            sizes[tiles_block(step)] = transformed * numbers.tile_bytes
    tasks = schedule(computation, places, tiles)
    outputs = frozenset(places[value].owner for value in computation.outputs.values())
    begins, arena_bytes = place_blocks(sizes, lifetimes(tasks, always=frozenset(needed), until_the_end=outputs))
    placed = {name: _counted(place, numbers, begins) for name, place in places.items()}
    writer = _Writer(numbers, shapes, placed, tiles, begins)
    operations = [writer.operation(task) for task in tasks]
    return Program(
        operations=(Operation * len(operations))(*operations),
        phases=_phases(tasks, operations),
        arena_size=arena_bytes // FLOAT,
        outputs={
            name: (placed[value].first * numbers.unit // FLOAT, shapes[value])
            for name, value in computation.outputs.items()
        },
        filled={begins[name]: np.resize(values, lengths[name]) for name, values in numbers.border().items()},
        kept=tuple(writer.kept),
    )


def _counted(place: Place, numbers: Numbers, begins: Mapping[str, int]) -> Place:
    """A place in its block as one in the arena, in the unit of the numbers."""
    size = numbers.bytes_of(place.owner) // numbers.unit
    first = begins[place.owner] // numbers.unit + place.first * size
    return Place(place.owner, first, place.row * size, place.pixel * size)


def _phases(tasks: tuple[Task, ...], operations: list[Operation]) -> ctypes.Array[Phase]:
    phases = []
    for number in range(tasks[-1].phase + 1):
        members = [place for place, task in enumerate(tasks) if task.phase == number]
        items = sum(operations[place].items for place in members)
        phases.append(Phase(members[0], members[-1] + 1, items))
    return (Phase * len(phases))(*phases)


@dataclass(slots=True, eq=False)
class _Writer:
    """Makes the operation of a task; `places` are counted from the beginning of the arena."""

    numbers: Numbers
    shapes: Mapping[str, Shape]
    places: Mapping[str, Place]
    tiles: Mapping[str, int]
    begins: Mapping[str, int]
    kept: list[Any] = field(default_factory=list)

    def operation(self, task: Task) -> Operation:
        operation = self._shaped(task)
        operation.kind = self.numbers.kernel_of(task.kind)
        self.numbers.adjust(operation, task.step)
        return operation

    def _shaped(self, task: Task) -> Operation:
        match task.step:
            case TakeImage(output, mean):
                view = self._view(output)
                return Operation(items=-(-view.height // PICTURE_ROWS), out=view, mean=mean)
            case MaxPool(source, output, kernel, stride, padding):
                operation = self._plain(source, output, self.shapes[output].height)
                operation.kernel, operation.stride, operation.padding = kernel, stride, padding
                return operation
            case Normalize(source, output, window, alpha, beta, k):
                operation = self._plain(source, output, self.shapes[output].height)
                operation.window, operation.alpha, operation.beta, operation.k = window, alpha, beta, k
                return operation
            case Average(source, output):
                return self._plain(source, output, -(-self.shapes[output].channels // self.numbers.panel))
            case Round(source, output):
                return self._plain(source, output, 1)
            case Restore(source, output):
                return self._plain(source, output, self.shapes[output].height)
            case Convolve() as step if task.kind is Kind.CONVOLVE:
                return self._direct(step)
            case Convolve() as step:
                return self._winograd(task.kind, step, self.tiles[step.outputs[0]])
            case Join():
                raise AssertionError("joining is no task")

    def _plain(self, source: str, output: str, items: int) -> Operation:
        return Operation(items=items, in_=self._view(source), out=self._view(output))

    def _direct(self, step: Convolve) -> Operation:
        source, grid = self.shapes[step.source], self.shapes[step.outputs[0]]
        operation = self._panelled(step, 0)
        operation.in_ = self._view(step.source, step.padding[0])
        operation.taps, operation.run = step.side, self.numbers.run_of(step, step.side * source.channels)
        operation.stride = step.stride
        pixel = source.channels * max(step.side, step.stride) * self.numbers.unit
        work = step.side**2 * source.channels * self.numbers.panel
        _cut(operation, grid.height * grid.width, max(1, MOST_INPUT // pixel), work)
        return operation

    def _winograd(self, kind: Kind, step: Convolve, tile: int) -> Operation:
        source, grid = self.shapes[step.source], self.shapes[step.outputs[0]]
        down, across = count_tiles(grid, tile)
        transformed = View(self.begins[tiles_block(step)] // self.numbers.unit, channels=source.channels)
        if kind is Kind.TRANSFORM_TILES:
            operation = Operation(items=down, in_=self._view(step.source, 1), out=transformed)
        else:
            operation = self._panelled(step, tile)
            operation.in_ = transformed
            _cut(operation, down * across, MOST_TILES, (tile + 2) ** 2 * source.channels * self.numbers.panel)
        operation.tiles_down, operation.tiles_across, operation.tile = down, across, tile
        return operation

    def _panelled(self, step: Convolve, tile: int) -> Operation:
        """An operation with the weights and panels of all its outputs."""
        packed = self.numbers.pack(step, tile)
        panels = (Panel * len(packed.kernels))(*self._panels(step.outputs))
        self.kept += [packed, panels]
        grid = self.shapes[step.outputs[0]]
        return Operation(
            out=View(height=grid.height, width=grid.width),
            panels=panels,
            weights=packed.kernels.ctypes.data,
            biases=packed.biases.ctypes.data,
            scales=None if packed.scales is None else packed.scales.ctypes.data,
            panel_count=len(panels),
            relu=step.relu,
        )

    def _panels(self, outputs: Iterable[str]) -> Iterable[Panel]:
        width = self.numbers.panel
        for name in outputs:
            place, channels = self.places[name], self.shapes[name].channels
            size, top = self.numbers.bytes_of(place.owner) // self.numbers.unit, self.numbers.top_of(name)
            for begin in range(0, channels, width):
                yield Panel(place.first + begin * size, place.row, place.pixel, min(width, channels - begin), top)

    def _view(self, value: str, padding: int = 0) -> View:
        """A value with that many of the rows and columns of zeros around it."""
        place, shape = self.places[value], self.shapes[value]
        first = place.first - padding * (place.row + place.pixel)
        return View(first, place.row, place.pixel, shape.height, shape.width, shape.channels)


def _cut(operation: Operation, rows: int, most_rows: int, work: int) -> None:
    """Set the items: groups of rows (pixels or tiles) times groups of panels; `work`: of a row and panel."""
    groups = -(-rows // most_rows)
    wanted = max(1, max(rows, READING) * operation.panel_count * work // ITEM)
    operation.pixel_groups = groups
    operation.panel_groups = min(operation.panel_count, max(1, round(wanted / groups)))
    operation.items = operation.pixel_groups * operation.panel_groups
