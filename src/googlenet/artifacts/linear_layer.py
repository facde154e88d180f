"""The linear layer that turns averaged feature maps into logits, read from a model of any format, without torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec, ReceptiveField, build_architecture, receptive_fields
from googlenet.architecture.layers import AdaptiveAveragePool, Dropout, Linear
from googlenet.artifacts.exported import ExportedModel, Target
from googlenet.artifacts.onnx_graph import decode_onnx
from googlenet.artifacts.open import AnyModel
from googlenet.artifacts.openvino_layer import read_last_layer
from googlenet.artifacts.torch_export import member_weights
from googlenet.errors import InputError
from googlenet.quantization import dequantize

_Arrays: TypeAlias = tuple[NDArray[Any], NDArray[Any]]
"""Weight (C, F) and bias (C,)."""


@dataclass(frozen=True, slots=True, eq=False)
class LastLayer:
    """logits = `weight` (C, F) @ features (F,) + `bias` (C,), where features are the averages of the feature maps.

    `field`: what one value of the feature maps sees of the square. Both arrays are float32; those of an int8 file are
    dequantized.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    field: ReceptiveField


def last_layer(model: AnyModel) -> LastLayer:
    """The last layer of a model or an exported file.

    Raises InputError for several networks in one file, and for a network that does not average its feature maps right
    before its last layer; ModelFileError if the layer of an OpenVINO IR cannot be read.
    """
    if len(model.specs) > 1:
        raise InputError(
            f"this file averages {len(model.specs)} networks, which have no last layer in common: use one of the models"
        )
    (spec,) = model.specs
    field = _field_of_feature_maps(spec)
    name = build_architecture(spec).classifiers[0]
    weight, bias = _READERS[model.target](model, name) if isinstance(model, ExportedModel) else _of(model.weights, name)
    return LastLayer(np.asarray(weight, np.float32), np.asarray(bias, np.float32), field)


def _field_of_feature_maps(spec: ArchitectureSpec) -> ReceptiveField:
    table = build_architecture(spec)
    last = table.backbone.rows[-1].name
    head = [layer for row in table.rows[len(table.backbone.rows) :] for layer in row.layers]
    if [type(layer) for layer in head if not isinstance(layer, Dropout)] != [AdaptiveAveragePool, Linear]:
        raise InputError(
            f"the variant {spec.variant} has other layers than an average between its feature maps and its classes, "
            "so it has no class-activation maps"
        )
    return receptive_fields(table.backbone)[last]


def _of(weights: Mapping[str, NDArray[Any]], name: str) -> _Arrays:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _from_onnx(model: ExportedModel, name: str) -> _Arrays:
    graph = dequantize(model.graph or decode_onnx(model.content[0], where=str(model.path))).graph
    (softmax,) = (node for node in graph.nodes if node.operator == "Softmax")
    _, weight, bias = graph.producers[softmax.inputs[0]].inputs
    return graph.constants[weight], graph.constants[bias]


def _from_ir(model: ExportedModel, name: str) -> _Arrays:
    return read_last_layer(model.content, where=str(model.path))


def _from_pt2(model: ExportedModel, name: str) -> _Arrays:
    (weights,) = member_weights(model.content, model.specs, where=str(model.path))
    return _of(weights, name)


_READERS: dict[Target, Callable[[ExportedModel, str], _Arrays]] = {
    "onnx": _from_onnx,
    "openvino": _from_ir,
    "pt2": _from_pt2,
}
