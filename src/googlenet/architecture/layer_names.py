"""Names of the layers that can be looked at: `4a`, `4a/3x3`, `conv2/conv2_reduce`, and what other programs call them.

A name is a row of the table, or a row and a layer in it. It means the output after the layer's ReLU; "before its ReLU"
is a flag beside the name. A row of one layer has no second name. Dropout, softmax and auxiliary classifiers have none:
the first does nothing at prediction, `predict` gives the second, the others run in training only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from googlenet.architecture import layers as records
from googlenet.architecture.layers import Inception, Layer, Linear, Shape
from googlenet.architecture.other_layer_names import PROGRAM_OF, other_names
from googlenet.architecture.receptive_field import ReceptiveField, after_layer
from googlenet.architecture.table1 import Architecture
from googlenet.errors import InputError
from googlenet.suggestions import did_you_mean


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """A layer by its name: `shape` is its output's (height, width, channels), `has_relu` whether it ends in a ReLU.

    `receptive_field` is what one of its values sees, with its stride, in px of the input. `place` says where the layer
    is in the table: (row,) for a whole row, (row, layer) in it, (row, layer, branch, layer) in a module. `is_linear`:
    fully connected, so that its output is a vector.
    """

    name: str
    row: str
    shape: Shape
    receptive_field: ReceptiveField
    has_relu: bool
    place: tuple[int, ...]
    is_linear: bool = False


@dataclass(frozen=True, slots=True)
class AskedLayer:
    """A layer that somebody asks for: as they call it, its name, and whether the value before its ReLU is meant."""

    text: str
    name: str
    before_relu: bool = False


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
            found[name] = _info(name, row.name, step, step.place)
        found[row.name] = _info(row.name, row.name, last, (number,))
        shape, field = last.shape, last.field
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


def find_layers(
    architecture: Architecture, texts: Iterable[str], *, before_relu: bool = False
) -> tuple[AskedLayer, ...]:
    """Several layers as `find_layer` finds each, once each; with `before_relu` all of them before their ReLU.

    Raises InputError as `find_layer` does, and for none.
    """
    known, found = layer_names(architecture), []
    for text in dict.fromkeys(text.strip() for text in texts):
        name, before = find_layer(architecture, text)
        if before_relu:
            check_has_relu(known[name])
        found.append(AskedLayer(text, name, before or before_relu))
    if not found:
        raise InputError("name at least one layer, such as 4a or 4a/3x3")
    return tuple(found)


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


def _info(name: str, row: str, step: _Step, place: tuple[int, ...]) -> LayerInfo:
    layer = step.layer
    return LayerInfo(name, row, step.shape, step.field, has_relu(layer), place, isinstance(layer, Linear))


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

    Where two programs give different layers this name, that of the network's own program is meant. Gives the word
    itself for names that no program has; raises InputError for one with two meanings.
    """
    meanings = {program: names[word] for program, names in other_names().items() if word in names}
    own_program = PROGRAM_OF.get(architecture.variant)
    if len(set(meanings.values())) > 1 and own_program not in meanings:
        said = " and ".join(f"{meaning} in {program}" for program, (meaning, _) in meanings.items())
        raise InputError(f"{word!r} is {said}: give the layer that you mean")
    return meanings.get(own_program or "") or next(iter(meanings.values()), (word, False))


def _unknown(architecture: Architecture, known: Mapping[str, LayerInfo], word: str, theirs: str) -> str:
    for beginnings, sentence in NOT_LAYERS:
        if word.startswith(beginnings):
            return f"{word!r} is not among the layers: {sentence}"
    if theirs != word:
        return f"the variant {architecture.variant!r} has no layer {theirs!r}, which is what {word!r} means"
    several = [name for name in known if name.rpartition("/")[2] == word]
    if several:
        return f"{len(several)} layers are called {word!r}: say which, for example {several[0]!r}"
    others = [their for names in other_names().values() for their, (ours, _) in names.items() if ours in known]
    hint = did_you_mean(word, [*known, *others], otherwise="`googlenet info MODEL --layers` lists the names")
    return f"the variant {architecture.variant!r} has no layer called {word!r}; {hint}"


NOT_LAYERS = (
    (("softmax", "prob"), "`googlenet predict` gives the probabilities, and `linear` is what the softmax reads"),
    (("dropout", "pool5/drop"), "dropout does nothing at prediction, so `average_pool` is its output"),
    (("auxiliary", "aux", "loss1", "loss2", "head", "nn0", "nn1"), "auxiliary classifiers run in training only"),
)
"""How names begin that every such network has and that have no activations here -> why."""

BEFORE_RELU = ("_pre_relu_conv", "_pre_relu")
"""The ends of lucent's and lucid's names for values before the ReLU."""
