"""Google's inception5h as it was published, a TensorFlow graph (GraphDef) -> weights of that variant.

`tensorflow_inception_graph.pb` has its weights in `Const` nodes (`conv2d0_w`, `mixed3a_1x1_b`, `softmax2_w`), and what
is computed with them in nodes, too. So little is assumed: each of our layers is looked for in the graph, with the same
input, window, stride and padding, and a graph that computes anything else is refused. The graph also states its local
response normalisation, in which the PyTorch ports of these weights are wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from math import prod

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec
from googlenet.errors import ModelFileError
from googlenet.importers.imported import Imported, MappedLayer, classes_of, in_quotes, with_fitting_auxiliaries
from googlenet.importers.inception5h import OUTPUTS, PREPROCESSING, output_labels
from googlenet.importers.state_dict import LazyTensor, read_all
from googlenet.importers.tensorflow_layers import LAYERS, check_computation, find_variant
from googlenet.importers.tensorflow_nodes import Constant, read_nodes
from googlenet.model import AUXILIARY_PREFIX, ClassLabel, check_shapes

PARTS = {"_w": "weight", "_b": "bias"}
"""How the name of a layer's constant ends -> our name of that weight."""

FLATTENED = {f"{name}.weight": 4 for name in LAYERS.values() if name.endswith(".fully_connected")}
"""Matrices over a grid, by our names -> its height and width: TensorFlow's inputs are in another order than ours."""

MOST_VALUES = 48 * 2**20
"""Most values of all weights: GoogLeNet with auxiliary classifiers for 10,000 classes has 44 million."""

MOST_DIFFERENT = 0.5  # of the class names beside the graph; if more differ, they are of other classes

PREPROCESSING_SENTENCE = (
    "the graph does not state its preprocessing: assumed to be that of Google's examples, centre crop scaled to "
    "224x224, RGB, minus 117"
)
MEAN_SENTENCE = (
    "the graph states its mean, but neither crop nor channel order: assumed to be centre crop scaled to 224x224, RGB"
)


def read_graph(data: bytes, *, where: str, class_names: tuple[str, ...] = ()) -> Imported:
    """Read the network from the bytes of a GraphDef, with its auxiliary classifiers if they have the same classes.

    `class_names`: those that were published beside it, one per output, maybe without the last ones. Raises
    ModelFileError for a damaged file, and for another network, naming the weights or the node that differ.
    """
    graph = read_nodes(data, where=where)
    named, notes = with_fitting_auxiliaries(_named_weights(graph.constants))
    spec = ArchitectureSpec("inception5h", classes=classes_of(named, OUTPUTS))
    check_shapes(spec, {name: tensor.shape for name, tensor in named.items()}, where=where)
    values = sum(prod(tensor.shape) for tensor in named.values())
    if values > MOST_VALUES:
        raise ModelFileError(f"{where} is damaged: its weights have {values:,} values, more than any GoogLeNet")
    spec = replace(spec, variant=find_variant(graph))
    mean = check_computation(graph, spec, auxiliaries=any(name.startswith(AUXILIARY_PREFIX) for name in named))
    labels, about_labels = _labels(spec.classes, class_names)
    layers = tuple(
        MappedLayer(theirs, ours, named[f"{ours}.weight"].shape)
        for theirs, ours in LAYERS.items()
        if f"{ours}.weight" in named
    )
    return Imported(
        spec,
        read_all(named),
        PREPROCESSING if mean is None else replace(PREPROCESSING, mean=mean),
        layers,
        (*about_labels, *notes, PREPROCESSING_SENTENCE if mean is None else MEAN_SENTENCE),
        labels=labels,
    )


def _labels(outputs: int, names: tuple[str, ...]) -> tuple[tuple[ClassLabel, ...] | None, tuple[str, ...]]:
    """The classes, or None if they are not known, and sentences about them. `names`: those beside the graph."""
    known, assumed = output_labels(outputs)
    if not names:
        return known, assumed
    if known is None:
        unique = len(set(names)) == len(names) == outputs
        return tuple(ClassLabel(name, name) for name in names) if unique else None, ()
    different = [
        (name, label.name)
        for name, label in zip(names, known, strict=False)
        if name.casefold() != label.name.partition(",")[0].casefold() and not name.startswith("dummy")
    ]
    if not different:
        return known, ()
    sentence = (
        f"{len(different):,} of the {len(names):,} class names beside the graph are not ImageNet's, such as "
        f"{different[0][0][:60]!a} instead of {different[0][1]!a}"
    )
    if len(different) > MOST_DIFFERENT * len(names):
        return None, (sentence,)
    return known, (f"{sentence}: ImageNet's are used",)


def _named_weights(constants: Mapping[str, Constant]) -> dict[str, LazyTensor]:
    """The weights by our names and in our layout; unknown ones by their own names, in quotes."""
    named = {}
    for name, constant in constants.items():
        layer, part = LAYERS.get(name[:-2]), PARTS.get(name[-2:])
        if part is None or not constant.is_float:
            continue
        ours = in_quotes(name) if layer is None else f"{layer}.{part}"
        shape = constant.shape[-1:] + constant.shape[-2:-1] + constant.shape[:-2]
        named[ours] = LazyTensor(shape, partial(_in_our_layout, constant, FLATTENED.get(ours)))
    return named


def _in_our_layout(constant: Constant, grid: int | None) -> NDArray[np.float32]:
    """(height, width, in, out) as (out, in, height, width), (in, out) as (out, in), a bias as it is.

    `grid`: the inputs of a matrix are (height, width, channels) of a grid; ours are (channels, height, width).
    """
    array = constant.read()
    shape = array.shape
    if grid is not None:
        array = array.reshape(grid, grid, -1, shape[-1])
    if array.ndim > 1:
        array = np.moveaxis(array, (-1, -2), (0, 1))
    if grid is not None:
        array = array.reshape(shape[::-1])
    return np.array(array, np.float32, order="C")
