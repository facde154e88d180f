"""The published inception5h, as a state dict of its PyTorch ports -> weights of that variant.

The widely used ports compute a different LRN than the published graph: 9 channels and k 1 instead of 11 and k 2. The
published weights are more accurate with the graph's LRN; weights that were trained in a port need the port's.
"""

from __future__ import annotations

from dataclasses import replace

from googlenet.architecture import INCEPTION_MODULES, ArchitectureSpec
from googlenet.images import Preprocessing
from googlenet.importers.imported import Imported, MappedLayer, classes_of, in_quotes, with_plain_classifier
from googlenet.importers.state_dict import StateDict, read_all
from googlenet.model import ClassLabel, check_shapes
from googlenet.pretrained import inception5h_classes

PREPROCESSING = Preprocessing(
    input_size=224, resize_size=224, fit="crop", channel_order="RGB", mean=(117.0,) * 3, scale=(1.0,) * 3
)

BRANCHES = {
    "1x1": "1x1",
    "3x3_bottleneck": "3x3_reduce",
    "3x3": "3x3",
    "5x5_bottleneck": "5x5_reduce",
    "5x5": "5x5",
    "pool_reduce": "pool_projection",
}
STEM = {"conv2d0": "conv1", "conv2d1": "conv2_reduce", "conv2d2": "conv2"}
LINEAR = "softmax2_pre_activation_matmul"
OUTPUTS = 1008

LAYERS = (
    {f"{theirs}_pre_relu_conv": ours for theirs, ours in STEM.items()}
    | {
        f"mixed{module}_{theirs}_pre_relu_conv": f"{module}.{ours}"
        for module in INCEPTION_MODULES
        for theirs, ours in BRANCHES.items()
    }
    | {LINEAR: "linear"}
)
"""Layers with weights: name in the ports -> our name."""

NAMES = {f"{theirs}.{part}": f"{ours}.{part}" for theirs, ours in LAYERS.items() for part in ("weight", "bias")}

PREPROCESSING_SENTENCE = (
    "a state dict does not state its preprocessing: assumed to be that of the published graph, centre crop scaled to "
    "224x224, RGB, minus 117"
)

LABELS_SENTENCE = (
    "1,008 outputs and no class names: assumed to be inception5h's, ImageNet's 1,000 classes in Google's order and "
    "eight unused ones"
)

LRN_SENTENCE = (
    "a state dict does not state its network's LRN: assumed to be that of the published graph, 11 channels, k 2 (use "
    "--port-lrn for weights trained in a PyTorch port, with 9 channels, k 1)"
)

PORT_LRN_SENTENCE = "the LRN of the PyTorch ports (--port-lrn): 9 channels, k 1"


def read_inception5h(state: StateDict, *, where: str) -> Imported:
    """Read the network from a state dict; raises ModelFileError, listing missing and unexpected weights."""
    state, notes = with_plain_classifier(state, LINEAR)
    named = {NAMES.get(name, in_quotes(name)): tensor for name, tensor in state.items()}
    spec = ArchitectureSpec("inception5h", classes=classes_of(named, OUTPUTS))
    check_shapes(spec, {name: tensor.shape for name, tensor in named.items()}, where=where)
    labels, about_labels = output_labels(spec.classes)
    layers = tuple(MappedLayer(theirs, ours, named[f"{ours}.weight"].shape) for theirs, ours in LAYERS.items())
    return Imported(
        spec,
        read_all(named),
        PREPROCESSING,
        layers,
        (*about_labels, *notes, PREPROCESSING_SENTENCE, LRN_SENTENCE),
        labels=labels,
    )


def output_labels(outputs: int) -> tuple[tuple[ClassLabel, ...] | None, tuple[str, ...]]:
    """The classes of the published weights if there are as many outputs, with a sentence that says so; else None."""
    return (inception5h_classes(), (LABELS_SENTENCE,)) if outputs == OUTPUTS else (None, ())


def with_port_lrn(imported: Imported) -> Imported:
    """The same weights with the LRN of the PyTorch ports."""
    notes = tuple(one for one in imported.assumptions if one != LRN_SENTENCE)
    return replace(
        imported,
        spec=replace(imported.spec, variant="inception5h-port"),
        assumptions=(*notes, PORT_LRN_SENTENCE),
    )
