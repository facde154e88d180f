"""Quantization of a graph: uint8 activations, int8 weights with one scale per filter.

The result is an ordinary graph with `QuantizeLinear` and `DequantizeLinear` nodes; runtimes fuse them with their
neighbours into integer operators. Inputs and outputs of pools and concatenations share one grid, so that no value is
quantized twice.

What stays in float32: LRN layers whose squares have too wide a range for 255 steps, and the global average pool.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.graph.graph import Graph, Node
from googlenet.quantization.calibration import Statistics, is_centred_image, is_square, is_weighted, observed_values

LEVELS = 255
"""Number of quantization steps of activations: the largest uint8."""
LARGEST_WEIGHT, LARGEST_PAIR = 127, 128
"""The largest int8, and the largest sum of two weights of one filter that have the same sign.

x86 without VNNI adds products of two weights with activations up to 255 in 16 bits (`vpmaddubsw`), with saturation:
255 * 128 fits. Which two are added depends on the runtime, so the limit holds for any two: a file gives correct results
on every processor.
"""
COARSEST_LRN = 0.05
"""Largest contribution of one quantization step to LRN's sum, relative to k = 1, for which LRN is quantized."""
SMALLEST_FILTER = 1e-30
"""Filters whose largest weight is below this become 0: their scale would be a denormal float32."""

_PASS_ON = frozenset({"MaxPool", "Concat"})


@dataclass(frozen=True, slots=True)
class Grid:
    """Quantization parameters: a uint8 q represents (q - zero_point) * scale."""

    scale: float
    zero_point: int = 0


def quantize(graph: Graph, statistics: Statistics, *, quantize_all_outputs: bool = False) -> Graph:
    """Quantize a graph where that is accurate enough; needs the statistics of `observed_values`.

    If LRN is decomposed, LRN layers with a moderate range are quantized, too. `quantize_all_outputs` also quantizes the
    inputs of LRN and of the average pool: less accurate, but needed by ONNX Runtime, which runs a convolution in int8
    only if its output is quantized. Raises InputError for a value that was not observed.
    """
    grids = _choose_grids(graph, statistics, quantize_all_outputs)
    writer = _Writer(graph, grids, statistics)
    for node in graph.nodes:
        writer.add(node)
    return replace(graph, nodes=tuple(writer.nodes), constants=writer.constants)


def _choose_grids(graph: Graph, statistics: Statistics, quantize_all_outputs: bool) -> dict[str, Grid]:
    """The grid of each quantized value."""
    grids: dict[str, Grid] = {}
    coarse = _coarse_squares(graph, statistics)
    fine = {node.inputs[0] for node in graph.nodes if is_square(node) and node.output not in coarse}
    read = {node.inputs[0] for node in graph.nodes if is_weighted(graph, node)} | fine
    asked = (set(observed_values(graph)) | read if quantize_all_outputs else read) - coarse
    squares = {node.output for node in graph.nodes if is_square(node)}
    for members in _groups(graph):
        observed = [name for name in members if name in asked]
        if not observed:
            continue
        if is_centred_image(graph, observed[0]):
            grid = _image_grid(graph, observed[0])
        elif observed[0] in squares:  # clipping would disable LRN where it has the largest effect
            statistics.demand(observed[0])
            grid = Grid(_positive(statistics.largest[observed[0]]) / LEVELS)
        else:
            grid = _closest_grid(statistics, observed)
        grids |= dict.fromkeys(members, grid)
    return grids


def _passes_on(graph: Graph, node: Node) -> bool:
    """Whether a node outputs unchanged values of its inputs, and not as an output of the graph."""
    return node.operator in _PASS_ON and all(node.output != value.name for value in graph.outputs)


def _coarse_squares(graph: Graph, statistics: Statistics) -> set[str]:
    """The squares whose range is too wide for 255 steps."""
    coarse, producers = set(), graph.producers
    for node in graph.nodes:
        producer = producers.get(node.inputs[0])
        if producer is not None and is_square(producer) and is_weighted(graph, node):
            statistics.demand(producer.output)
            step = statistics.largest[producer.output] / LEVELS * float(graph.constants[node.inputs[1]].max())
            if step > COARSEST_LRN:
                coarse.add(producer.output)
    return coarse


def _groups(graph: Graph) -> list[list[str]]:
    """The values between nodes, in groups that share one grid because nodes pass them on unchanged."""
    group_of: dict[str, list[str]] = {node.output: [node.output] for node in graph.nodes}
    for node in graph.nodes:
        if _passes_on(graph, node):
            for name in node.inputs:
                one, other = group_of[node.output], group_of[name]
                if one is not other:
                    one += other
                    group_of |= dict.fromkeys(other, one)
    return list({id(members): members for members in group_of.values()}.values())


def _image_grid(graph: Graph, value: str) -> Grid:
    """A grid for all pixels, 0 to 255, minus each channel's mean."""
    mean = graph.constants[graph.producers[value].inputs[1]]
    low, high = min(0.0, -float(mean.max())), max(0.0, 255.0 - float(mean.min()))
    scale = (high - low) / LEVELS
    return Grid(scale, round(-low / scale))


def _closest_grid(statistics: Statistics, names: Iterable[str]) -> Grid:
    """The grid with the least squared error over all observed values; it may clip the largest ones."""
    values, counts, top = [], [], 0.0
    for name in names:
        statistics.demand(name)
        histogram = statistics.histograms[name]
        values.append(histogram.centres[1:])  # values near zero have no error on any grid
        counts.append(histogram.counts[1:])
        top = max(top, statistics.largest[name])
    centres, weights = np.concatenate(values), np.concatenate(counts)
    seen = weights > 0
    centres, weights = centres[seen], weights[seen]
    scales = _positive(top) * np.geomspace(0.1, 1, 80) / LEVELS

    def error(scale: float) -> float:
        rounded = np.clip(np.rint(centres / scale), 0, LEVELS) * scale
        return float(np.square(rounded - centres) @ weights)

    return Grid(float(min(reversed(scales), key=error)))


def _positive(value: float) -> float:
    return value if value > 0 else 1.0


def quantize_weights(
    weights: NDArray[Any], largest: int, *, largest_pair: int | None = None
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Quantize weights to -largest ... largest with one scale per filter: (F, ...) int8, (F,) float32.

    Of several scales, the one with the least squared error is chosen. `largest_pair`: limit of the sum of two quantized
    weights of a filter with the same sign; one of them can be larger than half of it if the others leave room.
    """
    flat = weights.reshape(len(weights), -1).astype(np.float32)
    tops = np.abs(flat).max(1)
    tops[tops < SMALLEST_FILTER] = 1
    most = largest if largest_pair is None else largest_pair // 2
    outliers = () if largest_pair is None else (_Outlier(flat, 1), _Outlier(flat, -1))
    scales, errors, closest = tops, np.full(len(flat), np.inf, np.float32), np.zeros_like(flat)
    for share in np.arange(1, 0.6 * most / largest, -0.01, dtype=np.float32):
        tried = tops * share / most
        rounded = np.clip(np.rint(flat / tried[:, None]), -most, most)
        for outlier in outliers:
            outlier.restore(rounded, tried, largest, 2 * most)
        error = np.square(rounded * tried[:, None] - flat).sum(1)
        better = error < errors
        closest[better] = rounded[better]
        scales, errors = np.where(better, tried, scales), np.where(better, error, errors)
    return closest.astype(np.int8).reshape(weights.shape), scales.astype(np.float32)


class _Outlier:
    """The extreme weight of each filter (F, K) with one sign, which may be larger than half of `largest_pair`."""

    def __init__(self, flat: NDArray[np.float32], sign: int) -> None:
        signed = np.pad(sign * flat, ((0, 0), (0, 1)))  # so that there always is a second one
        self.rows, self.sign = np.arange(len(flat)), sign
        self.places = signed[:, :-1].argmax(1)
        second, first = np.partition(signed, (-2, -1), axis=1)[:, -2:].T
        self.first, self.second = first, second.clip(0)

    def restore(self, rounded: NDArray[np.float32], scales: NDArray[np.float32], largest: int, pair: int) -> None:
        """Where it was clipped, undo that up to `largest`, as far as the second one leaves room."""
        room = np.minimum(largest, pair - np.rint(self.second / scales).clip(None, pair // 2))
        first = np.minimum(np.rint(self.first / scales), room)
        clipped = first > pair // 2
        rounded[self.rows[clipped], self.places[clipped]] = self.sign * first[clipped]


def balance(
    weights: NDArray[Any], rounded: NDArray[np.int8], scales: NDArray[np.float32], largest: int
) -> NDArray[np.int8]:
    """Adjust quantized weights (F, C, h, w) by at most 1, so that the errors in each channel of a filter sum to 0.

    For the first convolution: pictures are nearly constant over its kernel, so this preserves their mean response.
    """
    exact = (weights / scales.reshape(-1, 1, 1, 1)).reshape(*weights.shape[:2], -1)
    moved = rounded.reshape(exact.shape).copy()
    lost = exact - moved
    missing = np.rint(lost.sum(2, keepdims=True))
    gain = lost * np.sign(missing)
    near = (gain > 0) & (np.abs(lost) <= 0.5)  # not those that were clipped
    first = np.where(near, gain, 0).argsort(2)[:, :, ::-1].argsort(2) < np.abs(missing)
    moved[near & first] += np.broadcast_to(np.sign(missing), exact.shape)[near & first].astype(np.int8)
    return moved.clip(-largest, largest).reshape(weights.shape)


class _Writer:
    """Copies nodes one by one, inserting QuantizeLinear and DequantizeLinear for values that have a grid.

    `dequantized`: name of a quantized value or constant -> name of its dequantized form.
    """

    def __init__(self, graph: Graph, grids: Mapping[str, Grid], statistics: Statistics) -> None:
        self.graph, self.grids, self.statistics = graph, grids, statistics
        self.nodes: list[Node] = []
        self.constants: dict[str, NDArray[Any]] = dict(graph.constants)
        self.producers = graph.producers
        self.dequantized: dict[str, str] = {}

    def add(self, node: Node) -> None:
        """Copy a node whose inputs were already added."""
        if is_weighted(self.graph, node) and node.inputs[0] in self.grids:
            self.nodes.append(replace(node, inputs=self._quantized_inputs(node)))
        else:
            self.nodes.append(replace(node, inputs=tuple(self._read(node, name) for name in node.inputs)))
        if node.output in self.grids:
            self._quantize_value(node.output, self.grids[node.output])

    def _read(self, node: Node, value: str) -> str:
        """The input of a node for a value: dequantized, except that outputs of the graph read the original values."""
        if value not in self.grids:
            return value
        made_in_floats = not _passes_on(self.graph, self.producers[value])
        gives_output = any(node.output == output.name for output in self.graph.outputs)
        return value if made_in_floats and gives_output else self.dequantized[value]

    def _quantize_value(self, value: str, grid: Grid) -> None:
        scale, zero_point, quantized = (f"{value}.{part}" for part in ("scale", "zero_point", "quantized"))
        self.dequantized[value] = f"{value}.dequantized"
        self.constants[scale] = np.array(grid.scale, np.float32)
        self.constants[zero_point] = np.array(grid.zero_point, np.uint8)
        self.nodes.append(Node("QuantizeLinear", (value, scale, zero_point), quantized))
        self.nodes.append(Node("DequantizeLinear", (quantized, scale, zero_point), self.dequantized[value]))

    def _quantized_inputs(self, node: Node) -> tuple[str, str, str]:
        """The inputs of a quantized convolution or matrix product; the bias has the scale of the sums."""
        value, kernel, bias = node.inputs
        weights = self.graph.constants[kernel]
        if is_centred_image(self.graph, value):
            rounded, scales = quantize_weights(weights, LARGEST_WEIGHT, largest_pair=LARGEST_PAIR - 2)
            rounded = balance(weights, rounded, scales, LARGEST_WEIGHT)  # changes each weight of a pair by at most 1
        else:
            rounded, scales = quantize_weights(weights, LARGEST_WEIGHT, largest_pair=LARGEST_PAIR)
        lost = weights - rounded * scales.reshape(-1, *[1] * (weights.ndim - 1))
        biases = self.graph.constants[bias] + self._mean_effect(lost, value)
        sum_scales = (scales * np.float32(self.grids[value].scale)).astype(np.float32)
        rounded_biases = np.rint(biases / sum_scales).clip(-(2**31), 2**31 - 1).astype(np.int32)
        self._quantize_constant(kernel, rounded, scales)
        self._quantize_constant(bias, rounded_biases, sum_scales)
        return self.dequantized[value], self.dequantized[kernel], self.dequantized[bias]

    def _mean_effect(self, lost: NDArray[Any], value: str) -> NDArray[Any] | float:
        """Mean error of each filter's output due to quantized weights, ignoring borders: (F,)."""
        if is_centred_image(self.graph, value):
            return 0.0
        effect: NDArray[Any] = lost.reshape(*lost.shape[:2], -1).sum(2) @ self.statistics.channel_means(value)
        return effect

    def _quantize_constant(self, name: str, rounded: NDArray[Any], scales: NDArray[np.float32]) -> None:
        """Add a quantized constant and its scales, once."""
        if name not in self.dequantized:
            inputs = f"{name}.quantized", f"{name}.scales"
            self.dequantized[name] = f"{name}.dequantized"
            self.constants |= dict(zip(inputs, (rounded, scales), strict=True))
            self.nodes.append(Node("DequantizeLinear", inputs, self.dequantized[name], {"axis": 0}))
