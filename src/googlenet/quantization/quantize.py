"""A quantized graph: activations are uint8, weights int8 with a scale for each filter.

The result is an ordinary graph with `QuantizeLinear` and `DequantizeLinear` around what is quantized; runtimes fuse
each convolution with its neighbours to one of integers. Where pools and concatenations only pass values on, all of them
share one grid, so that nothing is ever rounded twice.

What is left in floats: norms whose squares have too wide a range for 255 steps, and the mean over the grid.
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
"""Steps of a grid of activations: the largest uint8."""
LARGEST_WEIGHT, LARGEST_PAIR = 127, 128
"""The largest int8, and the largest sum of two weights of one filter that have the same sign.

x86 without VNNI adds the products of two weights with values up to 255 in 16 bits (`vpmaddubsw`), which saturate:
255 * 128 fits. Which two meet is the runtime's matter, so it holds for any two: a file is right on every processor.
"""
COARSEST_NORM = 0.05
"""A norm is k (here 1) and a sum of squares: the largest step of one square for which it is still quantized."""
SMALLEST_FILTER = 1e-30
"""Filters whose largest weight is below this become 0: their scale would have no float32 of full precision."""

_PASS_ON = frozenset({"MaxPool", "Concat"})


@dataclass(frozen=True, slots=True)
class Grid:
    """The values that a uint8 q stands for: (q - zero_point) * scale."""

    scale: float
    zero_point: int = 0


def quantize(graph: Graph, statistics: Statistics, *, round_all_outputs: bool = False) -> Graph:
    """The graph quantized where that is accurate enough, by what was observed (`observed_values`).

    Of the graph with its norms decomposed, those with a moderate range are quantized, too. With `round_all_outputs`
    what norms and the mean read is quantized as well: less exact, and needed by ONNX Runtime, which computes a
    convolution in integers only where its output is quantized. Raises InputError for a value that was not observed.
    """
    grids = _choose_grids(graph, statistics, round_all_outputs)
    writer = _Writer(graph, grids, statistics)
    for node in graph.nodes:
        writer.add(node)
    return replace(graph, nodes=tuple(writer.nodes), constants=writer.constants)


def _choose_grids(graph: Graph, statistics: Statistics, round_all_outputs: bool) -> dict[str, Grid]:
    """The grid of each value that is quantized."""
    grids: dict[str, Grid] = {}
    coarse = _coarse_squares(graph, statistics)
    fine = {node.inputs[0] for node in graph.nodes if is_square(node) and node.output not in coarse}
    read = {node.inputs[0] for node in graph.nodes if is_weighted(graph, node)} | fine
    asked = (set(observed_values(graph)) | read if round_all_outputs else read) - coarse
    squares = {node.output for node in graph.nodes if is_square(node)}
    for members in _groups(graph):
        observed = [name for name in members if name in asked]
        if not observed:
            continue
        if is_centred_image(graph, observed[0]):
            grid = _image_grid(graph, observed[0])
        elif observed[0] in squares:  # cutting the largest would switch the norm off where it works most
            statistics.demand(observed[0])
            grid = Grid(_positive(statistics.largest[observed[0]]) / LEVELS)
        else:
            grid = _closest_grid(statistics, observed)
        grids |= dict.fromkeys(members, grid)
    return grids


def _passes_on(graph: Graph, node: Node) -> bool:
    """Whether a node gives values of its inputs as they are, to other nodes."""
    return node.operator in _PASS_ON and all(node.output != value.name for value in graph.outputs)


def _coarse_squares(graph: Graph, statistics: Statistics) -> set[str]:
    """The squares whose largest would leave the small ones too few steps."""
    coarse, producers = set(), graph.producers
    for node in graph.nodes:
        producer = producers.get(node.inputs[0])
        if producer is not None and is_square(producer) and is_weighted(graph, node):
            statistics.demand(producer.output)
            step = statistics.largest[producer.output] / LEVELS * float(graph.constants[node.inputs[1]].max())
            if step > COARSEST_NORM:
                coarse.add(producer.output)
    return coarse


def _groups(graph: Graph) -> list[list[str]]:
    """The values between nodes, those together that are the same numbers in other places."""
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
    """A grid that holds every pixel, 0 to 255, less each channel's mean."""
    mean = graph.constants[graph.producers[value].inputs[1]]
    low, high = min(0.0, -float(mean.max())), max(0.0, 255.0 - float(mean.min()))
    scale = (high - low) / LEVELS
    return Grid(scale, round(-low / scale))


def _closest_grid(statistics: Statistics, names: Iterable[str]) -> Grid:
    """The grid with the least squared error over all that was observed; the largest values may be cut off for it."""
    values, counts, top = [], [], 0.0
    for name in names:
        statistics.demand(name)
        histogram = statistics.histograms[name]
        values.append(histogram.centres[1:])  # zeros, and what is next to them, cost nothing on any grid
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


def round_weights(
    weights: NDArray[Any], largest: int, *, largest_pair: int | None = None
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Integers from -largest to largest and a scale for each filter, the closest of some scales: (F, ...), (F,).

    weights = rounded * scales, as nearly as may be in the sum of squares. `largest_pair`: that of two integers of a
    filter with the same sign, if there is a limit: then one may be larger than half of it where the others leave room.
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
    """The farthest weight of each filter (F, K) on one side of 0, which may be larger than half of a pair's limit."""

    def __init__(self, flat: NDArray[np.float32], sign: int) -> None:
        signed = np.pad(sign * flat, ((0, 0), (0, 1)))  # there is a second one always
        self.rows, self.sign = np.arange(len(flat)), sign
        self.places = signed[:, :-1].argmax(1)
        second, first = np.partition(signed, (-2, -1), axis=1)[:, -2:].T
        self.first, self.second = first, second.clip(0)

    def restore(self, rounded: NDArray[np.float32], scales: NDArray[np.float32], largest: int, pair: int) -> None:
        """Let it be what it is, up to `largest`, as far as the second one leaves room, where it was clipped."""
        room = np.minimum(largest, pair - np.rint(self.second / scales).clip(None, pair // 2))
        first = np.minimum(np.rint(self.first / scales), room)
        clipped = first > pair // 2
        rounded[self.rows[clipped], self.places[clipped]] = self.sign * first[clipped]


def balance(
    weights: NDArray[Any], rounded: NDArray[np.int8], scales: NDArray[np.float32], largest: int
) -> NDArray[np.int8]:
    """The rounded weights (F, C, h, w), some moved by one, so that the errors of a channel of a filter add up to 0.

    For the first convolution: pictures are nearly even over its kernel, and what they have in common is not lost then.
    """
    exact = (weights / scales.reshape(-1, 1, 1, 1)).reshape(*weights.shape[:2], -1)
    moved = rounded.reshape(exact.shape).copy()
    lost = exact - moved
    missing = np.rint(lost.sum(2, keepdims=True))
    gain = lost * np.sign(missing)
    near = (gain > 0) & (np.abs(lost) <= 0.5)  # those that are clipped are no matter of rounding
    first = np.where(near, gain, 0).argsort(2)[:, :, ::-1].argsort(2) < np.abs(missing)
    moved[near & first] += np.broadcast_to(np.sign(missing), exact.shape)[near & first].astype(np.int8)
    return moved.clip(-largest, largest).reshape(weights.shape)


class _Writer:
    """Copies nodes one by one, quantizing and dequantizing around those that a grid was chosen for.

    `dequantized`: what is read in place of a value or a constant that was quantized.
    """

    def __init__(self, graph: Graph, grids: Mapping[str, Grid], statistics: Statistics) -> None:
        self.graph, self.grids, self.statistics = graph, grids, statistics
        self.nodes: list[Node] = []
        self.constants: dict[str, NDArray[Any]] = dict(graph.constants)
        self.producers = graph.producers
        self.dequantized: dict[str, str] = {}

    def add(self, node: Node) -> None:
        """Copy a node whose inputs are there already."""
        if is_weighted(self.graph, node) and node.inputs[0] in self.grids:
            self.nodes.append(replace(node, inputs=self._quantized_inputs(node)))
        else:
            self.nodes.append(replace(node, inputs=tuple(self._read(node, name) for name in node.inputs)))
        if node.output in self.grids:
            self._quantize_value(node.output, self.grids[node.output])

    def _read(self, node: Node, value: str) -> str:
        """What a node reads for a value: it quantized, but for an output of the graph where it exists in floats."""
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
        """The inputs of a convolution or matrix product of integers, its bias on the scale of its sums."""
        value, kernel, bias = node.inputs
        weights = self.graph.constants[kernel]
        if is_centred_image(self.graph, value):
            rounded, scales = round_weights(weights, LARGEST_WEIGHT, largest_pair=LARGEST_PAIR - 2)
            rounded = balance(weights, rounded, scales, LARGEST_WEIGHT)  # moves either of a pair by one
        else:
            rounded, scales = round_weights(weights, LARGEST_WEIGHT, largest_pair=LARGEST_PAIR)
        lost = weights - rounded * scales.reshape(-1, *[1] * (weights.ndim - 1))
        biases = self.graph.constants[bias] + self._mean_effect(lost, value)
        sum_scales = (scales * np.float32(self.grids[value].scale)).astype(np.float32)
        rounded_biases = np.rint(biases / sum_scales).clip(-(2**31), 2**31 - 1).astype(np.int32)
        self._quantize_constant(kernel, rounded, scales)
        self._quantize_constant(bias, rounded_biases, sum_scales)
        return self.dequantized[value], self.dequantized[kernel], self.dequantized[bias]

    def _mean_effect(self, lost: NDArray[Any], value: str) -> NDArray[Any] | float:
        """What rounding the weights takes off each filter's sum on the average picture, but for the borders: (F,)."""
        if is_centred_image(self.graph, value):
            return 0.0
        effect: NDArray[Any] = lost.reshape(*lost.shape[:2], -1).sum(2) @ self.statistics.channel_means(value)
        return effect

    def _quantize_constant(self, name: str, rounded: NDArray[Any], scales: NDArray[np.float32]) -> None:
        """Keep a constant as integers with their scales, once."""
        if name not in self.dequantized:
            inputs = f"{name}.quantized", f"{name}.scales"
            self.dequantized[name] = f"{name}.dequantized"
            self.constants |= dict(zip(inputs, (rounded, scales), strict=True))
            self.nodes.append(Node("DequantizeLinear", inputs, self.dequantized[name], {"axis": 0}))
