"""Whether a graph from a file is the one of the networks that the file names: asked before any engine sees it.

A checksum is no proof, anybody can compute one. So nothing in a graph is believed: it is compared, node by node, with
what `build_graph` writes for the same architectures. Operators, attributes, who reads what, shapes, and constants that
no training changes (the mean, the kernels of a norm that was taken apart) must be the same; names of values may be any,
and the weights any finite numbers. In int8, rounding stands where `quantize` puts it, on grids that can be computed in.

Refusing whatever is not ours is stronger than inferring shapes, and shorter: there is no operator, attribute or order
left that one engine could read otherwise than another, and no size that does not follow from the table.
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

WRITINGS: tuple[Callable[[Graph], Graph], ...] = (lambda graph: graph, decompose_lrn)
"""How the graph of a network may be written: with LRN as an operator, and taken apart. A new writing is a new row, and
an old one stays for as long as its files are to be read."""

KERNEL = 1
"""The place of the kernel among what a convolution or a matrix product reads; the bias is behind it."""

LARGEST_CODE = 127
"""Of a weight in int8."""

LEVELS = 255
"""Steps of a grid of activations."""

SCALES = (float(np.finfo(np.float32).tiny), 1e30)
"""What a grid's scale may be: a float32 of full precision, whose multiples are finite."""

FIXED_TOLERANCE = 0.05
"""How far a constant that no training changes may be from itself in int8, as a share of its largest value."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant of an expected graph: its shape, and its `values` where they follow from the architecture."""

    shape: tuple[int, ...]
    values: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Expected:
    """The graph of some networks without their weights."""

    nodes: tuple[Node, ...]
    constants: Mapping[str, Constant]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]


@lru_cache(maxsize=4)
def expected_graphs(specs: tuple[ArchitectureSpec, ...], preprocessing: Preprocessing) -> tuple[Expected, ...]:
    """The graphs that a file of these networks may hold, one for each of `WRITINGS`.

    Raises InputError for networks that no graph can be written of.
    """
    graph = build_graph(*(_without_weights(spec, preprocessing) for spec in specs))
    return tuple(_expected(writing(graph)) for writing in WRITINGS)


def _without_weights(spec: ArchitectureSpec, preprocessing: Preprocessing) -> Model:
    """A model whose weights are not a number; so is then whatever is computed from them."""
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
    """The values of a network's kernels and matrices: what a file of it holds at least, each in a byte or more."""
    shapes = weight_shapes(build_architecture(spec), auxiliaries=False).values()
    return sum(prod(shape) for shape in shapes if len(shape) > 1)


def check_size(specs: Sequence[ArchitectureSpec], size: int, *, where: str) -> None:
    """Raise ModelFileError where a file of `size` bytes cannot hold the weights of the networks that it names.

    A width of 16 is written down quickly; nothing as large as its network is made before the file was seen to be.
    """
    needed = 0
    for spec in specs:
        needed += count_values(spec)
        if needed > size:
            raise ModelFileError(
                f"{where} is damaged: its {size:,} bytes cannot hold the weights of the network that it names"
            )


def check_graph(
    graph: Graph, specs: Sequence[ArchitectureSpec], preprocessing: Preprocessing, *, rounded: bool, where: str
) -> None:
    """Compare a graph with those of the networks `specs`; `rounded`: it is said to be in int8, and may be in part.

    Raises ModelFileError, which begins with `where` and names the first node that is not as expected.
    """
    try:
        writings = expected_graphs(tuple(specs), preprocessing)
    except InputError as error:
        raise ModelFileError(f"{where}: {error}") from error
    apart = all(node.operator != "LRN" for node in graph.nodes)
    try:
        found = _Comparison(graph, writings[1 if apart else 0]).run()
    except _Difference as difference:
        names = ", ".join(dict.fromkeys(spec.variant for spec in specs))
        raise ModelFileError(f"{where} does not hold the network that it names ({names}): {difference}") from None
    if found and not rounded:
        raise ModelFileError(f"{where} is damaged: its graph is in int8, and it does not say so")


class _Difference(Exception):
    """What is not as expected, as a clause."""


@dataclass(slots=True, eq=False)
class _Comparison:
    """Walks along the expected nodes and takes from the file's, in order, those that stand for each.

    `names`: of the file's value, by the expected one's. By the file's names: what a value is called when it is
    `rounded`, the scale of the grid that it is on then (`grid_of`), codes and scales of `weights` that are not read
    yet. `sum_scales`: of the sums of the convolution at hand. `read`: the constants that were read.
    """

    graph: Graph
    expected: Expected
    place: int = 0
    names: dict[str, str] = field(default_factory=dict)
    rounded: dict[str, str] = field(default_factory=dict)
    grid_of: dict[str, np.float32] = field(default_factory=dict)
    weights: dict[str, tuple[NDArray[Any], NDArray[Any]]] = field(default_factory=dict)
    sum_scales: NDArray[Any] = field(default_factory=lambda: np.zeros(0, np.float32))
    read: set[str] = field(default_factory=set)

    def run(self) -> bool:
        """Compare everything; whether there is rounding. Raises _Difference."""
        for which in ("inputs", "outputs"):
            _demand(getattr(self.graph, which) == getattr(self.expected, which), f"its {which} are others")
        self.names |= {value.name: value.name for value in self.graph.inputs}
        for wanted in self.expected.nodes:
            self._compare(wanted)
        _demand(self.place == len(self.graph.nodes), "it has more nodes")
        for value in self.expected.outputs:
            _demand(self.names[value.name] == value.name, f"{value.name!a} is the output of another node")
        if unread := sorted(self.graph.constants.keys() - self.read):
            raise _Difference(f"nothing reads its constant {unread[0]!a}")
        return bool(self.rounded)

    def _next(self) -> Node:
        _demand(self.place < len(self.graph.nodes), "it lacks nodes at its end")
        return self.graph.nodes[self.place]

    def _take(self) -> Node:
        node = self._next()
        self.place += 1
        return node

    def _constant(self, name: str, of: Node) -> NDArray[Any]:
        _demand(name in self.graph.constants, f"{of.operator} {of.output!a} reads {name!a}, which is no constant")
        self.read.add(name)
        return self.graph.constants[name]

    def _compare(self, wanted: Node) -> None:
        """One expected node with those that stand for it: weights in int8, itself, the rounding of what it gives."""
        while self._next().operator == "DequantizeLinear":
            self._take_weights(self._take())
        node = self._take()
        what = f"{node.operator} {node.output!a}"
        _demand(node.operator == wanted.operator, f"{what} stands where {wanted.operator} was expected")
        _demand(_same_attributes(node, wanted), f"{what} has the attributes {_shown(node)}, not {_shown(wanted)}")
        _demand(len(node.inputs) == len(wanted.inputs), f"{what} reads {len(node.inputs)} values")
        for position, (name, expected) in enumerate(zip(node.inputs, wanted.inputs, strict=True)):
            if expected in self.expected.constants:
                self._compare_constant(node, position, self.expected.constants[expected])
            else:
                known = self.names[expected]
                allowed = {self.rounded.get(known, known)} | ({known} if self._is_output(node) else set())
                _demand(name in allowed, f"{what} reads {name!a} instead of {known!a}")
        _demand(not self.weights, f"{what} does not read the weights before it")
        self.names[wanted.output] = node.output
        if self.place < len(self.graph.nodes) and self._next().operator == "QuantizeLinear":
            self._take_rounding(node, wanted)
        if wanted.operator in ("MaxPool", "Concat") and not self._is_output(node):
            self._demand_one_grid(node, wanted)

    def _is_output(self, node: Node) -> bool:
        return any(node.output == value.name for value in self.graph.outputs)

    def _compare_constant(self, node: Node, position: int, constant: Constant) -> None:
        """A constant in floats, or in int8 where it is what rounded values are multiplied by, and the bias of those."""
        grid = self.grid_of.get(node.inputs[0]) if node.operator in ("Conv", "Gemm") else None
        if grid is None:
            self._compare_floats(node, node.inputs[position], constant)
        else:
            self._compare_codes(node, position, constant, grid)

    def _compare_floats(self, node: Node, name: str, constant: Constant) -> None:
        values, what = self._once(name, node), f"the constant {name!a}"
        _demand(values.dtype == np.float32, f"{what} has values of the type {values.dtype}")
        _demand(values.shape == constant.shape, f"{what} has the shape {values.shape}, not {constant.shape}")
        _demand(bool(np.isfinite(values).all()), f"{what} holds values that are not finite numbers")
        same = constant.values is None or np.array_equal(values, constant.values)
        _demand(same, f"{what} has other values than that network's")

    def _compare_codes(self, node: Node, position: int, constant: Constant, grid: np.float32) -> None:
        name = node.inputs[position]
        what = f"the constant {name!a}"
        _demand(name in self.weights, f"{node.operator} {node.output!a} multiplies rounded values by floats")
        whole, scales = self.weights.pop(name)
        dtype = np.int8 if position == KERNEL else np.int32
        _demand(whole.dtype == dtype, f"{what} has values of the type {whole.dtype}")
        _demand(whole.shape == constant.shape, f"{what} has the shape {whole.shape}, not {constant.shape}")
        if position == KERNEL:
            _demand(bool((whole >= -LARGEST_CODE).all()), f"{what} has codes below -{LARGEST_CODE}")
            _demand(_usable(scales), f"{what} has scales that cannot be computed with")
            self.sum_scales = scales * grid
        else:
            _demand(np.allclose(scales, self.sum_scales, rtol=1e-6, atol=0), f"{what} is not on the scale of the sums")
        if constant.values is not None:
            values = whole * scales.reshape(-1, *[1] * (whole.ndim - 1)).astype(np.float64)
            off = np.abs(values - constant.values).max() / np.abs(constant.values).max()
            _demand(bool(off < FIXED_TOLERANCE), f"{what} has other values than that network's")

    def _once(self, name: str, node: Node) -> NDArray[Any]:
        _demand(name not in self.read, f"{node.operator} {node.output!a} reads {name!a}, which another node reads, too")
        return self._constant(name, node)

    def _take_weights(self, node: Node) -> None:
        """A constant in int8: its codes, and a scale for each filter."""
        what = f"DequantizeLinear {node.output!a}"
        _demand(len(node.inputs) == 2 and dict(node.attributes) == {"axis": 0}, f"{what} is no rounding of weights")
        whole, scales = (self._once(name, node) for name in node.inputs)
        fits = whole.ndim >= 1 and scales.dtype == np.float32 and scales.shape == whole.shape[:1]
        _demand(fits, f"{what} lacks a scale for each filter")
        self.weights[node.output] = whole, scales

    def _take_rounding(self, node: Node, wanted: Node) -> None:
        """What a value is rounded to, and back: the pair of nodes behind the one that makes it."""
        down, up = self._take(), self._take()
        what = f"the rounding of {node.output!a}"
        pair = up.operator == "DequantizeLinear" and not down.attributes and not up.attributes
        chained = pair and down.inputs[0] == node.output and up.inputs == (down.output, *down.inputs[1:])
        _demand(chained, f"{what} is not a QuantizeLinear with its DequantizeLinear")
        scale, zero = (self._once(name, down) for name in down.inputs[1:])
        plain = scale.dtype == np.float32 and zero.dtype == np.uint8 and scale.shape == zero.shape == ()
        _demand(plain and _usable(scale), f"{what} is to no grid of 256 steps that can be computed with")
        if wanted.operator == "Sub":  # the picture less its mean: its range is known
            low, high = _range_of_images(self.expected.constants[wanted.inputs[1]])
            step = (high - low) / LEVELS
            exact = np.isclose(float(scale), step, rtol=1e-5) and int(zero) == round(-low / step)
            _demand(bool(exact), f"{what} is to a grid that is not the picture's")
        else:
            _demand(int(zero) == 0, f"{what} is to a grid that does not begin at 0")
        self.rounded[node.output], self.grid_of[up.output] = up.output, np.float32(scale)

    def _demand_one_grid(self, node: Node, wanted: Node) -> None:
        """A pool and a concatenation pass values on: all of them are on one grid, or none is rounded."""
        values = [node.output, *(self.names[name] for name in wanted.inputs)]
        found = {self.grid_of.get(self.rounded.get(value, "")) for value in values}
        _demand(len(found) == 1, f"{node.operator} {node.output!a} passes on values of different grids")


def _demand(holds: bool, clause: str) -> None:
    if not holds:
        raise _Difference(clause)


def _usable(scales: NDArray[Any]) -> bool:
    return bool(np.isfinite(scales).all() and (scales >= SCALES[0]).all() and (scales <= SCALES[1]).all())


def _range_of_images(mean: Constant) -> tuple[float, float]:
    """The least and the largest value of a picture less its mean, and 0."""
    assert mean.values is not None
    return min(0.0, -float(mean.values.max())), max(0.0, 255.0 - float(mean.values.min()))


def _same_attributes(node: Node, wanted: Node) -> bool:
    return node.attributes.keys() == wanted.attributes.keys() and all(
        _stored(value) == _stored(wanted.attributes[key]) for key, value in node.attributes.items()
    )


def _stored(value: Attribute) -> Any:
    """An attribute as a file keeps it: floats in 32 bits."""
    return np.float32(value) if isinstance(value, float) else value


def _shown(node: Node) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(node.attributes.items())) or "none"
