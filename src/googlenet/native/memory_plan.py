"""Where tensors lie: the zeros around them, their places in the arena.

A tensor is (height, width, channels) float32 or int8, one picture's. What a convolution pads stands around it in memory
as zeros that nothing ever writes to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from googlenet.errors import InputError, ModelFileError
from googlenet.native.pack import LINE
from googlenet.native.steps import Concat, Convolve, LoadImage, LoweredGraph, Step, TensorShape, outputs_of

MAX_ARENA = 2**31 - 1
"""Bytes: what a picture takes, for each thread. So all sizes fit 32 bits; a picture of 16 megapixels takes less."""

LARGE_GRID = 25
"""Tiles of 4x4 outputs; a grid with fewer loses more at its border, and to larger weights, than larger tiles save."""


@dataclass(frozen=True, slots=True)
class Border:
    """Rows of zeros above (and columns left of) a tensor, below it, and columns right of it."""

    before: int = 0
    below: int = 0
    right: int = 0

    def around(self, other: Border) -> Border:
        """The border that holds both."""
        return Border(max(self.before, other.before), max(self.below, other.below), max(self.right, other.right))


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a tensor lies in the block of memory of `owner`, which it is a part of, and its distances."""

    owner: str
    first: int
    row: int
    pixel: int


def infer_shapes(graph: LoweredGraph, height: int, width: int) -> dict[str, TensorShape]:
    """The shape of every tensor for pictures of that size.

    Raises InputError for a picture that is too small or too large, ModelFileError for a concatenation of unequal grids.
    """
    shapes: dict[str, TensorShape] = {}
    for step in graph.steps:
        for output, shape in zip(outputs_of(step), _shapes_of(step, shapes, graph, height, width), strict=True):
            if min(shape.height, shape.width) < 1:
                raise InputError(
                    f"pictures of {width}x{height} are too small for this network: nothing is left at {output}"
                )
            shapes[output] = shape
    return shapes


def _shapes_of(
    step: Step, shapes: Mapping[str, TensorShape], graph: LoweredGraph, height: int, width: int
) -> list[TensorShape]:
    match step:
        case LoadImage():
            return [TensorShape(height, width, 3)]
        case Convolve():
            grid = step.grid(shapes[step.source])
            return [TensorShape(*grid, len(graph.constants[kernel])) for kernel in step.kernels]
        case Concat(parts):
            grids = {(shapes[part].height, shapes[part].width) for part in parts}
            if len(grids) > 1:
                listed = " and ".join(f"{width}x{height}" for height, width in sorted(grids))
                raise ModelFileError(f"the graph {graph.name}: {step.output} joins grids of {listed} pixels")
            return [TensorShape(*grids.pop(), sum(shapes[part].channels for part in parts))]
        case _:
            return [step.shape(shapes[step.source])]


def tile_of(step: Convolve, shapes: Mapping[str, TensorShape], lanes: int, small_tile: int) -> int:
    """The size of Winograd's tiles for a convolution, `small_tile` on a small grid; 0: it is computed directly."""
    if step.kernel_size != 3 or step.stride != 1 or step.padding != (1, 1) or shapes[step.source].channels % lanes:
        return 0
    grid = shapes[step.outputs[0]]
    return 4 if count_tiles(grid, 4)[0] * count_tiles(grid, 4)[1] >= LARGE_GRID else small_tile


def count_tiles(grid: TensorShape, tile: int) -> tuple[int, int]:
    """Tiles down and across."""
    return -(-grid.height // tile), -(-grid.width // tile)


def borders(graph: LoweredGraph, shapes: Mapping[str, TensorShape], tiles: Mapping[str, int]) -> dict[str, Border]:
    """The zeros that the readers of each tensor need around it; `tiles`: by a convolution's first output."""
    needed: dict[str, Border] = {}
    for step in graph.steps:
        if isinstance(step, Convolve):
            source, grid, tile = shapes[step.source], shapes[step.outputs[0]], tiles[step.outputs[0]]
            border = Border(step.padding[0], step.padding[1], step.padding[1])
            if tile:
                down, across = count_tiles(grid, tile)
                border = Border(1, down * tile + 1 - source.height, across * tile + 1 - source.width)
            needed[step.source] = needed.get(step.source, Border()).around(border)
    return needed


def place_tensors(
    graph: LoweredGraph, shapes: Mapping[str, TensorShape], needed: Mapping[str, Border]
) -> tuple[dict[str, Placement], dict[str, int]]:
    """The placement of each tensor in its block, and the size of each block, in numbers of its type.

    Raises InputError for a part of two concatenations, or one whose reader needs a border.
    """
    concats = [step for step in graph.steps if isinstance(step, Concat)]
    wholes = {part: concat for concat in concats for part in concat.parts}
    if len(wholes) < sum(len(concat.parts) for concat in concats):
        raise InputError("the engine native cannot run a network that uses one tensor in two concatenations")
    places: dict[str, Placement] = {}
    sizes: dict[str, int] = {}
    for step in reversed(graph.steps):  # what is concatenated has a place before its parts
        for name in outputs_of(step):
            if name in wholes:
                if needed.get(name, Border()) != Border():
                    raise InputError(f"the engine native cannot pad {name}, a part of {wholes[name].output}")
                whole = places[wholes[name].output]
                parts = wholes[name].parts
                skipped = sum(shapes[part].channels for part in parts[: parts.index(name)])
                places[name] = Placement(whole.owner, whole.first + skipped, whole.row, whole.pixel)
            else:
                shape, border = shapes[name], needed.get(name, Border())
                row = (border.before + shape.width + border.right) * shape.channels
                first = border.before * (row + shape.channels)
                places[name] = Placement(name, first, row, shape.channels)
                sizes[name] = (border.before + shape.height + border.below) * row
    return places, sizes


def place_blocks(sizes: Mapping[str, int], lifetimes: Mapping[str, tuple[int, int]]) -> tuple[dict[str, int], int]:
    """Where each block begins in the arena, and the arena's size: blocks share memory when they do not live together.

    `sizes` and results are in bytes; `lifetimes` are the first and the last phase in which a block is used. The largest
    are placed first. Raises InputError for more than MAX_ARENA.
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
    total = max(high for _, high in placed.values())
    if total > MAX_ARENA:
        raise InputError(
            f"a picture of this size takes {total / 2**30:.1f} GiB in this network, the engine native has room for "
            f"{MAX_ARENA / 2**30:.0f} GiB: make the picture smaller"
        )
    return {name: span[0] for name, span in placed.items()}, total
