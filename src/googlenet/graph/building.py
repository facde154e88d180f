"""Builds the graph of a model from the rows of its table, including the preprocessing.

Batch normalisation, channel order, grey and scale are folded into the kernels; only the mean is subtracted separately,
because the first convolution pads with zeros *after* that. Auxiliary classifiers are not part of a graph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import Architecture, build_architecture, row_shapes
from googlenet.architecture import layers as records
from googlenet.architecture.layers import Layer
from googlenet.errors import InputError, ModelFileError
from googlenet.graph.graph import Attribute, Graph, Node, Value
from googlenet.images import GREY_WEIGHTS, Preprocessing
from googlenet.model import Model

IMAGES = "images"
PROBABILITIES, FEATURES, FEATURE_MAPS = OUTPUTS = ("probabilities", "features", "feature_maps")
"""The outputs of a graph: see `build_graph`."""


def build_graph(*models: Model) -> Graph:
    """The graph of a model, or of several whose probabilities are averaged.

    Input `images` (N, H, W, 3) uint8 RGB of any size that the network accepts. Outputs: `probabilities` (N, classes);
    `features` (N, F), what the last layer reads; `feature_maps` (N, F, h, w), of the last module; all float32. The
    features and feature maps of several models are concatenated. Raises InputError for models with different
    preprocessing.
    """
    graph, _ = _build(models)
    return graph


def build_with_values(model: Model) -> tuple[Graph, dict[str, str]]:
    """The graph of one model, and the name of the value that each layer gives, by the layer's place.

    A place is `conv2.layer_1`, the layer 1 of a row, or `4a.branch_2.layer_0`, the layer 0 in a branch of a module.
    """
    graph, (network,) = _build((model,))
    return graph, network.values


def _build(models: Sequence[Model]) -> tuple[Graph, list[_Network]]:
    """The graph of `build_graph`, and the networks that were written into it."""
    if not models:
        raise InputError("a graph needs at least one model")
    if len({model.preprocessing for model in models}) > 1:
        raise InputError(
            "these models have different preprocessing (fit, size, mean, scale or channel order), so they cannot share "
            "the input of one graph"
        )
    builder = _Builder()
    # Shared by all members, so that the cost of cast and transposition is paid once.
    planes = builder.add("Transpose", IMAGES, output="images_as_planes", perm=(0, 3, 1, 2))
    floats = builder.add("Cast", planes, output="images_as_floats", to=1)
    mean = builder.constant("mean", _mean_of_planes(models[0].preprocessing))
    centred = builder.add("Sub", floats, mean, output="images_less_mean")
    networks = [
        _add_network(builder, model, centred, prefix=f"member_{number}." if len(models) > 1 else "")
        for number, model in enumerate(models, 1)
    ]
    _join(builder, [network.probabilities for network in networks], PROBABILITIES, "Mean")
    _join(builder, [network.features for network in networks], FEATURES, "Concat", axis=1)
    _join(builder, [network.feature_maps for network in networks], FEATURE_MAPS, "Concat", axis=1)
    tables = [build_architecture(model.spec) for model in models]
    width = sum(row_shapes(table.backbone)[table.backbone.rows[-1].name][2] for table in tables)
    inputs_of_last = sum(model.weights[f"{table.classifiers[0]}.weight"].shape[1] for model, table in _pairs(models))
    float32 = np.dtype(np.float32)
    graph = Graph(
        name="googlenet",
        nodes=tuple(builder.nodes),
        constants=builder.constants,
        inputs=(Value(IMAGES, np.dtype(np.uint8), ("N", "H", "W", 3)),),
        outputs=(
            Value(PROBABILITIES, float32, ("N", models[0].spec.classes)),
            Value(FEATURES, float32, ("N", inputs_of_last)),
            Value(FEATURE_MAPS, float32, ("N", width, "h", "w")),
        ),
    )
    return graph, networks


def _pairs(models: Sequence[Model]) -> list[tuple[Model, Architecture]]:
    return [(model, build_architecture(model.spec)) for model in models]


class _Builder:
    """Collects nodes and constants."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.constants: dict[str, NDArray[Any]] = {}

    def add(self, operator: str, *inputs: str, output: str, **attributes: Attribute) -> str:
        """Append a node; returns the name of its output."""
        self.nodes.append(Node(operator, inputs, output, attributes))
        return output

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Add a constant as float32; returns its name. Raises ModelFileError for values too large for float32."""
        with np.errstate(over="ignore"):
            self.constants[name] = np.ascontiguousarray(values, np.float32)
        if np.isinf(self.constants[name]).any():
            raise ModelFileError(f"the weights cannot be used: with mean and scale, {name} is too large for float32")
        return name


def _join(builder: _Builder, values: Sequence[str], output: str, operator: str, **attributes: Attribute) -> None:
    if len(values) == 1:
        builder.add("Identity", values[0], output=output)
    else:
        builder.add(operator, *values, output=output, **attributes)


def _add_network(builder: _Builder, model: Model, images: str, *, prefix: str) -> _Network:
    """Append one network."""
    table = build_architecture(model.spec)
    weights = _with_preprocessing(_without_batch_norm(model.weights, table), table, model.preprocessing)
    network = _Network(builder, weights, prefix, last=table.classifiers[0])
    value = images
    for row in table.rows:
        value = network.add_layers(row.layers, value, row.name)
        if row.name == table.backbone.rows[-1].name:
            network.feature_maps = value
    network.probabilities = builder.add("Softmax", value, output=f"{prefix}softmax", axis=1)
    return network


class _Network:
    """Appends the layers of one network.

    The names of its values: `probabilities`, `feature_maps`, `features`, which its last linear layer reads, and
    `values`, what each layer gives.
    """

    def __init__(self, builder: _Builder, weights: Mapping[str, NDArray[Any]], prefix: str, *, last: str) -> None:
        self.builder, self.weights, self.prefix, self.last = builder, weights, prefix, last
        self.probabilities = self.features = self.feature_maps = ""
        self.values: dict[str, str] = {}

    def add_layers(self, layers: tuple[Layer, ...], value: str, where: str) -> str:
        """Append a sequence of layers; `where` is the row or the branch that they are in."""
        for place, layer in enumerate(layers):
            value = WRITERS[type(layer)](self, layer, value, f"{where}.layer_{place}")
            self.values[f"{where}.layer_{place}"] = value
        return value

    def convolution(self, layer: records.Convolution, value: str, where: str) -> str:
        """A convolution and its ReLU."""
        name = self._name(layer.name, where)
        before, after = layer.pads
        result = self.builder.add(
            "Conv",
            value,
            *self._weights(name),
            output=f"{self.prefix}{name}.convolution",
            kernel_shape=(layer.kernel_size, layer.kernel_size),
            strides=(layer.stride, layer.stride),
            pads=(before, before, after, after),
        )
        return self.builder.add("Relu", result, output=f"{self.prefix}{name}")

    def max_pool(self, layer: records.MaxPool, value: str, where: str) -> str:
        """A max pool whose output size is rounded up."""
        return self.builder.add(
            "MaxPool",
            value,
            output=f"{self.prefix}{where}",
            kernel_shape=(layer.kernel_size, layer.kernel_size),
            strides=(layer.stride, layer.stride),
            pads=(layer.padding,) * 4,
            ceil_mode=1,
        )

    def response_norm(self, layer: records.LocalResponseNorm, value: str, where: str) -> str:
        """LRN as one operator; `decompose_lrn` replaces it with simpler ones."""
        return self.builder.add(
            "LRN",
            value,
            output=f"{self.prefix}{where}",
            size=layer.size,
            alpha=layer.alpha,
            beta=layer.beta,
            bias=layer.k,
        )

    def average(self, layer: records.AdaptiveAveragePool, value: str, where: str) -> str:
        """A global average pool."""
        if layer.output_size != 1:
            raise InputError(
                f"{where}: an average pool to {layer.output_size}x{layer.output_size} is not supported in graphs"
            )
        return self.builder.add("GlobalAveragePool", value, output=f"{self.prefix}{where}")

    def linear(self, layer: records.Linear, value: str, where: str) -> str:
        """A fully connected layer over the flattened input."""
        name = self._name(layer.name, where)
        flat = self.builder.add("Flatten", value, output=f"{self.prefix}{name}.input", axis=1)
        if layer.name == self.last:
            self.features = flat
        output = f"{self.prefix}{name}"
        result = self.builder.add(
            "Gemm", flat, *self._weights(name), output=f"{output}.product" if layer.relu else output, transB=1
        )
        return self.builder.add("Relu", result, output=output) if layer.relu else result

    def inception(self, layer: records.Inception, value: str, where: str) -> str:
        """The branches, concatenated."""
        branches = [
            self.add_layers(branch, value, f"{layer.name}.branch_{place}")
            for place, branch in enumerate(layer.branches)
        ]
        return self.builder.add("Concat", *branches, output=f"{self.prefix}{layer.name}", axis=1)

    def nothing(self, layer: records.Dropout, value: str, where: str) -> str:
        """Dropout, which only training uses."""
        return value

    def _weights(self, name: str) -> tuple[str, str]:
        kernel, bias = f"{name}.weight", f"{name}.bias"
        self.builder.constant(self.prefix + kernel, self.weights[kernel])
        self.builder.constant(self.prefix + bias, self.weights[bias])
        return self.prefix + kernel, self.prefix + bias

    @staticmethod
    def _name(layer: str, where: str) -> str:
        """The name of a layer, prefixed with that of its module, as in the names of its weights."""
        module, branch, _ = where.partition(".branch_")
        return f"{module}.{layer}" if branch else layer


WRITERS: dict[type[Any], Callable[[_Network, Any, str, str], str]] = {
    records.Convolution: _Network.convolution,
    records.MaxPool: _Network.max_pool,
    records.LocalResponseNorm: _Network.response_norm,
    records.AdaptiveAveragePool: _Network.average,
    records.Linear: _Network.linear,
    records.Inception: _Network.inception,
    records.Dropout: _Network.nothing,
}
"""Type of a layer record -> method that appends it."""


def _without_batch_norm(weights: Mapping[str, NDArray[np.float32]], table: Architecture) -> dict[str, NDArray[Any]]:
    """The weights with each batch normalisation folded into its convolution, which then has a bias; in float64."""
    folded: dict[str, NDArray[Any]] = {}
    for layer, prefix in _convolutions(table.layers):
        if layer.batch_norm is None:
            continue
        name = prefix + layer.name
        parts = ("weight", "bias", "running_mean", "running_var")
        gain, offset, mean, variance = (weights[f"{name}.normalization.{part}"].astype(np.float64) for part in parts)
        factor = gain / np.sqrt(variance + layer.batch_norm)
        folded[f"{name}.weight"] = weights[f"{name}.weight"] * factor[:, None, None, None]
        folded[f"{name}.bias"] = offset - mean * factor
    return {**weights, **folded}


def _convolutions(layers: tuple[Layer, ...], prefix: str = "") -> list[tuple[records.Convolution, str]]:
    found: list[tuple[records.Convolution, str]] = []
    for layer in layers:
        if isinstance(layer, records.Inception):
            for branch in layer.branches:
                found += _convolutions(branch, f"{layer.name}.")
        elif isinstance(layer, records.Convolution):
            found.append((layer, prefix))
    return found


def _with_preprocessing(
    weights: dict[str, NDArray[Any]], table: Architecture, preprocessing: Preprocessing
) -> dict[str, NDArray[Any]]:
    """The weights with scale, channel order and grey folded into the first kernel; its input is RGB minus the mean."""
    name = f"{_convolutions(table.layers)[0][0].name}.weight"
    kernel = weights[name] * np.array(preprocessing.scale, np.float64)[:, None, None]
    if preprocessing.channel_order == "BGR":
        kernel = kernel[:, ::-1]
    elif preprocessing.channel_order == "GREY":
        kernel = kernel * np.array(GREY_WEIGHTS)[:, None, None]
    return {**weights, name: kernel}


def _mean_of_planes(preprocessing: Preprocessing) -> NDArray[np.float64]:
    """The mean as (1, 3, 1, 1), RGB; for grey it is the same for all colours, whose weights sum to 1."""
    mean = preprocessing.mean * 3 if preprocessing.channels == 1 else preprocessing.mean
    ordered = mean[::-1] if preprocessing.channel_order == "BGR" else mean
    return np.array(ordered, np.float64).reshape(1, 3, 1, 1)
