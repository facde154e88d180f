"""Validates that a graph from a file is that of the networks in its description, before any engine sees it.

A checksum is no protection, since anybody can compute one. So a graph is compared, node by node, with the output of
`build_graph` for the same architectures. Operators, attributes, edges, shapes, and constants that do not depend on
training (the mean, the kernels of decomposed LRN) must be the same; names of values are arbitrary, and weights can be
any finite numbers. In int8, quantization must be where `quantize` inserts it, with valid scales and zero points.

Refusing everything else is stricter than shape inference, and shorter: no operator, attribute or order remains that
engines could interpret differently, and every size follows from the architecture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec, build_architecture, weight_shapes
from googlenet.errors import InputError, ModelFileError
from googlenet.graph import Graph, Node, Value, build_graph, decompose_lrn
from googlenet.graph.graph import Attribute
from googlenet.images import Preprocessing
from googlenet.model import Model

FORMS: tuple[Callable[[Graph], Graph], ...] = (lambda graph: graph, decompose_lrn)
"""The forms that a network's graph can have: with LRN as one operator, and decomposed. Forms are only added, never
removed, so that old files can be read."""

KERNEL = 1
"""Index of the kernel among the inputs of Conv and Gemm; the bias comes after it."""

LARGEST_INT8 = 127
"""Largest magnitude of a quantized weight."""

LEVELS = 255
"""Number of quantization steps of activations."""

SCALES = (float(np.finfo(np.float32).tiny), 1e30)
"""Allowed range of scales: normal float32 numbers whose multiples are finite."""

FIXED_TOLERANCE = 0.05
"""Allowed quantization error of a constant that does not depend on training, relative to its largest value."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant of an expected graph: its shape, and its `values` if they follow from the architecture."""

    shape: tuple[int, ...]
    values: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Expected:
    """The graph of networks without their weights."""

    nodes: tuple[Node, ...]
    constants: Mapping[str, Constant]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]


@lru_cache(maxsize=4)
def expected_graphs(specs: tuple[ArchitectureSpec, ...], preprocessing: Preprocessing) -> tuple[Expected, ...]:
    """The graphs that a file of these networks may contain, one for each of `FORMS`.

    Raises InputError for networks of which no graph can be built.
    """
    graph = build_graph(*(_without_weights(spec, preprocessing) for spec in specs))
    return tuple(_expected(form(graph)) for form in FORMS)


def _without_weights(spec: ArchitectureSpec, preprocessing: Preprocessing) -> Model:
    """A model whose weights are NaN, and so is everything that is computed from them."""
    unknown = np.float32(np.nan)
    shapes = weight_shapes(build_architecture(spec), auxiliaries=False)
    return Model(spec, {name: np.broadcast_to(unknown, shape) for name, shape in shapes.items()}, (), preprocessing)


def _expected(graph: Graph) -> Expected:
    constants = {
        name: Constant(values.shape, None if np.isnan(values.flat[0]) else values)
        for name, values in graph.used_constants()
    }
    return Expected(graph.nodes, constants, graph.inputs, graph.outputs)


def count_values(spec: ArchitectureSpec) -> int:
    """The number of values in a network's kernels and matrices, and so the least size of its file in bytes."""
    shapes = weight_shapes(build_architecture(spec), auxiliaries=False).values()
    return sum(prod(shape) for shape in shapes if len(shape) > 1)


def check_size(specs: Sequence[ArchitectureSpec], size: int, *, where: str) -> None:
    """Raise ModelFileError if a file of `size` bytes cannot hold the weights of the networks in its description.

    A small file can claim a width of 16: this is checked before anything as large as that network is allocated.
    """
    needed = 0
    for spec in specs:
        needed += count_values(spec)
        if needed > size:
            raise ModelFileError(
                f"{where} is damaged: its {size:,} bytes cannot hold the weights of the network in its description"
            )


def check_graph(
    graph: Graph, specs: Sequence[ArchitectureSpec], preprocessing: Preprocessing, *, quantized: bool, where: str
) -> None:
    """Compare a graph with that of the networks `specs`; `quantized`: parts of it may be in int8.

    Raises ModelFileError, which begins with `where` and names the first node that is not as expected.
    """
    try:
        forms = expected_graphs(tuple(specs), preprocessing)
    except InputError as error:
        raise ModelFileError(f"{where}: {error}") from error
    decomposed = all(node.operator != "LRN" for node in graph.nodes)
    try:
        found = _Comparison(graph, forms[1 if decomposed else 0]).run()
    except _Difference as difference:
        variants = ", ".join(dict.fromkeys(spec.variant for spec in specs))
        raise ModelFileError(
            f"{where} does not contain the network in its description ({variants}): {difference}"
        ) from None
    if found and not quantized:
        raise ModelFileError(f"{where} is damaged: its graph is quantized, but its description does not state int8")


class _Difference(Exception):  # noqa: N818 - it never leaves this file, so it is no error of the package
    """A difference from the expected graph, as a clause."""


@dataclass(slots=True, eq=False)
class _Comparison:
    """Walks through the expected nodes and consumes, in order, the corresponding nodes of the file.

    `names`: expected name of a value -> its name in the file. By names in the file: `quantized`, the name of a value
    after quantization; `scale_of`, its scale; `weights`, quantized values and scales of weights that no node has read
    yet. `sum_scales`: scales of the current convolution's sums. `read`: the constants that were read.
    """

    graph: Graph
    expected: Expected
    place: int = 0
    names: dict[str, str] = field(default_factory=dict)
    quantized: dict[str, str] = field(default_factory=dict)
    scale_of: dict[str, np.float32] = field(default_factory=dict)
    weights: dict[str, tuple[NDArray[Any], NDArray[Any]]] = field(default_factory=dict)
    sum_scales: NDArray[Any] = field(default_factory=lambda: np.zeros(0, np.float32))
    read: set[str] = field(default_factory=set)

    def run(self) -> bool:
        """Compare everything; returns whether the graph is quantized. Raises _Difference."""
        for which in ("inputs", "outputs"):
            _demand(getattr(self.graph, which) == getattr(self.expected, which), f"its {which} differ")
        self.names |= {value.name: value.name for value in self.graph.inputs}
        for wanted in self.expected.nodes:
            self._compare(wanted)
        _demand(self.place == len(self.graph.nodes), "it has additional nodes")
        for value in self.expected.outputs:
            _demand(self.names[value.name] == value.name, f"{value.name!a} is the output of another node")
        if unread := sorted(self.graph.constants.keys() - self.read):
            raise _Difference(f"its constant {unread[0]!a} is not used")
        return bool(self.quantized)

    def _next(self) -> Node:
        _demand(self.place < len(self.graph.nodes), "nodes are missing at its end")
        return self.graph.nodes[self.place]

    def _take(self) -> Node:
        node = self._next()
        self.place += 1
        return node

    def _constant(self, name: str, of: Node) -> NDArray[Any]:
        _demand(name in self.graph.constants, f"{of.operator} {of.output!a} reads {name!a}, which is not a constant")
        self.read.add(name)
        return self.graph.constants[name]

    def _compare(self, wanted: Node) -> None:
        """Compare one expected node with its quantized weights, itself, and the quantization of its output."""
        while self._next().operator == "DequantizeLinear":
            self._take_weights(self._take())
        node = self._take()
        what = f"{node.operator} {node.output!a}"
        _demand(node.operator == wanted.operator, f"{what} is in the place of a {wanted.operator}")
        _demand(_same_attributes(node, wanted), f"{what} has the attributes {_shown(node)}, not {_shown(wanted)}")
        _demand(len(node.inputs) == len(wanted.inputs), f"{what} has {len(node.inputs)} inputs")
        for position, (name, expected) in enumerate(zip(node.inputs, wanted.inputs, strict=True)):
            if expected in self.expected.constants:
                self._compare_constant(node, position, self.expected.constants[expected])
            else:
                known = self.names[expected]
                allowed = {self.quantized.get(known, known)} | ({known} if self._is_output(node) else set())
                _demand(name in allowed, f"{what} reads {name!a} instead of {known!a}")
        _demand(not self.weights, f"{what} does not read the weights before it")
        self.names[wanted.output] = node.output
        if self.place < len(self.graph.nodes) and self._next().operator == "QuantizeLinear":
            self._take_quantization(node, wanted)
        if wanted.operator in ("MaxPool", "Concat") and not self._is_output(node):
            self._demand_same_scale(node, wanted)

    def _is_output(self, node: Node) -> bool:
        return any(node.output == value.name for value in self.graph.outputs)

    def _compare_constant(self, node: Node, position: int, constant: Constant) -> None:
        """Compare a constant: float32, or int8 if it is the kernel or bias of a node with quantized input."""
        scale = self.scale_of.get(node.inputs[0]) if node.operator in ("Conv", "Gemm") else None
        if scale is None:
            self._compare_floats(node, node.inputs[position], constant)
        else:
            self._compare_quantized(node, position, constant, scale)

    def _compare_floats(self, node: Node, name: str, constant: Constant) -> None:
        values, what = self._once(name, node), f"the constant {name!a}"
        _demand(values.dtype == np.float32, f"{what} has the type {values.dtype}")
        _demand(values.shape == constant.shape, f"{what} has the shape {values.shape}, not {constant.shape}")
        _demand(bool(np.isfinite(values).all()), f"{what} contains NaN or infinite values")
        same = constant.values is None or np.array_equal(values, constant.values)
        _demand(same, f"{what} has other values than in that network")

    def _compare_quantized(self, node: Node, position: int, constant: Constant, input_scale: np.float32) -> None:
        name = node.inputs[position]
        what = f"the constant {name!a}"
        _demand(name in self.weights, f"{node.operator} {node.output!a} has quantized input, but float weights")
        quantized, scales = self.weights.pop(name)
        dtype = np.int8 if position == KERNEL else np.int32
        _demand(quantized.dtype == dtype, f"{what} has the type {quantized.dtype}")
        _demand(quantized.shape == constant.shape, f"{what} has the shape {quantized.shape}, not {constant.shape}")
        if position == KERNEL:
            _demand(bool((quantized >= -LARGEST_INT8).all()), f"{what} has values below -{LARGEST_INT8}")
            _demand(_usable(scales), f"{what} has invalid scales")
            self.sum_scales = scales * input_scale
        else:
            _demand(
                np.allclose(scales, self.sum_scales, rtol=1e-6, atol=0), f"{what} does not have the scale of the sums"
            )
        if constant.values is not None:
            values = quantized * scales.reshape(-1, *[1] * (quantized.ndim - 1)).astype(np.float64)
            off = np.abs(values - constant.values).max() / np.abs(constant.values).max()
            _demand(bool(off < FIXED_TOLERANCE), f"{what} has other values than in that network")

    def _once(self, name: str, node: Node) -> NDArray[Any]:
        _demand(name not in self.read, f"{node.operator} {node.output!a} reads {name!a}, which another node also reads")
        return self._constant(name, node)

    def _take_weights(self, node: Node) -> None:
        """Consume the quantized values of a constant, and one scale per filter."""
        what = f"DequantizeLinear {node.output!a}"
        _demand(len(node.inputs) == 2 and dict(node.attributes) == {"axis": 0}, f"{what} does not dequantize weights")
        quantized, scales = (self._once(name, node) for name in node.inputs)
        fits = quantized.ndim >= 1 and scales.dtype == np.float32 and scales.shape == quantized.shape[:1]
        _demand(fits, f"{what} does not have one scale per filter")
        self.weights[node.output] = quantized, scales

    def _take_quantization(self, node: Node, wanted: Node) -> None:
        """Consume the pair QuantizeLinear, DequantizeLinear after the node that computes a value."""
        down, up = self._take(), self._take()
        what = f"the quantization of {node.output!a}"
        pair = up.operator == "DequantizeLinear" and not down.attributes and not up.attributes
        chained = pair and down.inputs[0] == node.output and up.inputs == (down.output, *down.inputs[1:])
        _demand(chained, f"{what} is not a QuantizeLinear with its DequantizeLinear")
        scale, zero = (self._once(name, down) for name in down.inputs[1:])
        per_tensor = scale.dtype == np.float32 and zero.dtype == np.uint8 and scale.shape == zero.shape == ()
        _demand(per_tensor and _usable(scale), f"{what} has no valid scale (float32) and zero point (uint8)")
        if wanted.operator == "Sub":  # the picture minus its mean: its range is known
            low, high = _range_of_images(self.expected.constants[wanted.inputs[1]])
            step = (high - low) / LEVELS
            exact = np.isclose(float(scale), step, rtol=1e-5) and int(zero) == round(-low / step)
            _demand(bool(exact), f"{what} does not have the range of pictures")
        else:
            _demand(int(zero) == 0, f"{what} has a zero point other than 0")
        self.quantized[node.output], self.scale_of[up.output] = up.output, np.float32(scale)

    def _demand_same_scale(self, node: Node, wanted: Node) -> None:
        """Check that inputs and output of a pool or a concatenation have the same scale, or none is quantized."""
        values = [node.output, *(self.names[name] for name in wanted.inputs)]
        found = {self.scale_of.get(self.quantized.get(value, "")) for value in values}
        _demand(len(found) == 1, f"{node.operator} {node.output!a} has values of different scales")


def _demand(holds: bool, clause: str) -> None:
    if not holds:
        raise _Difference(clause)


def _usable(scales: NDArray[Any]) -> bool:
    return bool(np.isfinite(scales).all() and (scales >= SCALES[0]).all() and (scales <= SCALES[1]).all())


def _range_of_images(mean: Constant) -> tuple[float, float]:
    """The range of a picture minus its mean, extended to include 0."""
    assert mean.values is not None
    return min(0.0, -float(mean.values.max())), max(0.0, 255.0 - float(mean.values.min()))


def _same_attributes(node: Node, wanted: Node) -> bool:
    return node.attributes.keys() == wanted.attributes.keys() and all(
        _stored(value) == _stored(wanted.attributes[key]) for key, value in node.attributes.items()
    )


def _stored(value: Attribute) -> Any:
    """An attribute as stored in a file: floats in 32 bits."""
    return np.float32(value) if isinstance(value, float) else value


def _shown(node: Node) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(node.attributes.items())) or "none"
