"""The narrow network that the changed files are of."""

from __future__ import annotations

import numpy as np

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.artifacts import Description, ExportedModel, ExportedNetwork, Precision, Target, describe_content
from googlenet.export import EXPORT_TARGETS, to_int8
from googlenet.graph import build_graph, decompose_lrn
from googlenet.images import Preprocessing
from googlenet.model import ClassLabel, Model
from googlenet.network import GoogLeNet, read_weights


def small_model(*, width: float = 0.01) -> Model:
    """A narrow network with LRN, for small pictures."""
    spec = ArchitectureSpec("inception5h", classes=3, width=width)
    weights = read_weights(GoogLeNet(build_architecture(spec)), auxiliaries=False)
    classes = tuple(ClassLabel(name, name) for name in "abc")
    return Model(spec, weights, classes, Preprocessing(64, 72, "crop", "BGR", (124.0, 117.0, 104.0), (0.02,) * 3))


def small_export(target: Target, precision: Precision, *, apart: bool = True) -> ExportedModel:
    """The narrow network as an exported file."""
    model = small_model()
    graph = build_graph(model)
    if precision == "int8":
        squares = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)
        graph = to_int8(graph, squares, quantize_all_outputs=target == "onnx")
    elif apart:
        graph = decompose_lrn(graph)
    description = Description(
        target=target,
        precision=precision,
        networks=(ExportedNetwork(model.spec, model.about),),
        classes=model.classes,
        preprocessing=model.preprocessing,
        known_answer=((0.5, 0.25, 0.25),),
        sha256="",
    )
    return describe_content(EXPORT_TARGETS[target].encode(graph, [model]), description)
