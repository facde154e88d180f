"""A graph in whole numbers: activations of 8 bits without sign, weights of 8 bits with sign and a scale per filter.

The result is an ordinary graph in which `QuantizeLinear` and `DequantizeLinear` stand around what is rounded; runtimes
fuse each convolution with its neighbours to one of integers. Where pools and concatenations only pass values on, all of
them share one grid, so that nothing is ever rounded twice.

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
"""Steps of a grid of activations."""
FULL_RANGE, REDUCED_RANGE = 127, 63
"""Largest weight; with the reduced one, sums of two products fit into 16 bits, as processors without VNNI need."""
COARSEST_NORM = 0.05
"""A norm is k (here 1) and a sum of squares: the largest step of one square that it may be rounded to."""
SMALLEST_FILTER = 1e-30
"""Filters whose largest weight is below this are rounded to 0: their scale would have no float32 of full precision."""

_PASS_ON = frozenset({"MaxPool", "Concat"})


@dataclass(frozen=True, slots=True)
class Grid:
    """Values (code - zero) * scale for codes from 0 to 255."""

    scale: float
    zero: int = 0


def quantize(
    graph: Graph, statistics: Statistics, *, largest_weight: int = FULL_RANGE, round_all_outputs: bool = False
) -> Graph:
    """The graph with whole numbers where that is accurate enough, by what was observed (`observed_values`).

    Of the graph with its norms taken apart, those with a moderate range become whole numbers, too. With
    `round_all_outputs` what norms and the mean read is rounded as well: less exact, and needed by ONNX Runtime, which
    computes a convolution in whole numbers only where its output is rounded. Raises InputError for a value that was
    not observed.
    """
    grids = _choose_grids(graph, statistics, round_all_outputs)
    writer = _Writer(graph, grids, statistics, largest_weight)
    for node in graph.nodes:
        writer.add(node)
    return replace(graph, nodes=tuple(writer.nodes), constants=writer.constants)


def _choose_grids(graph: Graph, statistics: Statistics, round_all_outputs: bool) -> dict[str, Grid]:
    """The grid of each value that is rounded."""
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


def round_weights(weights: NDArray[Any], largest: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Whole numbers from -largest to largest and a scale for each filter, the closest of forty scales: (F, ...), (F,).

    weights = rounded * scales, as nearly as may be in the sum of squares.
    """
    flat = weights.reshape(len(weights), -1).astype(np.float32)
    tops = np.abs(flat).max(1)
    tops[tops < SMALLEST_FILTER] = 1
    scales, errors = tops / largest, np.full(len(flat), np.inf, np.float32)
    for share in np.linspace(1, 0.6, 41, dtype=np.float32):
        tried = tops * share / largest
        rounded = np.clip(np.rint(flat / tried[:, None]), -largest, largest)
        error = np.square(rounded * tried[:, None] - flat).sum(1)
        better = error < errors
        scales, errors = np.where(better, tried, scales), np.where(better, error, errors)
    rounded = np.clip(np.rint(flat / scales[:, None]), -largest, largest)
    return rounded.astype(np.int8).reshape(weights.shape), scales.astype(np.float32)


def balance(
    weights: NDArray[Any], codes: NDArray[np.int8], scales: NDArray[np.float32], largest: int
) -> NDArray[np.int8]:
    """The codes (F, C, h, w), some moved by one, so that what is lost over a channel of a filter adds up to nothing.

    For the first convolution: pictures are nearly even over its kernel, and what they have in common is not lost then.
    """
    exact = (weights / scales.reshape(-1, 1, 1, 1)).reshape(*weights.shape[:2], -1)
    moved = codes.reshape(exact.shape).copy()
    lost = exact - moved
    missing = np.rint(lost.sum(2, keepdims=True))
    gain = lost * np.sign(missing)
    near = (gain > 0) & (np.abs(lost) <= 0.5)  # those that are cut off at the largest code are no matter of rounding
    first = np.where(near, gain, 0).argsort(2)[:, :, ::-1].argsort(2) < np.abs(missing)
    moved[near & first] += np.broadcast_to(np.sign(missing), exact.shape)[near & first].astype(np.int8)
    return moved.clip(-largest, largest).reshape(weights.shape)


class _Writer:
    """Copies nodes one by one, with rounding around those that a grid was chosen for."""

    def __init__(self, graph: Graph, grids: Mapping[str, Grid], statistics: Statistics, largest_weight: int) -> None:
        self.graph, self.grids, self.statistics, self.largest_weight = graph, grids, statistics, largest_weight
        self.nodes: list[Node] = []
        self.constants: dict[str, NDArray[Any]] = dict(graph.constants)
        self.producers = graph.producers

    def add(self, node: Node) -> None:
        """Copy a node whose inputs are there already."""
        if is_weighted(self.graph, node) and node.inputs[0] in self.grids:
            self.nodes.append(replace(node, inputs=self._rounded_weights(node)))
        else:
            self.nodes.append(replace(node, inputs=tuple(self._read(node, name) for name in node.inputs)))
        if node.output in self.grids:
            self._round_value(node.output, self.grids[node.output])

    def _read(self, node: Node, value: str) -> str:
        """What a node reads for a value: it rounded, but for an output of the graph where it exists in floats."""
        if value not in self.grids:
            return value
        made_in_floats = not _passes_on(self.graph, self.producers[value])
        gives_output = any(node.output == output.name for output in self.graph.outputs)
        return value if made_in_floats and gives_output else f"{value}.rounded"

    def _round_value(self, value: str, grid: Grid) -> None:
        scale, zero = f"{value}.scale", f"{value}.zero"
        self.constants[scale] = np.array(grid.scale, np.float32)
        self.constants[zero] = np.array(grid.zero, np.uint8)
        self.nodes.append(Node("QuantizeLinear", (value, scale, zero), f"{value}.codes"))
        self.nodes.append(Node("DequantizeLinear", (f"{value}.codes", scale, zero), f"{value}.rounded"))

    def _rounded_weights(self, node: Node) -> tuple[str, str, str]:
        """The inputs of a convolution or matrix product in whole numbers, its bias on the scale of its sums."""
        value, kernel, bias = node.inputs
        weights = self.graph.constants[kernel]
        rounded, scales = round_weights(weights, self.largest_weight)
        if is_centred_image(self.graph, value):
            rounded = balance(weights, rounded, scales, self.largest_weight)
        lost = weights - rounded * scales.reshape(-1, *[1] * (weights.ndim - 1))
        biases = self.graph.constants[bias] + self._mean_effect(lost, value)
        sum_scales = (scales * np.float32(self.grids[value].scale)).astype(np.float32)
        codes = np.rint(biases / sum_scales).clip(-(2**31), 2**31 - 1).astype(np.int32)
        return f"{value}.rounded", self._weight(kernel, rounded, scales), self._weight(bias, codes, sum_scales)

    def _mean_effect(self, lost: NDArray[Any], value: str) -> NDArray[Any] | float:
        """What rounding the weights takes off each filter's sum on the average picture, but for the borders: (F,)."""
        if is_centred_image(self.graph, value):
            return 0.0
        effect: NDArray[Any] = lost.reshape(*lost.shape[:2], -1).sum(2) @ self.statistics.channel_means(value)
        return effect

    def _weight(self, name: str, codes: NDArray[Any], scales: NDArray[np.float32]) -> str:
        """Keep a constant as whole numbers and scales; give the name of its value."""
        if f"{name}.codes" not in self.constants:
            self.constants |= {f"{name}.codes": codes, f"{name}.scales": scales}
            self.nodes.append(
                Node("DequantizeLinear", (f"{name}.codes", f"{name}.scales"), f"{name}.rounded", {"axis": 0})
            )
        return f"{name}.rounded"
