"""From a computation to the operations that the library runs on pictures of one size: `write_program`.

An operation is cut into items of about the same work, for threads to take; threads wait for each other only between
phases.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.kernels.layout import (
    Place,
    Shape,
    borders,
    count_tiles,
    measure,
    place_blocks,
    place_values,
    tile_of,
)
from googlenet.kernels.library import Operation, Panel, Phase, View
from googlenet.kernels.packing import join_packed, pack_biases, pack_direct, pack_winograd
from googlenet.kernels.schedule import Kind, Task, lifetimes, schedule, tiles_block
from googlenet.kernels.steps import Average, Computation, Convolve, MaxPool, Normalize, TakeImage

ITEM = 1 << 20
"""Multiply-adds of an item: some twenty microseconds, long beside what taking it costs, short beside a phase."""

MOST_INPUT = 32_000
"""Floats of input that an item of a convolution reads: half of a second cache of 256 KiB."""

MOST_TILES = 32
"""Of an item, as in source/float32.h."""


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Operations in phases, for pictures of one size. `outputs`: where each lies in the arena, and its shape.

    `kept` holds the memory that the operations point to.
    """

    operations: ctypes.Array[Operation]
    phases: ctypes.Array[Phase]
    arena_size: int
    outputs: Mapping[str, tuple[int, Shape]]
    kept: tuple[Any, ...]


@dataclass(slots=True, eq=False)
class PackedWeights:
    """The weights of a computation as the kernels read them, packed when first asked for, for programs of all sizes.

    `panel`: output channels that the library computes at once.
    """

    computation: Computation
    panel: int
    packed: dict[tuple[int | str, ...], NDArray[np.float32]] = field(default_factory=dict)

    def kernels(self, step: Convolve, tile: int) -> NDArray[np.float32]:
        """Of all the convolutions of a step, one behind the other; `tile`: Winograd's, or 0."""
        return self._pack(
            (tile, *step.kernels),
            lambda kernel: pack_winograd(kernel, tile, self.panel) if tile else pack_direct(kernel, self.panel),
        )

    def biases(self, step: Convolve) -> NDArray[np.float32]:
        """Of all the convolutions of a step."""
        return self._pack(step.biases, lambda biases: pack_biases(biases, self.panel))

    def _pack(self, key: tuple[int | str, ...], pack: Any) -> NDArray[np.float32]:
        if key not in self.packed:
            parts = [pack(self.computation.constants[name]) for name in key if isinstance(name, str)]
            self.packed[key] = parts[0] if len(parts) == 1 else join_packed(parts)
        return self.packed[key]


def write_program(weights: PackedWeights, height: int, width: int) -> Program:
    """The program for pictures of that size. Raises InputError where the computation or the size cannot be run."""
    computation, lanes = weights.computation, weights.panel // 2
    shapes = measure(computation, height, width)
    convolutions = [step for step in computation.steps if isinstance(step, Convolve)]
    tiles = {step.outputs[0]: tile_of(step, shapes, lanes) for step in convolutions}
    needed = borders(computation, shapes, tiles)
    places, sizes = place_values(computation, shapes, needed)
    for step in convolutions:
        if tile := tiles[step.outputs[0]]:
            down, across = count_tiles(shapes[step.outputs[0]], tile)
            sizes[tiles_block(step)] = (tile + 2) ** 2 * down * across * shapes[step.source].channels
    tasks = schedule(computation, places, tiles)
    spans = lifetimes(tasks, always=frozenset(needed), until_the_end=_owners(computation.outputs.values(), places))
    firsts, arena_size = place_blocks(sizes, spans)
    placed = {name: replace(place, first=place.first + firsts[place.owner]) for name, place in places.items()}
    writer = _Writer(weights, shapes, placed, tiles, firsts)
    operations = [writer.operation(task) for task in tasks]
    return Program(
        operations=(Operation * len(operations))(*operations),
        phases=_phases(tasks, operations),
        arena_size=arena_size,
        outputs={name: (placed[value].first, shapes[value]) for name, value in computation.outputs.items()},
        kept=tuple(writer.kept),
    )


def _owners(values: Any, places: Mapping[str, Place]) -> frozenset[str]:
    return frozenset(places[value].owner for value in values)


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

    weights: PackedWeights
    shapes: Mapping[str, Shape]
    places: Mapping[str, Place]
    tiles: Mapping[str, int]
    firsts: Mapping[str, int]
    kept: list[Any] = field(default_factory=list)

    def operation(self, task: Task) -> Operation:
        match task.step:
            case TakeImage() as step:
                view = self._view(step.output)
                return Operation(task.kind, view.height, out=view, mean=step.mean)
            case MaxPool(source, output, kernel, stride, padding):
                operation = self._plain(task.kind, source, output, self.shapes[output].height)
                operation.kernel, operation.stride, operation.padding = kernel, stride, padding
                return operation
            case Normalize(source, output, window, alpha, beta, k):
                operation = self._plain(task.kind, source, output, self.shapes[output].height)
                operation.window, operation.alpha, operation.beta, operation.k = window, alpha, beta, k
                return operation
            case Average(source, output):
                vectors = -(-self.shapes[output].channels // (self.weights.panel // 2))
                return self._plain(task.kind, source, output, vectors)
            case Convolve() as step if task.kind is Kind.CONVOLVE:
                return self._direct(step)
            case Convolve() as step:
                return self._winograd(task.kind, step, self.tiles[step.outputs[0]])
            case _:
                raise AssertionError(task)

    def _plain(self, kind: Kind, source: str, output: str, items: int) -> Operation:
        return Operation(kind, items, in_=self._view(source), out=self._view(output))

    def _direct(self, step: Convolve) -> Operation:
        source, grid = self.shapes[step.source], self.shapes[step.outputs[0]]
        operation = self._panelled(Kind.CONVOLVE, step, 0)
        operation.in_ = self._view(step.source, step.padding[0])
        operation.taps, operation.run, operation.stride = step.side, step.side * source.channels, step.stride
        most_pixels = max(1, MOST_INPUT // (source.channels * max(step.side, step.stride)))
        _cut(operation, grid.height * grid.width, most_pixels, step.side**2 * source.channels * self.weights.panel)
        return operation

    def _winograd(self, kind: Kind, step: Convolve, tile: int) -> Operation:
        source, grid = self.shapes[step.source], self.shapes[step.outputs[0]]
        down, across = count_tiles(grid, tile)
        transformed = View(self.firsts[tiles_block(step)], channels=source.channels)
        if kind is Kind.TRANSFORM_TILES:
            operation = Operation(kind, down, in_=self._view(step.source, 1), out=transformed)
        else:
            operation = self._panelled(kind, step, tile)
            operation.in_ = transformed
            _cut(operation, down * across, MOST_TILES, (tile + 2) ** 2 * source.channels * self.weights.panel)
        operation.tiles_down, operation.tiles_across, operation.tile = down, across, tile
        return operation

    def _panelled(self, kind: Kind, step: Convolve, tile: int) -> Operation:
        """An operation with the weights and panels of all its outputs."""
        kernels, biases = self.weights.kernels(step, tile), self.weights.biases(step)
        panels = [
            Panel(place.first + begin, place.row, place.pixel, min(self.weights.panel, shape.channels - begin))
            for place, shape in ((self.places[name], self.shapes[name]) for name in step.outputs)
            for begin in range(0, shape.channels, self.weights.panel)
        ]
        array = (Panel * len(panels))(*panels)
        self.kept += [kernels, biases, array]
        grid = self.shapes[step.outputs[0]]
        return Operation(
            kind,
            out=View(height=grid.height, width=grid.width),
            panels=array,
            weights=kernels.ctypes.data,
            biases=biases.ctypes.data,
            panel_count=len(panels),
            relu=step.relu,
        )

    def _view(self, value: str, padding: int = 0) -> View:
        """A value with that many of the rows and columns of zeros around it."""
        place, shape = self.places[value], self.shapes[value]
        first = place.first - padding * (place.row + place.pixel)
        return View(first, place.row, place.pixel, shape.height, shape.width, shape.channels)


def _cut(operation: Operation, rows: int, most_rows: int, work: int) -> None:
    """Set the items: groups of rows (pixels or tiles) times groups of panels; `work`: of a row and panel."""
    groups = -(-rows // most_rows)
    wanted = max(1, rows * operation.panel_count * work // ITEM)
    operation.pixel_groups = groups
    operation.panel_groups = min(operation.panel_count, max(1, round(wanted / groups)))
    operation.items = operation.pixel_groups * operation.panel_groups
