"""The network published as inception5h, as a state dict of its PyTorch ports -> weights of that variant."""

from __future__ import annotations

from googlenet.architecture import ArchitectureSpec
from googlenet.images import Preprocessing
from googlenet.importers.imported import Imported, MappedLayer, in_quotes
from googlenet.importers.state_dict import StateDict, read_all
from googlenet.model import check_shapes

PREPROCESSING = Preprocessing(
    input_size=224, resize_size=224, fit="crop", channel_order="RGB", mean=(117.0,) * 3, scale=(1.0,) * 3
)

MODULES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
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
        for module in MODULES
        for theirs, ours in BRANCHES.items()
    }
    | {LINEAR: "linear"}
)
"""Every layer with weights: its name in the ports -> its name here."""

NAMES = {f"{theirs}.{part}": f"{ours}.{part}" for theirs, ours in LAYERS.items() for part in ("weight", "bias")}

KEY = "mixed3a_1x1_pre_relu_conv.weight"

PREPROCESSING_SENTENCE = (
    "a state dict does not say how its pictures were prepared: taken as of the published graph, the central square "
    "scaled to 224x224, RGB, minus 117"
)


def read_inception5h(state: StateDict, *, where: str) -> Imported:
    """Read the network from a state dict; raises ModelFileError that lists what is missing and what is left over."""
    named = {NAMES.get(name, in_quotes(name)): tensor for name, tensor in state.items()}
    linear = named.get("linear.weight")
    spec = ArchitectureSpec("inception5h", classes=linear.shape[0] if linear and linear.shape else OUTPUTS)
    check_shapes(spec, {name: tensor.shape for name, tensor in named.items()}, where=where)
    layers = tuple(MappedLayer(theirs, ours, named[f"{ours}.weight"].shape) for theirs, ours in LAYERS.items())
    return Imported(
        spec,
        read_all(named),
        PREPROCESSING,
        layers,
        (PREPROCESSING_SENTENCE,),
        numbered=spec.classes == OUTPUTS,
    )
