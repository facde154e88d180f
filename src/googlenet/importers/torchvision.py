"""torchvision's `googlenet` state dict <-> weights of the variant `torchvision`, named after the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import INCEPTION_MODULES, ArchitectureSpec
from googlenet.errors import ModelFileError
from googlenet.images import Preprocessing
from googlenet.importers.imported import (
    Imported,
    MappedLayer,
    classes_of,
    in_quotes,
    with_fitting_auxiliaries,
    with_plain_classifier,
)
from googlenet.importers.state_dict import StateDict, read_all, write_state_dict
from googlenet.model import COUNTER_SUFFIX, Model, check_shapes

Arrays = Mapping[str, NDArray[np.float32]]

PREPROCESSING = Preprocessing(
    input_size=224,
    resize_size=256,
    fit="crop",
    channel_order="RGB",
    mean=(127.5,) * 3,
    scale=(1 / 127.5,) * 3,
)
"""torchvision's own evaluation, with `transform_input`: it undoes ImageNet's normalisation, which leaves
(pixel / 255 - 0.5) / 0.5, as in the network's training."""

PREPROCESSING_SENTENCE = (
    "a state dict does not state its preprocessing: assumed to be torchvision's with transform_input=True (else use "
    "--no-transform-input), shorter side 256, centre crop 224x224, RGB, minus 127.5, divided by 127.5"
)

AS_NORMALIZED = replace(
    PREPROCESSING,
    mean=tuple(255 * mean for mean in (0.485, 0.456, 0.406)),
    scale=tuple(1 / (255 * deviation) for deviation in (0.229, 0.224, 0.225)),
)
"""The same with transform_input=False: the network's input has ImageNet's normalisation."""

AS_NORMALIZED_SENTENCE = (
    "torchvision's preprocessing with transform_input=False (--no-transform-input): shorter side 256, centre crop "
    "224x224, RGB, Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])"
)

BRANCHES = {
    "branch1": "1x1",
    "branch2.0": "3x3_reduce",
    "branch2.1": "3x3",
    "branch3.0": "5x5_reduce",
    "branch3.1": "5x5",
    "branch4.1": "pool_projection",
}
STEM = {"conv1": "conv1", "conv2": "conv2_reduce", "conv3": "conv2"}
AUXILIARIES = {"aux1": "auxiliary_4a", "aux2": "auxiliary_4d"}
CONVOLUTION_PARTS = {"conv.weight": "weight"} | {
    f"bn.{part}": f"normalization.{part}" for part in ("weight", "bias", "running_mean", "running_var")
}
LAST_STATISTIC = ".running_var"


def _names() -> Iterator[tuple[str, str]]:
    """Pairs of their names and ours."""
    convolutions = STEM | {
        f"inception{module}.{theirs}": f"{module}.{ours}"
        for module in INCEPTION_MODULES
        for theirs, ours in BRANCHES.items()
    }
    convolutions |= {f"{theirs}.conv": f"{ours}.convolution" for theirs, ours in AUXILIARIES.items()}
    for theirs, ours in convolutions.items():
        for their_part, our_part in CONVOLUTION_PARTS.items():
            yield f"{theirs}.{their_part}", f"{ours}.{our_part}"
    linears = {"fc": "linear"}
    for theirs, ours in AUXILIARIES.items():
        linears |= {f"{theirs}.fc1": f"{ours}.fully_connected", f"{theirs}.fc2": f"{ours}.linear"}
    for theirs, ours in linears.items():
        for part in ("weight", "bias"):
            yield f"{theirs}.{part}", f"{ours}.{part}"


NAMES = dict(_names())

TENSORS = {
    *NAMES,
    *(name.removesuffix(LAST_STATISTIC) + COUNTER_SUFFIX for name in NAMES if name.endswith(LAST_STATISTIC)),
}
"""The names of all tensors in a state dict of this network, auxiliary classifiers and counters included."""

CLASSIFIERS = ("fc", "aux1.fc2", "aux2.fc2")


def read_torchvision(state: StateDict, *, where: str) -> Imported:
    """Read the network from a state dict; raises ModelFileError, listing missing and unexpected weights."""
    notes: tuple[str, ...] = ()
    for classifier in CLASSIFIERS:
        state, sentence = with_plain_classifier(state, classifier)
        notes += sentence
    named = {
        NAMES.get(name, in_quotes(name)): tensor for name, tensor in state.items() if not name.endswith(COUNTER_SUFFIX)
    }
    named, dropped = with_fitting_auxiliaries(named)
    spec = ArchitectureSpec("torchvision", classes=classes_of(named, 1000))
    check_shapes(spec, {name: tensor.shape for name, tensor in named.items()}, where=where)
    layers = tuple(
        MappedLayer(theirs.removesuffix(".weight"), ours.removesuffix(".weight"), named[ours].shape)
        for theirs, ours in NAMES.items()
        if ours in named and len(named[ours].shape) > 1
    )
    return Imported(spec, read_all(named), PREPROCESSING, layers, (*notes, *dropped, PREPROCESSING_SENTENCE))


def without_transform_input(imported: Imported) -> Imported:
    """The same weights for a network that was trained with transform_input=False."""
    notes = tuple(one for one in imported.assumptions if one != PREPROCESSING_SENTENCE)
    return replace(imported, preprocessing=AS_NORMALIZED, assumptions=(*notes, AS_NORMALIZED_SENTENCE))


def to_state_dict(weights: Arrays) -> dict[str, NDArray[np.float32]]:
    """Weights of the variant `torchvision` by torchvision's names, without batch counters.

    Raises ModelFileError for weights of another variant.
    """
    theirs = {ours: name for name, ours in NAMES.items()}
    unknown = [name for name in weights if name not in theirs]
    if unknown:
        raise ModelFileError(
            f"not weights of the variant 'torchvision': unexpected {', '.join(unknown[:3])} ({len(unknown)} in all)"
        )
    return {theirs[name]: array for name, array in weights.items()}


def write_torchvision(model: Model, file: BinaryIO, *, where: str) -> None:
    """Write a model of the variant `torchvision` as a state dict that torchvision's googlenet loads with strict=True.

    Raises ModelFileError for other variants, for which torchvision has no network.
    """
    spec = model.spec
    if spec.variant != "torchvision" or spec.width != 1:
        raise ModelFileError(
            f"{where} is of the variant {spec.variant!r} with width {spec.width:g}; torchvision's googlenet needs the "
            "variant 'torchvision' with width 1"
        )
    state: dict[str, NDArray[Any]] = {}
    for name, array in to_state_dict(model.weights).items():
        state[name] = array
        if name.endswith(LAST_STATISTIC):
            state[name.removesuffix(LAST_STATISTIC) + COUNTER_SUFFIX] = np.zeros((), np.int64)
    write_state_dict(state, file)
