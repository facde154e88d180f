"""From steps to the operations that the library runs on pictures of one size: `build_executable`.

An operation is cut into items of about the same work, for threads to take; threads wait for each other only between
phases.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.native.arithmetic import Arithmetic
from googlenet.native.bounds import check_operation
from googlenet.native.float32 import FLOAT_BYTES
from googlenet.native.library import MAX_TILES, Operation, Panel, Phase, TensorView, kernel_number
from googlenet.native.memory_plan import (
    Placement,
    borders,
    count_tiles,
    infer_shapes,
    place_blocks,
    place_tensors,
    tile_of,
)
from googlenet.native.pack import aligned_zeros
from googlenet.native.steps import PICTURE_ROWS, Concat, Convolve, LoadImage, TensorShape
from googlenet.native.task_schedule import Task, lifetimes, schedule_tasks, tiles_block

ITEM = 1 << 20
"""Multiply-adds of an item: some twenty microseconds, long beside what taking it costs, short beside a phase."""

MAX_INPUT = 128_000
"""Bytes of input that an item of a convolution reads: half of a second cache of 256 KiB."""

INT8_SUFFIX = "_i8"

READING = 8
"""Rows whose products take as long as reading the weights does, about: fewer cost no less."""


@dataclass(frozen=True, slots=True)
class OutputPlace:
    """Where an output lies in the arena, in bytes: `length` from `first`, with its distances, and its shape.

    Between its rows and pixels may be what others pad or join.
    """

    first: int
    length: int
    row: int
    pixel: int
    shape: TensorShape


@dataclass(frozen=True, slots=True, eq=False)
class Executable:
    """Operations in phases, for pictures of one size.

    `arena_bytes` is in bytes; `filled` is what an arena holds at first (bytes, by where they begin). `kept` holds the
    memory that the operations point to.
    """

    operations: ctypes.Array[Operation]
    phases: ctypes.Array[Phase]
    arena_bytes: int
    outputs: Mapping[str, OutputPlace]
    filled: Mapping[int, NDArray[np.uint8]]
    kept: tuple[Any, ...]

    def arenas(self, count: int) -> NDArray[np.uint8]:
        """Memory for that many threads, (count, bytes). Raises InputError where there is not enough of it."""
        try:
            memory: NDArray[np.uint8] = aligned_zeros(self.arena_bytes * count, np.uint8).reshape(count, -1)
        except MemoryError:
            raise InputError(
                f"there is no memory for {count} threads of {self.arena_bytes / 2**20:.0f} MiB each: use fewer threads "
                "or smaller pictures"
            ) from None
        for begin, values in self.filled.items():
            memory[:, begin : begin + len(values)] = values
        return memory


def build_executable(arithmetic: Arithmetic, height: int, width: int) -> Executable:
    """What is run for pictures of that size.

    Raises InputError where the graph or the size cannot be run, ModelFileError where the graph contradicts itself.
    """
    graph = arithmetic.graph
    shapes = infer_shapes(graph, height, width)
    convolutions = [step for step in graph.steps if isinstance(step, Convolve)]
    tiles = {
        step.outputs[0]: tile_of(step, shapes, arithmetic.winograd_channels, arithmetic.small_tile)
        for step in convolutions
    }
    needed = borders(graph, shapes, tiles)
    places, lengths = place_tensors(graph, shapes, needed)
    sizes = {name: length * arithmetic.bytes_of(name) for name, length in lengths.items()}
    for step in convolutions:
        if tile := tiles[step.outputs[0]]:
            down, across = count_tiles(shapes[step.outputs[0]], tile)
            transformed = (tile + 2) ** 2 * down * across * shapes[step.source].channels
            sizes[tiles_block(step)] = transformed * arithmetic.tile_bytes
    tasks = schedule_tasks(graph, places, tiles)
    outputs = frozenset(places[tensor].owner for tensor in graph.outputs.values())
    begins, arena_bytes = place_blocks(sizes, lifetimes(tasks, always=frozenset(needed), until_the_end=outputs))
    placed = {name: _in_arena(place, arithmetic, begins) for name, place in places.items()}
    writer = _Writer(arithmetic, shapes, placed, tiles, begins)
    operations = [writer.operation(task) for task in tasks]
    blocks = {name: range(begin, begin + sizes[name]) for name, begin in begins.items()}
    for task, operation in zip(tasks, operations, strict=True):
        packed = writer.packed.get(operation.weights)
        check_operation(operation, task, blocks, packed, arithmetic.panel, int8=arithmetic.suffix == INT8_SUFFIX)
    return Executable(
        operations=(Operation * len(operations))(*operations),
        phases=_phases(tasks, operations),
        arena_bytes=arena_bytes,
        outputs={
            name: _output_place(name, placed[tensor], shapes[tensor], arithmetic)
            for name, tensor in graph.outputs.items()
        },
        filled={begins[name]: np.resize(values, lengths[name]) for name, values in arithmetic.border().items()},
        kept=(writer.packed, writer.panels),
    )


def _output_place(name: str, place: Placement, shape: TensorShape, arithmetic: Arithmetic) -> OutputPlace:
    """Where an output lies; raises InputError for one that is not in float32."""
    if arithmetic.bytes_of(place.owner) != FLOAT_BYTES:
        raise InputError(f"the engine native cannot give {name}, which it keeps in int8; --engine onnx does")
    length = (shape.height - 1) * place.row + (shape.width - 1) * place.pixel + shape.channels * FLOAT_BYTES
    return OutputPlace(place.first, length, place.row, place.pixel, shape)


def _in_arena(place: Placement, arithmetic: Arithmetic, begins: Mapping[str, int]) -> Placement:
    """A place that is counted in numbers of its block as one in bytes of the arena."""
    size = arithmetic.bytes_of(place.owner)
    return Placement(place.owner, begins[place.owner] + place.first * size, place.row * size, place.pixel * size)


def _phases(tasks: Sequence[Task], operations: Sequence[Operation]) -> ctypes.Array[Phase]:
    phases = []
    for number in range(tasks[-1].phase + 1):
        members = [place for place, task in enumerate(tasks) if task.phase == number]
        items = sum(operations[place].items for place in members)
        phases.append(Phase(members[0], members[-1] + 1, items))
    return (Phase * len(phases))(*phases)


@dataclass(slots=True, eq=False)
class _Writer:
    """Makes the operation of a task; `places` are counted from the beginning of the arena."""

    arithmetic: Arithmetic
    shapes: Mapping[str, TensorShape]
    places: Mapping[str, Placement]
    tiles: Mapping[str, int]
    begins: Mapping[str, int]
    packed: dict[int, Any] = field(default_factory=dict)
    panels: list[Any] = field(default_factory=list)

    def operation(self, task: Task) -> Operation:
        operation = self._shaped(task)
        operation.kernel = kernel_number(task.kernel + self.arithmetic.suffix)
        self.arithmetic.adjust(operation, task.step)
        return operation

    def _shaped(self, task: Task) -> Operation:
        match task.step:
            case Concat():
                raise AssertionError("a concatenation is no task")
            case LoadImage(output, mean):
                view = self._view(output)
                return Operation(items=-(-view.height // PICTURE_ROWS), out=view, mean=mean)
            case Convolve() as step:
                tile = self.tiles[step.outputs[0]]
                return self._winograd(task.kernel, step, tile) if tile else self._direct(step)
            case step:
                settings = {"factor": 1.0, **step.settings(self.shapes[step.source])}
                items = step.items(self.shapes[step.output], self.arithmetic.panel)
                return Operation(items=items, in_=self._view(step.source), out=self._view(step.output), **settings)

    def _direct(self, step: Convolve) -> Operation:
        source, grid = self.shapes[step.source], self.shapes[step.outputs[0]]
        operation = self._panelled(step, 0)
        operation.in_ = self._view(step.source, step.padding[0])
        operation.taps = step.kernel_size
        operation.row_bytes = self.arithmetic.row_bytes(step, step.kernel_size * source.channels)
        operation.stride = step.stride
        pixel = self.places[step.source].pixel * max(step.kernel_size, step.stride)
        work = step.kernel_size**2 * source.channels * self.arithmetic.panel
        _cut(operation, grid.height * grid.width, max(1, MAX_INPUT // pixel), work)
        return operation

    def _winograd(self, kernel: str, step: Convolve, tile: int) -> Operation:
        source, grid = self.shapes[step.source], self.shapes[step.outputs[0]]
        down, across = count_tiles(grid, tile)
        transformed = TensorView(self.begins[tiles_block(step)], channels=source.channels)
        if kernel == "winograd_input":
            operation = Operation(items=down, in_=self._view(step.source, 1), out=transformed)
        else:
            operation = self._panelled(step, tile)
            operation.in_ = transformed
            _cut(operation, down * across, MAX_TILES, (tile + 2) ** 2 * source.channels * self.arithmetic.panel)
        operation.tiles_down, operation.tiles_across, operation.tile = down, across, tile
        return operation

    def _panelled(self, step: Convolve, tile: int) -> Operation:
        """An operation with the weights and panels of all its outputs."""
        packed = self.arithmetic.pack(step, tile)
        panels = (Panel * len(packed.kernels))(*self._panels(step.outputs))
        self.packed[packed.kernels.ctypes.data] = packed
        self.panels.append(panels)
        grid = self.shapes[step.outputs[0]]
        return Operation(
            out=TensorView(height=grid.height, width=grid.width),
            panels=panels,
            weights=packed.kernels.ctypes.data,
            biases=packed.biases.ctypes.data,
            scales=None if packed.scales is None else packed.scales.ctypes.data,
            panel_count=len(panels),
            relu=step.relu,
        )

    def _panels(self, outputs: Iterable[str]) -> Iterable[Panel]:
        width = self.arithmetic.panel
        for name in outputs:
            place, channels = self.places[name], self.shapes[name].channels
            size, qmax = self.arithmetic.bytes_of(place.owner), self.arithmetic.qmax_of(name)
            for begin in range(0, channels, width):
                yield Panel(place.first + begin * size, place.row, place.pixel, min(width, channels - begin), qmax)

    def _view(self, tensor: str, padding: int = 0) -> TensorView:
        """A tensor with that many of the rows and columns of zeros around it."""
        place, shape = self.places[tensor], self.shapes[tensor]
        first = place.first - padding * (place.row + place.pixel)
        return TensorView(first, place.row, place.pixel, shape.height, shape.width, shape.channels)


def _cut(operation: Operation, rows: int, max_rows: int, work: int) -> None:
    """Set the items: groups of rows (pixels or tiles) times groups of panels; `work`: of a row and panel."""
    groups = -(-rows // max_rows)
    wanted = max(1, max(rows, READING) * operation.panel_count * work // ITEM)
    operation.pixel_groups = groups
    operation.panel_groups = min(operation.panel_count, max(1, round(wanted / groups)))
    operation.items = operation.pixel_groups * operation.panel_groups
