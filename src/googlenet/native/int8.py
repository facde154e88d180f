"""A graph in int8: which integers stand for which values, and weights that fit them.

A value is `q * scale`, with q a byte from 0 to `qmax`. Where convolutions read it directly and add products in 16 bits,
`qmax` is 127; sums of 32 bits, and Winograd's transform, take all 255. Where only LRNs read it, it is `q * q * scale`,
and small values keep their precision. The scales come with the graph, from the pictures it was calibrated on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.native.arithmetic import PackedWeights
from googlenet.native.library import InstructionSet, Operation
from googlenet.native.pack import (
    fit_int16_sums,
    join_packed,
    pack_biases,
    pack_int8,
    pack_winograd_int16,
)
from googlenet.native.steps import (
    AveragePool,
    Concat,
    Convolve,
    Dequantize,
    LoadImage,
    LoweredGraph,
    Lrn,
    MaxPool,
    Quantize,
    Step,
    Unary,
    outputs_of,
    sources_of,
)
from googlenet.quantization.quantize import Grid, quantize_weights

GROUP = 4
"""Products of bytes that are added in 16 bits before they are widened; of a picture's, which have 8 bits, one."""

SAFE_WEIGHT, LARGEST_WEIGHT = 64, 127
"""A pair of products of the first with 255 fits 16 bits; the second is all that int8 holds."""

MAX_PRODUCTS = (2**31 - 1) // (255 * 128)
"""Of a sum: as many as 32 bits hold."""

ROOM_FOR_LARGER = 1.25
"""Squares have steps to spare: their range is that much wider than the one that was chosen for even steps."""

WINOGRAD_CHANNELS = 16
"""Numbers of 16 bits in a register."""


@dataclass(frozen=True, slots=True)
class Quantization:
    """A value is q * scale with q from 0 to `qmax`; q * q * scale where it is `squared`."""

    scale: float
    qmax: int
    squared: bool = False


PICTURE = Quantization(1.0, 255)


def with_conversions(graph: LoweredGraph) -> LoweredGraph:
    """The steps with a conversion to int8 where a convolution reads an average, and back where one is an output."""
    averages = {step.output for step in graph.steps if isinstance(step, AveragePool)}
    steps: list[Step] = []
    for step in graph.steps:
        converted = isinstance(step, Convolve) and step.source in averages
        steps.append(replace(step, source=f"{step.source}.int8") if isinstance(step, Convolve) and converted else step)
        if isinstance(step, AveragePool):
            steps.append(Quantize(step.output, f"{step.output}.int8"))
    makers = {name: step for step in steps for name in outputs_of(step)}
    readers = {step.source for step in steps if isinstance(step, Convolve | AveragePool)}
    outputs = dict(graph.outputs)
    for name, tensor in graph.outputs.items():
        if tensor in readers and not isinstance(makers[tensor], AveragePool):
            outputs[name] = f"{tensor}.float32"
            if outputs[name] not in makers:
                makers[outputs[name]] = Dequantize(tensor, outputs[name])
                steps.append(makers[outputs[name]])
    return replace(graph, steps=tuple(steps), outputs=outputs)


@dataclass(slots=True, eq=False)
class Int8:
    """Tensors and weights in int8; see `googlenet.native.arithmetic.Arithmetic`.

    `quantized`: of each tensor but those that stay float32. `weights`: constants that are int8 already, (weights,
    scales) by the constant's name.
    """

    graph: LoweredGraph
    instruction_set: InstructionSet
    quantized: Mapping[str, Quantization]
    weights: Mapping[str, tuple[NDArray[np.int8], NDArray[np.float32]]]
    suffix: str = "_i8"
    tile_bytes: int = 2
    winograd_channels: int = WINOGRAD_CHANNELS
    packed: dict[tuple[int | str, ...], PackedWeights] = field(default_factory=dict)

    @classmethod
    def from_quantized(
        cls,
        graph: LoweredGraph,
        instruction_set: InstructionSet,
        grids: Mapping[str, Grid],
        weights: Mapping[str, tuple[NDArray[np.int8], NDArray[np.float32]]],
    ) -> Int8:
        """From what a quantised graph says of its values and weights.

        Raises InputError where a value that is needed is not quantised, or not as the kernels do it.
        """
        converted = with_conversions(graph)
        by_tensor = {graph.aliases.get(name, name): grid for name, grid in grids.items()}
        quantized = _choose(converted, by_tensor, narrow_sums=not instruction_set.exact_int8)
        _check(converted, by_tensor, quantized)
        return cls(converted, instruction_set, quantized, weights)

    @property
    def panel(self) -> int:
        """That of the instruction set."""
        return self.instruction_set.panel

    @property
    def small_tile(self) -> int:
        """Four products of bytes at a time cost less than Winograd's 16 for 36 of twice the size."""
        return 0 if self.instruction_set.exact_int8 else 2

    def bytes_of(self, tensor: str) -> int:
        """One, but for the few tensors that stay float32."""
        return 1 if tensor in self.quantized else 4

    def qmax_of(self, tensor: str) -> int:
        """See `Quantization`."""
        return self.quantized[tensor].qmax if tensor in self.quantized else 0

    def row_bytes(self, step: Convolve, numbers: int) -> int:
        """Whole groups of four bytes; what is read beyond has weights of 0."""
        part = 4 * self._group(self.quantized[step.source])
        return -(-numbers // part) * part

    def _group(self, source: Quantization) -> int:
        return 1 if self.instruction_set.exact_int8 or source is PICTURE else GROUP

    def pack(self, step: Convolve, tile: int) -> PackedWeights:
        """Scales and biases are divided by the output's scale."""
        key: tuple[int | str, ...] = (tile, *step.kernels)
        if key not in self.packed:
            parts = [self._pack_one(step, place, tile) for place in range(len(step.kernels))]
            kernels, biases, scales = zip(*parts, strict=True)
            self.packed[key] = PackedWeights(join_packed(kernels), join_packed(biases), join_packed(scales))
        return self.packed[key]

    def _pack_one(
        self, step: Convolve, place: int, tile: int
    ) -> tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]:
        """Kernels, biases and scales of one of the convolutions of a step."""
        source = self.quantized[step.source]
        output = self.quantized.get(step.outputs[place], Quantization(1.0, 255))
        constants = self.graph.constants
        kernel, biases = constants[step.kernels[place]], constants[step.biases[place]].astype(np.float64)
        packed: NDArray[Any]
        scales: NDArray[Any]
        if tile:
            packed, scales = pack_winograd_int16(kernel, tile, self.panel, source.qmax)
        else:
            weights, scales = self._weights_of(step.kernels[place], kernel, source)
            packed = pack_int8(weights, self.panel, 4 * self._group(source))
            if source is PICTURE:
                biases = biases - scales * (weights.sum((2, 3), dtype=np.int64) @ self._mean())
        return (
            packed,
            pack_biases(biases / output.scale, self.panel),
            pack_biases(scales * source.scale / output.scale, self.panel),
        )

    def _weights_of(
        self, name: str, kernel: NDArray[Any], source: Quantization
    ) -> tuple[NDArray[np.int8], NDArray[Any]]:
        """A kernel in int8 (out, in, size, size) and its scales, such that no sum overflows."""
        exact = self.instruction_set.exact_int8
        largest = LARGEST_WEIGHT if exact else SAFE_WEIGHT
        weights, scales = self.weights[name] if name in self.weights else quantize_weights(kernel, largest)
        weights = weights.reshape(kernel.shape)
        return (weights, scales) if exact else fit_int16_sums(weights, scales, self._group(source), source.qmax)

    def _mean(self) -> NDArray[np.float64]:
        return np.array(next(step.mean for step in self.graph.steps if isinstance(step, LoadImage)))

    def adjust(self, operation: Operation, step: Step) -> None:
        """Scales where values change, and the largest value that is written."""
        written = self.quantized.get(outputs_of(step)[0])
        operation.float_output = written is None
        if written is not None:
            operation.qmax, operation.squared_output = written.qmax, written.squared
        if isinstance(step, Convolve):
            operation.group = self._group(self.quantized[step.source])
        elif isinstance(step, Unary):
            read = self.quantized.get(step.source)
            if read is not None:
                operation.factor *= read.scale
                operation.alpha *= read.scale**2
                operation.squared_input = read.squared
            if written is not None:
                operation.factor /= written.scale

    def border(self) -> Mapping[str, NDArray[np.uint8]]:
        """The picture's padding is its mean, which the first convolution takes off again."""
        image = next(step.output for step in self.graph.steps if isinstance(step, LoadImage))
        return {image: np.rint(self._mean()).astype(np.uint8)}


def _check(graph: LoweredGraph, grids: Mapping[str, Grid], quantized: Mapping[str, Quantization]) -> None:
    """Raise InputError for what the kernels cannot compute, or would compute otherwise than the graph says."""
    for step in graph.steps:
        floats = [name for name in sources_of(step) if (name in quantized) == isinstance(step, Quantize)]
        if not isinstance(step, Convolve | AveragePool | Dequantize):
            floats += [name for name in outputs_of(step) if name not in quantized]
        if floats:
            raise InputError(f"the engine native does not compute {outputs_of(step)[0]} in int8; --engine onnx runs it")
        if isinstance(step, Convolve):
            for name in step.kernels:
                if graph.constants[name][0].size > MAX_PRODUCTS:
                    raise InputError(f"the engine native has no sums of more than {MAX_PRODUCTS} int8 products: {name}")
        if isinstance(step, LoadImage) and not _is_picture(grids.get(step.output), step.mean):
            raise InputError("the graph does not quantise the picture to its 256 values; --engine onnx runs it")
    images = {step.output for step in graph.steps if isinstance(step, LoadImage)}
    for name, grid in grids.items():
        if grid.zero_point and name not in images:
            raise InputError(
                f"{name} has the zero point {grid.zero_point}, the engine native takes 0; --engine onnx runs it"
            )


def _is_picture(grid: Grid | None, mean: tuple[float, ...]) -> bool:
    """Whether a grid holds every pixel less the mean, about as finely as pixels do, which then stand for it."""
    if grid is None:
        return False
    low, high = -grid.zero_point * grid.scale, (255 - grid.zero_point) * grid.scale
    return grid.scale <= 2 and low <= grid.scale - max(mean) and high >= 255 - min(mean) - grid.scale


def _choose(graph: LoweredGraph, grids: Mapping[str, Grid], *, narrow_sums: bool) -> dict[str, Quantization]:
    """Of each tensor but those that stay float32; tensors that hold the same numbers have the same.

    `narrow_sums`: convolutions that read bytes directly add products in 16 bits.
    """
    quantized: dict[str, Quantization] = {}
    readers: dict[str, list[Step]] = {}
    averages = {step.output: step.source for step in graph.steps if isinstance(step, Quantize)}
    for step in graph.steps:
        for source in sources_of(step):
            readers.setdefault(source, []).append(step)
    for members in _groups(graph):
        found = [grids[name] for name in (averages.get(name, name) for name in members) if name in grids]
        reading = [step for name in members for step in readers.get(name, []) if not isinstance(step, MaxPool | Concat)]
        if not found:
            raise InputError(f"the graph does not say how {members[0]} is quantised; --engine onnx runs it")
        if len({grid.scale for grid in found}) > 1:
            raise InputError(f"{members[0]} is joined with values of another scale; --engine onnx runs it")
        largest = found[0].scale * 255
        if all(isinstance(step, Lrn) for step in reading):
            chosen = Quantization(largest * ROOM_FOR_LARGER / 255**2, 255, squared=True)
        else:
            direct = any(isinstance(step, Convolve) and not _may_be_winograd(graph, step) for step in reading)
            qmax = 127 if direct and narrow_sums else 255
            chosen = Quantization(largest / qmax, qmax)
        quantized |= dict.fromkeys(members, chosen)
    quantized |= {step.output: PICTURE for step in graph.steps if isinstance(step, LoadImage)}
    return quantized


def _may_be_winograd(graph: LoweredGraph, step: Convolve) -> bool:
    """Whether a convolution is done with Winograd's tiles at every size of picture."""
    channels = graph.constants[step.kernels[0]].shape[1]
    return step.kernel_size == 3 and step.stride == 1 and step.padding == (1, 1) and channels % WINOGRAD_CHANNELS == 0


def _groups(graph: LoweredGraph) -> list[list[str]]:
    """The tensors in int8, those together that pools and concatenations make the same numbers; each once."""
    floats = {step.output for step in graph.steps if isinstance(step, AveragePool | Dequantize | LoadImage)}
    floats |= set(graph.outputs.values())
    group_of = {name: [name] for step in graph.steps for name in outputs_of(step) if name not in floats}
    for step in graph.steps:
        if isinstance(step, MaxPool | Concat):
            for name in sources_of(step):
                if name not in group_of or step.output not in group_of:
                    raise InputError(f"the engine native does not compute {step.output} in int8; --engine onnx runs it")
                one, other = group_of[step.output], group_of[name]
                if one is not other:
                    one += other
                    group_of |= dict.fromkeys(other, one)
    return list({id(members): members for members in group_of.values()}.values())
