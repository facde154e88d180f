"""An ONNX file judged by our own schema, before a runtime sees it: what it must be to be one that was exported here.

A runtime reads tensors from other files, subgraphs and functions where a file asks for them; our files ask for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from math import prod
from typing import Any

import numpy as np

from googlenet.artifacts.content import CheckedContent, Content
from googlenet.artifacts.onnx_encoding import ELEMENT_TYPES, OPSET, encode_file
from googlenet.errors import ModelFileError
from googlenet.graph import IMAGES, OUTPUTS
from googlenet.model import DESCRIPTION_KEY
from googlenet.protobuf import parse, text

MOST_DIMENSIONS = 8
EXTERNAL = 1  # TensorProto.DataLocation
PLAIN_ATTRIBUTES = (1, 2, 7)  # AttributeProto.AttributeType: FLOAT, INT, INTS; no tensor, no graph

ITEM_SIZES = {number: np.dtype(name).itemsize for name, number in ELEMENT_TYPES.items()}


def check_onnx(content: Content, where: str) -> CheckedContent:
    """What an ONNX file says of itself, and the sha256 of its graph.

    Raises ModelFileError for a file that is damaged, that others wrote, that needs other files or a newer runtime, or
    whose inputs and outputs are not those of `build_graph`.
    """
    model = parse("onnx.ModelProto", content[0], where=where)
    metadata = _metadata(model, where)
    if DESCRIPTION_KEY not in metadata:
        raise ModelFileError(
            f"{where} is an ONNX file that googlenet did not export: it does not say what its classes are and how "
            f"pictures are prepared. If it is the ONNX zoo's GoogLeNet, `googlenet import {where}` makes a model of it"
        )
    check_operators(model, where)
    graph = parse("onnx.GraphProto", model.graph, where=where)
    for encoded in graph.node:
        check_node(parse("onnx.NodeProto", encoded, where=where), where)
    for encoded in graph.initializer:
        check_tensor(parse("onnx.TensorProto", encoded, where=where), where)
    if graph.sparse_initializer or model.functions:
        raise ModelFileError(f"{where} was not exported by googlenet: it holds sparse tensors or functions")
    names = [_names(values, where) for values in (graph.input, graph.output)]
    if names != [[IMAGES], list(OUTPUTS)]:
        raise ModelFileError(
            f"{where} was not exported by googlenet: it reads {', '.join(names[0]) or 'nothing'} and gives "
            f"{', '.join(names[1]) or 'nothing'}, instead of {IMAGES} and {', '.join(OUTPUTS)}"
        )
    return CheckedContent(metadata, sha256(model.graph).hexdigest())


def with_metadata(content: Content, metadata: Mapping[str, str]) -> Content:
    """The file with these metadata and the graph that it has."""
    model = parse("onnx.ModelProto", content[0], where="the exported graph")
    return (encode_file(model.graph, metadata),)


def _metadata(model: Any, where: str) -> dict[str, str]:
    entries = [parse("onnx.StringStringEntryProto", entry, where=where) for entry in model.metadata_props]
    return {text(entry.key): entry.value.decode("utf-8", "backslashreplace") for entry in entries}


def check_operators(model: Any, where: str) -> None:
    """Raise ModelFileError for a ModelProto that needs operators of others, or newer ones."""
    for encoded in model.opset_import:
        operators = parse("onnx.OperatorSetIdProto", encoded, where=where)
        if operators.domain not in (b"", b"ai.onnx") or not 1 <= operators.version <= OPSET:
            name = text(operators.domain) or "ONNX"
            raise ModelFileError(
                f"{where} needs the operators of {name} in version {operators.version}; this googlenet knows those of "
                f"ONNX up to {OPSET}: export the model again, or upgrade"
            )


def check_node(node: Any, where: str) -> None:
    """Raise ModelFileError for a NodeProto with an attribute that is neither a number nor whole numbers."""
    for encoded in node.attribute:
        attribute = parse("onnx.AttributeProto", encoded, where=where)
        if attribute.type not in PLAIN_ATTRIBUTES:
            raise ModelFileError(
                f"{where} was not exported by googlenet: its {text(node.op_type)!a} has the attribute "
                f"{text(attribute.name)!a} of a kind that is never written"
            )


def check_tensor(tensor: Any, where: str) -> None:
    """Raise ModelFileError for a TensorProto whose bytes are elsewhere, of an unknown kind, or not its shape's."""
    name = text(tensor.name)
    if tensor.data_location == EXTERNAL or tensor.external_data:
        raise ModelFileError(f"{where}: the values of {name!a} lie in another file; an exported file holds them all")
    size = ITEM_SIZES.get(tensor.data_type)
    if size is None:
        raise ModelFileError(f"{where} is damaged: {name!a} has values of the unknown kind {tensor.data_type}")
    shape = tuple(tensor.dims[: MOST_DIMENSIONS + 1])
    if (
        len(shape) > MOST_DIMENSIONS
        or any(length < 0 for length in shape)
        or size * prod(shape) != len(tensor.raw_data)
    ):
        raise ModelFileError(f"{where} is damaged: {name!a} has {len(tensor.raw_data):,} bytes for the shape {shape}")


def _names(values: Any, where: str) -> list[str]:
    return [text(parse("onnx.ValueInfoProto", value, where=where).name) for value in values]
