"""Where values lie: their sizes in pixels, the zeros around them, their places in the arena.

A value is (height, width, channels) floats or bytes, one picture's. What a convolution pads stands around it in memory
as zeros that nothing ever writes to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from googlenet.errors import InputError
from googlenet.native.packing import LINE
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
    outputs_of,
)

LARGE_GRID = 25
"""Tiles of 4x4 outputs; a grid with fewer loses more at its border, and to larger weights, than larger tiles save."""


@dataclass(frozen=True, slots=True)
class Shape:
    """(height, width, channels) in pixels and floats."""

    height: int
    width: int
    channels: int


@dataclass(frozen=True, slots=True)
class Border:
    """Rows of zeros above (and columns left of) a value, below it, and columns right of it."""

    before: int = 0
    below: int = 0
    right: int = 0

    def around(self, other: Border) -> Border:
        """The border that holds both."""
        return Border(max(self.before, other.before), max(self.below, other.below), max(self.right, other.right))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value lies in the block of memory of `owner`, which it is a part of, and its distances."""

    owner: str
    first: int
    row: int
    pixel: int


def measure(computation: Computation, height: int, width: int) -> dict[str, Shape]:
    """The shape of every value for pictures of that size. Raises InputError for a picture that is too small."""
    shapes: dict[str, Shape] = {}
    for step in computation.steps:
        for output, shape in zip(outputs_of(step), _shapes_of(step, shapes, computation, height, width), strict=True):
            if min(shape.height, shape.width) < 1:
                raise InputError(
                    f"pictures of {width}x{height} are too small for this network: nothing is left at {output}"
                )
            shapes[output] = shape
    return shapes


def _shapes_of(
    step: Step, shapes: Mapping[str, Shape], computation: Computation, height: int, width: int
) -> list[Shape]:
    match step:
        case TakeImage():
            return [Shape(height, width, 3)]
        case Convolve():
            source = shapes[step.source]
            down, across = (
                (side + sum(step.padding) - step.side) // step.stride + 1 for side in (source.height, source.width)
            )
            return [Shape(down, across, len(computation.constants[kernel])) for kernel in step.kernels]
        case MaxPool():
            source = shapes[step.source]
            return [Shape(_pooled(source.height, step), _pooled(source.width, step), source.channels)]
        case Normalize() | Round() | Restore():
            return [shapes[step.source]]
        case Average():
            return [Shape(1, 1, shapes[step.source].channels)]
        case Join():
            first = shapes[step.parts[0]]
            return [Shape(first.height, first.width, sum(shapes[part].channels for part in step.parts))]


def _pooled(side: int, pool: MaxPool) -> int:
    """The last window begins inside the padded picture, before its padding on the far side."""
    windows = -(-(side + 2 * pool.padding - pool.kernel) // pool.stride) + 1
    return windows - 1 if (windows - 1) * pool.stride >= side + pool.padding else windows


def tile_of(step: Convolve, shapes: Mapping[str, Shape], lanes: int, small_tile: int) -> int:
    """The side of Winograd's tiles for a convolution, `small_tile` on a small grid; 0: it is computed directly."""
    if step.side != 3 or step.stride != 1 or step.padding != (1, 1) or shapes[step.source].channels % lanes:
        return 0
    grid = shapes[step.outputs[0]]
    return 4 if count_tiles(grid, 4)[0] * count_tiles(grid, 4)[1] >= LARGE_GRID else small_tile


def count_tiles(grid: Shape, tile: int) -> tuple[int, int]:
    """Tiles down and across."""
    return -(-grid.height // tile), -(-grid.width // tile)


def borders(computation: Computation, shapes: Mapping[str, Shape], tiles: Mapping[str, int]) -> dict[str, Border]:
    """The zeros that the readers of each value need around it; `tiles`: by a convolution's first output."""
    needed: dict[str, Border] = {}
    for step in computation.steps:
        if isinstance(step, Convolve):
            source, grid, tile = shapes[step.source], shapes[step.outputs[0]], tiles[step.outputs[0]]
            border = Border(step.padding[0], step.padding[1], step.padding[1])
            if tile:
                down, across = count_tiles(grid, tile)
                border = Border(1, down * tile + 1 - source.height, across * tile + 1 - source.width)
            needed[step.source] = needed.get(step.source, Border()).around(border)
    return needed


def place_values(
    computation: Computation, shapes: Mapping[str, Shape], needed: Mapping[str, Border]
) -> tuple[dict[str, Place], dict[str, int]]:
    """The place of each value in its block, and the size of each block; in floats or bytes, whatever the value is of.

    Raises InputError for a part of two values, or one whose reader needs a border.
    """
    joins = [step for step in computation.steps if isinstance(step, Join)]
    wholes = {part: join for join in joins for part in join.parts}
    if len(wholes) < sum(len(join.parts) for join in joins):
        raise InputError("the engine native cannot run a network that uses one value in two concatenations")
    places: dict[str, Place] = {}
    sizes: dict[str, int] = {}
    for step in reversed(computation.steps):  # what is joined has a place before its parts
        for name in outputs_of(step):
            if name in wholes:
                if needed.get(name, Border()) != Border():
                    raise InputError(f"the engine native cannot pad {name}, a part of {wholes[name].output}")
                whole = places[wholes[name].output]
                parts = wholes[name].parts
                skipped = sum(shapes[part].channels for part in parts[: parts.index(name)])
                places[name] = Place(whole.owner, whole.first + skipped, whole.row, whole.pixel)
            else:
                shape, border = shapes[name], needed.get(name, Border())
                row = (border.before + shape.width + border.right) * shape.channels
                first = border.before * (row + shape.channels)
                places[name] = Place(name, first, row, shape.channels)
                sizes[name] = (border.before + shape.height + border.below) * row
    return places, sizes


def place_blocks(sizes: Mapping[str, int], lifetimes: Mapping[str, tuple[int, int]]) -> tuple[dict[str, int], int]:
    """Where each block begins in the arena, and the arena's size: blocks share memory when they do not live together.

    `sizes` and results are in bytes; `lifetimes` are the first and the last phase in which a block is used. The largest
    are placed first.
    """
    placed: dict[str, tuple[int, int]] = {}
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        begin, end = lifetimes[name]
        size = -(-sizes[name] // LINE) * LINE + LINE  # a line behind each, for vectors that reach over the end
        taken = sorted(placed[other] for other in placed if lifetimes[other][0] <= end and begin <= lifetimes[other][1])
        first = 0
        for low, high in taken:
            if first + size <= low:
                break
            first = max(first, high)
        placed[name] = (first, first + size)
    return {name: span[0] for name, span in placed.items()}, max(high for _, high in placed.values())
