"""A computation in whole numbers: which codes stand for which values, and weights that fit them.

A value is `code * scale`, a byte from 0 to `top`. Where convolutions read it directly and add products in 16 bits,
`top` is 127; sums of 32 bits, and Winograd's transform, take all 255. Where only response norms read it, it is
`code^2 * scale`, and small values keep their precision. The scales come with the graph, from the pictures it was
calibrated on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.native.library import Instructions, Operation
from googlenet.native.numbers import Packed
from googlenet.native.packing import (
    fit_sums,
    join_packed,
    pack_biases,
    pack_codes,
    pack_winograd_codes,
)
from googlenet.native.schedule import Kind
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
from googlenet.quantization.quantize import Grid, round_weights

GROUP = 4
"""Products of bytes that are added in 16 bits before they are widened; of a picture's, which have 8 bits, one."""

SAFE_WEIGHT, LARGEST_WEIGHT = 64, 127
"""A pair of products of the first with 255 fits 16 bits; the second is all that a byte holds."""

ROOM_FOR_LARGER = 1.25
"""Squares have steps to spare: their range is that much wider than the one that was chosen for even steps."""

WINOGRAD_CHANNELS = 16
"""Numbers of 16 bits in a vector."""


@dataclass(frozen=True, slots=True)
class Codes:
    """What a code of a value means; `rooted`: its square counts."""

    scale: float
    top: int
    rooted: bool = False


PICTURE = Codes(1.0, 255)


def round_computation(computation: Computation) -> Computation:
    """The steps with rounding where a convolution reads an average, and floats restored where they are an output."""
    averages = {step.output for step in computation.steps if isinstance(step, Average)}
    steps: list[Step] = []
    for step in computation.steps:
        rounded = isinstance(step, Convolve) and step.source in averages
        steps.append(replace(step, source=f"{step.source}.rounded") if isinstance(step, Convolve) and rounded else step)
        if isinstance(step, Average):
            steps.append(Round(step.output, f"{step.output}.rounded"))
    makers = {name: step for step in steps for name in outputs_of(step)}
    readers = {step.source for step in steps if isinstance(step, Convolve | Average)}
    outputs = dict(computation.outputs)
    for name, value in computation.outputs.items():
        if value in readers and not isinstance(makers[value], Average):
            outputs[name] = f"{value}.restored"
            if outputs[name] not in makers:
                makers[outputs[name]] = Restore(value, outputs[name])
                steps.append(makers[outputs[name]])
    return replace(computation, steps=tuple(steps), outputs=outputs)


@dataclass(slots=True, eq=False)
class WholeNumbers:
    """Values and weights in whole numbers; see `googlenet.native.numbers.Numbers`.

    `rounded`: weights that are whole numbers already, (codes, scales) by the constant's name.
    """

    computation: Computation
    instructions: Instructions
    codes: Mapping[str, Codes]
    rounded: Mapping[str, tuple[NDArray[np.int8], NDArray[np.float32]]]
    unit: int = 1
    tile_bytes: int = 2
    winograd_channels: int = WINOGRAD_CHANNELS
    packed: dict[tuple[int | str, ...], Packed] = field(default_factory=dict)

    @classmethod
    def from_grids(
        cls,
        computation: Computation,
        instructions: Instructions,
        grids: Mapping[str, Grid],
        rounded: Mapping[str, tuple[NDArray[np.int8], NDArray[np.float32]]],
    ) -> WholeNumbers:
        """From what a graph was rounded to. Raises InputError where a value has no grid that is needed."""
        whole = round_computation(computation)
        by_value = {computation.aliases.get(name, name): grid for name, grid in grids.items()}
        codes = _choose_codes(whole, by_value, narrow_sums=not instructions.wide_sums)
        return cls(whole, instructions, codes, rounded)

    @property
    def panel(self) -> int:
        """That of the instructions."""
        return self.instructions.panel

    @property
    def small_tile(self) -> int:
        """Four products of bytes at a time cost less than Winograd's 16 for 36 of twice the size."""
        return 0 if self.instructions.wide_sums else 2

    def bytes_of(self, value: str) -> int:
        """One, but for the few values that stay floats."""
        return 1 if value in self.codes else 4

    def top_of(self, value: str) -> int:
        """See `Codes`."""
        return self.codes[value].top if value in self.codes else 0

    def kernel_of(self, kind: Kind) -> int:
        """Those of codes."""
        return kind.of_codes

    def run_of(self, step: Convolve, run: int) -> int:
        """Whole groups of four bytes; what is read beyond has weights of 0."""
        part = 4 * self._group(self.codes[step.source])
        return -(-run // part) * part

    def _group(self, source: Codes) -> int:
        return 1 if self.instructions.wide_sums or source is PICTURE else GROUP

    def pack(self, step: Convolve, tile: int) -> Packed:
        """Scales and biases are divided by the output's scale."""
        key: tuple[int | str, ...] = (tile, *step.kernels)
        if key not in self.packed:
            parts = [self._pack_one(step, place, tile) for place in range(len(step.kernels))]
            kernels, biases, scales = zip(*parts, strict=True)
            self.packed[key] = Packed(join_packed(kernels), join_packed(biases), join_packed(scales))
        return self.packed[key]

    def _pack_one(
        self, step: Convolve, place: int, tile: int
    ) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]:
        """Kernels, biases and scales of one of the convolutions of a step."""
        source = self.codes[step.source]
        output = self.codes.get(step.outputs[place], Codes(1.0, 255))
        constants = self.computation.constants
        kernel, biases = constants[step.kernels[place]], constants[step.biases[place]].astype(np.float64)
        packed: NDArray[Any]
        scales: NDArray[Any]
        if tile:
            packed, scales = pack_winograd_codes(kernel, tile, self.panel, source.top)
        else:
            codes, scales = self._codes_of(step.kernels[place], kernel, source)
            packed = pack_codes(codes, self.panel, 4 * self._group(source))
            if source is PICTURE:
                biases = biases - scales * (codes.sum((2, 3), dtype=np.int64) @ self._mean())
        return (
            packed,
            pack_biases(biases / output.scale, self.panel),
            pack_biases(scales * source.scale / output.scale, self.panel),
        )

    def _codes_of(self, name: str, kernel: NDArray[Any], source: Codes) -> tuple[NDArray[np.int8], NDArray[Any]]:
        """A kernel's whole numbers (out, in, side, side) and scales, such that no sum overflows."""
        wide = self.instructions.wide_sums
        largest = LARGEST_WEIGHT if wide else SAFE_WEIGHT
        codes, scales = self.rounded[name] if name in self.rounded else round_weights(kernel, largest)
        codes = codes.reshape(kernel.shape)
        return (codes, scales) if wide else fit_sums(codes, scales, self._group(source), source.top)

    def _mean(self) -> NDArray[np.float64]:
        return np.array(next(step.mean for step in self.computation.steps if isinstance(step, TakeImage)))

    def adjust(self, operation: Operation, step: Step) -> None:
        """Scales where values change, and the largest code of what is written."""
        written = self.codes.get(outputs_of(step)[0])
        operation.floats = written is None
        if written is not None:
            operation.top, operation.rooted = written.top, written.rooted
        match step:
            case Convolve(source):
                operation.group = self._group(self.codes[source])
            case Normalize(source, output):
                read = self.codes[source]
                operation.alpha *= read.scale**2
                operation.factor = read.scale / self.codes[output].scale
                operation.in_rooted = read.rooted
            case Average(source) | Restore(source):
                operation.factor = self.codes[source].scale
                if isinstance(step, Average):
                    operation.factor /= operation.in_.height * operation.in_.width
            case Round(_, output):
                operation.factor = 1 / self.codes[output].scale
            case _:
                pass

    def border(self) -> Mapping[str, NDArray[np.uint8]]:
        """The picture's padding is its mean, which the first convolution takes off again."""
        image = next(step.output for step in self.computation.steps if isinstance(step, TakeImage))
        return {image: np.rint(self._mean()).astype(np.uint8)}


def _choose_codes(computation: Computation, grids: Mapping[str, Grid], *, narrow_sums: bool) -> dict[str, Codes]:
    """The codes of each value but those that stay floats; values that are the same numbers have the same.

    `narrow_sums`: convolutions that read bytes directly add products in 16 bits.
    """
    codes: dict[str, Codes] = {}
    readers: dict[str, list[Step]] = {}
    rounded = {step.output: step.source for step in computation.steps if isinstance(step, Round)}
    for step in computation.steps:
        for source in step.parts if isinstance(step, Join) else [] if isinstance(step, TakeImage) else [step.source]:
            readers.setdefault(source, []).append(step)
    for members in _groups(computation):
        found = [grids[name] for name in (rounded.get(name, name) for name in members) if name in grids]
        reading = [step for name in members for step in readers.get(name, []) if not isinstance(step, MaxPool | Join)]
        if not found:
            raise InputError(f"the graph does not say how {members[0]} is rounded; --engine onnx runs it")
        largest = found[0].scale * 255
        if all(isinstance(step, Normalize) for step in reading):
            chosen = Codes(largest * ROOM_FOR_LARGER / 255**2, 255, rooted=True)
        else:
            direct = any(isinstance(step, Convolve) and not _may_be_winograd(computation, step) for step in reading)
            top = 127 if direct and narrow_sums else 255
            chosen = Codes(largest / top, top)
        codes |= dict.fromkeys(members, chosen)
    codes |= {step.output: PICTURE for step in computation.steps if isinstance(step, TakeImage)}
    return codes


def _may_be_winograd(computation: Computation, step: Convolve) -> bool:
    """Whether a convolution is done with Winograd's tiles at every size of picture."""
    channels = computation.constants[step.kernels[0]].shape[1]
    return step.side == 3 and step.stride == 1 and step.padding == (1, 1) and channels % WINOGRAD_CHANNELS == 0


def _groups(computation: Computation) -> list[list[str]]:
    """The values that are codes, those together that pools and joins make the same numbers; each once."""
    floats = {step.output for step in computation.steps if isinstance(step, Average | Restore | TakeImage)}
    floats |= set(computation.outputs.values())
    group_of = {name: [name] for step in computation.steps for name in outputs_of(step) if name not in floats}
    for step in computation.steps:
        if isinstance(step, MaxPool | Join):
            for name in step.parts if isinstance(step, Join) else (step.source,):
                one, other = group_of[step.output], group_of[name]
                if one is not other:
                    one += other
                    group_of |= dict.fromkeys(other, one)
    return list({id(members): members for members in group_of.values()}.values())
