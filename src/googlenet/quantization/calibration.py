"""Calibration: statistics of a network's activations on real pictures.

graph = with_observed_outputs(graph)      an engine runs it on the pictures ...
statistics = Statistics()
statistics.add({"3a": array, ...})        ... and each batch of its outputs is counted
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import DataError, InputError
from googlenet.graph.graph import Graph, Node, Value

BINS = 4096  # of a histogram: 16 or more per quantization step, until the range has doubled four times


def observed_values(graph: Graph) -> tuple[str, ...]:
    """The values whose statistics `quantize` needs: the inputs of all nodes that compute."""
    read = (
        node.inputs[0]
        for node in graph.nodes
        if is_weighted(graph, node) or is_square(node) or node.operator in ("LRN", "GlobalAveragePool")
    )
    return tuple(dict.fromkeys(name for name in read if not is_centred_image(graph, name)))


def is_weighted(graph: Graph, node: Node) -> bool:
    """Whether a node multiplies by a constant kernel or matrix."""
    return node.operator in ("Conv", "Gemm") and node.inputs[1] in graph.constants


def is_square(node: Node) -> bool:
    """Whether a node multiplies a value by itself."""
    return node.operator == "Mul" and node.inputs[0] == node.inputs[1]


def is_centred_image(graph: Graph, value: str) -> bool:
    """Whether a value is the picture minus a constant mean, the only value whose range is known beforehand."""
    producer = graph.producers.get(value)
    return producer is not None and producer.operator == "Sub" and producer.inputs[1] in graph.constants


def with_observed_outputs(graph: Graph) -> Graph:
    """The graph with its observed values as its outputs: (N, C, H, W) or (N, C) float32."""
    values = tuple(Value(name, np.dtype(np.float32), ("N", "C")) for name in observed_values(graph))
    return replace(graph, outputs=tuple(_ranked(graph, value) for value in values))


def _ranked(graph: Graph, value: Value) -> Value:
    vectors = any(node.operator == "Gemm" for node in graph.readers[value.name])
    return value if vectors else replace(value, shape=("N", "C", "h", "w"))


class Histogram:
    """Counts of non-negative values in equal bins; the range doubles for larger values, so one pass is enough."""

    def __init__(self) -> None:
        """Empty."""
        self.counts = np.zeros(BINS, np.int64)
        self.width = 0.0

    def add(self, values: NDArray[np.floating[Any]]) -> None:
        """Count non-negative values of any shape."""
        top = float(values.max())
        if self.width == 0.0:
            self.width = top / BINS
        while top > self.width * BINS:
            self.counts = np.concatenate([self.counts.reshape(-1, 2).sum(1), np.zeros(BINS // 2, np.int64)])
            self.width *= 2
        if self.width == 0.0:
            self.counts[0] += values.size
            return
        places = np.minimum((values.reshape(-1) / np.float64(self.width)).astype(np.int64), BINS - 1)
        self.counts += np.bincount(places, minlength=BINS)

    @property
    def centres(self) -> NDArray[np.float64]:
        """The middle of each bin."""
        return np.linspace(0, BINS * self.width, BINS, endpoint=False, dtype=np.float64) + self.width / 2


class Statistics:
    """Statistics of each value: its histogram, its maximum, and the mean of each channel."""

    def __init__(self) -> None:
        """Empty."""
        self.histograms: dict[str, Histogram] = {}
        self.largest: dict[str, float] = {}
        self._sums: dict[str, NDArray[np.float64]] = {}
        self._pictures = 0

    def add(self, values: Mapping[str, NDArray[np.float32]]) -> None:
        """Add a batch: values (N, C, H, W) or (N, C) by name. Raises DataError for negative and non-finite values."""
        for name, array in values.items():
            if not np.isfinite(array).all() or array.min() < 0:
                raise DataError(f"the network's value {name} is negative or not finite, so it cannot be quantized")
            self.histograms.setdefault(name, Histogram()).add(array)
            self.largest[name] = max(self.largest.get(name, 0.0), float(array.max()))
            means = array.reshape(*array.shape[:2], -1).mean(2, dtype=np.float64).sum(0)
            self._sums[name] = self._sums.get(name, np.zeros_like(means)) + means
        self._pictures += len(next(iter(values.values()))) if values else 0

    def channel_means(self, name: str) -> NDArray[np.float64]:
        """The mean of each channel over pictures and positions: (C,)."""
        self.demand(name)
        return self._sums[name] / self._pictures

    def demand(self, name: str) -> None:
        """Raise InputError if a value was never observed."""
        if name not in self.histograms:
            raise InputError(
                f"there are no statistics for the value {name}: run the observed graph on calibration pictures first"
            )
