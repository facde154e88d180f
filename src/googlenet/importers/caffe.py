"""Caffe's `bvlc_googlenet` and networks fine-tuned from it: a `.caffemodel` -> weights of the variant `paper`.

Both encodings are supported: `layers` (V1LayerParameter: types are numbers, shapes four numbers) and `layer`
(LayerParameter: types are strings, shapes lists). In a network fine-tuned to other classes the last layer is renamed,
so classifiers with unknown names are recognized by their inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import INCEPTION_MODULES, ArchitectureSpec
from googlenet.errors import ModelFileError
from googlenet.images import Preprocessing
from googlenet.importers.imported import Imported, MappedLayer, classes_of, in_quotes, with_fitting_auxiliaries
from googlenet.model import check_shapes
from googlenet.protobuf import parse, text

BVLC_PREPROCESSING = Preprocessing(
    input_size=224,
    resize_size=256,
    fit="squash",
    channel_order="BGR",
    mean=(104.0, 117.0, 123.0),
    scale=(1.0, 1.0, 1.0),
)
"""The preprocessing of Caffe's BVLC networks: BGR, minus ImageNet's mean colour."""

STEM = {"conv1/7x7_s2": "conv1", "conv2/3x3_reduce": "conv2_reduce", "conv2/3x3": "conv2"}
BRANCHES = {
    "1x1": "1x1",
    "3x3_reduce": "3x3_reduce",
    "3x3": "3x3",
    "5x5_reduce": "5x5_reduce",
    "5x5": "5x5",
    "pool_proj": "pool_projection",
}
AUXILIARIES = {"loss1": "auxiliary_4a", "loss2": "auxiliary_4d"}
AUXILIARY_LAYERS = {"conv": "convolution", "fc": "fully_connected", "classifier": "linear"}

NAMES = (
    STEM
    | {
        f"inception_{module}/{theirs}": f"{module}.{ours}"
        for module in INCEPTION_MODULES
        for theirs, ours in BRANCHES.items()
    }
    | {
        f"{auxiliary}/{theirs}": f"{ours}.{layer}"
        for auxiliary, ours in AUXILIARIES.items()
        for theirs, layer in AUXILIARY_LAYERS.items()
    }
    | {"loss3/classifier": "linear"}
)
"""Layers with weights: name in Caffe -> our name."""

CLASSIFIER_INPUTS = 1024  # of the main and the auxiliary classifiers

RAW_TYPES = {0: "<f8", 1: "<f4", 2: "<f2"}
"""`raw_data_type` -> dtype of the values in `raw_data`, which NVIDIA's Caffe writes."""

MOST_DIMENSIONS = 8
LONGEST_SHAPE = 200  # bytes of the encoded message

PREPROCESSING_SENTENCE = (
    "the file does not state its preprocessing: assumed to be BVLC's, squash to 256x256, centre crop 224x224, BGR, "
    "minus (104, 117, 123)"
)

Arrays = dict[str, NDArray[np.float32]]

_LayerType = Literal["convolution", "linear", "other"]
_V1_TYPES: dict[int, _LayerType] = {4: "convolution", 14: "linear"}
_TYPES: dict[bytes, _LayerType] = {b"Convolution": "convolution", b"InnerProduct": "linear"}


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """A layer with weights: `blobs` are its kernel or matrix, its bias, and possibly others."""

    name: str
    kind: _LayerType
    bottom: str
    blobs: tuple[NDArray[np.float32], ...]


def read_caffemodel(data: bytes, *, where: str) -> Imported:
    """Read a GoogLeNet from the bytes of a `.caffemodel`, with its auxiliary classifiers if they have the same classes.

    Raises ModelFileError for a damaged file and for another network, listing missing and unexpected weights.
    """
    layers = list(_weighted_layers(parse("caffe.NetParameter", data, where=where), where))
    if not layers:
        raise ModelFileError(f"{where} contains no layers with weights; expected a trained Caffe model (.caffemodel)")
    ours = _our_names(layers)
    arrays: Arrays = {}
    rows = []
    for layer in layers:
        name = ours.get(layer.name, in_quotes(layer.name))
        parts = ("weight", "bias", *(f"blob{number}" for number in range(2, len(layer.blobs))))
        arrays |= {f"{name}.{part}": blob for part, blob in zip(parts, layer.blobs, strict=False)}
        rows.append(MappedLayer(layer.name, name, layer.blobs[0].shape))
    arrays, notes = with_fitting_auxiliaries(arrays)
    spec = ArchitectureSpec("paper", classes=classes_of(arrays, 1000))
    check_shapes(spec, {name: array.shape for name, array in arrays.items()}, where=where)
    kept = tuple(row for row in rows if f"{row.ours}.weight" in arrays)
    return Imported(spec, arrays, BVLC_PREPROCESSING, kept, (*notes, PREPROCESSING_SENTENCE))


def _weighted_layers(net: Any, where: str) -> Iterator[_Layer]:
    """The layers with blobs, in the order of the file; ModelFileError if two have the same name."""
    seen = set()
    for field, message, kinds in (
        (net.layers, "caffe.V1LayerParameter", _V1_TYPES),
        (net.layer, "caffe.LayerParameter", _TYPES),
    ):
        for encoded in field:
            found = parse(message, encoded, where=where)
            if not found.blobs:
                continue
            name, kind = text(found.name), kinds.get(found.type, "other")
            if name in seen:
                raise ModelFileError(f"{where}: two layers with weights are called {name!a}")
            seen.add(name)
            weight, *rest = (_read_blob(blob, name, where) for blob in found.blobs)
            blobs = (_matrix(weight) if kind == "linear" else weight, *map(_vector, rest))
            yield _Layer(name, kind, text(found.bottom[0]) if found.bottom else "", blobs)


def _our_names(layers: list[_Layer]) -> dict[str, str]:
    """Their names -> ours, including classifiers with unknown names.

    A linear layer with as many inputs as a classifier is that of the auxiliary classifier whose fully connected layer
    it reads or whose name it begins with, else the main one. Unknown layers are skipped.
    """
    names = {layer.name: NAMES[layer.name] for layer in layers if layer.name in NAMES}
    for layer in layers:
        if layer.name in names or layer.kind != "linear" or layer.blobs[0].shape[1:] != (CLASSIFIER_INPUTS,):
            continue
        auxiliaries = (
            auxiliary
            for auxiliary in AUXILIARIES
            if layer.bottom.startswith(f"{auxiliary}/") or layer.name.startswith(f"{auxiliary}/")
        )
        auxiliary = next(auxiliaries, None)
        place = "linear" if auxiliary is None else f"{AUXILIARIES[auxiliary]}.linear"
        if place not in names.values():
            names[layer.name] = place
    return names


def _read_blob(encoded: bytes, layer: str, where: str) -> NDArray[np.float32]:
    """The array of a blob in its stored shape: a list of sizes, or four numbers in old files."""
    blob = parse("caffe.BlobProto", encoded, where=where)
    if len(blob.shape) > LONGEST_SHAPE:
        raise ModelFileError(f"{where} is damaged: the shape of a blob of the layer {layer!a} has too many dimensions")
    if blob.HasField("shape"):
        shape = tuple(parse("caffe.BlobShape", blob.shape, where=where).dim[: MOST_DIMENSIONS + 1])
    else:
        shape = (blob.num, blob.channels, blob.height, blob.width)
    values = _values(blob, layer, where)
    if not 1 <= len(shape) <= MOST_DIMENSIONS or min(shape) < 1 or prod(shape) != len(values):
        raise ModelFileError(
            f"{where} is damaged: a blob of the layer {layer!a} has {len(values):,} values for the shape {shape}"
        )
    with np.errstate(over="ignore"):  # a double too large for float32 becomes infinite, which is refused later
        return np.array(values, np.float32).reshape(shape)


def _values(blob: Any, layer: str, where: str) -> Any:
    """The flat values of a blob, from whichever field has them."""
    if not blob.raw_data:
        return blob.data or blob.double_data
    if blob.raw_data_type not in RAW_TYPES:
        raise ModelFileError(
            f"{where}: a blob of the layer {layer!a} has integers (raw_data_type {blob.raw_data_type}); expected floats"
        )
    dtype = np.dtype(RAW_TYPES[blob.raw_data_type])
    if len(blob.raw_data) % dtype.itemsize:
        raise ModelFileError(
            f"{where} is damaged: a blob of the layer {layer!a} has {len(blob.raw_data):,} bytes of {dtype.name}"
        )
    return np.frombuffer(blob.raw_data, dtype)


def _matrix(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """A linear layer's (out, in), which is (1, 1, out, in) in old files."""
    return array.reshape(array.shape[2:]) if array.ndim == 4 and array.shape[:2] == (1, 1) else array


def _vector(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """A bias as (out), which is (1, 1, 1, out) in old files."""
    return array.reshape(-1) if array.shape[:-1] == (1,) * (array.ndim - 1) else array
