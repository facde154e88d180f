"""The last check before memory is touched: every address that an operation reads or writes lies where it belongs.

Computed from the records that the kernels run on, as the kernels do it, and not from what the records were made of:
whatever is wrong with a file, or with the modules that plan, ends here and not in memory of others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from googlenet.errors import ModelFileError
from googlenet.native.arithmetic import PackedWeights
from googlenet.native.library import MAX_TILES, SCRATCH_BYTES, Operation, TensorView
from googlenet.native.memory_plan import MAX_ARENA
from googlenet.native.pack import LINE
from googlenet.native.task_schedule import Task

FLOAT, BYTE = 4, 1


@dataclass(frozen=True, slots=True)
class Access:
    """What an operation touches: spans of the arena, and sizes in bytes. `sane`: whether its numbers fit each other."""

    reads: tuple[range, ...]
    writes: tuple[range, ...]
    sane: bool
    weights: int = 0
    scratch: int = 0


def check_operation(
    operation: Operation,
    task: Task,
    blocks: Mapping[str, range],
    packed: PackedWeights | None,
    panel: int,
    *,
    int8: bool,
) -> None:
    """Raise ModelFileError for an operation that would leave the memory of its task, or its weights.

    `blocks`: the addresses of each block in the arena, in bytes; behind each is a line that vectors may read.
    `panel`: of the instruction set; `int8`: which kernel it is that the task asks for.
    """
    access = ACCESSES[task.kernel](operation, panel, int8)
    sound = access.sane and operation.items >= 1 and access.scratch <= SCRATCH_BYTES
    sound = sound and all(_inside(span, task.reads, blocks, LINE) for span in access.reads)
    sound = sound and all(_inside(span, task.writes, blocks, 0) for span in access.writes)
    if access.weights:
        sound = sound and packed is not None and _has_weights(operation, packed, access.weights, panel, int8)
    if not sound:
        name = "+".join(task.writes)
        raise ModelFileError(f"the model cannot be run: {name} would be computed outside of the memory that is its own")


def _inside(span: range, names: Iterable[str], blocks: Mapping[str, range], beyond: int) -> bool:
    """Whether a span lies in one of these blocks, or up to `beyond` bytes behind it."""
    inside = any(blocks[name].start <= span.start and span.stop <= blocks[name].stop + beyond for name in names)
    return inside and span.stop <= MAX_ARENA


def _has_weights(operation: Operation, packed: PackedWeights, weights: int, panel: int, int8: bool) -> bool:
    numbers = operation.panel_count * panel
    scaled = packed.scales is not None and packed.scales.size == numbers
    return packed.kernels.nbytes == weights and packed.biases.size == numbers and (scaled or not int8)


def _span(view: TensorView, rows: int, columns: int, run: int) -> range:
    """From a view's first pixel to the end of a run of bytes that begins so many rows and columns from it."""
    ends = view.first + rows * view.row + columns * view.pixel + run
    return range(view.first, ends) if min(rows, columns, view.row, view.pixel) >= 0 < run else range(-1, 0)


def _grid(view: TensorView, number: int, channels: int | None = None) -> range:
    return _span(view, view.height - 1, view.width - 1, (channels or view.channels) * number)


def _alike(operation: Operation) -> bool:
    """Whether the output is as large as the input, and an item is a row of it."""
    shapes = ((view.height, view.width, view.channels) for view in (operation.in_, operation.out))
    return len({*shapes}) == 1 and operation.items == operation.out.height


def _whole_panels(channels: int, panel: int) -> int:
    return -(-channels // panel) * panel


def _image(o: Operation, panel: int, int8: bool) -> Access:
    return Access((), (_grid(o.out, BYTE if int8 else FLOAT),), o.out.channels == 3)


def _panel_writes(o: Operation, panel: int, int8: bool) -> tuple[tuple[range, ...], bool]:
    number = BYTE if int8 and not o.float_output else FLOAT
    panels = [o.panels[place] for place in range(o.panel_count)]
    ends = [
        each.first + (o.out.height - 1) * each.row + (o.out.width - 1) * each.pixel + each.channels * number
        for each in panels
    ]
    sane = all(1 <= each.channels <= panel and min(each.row, each.pixel) >= 1 for each in panels)
    sane = sane and min(o.out.height, o.out.width) >= 1 and 1 <= o.panel_groups <= o.panel_count
    sane = sane and o.pixel_groups >= 1 and o.items == o.pixel_groups * o.panel_groups
    return tuple(range(each.first, end) for each, end in zip(panels, ends, strict=True)), sane


def _conv(o: Operation, panel: int, int8: bool) -> Access:
    writes, sane = _panel_writes(o, panel, int8)
    rows, columns = (o.out.height - 1) * o.stride + o.taps - 1, (o.out.width - 1) * o.stride
    sane = sane and min(o.taps, o.stride) >= 1 and o.row_bytes % (4 * max(o.group, 1)) == 0
    reads = (_span(o.in_, rows, columns, o.row_bytes),)
    return Access(reads, writes, sane, weights=o.panel_count * o.taps * o.row_bytes * panel)


def _transformed(o: Operation, first: int, channels: int, int8: bool) -> range:
    numbers = (o.tile + 2) ** 2 * o.tiles_down * o.tiles_across * channels
    return range(first, first + numbers * (2 if int8 else FLOAT))


def _tiled(o: Operation, panel: int, int8: bool) -> bool:
    """Whether there are tiles, and channels fill the registers of the transforms."""
    return (
        o.tile in (2, 4)
        and min(o.tiles_down, o.tiles_across) >= 1
        and o.in_.channels % (16 if int8 else panel // 2) == 0
    )


def _winograd_input(o: Operation, panel: int, int8: bool) -> Access:
    rows, columns = o.tiles_down * o.tile + 1, o.tiles_across * o.tile + 1
    reads = (_span(o.in_, rows, columns, o.in_.channels * (BYTE if int8 else FLOAT)),)
    sane = _tiled(o, panel, int8) and o.items == o.tiles_down and o.out.channels == o.in_.channels
    return Access(reads, (_transformed(o, o.out.first, o.in_.channels, int8),), sane)


def _winograd_output(o: Operation, panel: int, int8: bool) -> Access:
    writes, sane = _panel_writes(o, panel, int8)
    sane = sane and _tiled(o, panel, int8)
    sane = sane and o.tiles_down * o.tile >= o.out.height > (o.tiles_down - 1) * o.tile
    sane = sane and o.tiles_across * o.tile >= o.out.width > (o.tiles_across - 1) * o.tile
    places = (o.tile + 2) ** 2
    most = -(-o.tiles_down * o.tiles_across // max(o.pixel_groups, 1))
    return Access(
        (_transformed(o, o.in_.first, o.in_.channels, int8),),
        writes,
        sane and most <= MAX_TILES,
        weights=o.panel_count * places * o.in_.channels * (2 if int8 else FLOAT) * panel,
        scratch=places * most * panel * FLOAT,
    )


def _maxpool(o: Operation, panel: int, int8: bool) -> Access:
    number = BYTE if int8 else FLOAT
    sane = 0 <= o.padding < o.kernel_size and o.stride >= 1 and o.items == o.out.height
    sane = sane and (o.out.height - 1) * o.stride - o.padding < o.in_.height
    sane = sane and (o.out.width - 1) * o.stride - o.padding < o.in_.width
    return Access((_grid(o.in_, number),), (_grid(o.out, number),), sane and o.in_.channels == o.out.channels)


def _lrn(o: Operation, panel: int, int8: bool) -> Access:
    channels, number = o.in_.channels, BYTE if int8 else FLOAT
    read = _whole_panels(channels, panel) if int8 else channels
    scratch = (2 * (channels + 2 * panel) + o.window) * FLOAT
    return Access((_grid(o.in_, number, read),), (_grid(o.out, number),), _alike(o) and o.window >= 1, scratch=scratch)


def _avgpool(o: Operation, panel: int, int8: bool) -> Access:
    whole = _whole_panels(o.in_.channels, panel)
    reads = _grid(o.in_, BYTE, whole) if int8 else _grid(o.in_, FLOAT)
    sane = (o.out.height, o.out.width, o.out.channels) == (1, 1, o.in_.channels) and o.items == whole // panel
    return Access((reads,), (_grid(o.out, FLOAT),), sane)


def _quantize(o: Operation, panel: int, int8: bool) -> Access:
    return Access((_grid(o.in_, FLOAT),), (_grid(o.out, BYTE),), _alike(o) and o.in_.width == 1)


def _dequantize(o: Operation, panel: int, int8: bool) -> Access:
    return Access((_grid(o.in_, BYTE, _whole_panels(o.in_.channels, panel)),), (_grid(o.out, FLOAT),), _alike(o))


ACCESSES: dict[str, Callable[[Operation, int, bool], Access]] = {
    "image": _image,
    "conv": _conv,
    "winograd_input": _winograd_input,
    "winograd_output": _winograd_output,
    "maxpool": _maxpool,
    "lrn": _lrn,
    "avgpool": _avgpool,
    "quantize": _quantize,
    "dequantize": _dequantize,
}
"""What each kernel touches: (operation, panel, whether int8) -> Access."""
