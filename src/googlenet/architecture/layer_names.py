"""Names of the layers that can be looked at: `4a`, `4a/3x3`, `conv2/conv2_reduce`, and what other programs call them.

A name is a row of the table, or a row and a layer in it. It means the output after the layer's ReLU; "before its ReLU"
is a flag beside the name. A row of one layer has no second name. Dropout, softmax and auxiliary classifiers have none:
the first does nothing at prediction, `predict` gives the second, the others run in training only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from googlenet.architecture import layers as records
from googlenet.architecture.layers import Inception, Layer, Linear, Shape
from googlenet.architecture.receptive_field import ReceptiveField, after_layer
from googlenet.architecture.table1 import INCEPTION_MODULES, Architecture
from googlenet.errors import InputError
from googlenet.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """A layer by its name: `shape` is its output's (height, width, channels), `has_relu` whether it ends in a ReLU.

    `receptive_field` is what one of its values sees, with its stride, in px of the input. `place` says where the layer
    is in the table: (row,) for a whole row, (row, layer) in it, (row, layer, branch, layer) in a module.
    """

    name: str
    row: str
    shape: Shape
    receptive_field: ReceptiveField
    has_relu: bool
    place: tuple[int, ...]


UNNAMED: dict[type[Any], str] = {
    records.MaxPool: "pool",
    records.AveragePool: "average_pool",
    records.AdaptiveAveragePool: "average_pool",
    records.LocalResponseNorm: "response_norm",
}
"""Layers whose records have no name -> what they are called in their row or module."""


def layer_names(architecture: Architecture, input_size: int | None = None) -> dict[str, LayerInfo]:
    """Every layer by its name, in the order of the network; a module comes after its layers.

    Shapes are those at `input_size` px (default: the architecture's own). Raises GridTooSmallError for an input that is
    too small.
    """
    size = architecture.input_size if input_size is None else input_size
    shape, field = (size, size, architecture.channels), ReceptiveField(1, 1, 0.5)
    found: dict[str, LayerInfo] = {}
    for number, row in enumerate(architecture.rows):
        steps = list(_steps(row.layers, shape, field, (number,)))
        if not steps:
            continue
        last, inside = steps[-1], _inside(steps)
        for name, step in zip(_names(row.name, inside), inside, strict=True):
            found[name] = LayerInfo(name, row.name, step.shape, step.field, has_relu(step.layer), step.place)
        shape, field = last.shape, last.field
        found[row.name] = LayerInfo(row.name, row.name, shape, field, has_relu(last.layer), (number,))
    return found


def find_layer(architecture: Architecture, text: str) -> tuple[str, bool]:
    """The name of a layer in `layer_names`, and whether its value before the ReLU is meant.

    `text` may also be the name of the layer's weights (`4a.3x3`), the last part of a name that only one layer has
    (`conv2_reduce`), or the name in lucid and lucent, in Caffe's bvlc_googlenet, or in torchvision; our own names come
    first (`conv2` is the row, not torchvision's 1x1 convolution). `_pre_relu` at the end means before the ReLU. Raises
    InputError for a name that this network does not have, and for a layer without a ReLU.
    """
    known = layer_names(architecture)
    word = text.strip()
    before_relu = word.endswith(BEFORE_RELU)
    for ending in BEFORE_RELU:
        word = word.removesuffix(ending)
    name = _own_name(architecture, known, word)
    if name is None:
        theirs, before_its_relu = _their_name(architecture, word)
        name, before_relu = _own_name(architecture, known, theirs), before_relu or before_its_relu
        if name is None:
            raise InputError(_unknown(architecture, known, word, theirs))
    if before_relu:
        check_has_relu(known[name])
    return name, before_relu


def check_has_relu(layer: LayerInfo) -> None:
    """Raise InputError, with what to do, for a layer that has no value before a ReLU."""
    if not layer.has_relu:
        raise InputError(f"{layer.name} does not end in a ReLU, so it has no value before one: ask for its output")


def has_relu(layer: Layer) -> bool:
    """Whether the output of a layer has passed a ReLU of its own; of a module, that of any branch."""
    if isinstance(layer, Inception):
        return any(has_relu(branch[-1]) for branch in layer.branches)
    return isinstance(layer, records.Convolution) or (isinstance(layer, Linear) and layer.relu)


@dataclass(frozen=True, slots=True)
class _Step:
    layer: Layer
    place: tuple[int, ...]
    shape: Shape
    field: ReceptiveField


def _steps(layers: tuple[Layer, ...], shape: Shape, field: ReceptiveField, place: tuple[int, ...]) -> Iterator[_Step]:
    """The layers with their outputs, those of a module before the module; `shape` and `field` are the input's."""
    for number, layer in enumerate(layers):
        if isinstance(layer, records.Dropout):
            continue
        if isinstance(layer, Inception):
            for branch_number, branch in enumerate(layer.branches):
                yield from _steps(branch, shape, field, (*place, number, branch_number))
        field, shape = after_layer(layer, field, shape), layer.output_shape(shape)
        yield _Step(layer, (*place, number), shape, field)


def _inside(steps: list[_Step]) -> list[_Step]:
    """The layers of a row that have names beside the row's: all, or for a row of one layer those inside that."""
    of_the_row = [step for step in steps if len(step.place) == 2]
    return steps if len(of_the_row) > 1 else steps[:-1]


def _names(row: str, steps: list[_Step]) -> list[str]:
    """The name of each layer of a row; where several would be called alike, the later ones are numbered."""
    names: list[str] = []
    seen: Counter[str] = Counter()
    for step in steps:
        name = f"{row}/{UNNAMED.get(type(step.layer)) or step.layer.name}"  # type: ignore[union-attr]
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return names


def _own_name(architecture: Architecture, known: Mapping[str, LayerInfo], word: str) -> str | None:
    """Which layer a name of ours means, if it is one."""
    for name in (word, word.replace(".", "/")):
        if name in known:
            return name
    # `pool1/pool` where pool1 has no other layer, so that a name works in all variants.
    row = next((row for row in architecture.rows if row.name == word.partition("/")[0]), None)
    if row is not None and len(row.layers) == 1 and word == f"{row.name}/{UNNAMED.get(type(row.layers[0]), row.name)}":
        return row.name
    ends = [name for name in known if name.rpartition("/")[2] == word]
    return ends[0] if len(ends) == 1 else None


def _their_name(architecture: Architecture, word: str) -> tuple[str, bool]:
    """What another program's name means in ours, and whether it is the value before the ReLU.

    Where two programs call different layers so, that of the network's own program is meant. Gives the word itself for
    names that no program has; raises InputError for one with two meanings.
    """
    meanings = {program: names[word] for program, names in _aliases().items() if word in names}
    own_program = PROGRAM_OF.get(architecture.variant)
    if len(set(meanings.values())) > 1 and own_program not in meanings:
        said = " and ".join(f"{meaning} in {program}" for program, (meaning, _) in meanings.items())
        raise InputError(f"{word!r} is {said}: use the name that is meant")
    return meanings.get(own_program or "") or next(iter(meanings.values()), (word, False))


def _unknown(architecture: Architecture, known: Mapping[str, LayerInfo], word: str, theirs: str) -> str:
    for beginnings, sentence in NOT_LAYERS.items():
        if word.startswith(beginnings):
            return f"{word!r} is not among the layers: {sentence}"
    if theirs != word:
        return f"the variant {architecture.variant!r} has no layer {theirs!r}, which is what {word!r} means"
    several = [name for name in known if name.rpartition("/")[2] == word]
    if several:
        return f"{len(several)} layers are called {word!r}: say which, for example {several[0]!r}"
    others = [their for names in _aliases().values() for their, (ours, _) in names.items() if ours in known]
    hint = did_you_mean(word, [*known, *others], otherwise="`googlenet info MODEL --layers` lists the names")
    return f"the variant {architecture.variant!r} has no layer called {word!r}; {hint}"


NOT_LAYERS = {
    ("softmax", "prob"): "`googlenet predict` gives the probabilities, and `linear` is what the softmax reads",
    ("dropout", "pool5/drop"): "dropout does nothing at prediction, so `average_pool` is its output",
    (
        "auxiliary",
        "loss1",
        "loss2",
        "head0",
        "head1",
        "nn0",
        "nn1",
        "aux",
    ): "auxiliary classifiers run in training only",
}
"""How names begin that every such network has and that have no activations here -> why."""

BEFORE_RELU = ("_pre_relu_conv", "_pre_relu")
"""The ends of lucent's and lucid's names for values before the ReLU."""

LUCID = {
    "conv2d0": "conv1",
    "maxpool0": "pool1/pool",
    "localresponsenorm0": "pool1/response_norm",
    "conv2d1": "conv2/conv2_reduce",
    "conv2d2": "conv2/conv2",
    "localresponsenorm1": "conv2/response_norm",
    "maxpool1": "pool2",
    "maxpool4": "pool3",
    "maxpool10": "pool4",
    "avgpool0": "average_pool",
    "softmax2_pre_activation": "linear",
    "softmax2_pre_activation_matmul": "linear",
}
LUCID_MODULE = {
    "": "",
    "_1x1": "/1x1",
    "_3x3_bottleneck": "/3x3_reduce",
    "_3x3": "/3x3",
    "_5x5_bottleneck": "/5x5_reduce",
    "_5x5": "/5x5",
    "_pool": "/pool",
    "_pool_reduce": "/pool_projection",
}
CAFFE = {
    "conv1/7x7_s2": "conv1",
    "conv1/relu_7x7": "conv1",
    "pool1/3x3_s2": "pool1/pool",
    "pool1/norm1": "pool1/response_norm",
    "conv2/3x3_reduce": "conv2/conv2_reduce",
    "conv2/relu_3x3_reduce": "conv2/conv2_reduce",
    "conv2/3x3": "conv2/conv2",
    "conv2/relu_3x3": "conv2/conv2",
    "conv2/norm2": "conv2/response_norm",
    "pool2/3x3_s2": "pool2",
    "pool3/3x3_s2": "pool3",
    "pool4/3x3_s2": "pool4",
    "pool5/7x7_s1": "average_pool",
    "loss3/classifier": "linear",
}
CAFFE_MODULE = {
    "": "",
    "/output": "",
    "/1x1": "/1x1",
    "/3x3_reduce": "/3x3_reduce",
    "/3x3": "/3x3",
    "/5x5_reduce": "/5x5_reduce",
    "/5x5": "/5x5",
    "/pool": "/pool",
    "/pool_proj": "/pool_projection",
    "/relu_1x1": "/1x1",
    "/relu_3x3_reduce": "/3x3_reduce",
    "/relu_3x3": "/3x3",
    "/relu_5x5_reduce": "/5x5_reduce",
    "/relu_5x5": "/5x5",
    "/relu_pool_proj": "/pool_projection",
}
TORCHVISION = {
    "conv1": "conv1",
    "conv2": "conv2/conv2_reduce",
    "conv3": "conv2/conv2",
    "maxpool1": "pool1/pool",
    "maxpool2": "pool2",
    "maxpool3": "pool3",
    "maxpool4": "pool4",
    "avgpool": "average_pool",
    "fc": "linear",
}
TORCHVISION_MODULE = {
    "": "",
    ".branch1": "/1x1",
    ".branch2.0": "/3x3_reduce",
    ".branch2.1": "/3x3",
    ".branch2": "/3x3",
    ".branch3.0": "/5x5_reduce",
    ".branch3.1": "/5x5",
    ".branch3": "/5x5",
    ".branch4.0": "/pool",
    ".branch4.1": "/pool_projection",
    ".branch4": "/pool_projection",
}

PROGRAM_OF = {
    "paper": "Caffe",
    "inception5h": "lucid",
    "inception5h-port": "lucid",
    "torchvision": "torchvision",
}
"""Variant -> the program that its published weights are known by."""


@cache
def _aliases() -> dict[str, dict[str, tuple[str, bool]]]:
    """For each program, what it calls a layer -> our name, and whether that is the value before its ReLU."""

    def names(stem: dict[str, str], beginning: str, inside: dict[str, str]) -> dict[str, tuple[str, bool]]:
        in_modules = {
            f"{beginning}{module}{theirs}": f"{module}{ours}"
            for module in INCEPTION_MODULES
            for theirs, ours in inside.items()
        }
        return {theirs: (ours, False) for theirs, ours in (stem | in_modules).items()}

    torchvision = names(TORCHVISION, "inception", TORCHVISION_MODULE)
    before_relu = {f"{theirs}.bn": (ours, True) for theirs, (ours, _) in torchvision.items() if "pool" not in theirs}
    return {
        "lucid": names(LUCID, "mixed", LUCID_MODULE),
        "Caffe": names(CAFFE, "inception_", CAFFE_MODULE),
        "torchvision": before_relu | torchvision,
    }
