"""An exported ONNX file, whose graph is decoded and validated before a runtime sees it.

A runtime follows a file's references to external data, subgraphs and functions; our files have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from typing import Any

from googlenet.artifacts.content import CheckedContent, Content, check_age
from googlenet.artifacts.onnx_encoding import encode_file
from googlenet.artifacts.onnx_graph import decode_graph
from googlenet.artifacts.validate import check_graph
from googlenet.errors import ModelFileError
from googlenet.graph import IMAGES, OUTPUTS
from googlenet.model import DESCRIPTION_KEY, DESCRIPTION_SUM_KEY
from googlenet.protobuf import parse, text


def check_onnx(content: Content, where: str) -> CheckedContent:
    """The metadata of an ONNX file, and the sha256 of its graph.

    Raises ModelFileError for a file that is damaged, was not exported by googlenet, needs external data or a newer
    runtime, or whose inputs and outputs are not those of `build_graph`.
    """
    model = parse("onnx.ModelProto", content[0], where=where)
    metadata = _metadata(model, where)
    if DESCRIPTION_KEY not in metadata:
        raise ModelFileError(
            f"{where} is an ONNX file that was not exported by googlenet: its classes and preprocessing are unknown. "
            f"If it is the ONNX zoo's GoogLeNet, convert it to a model with `googlenet import {where}`"
        )
    check_age(metadata, where)
    graph = decode_graph(model, where=where)
    names = [[value.name for value in values] for values in (graph.inputs, graph.outputs)]
    if names != [[IMAGES], list(OUTPUTS)]:
        raise ModelFileError(
            f"{where} was not exported by googlenet: it has the inputs {', '.join(names[0]) or 'none'} and outputs "
            f"{', '.join(names[1]) or 'none'}, instead of {IMAGES} and {', '.join(OUTPUTS)}"
        )
    own = {key: metadata[key] for key in (DESCRIPTION_KEY, DESCRIPTION_SUM_KEY) if key in metadata}
    return CheckedContent(
        own,
        sha256(model.graph).hexdigest(),
        content=(encode_file(model.graph, own),),  # a runtime reads settings from other metadata
        check=partial(check_graph, graph, where=where),
        graph=graph,
    )


def with_metadata(content: Content, metadata: Mapping[str, str]) -> Content:
    """The file with the same graph and these metadata."""
    model = parse("onnx.ModelProto", content[0], where="the exported graph")
    return (encode_file(model.graph, metadata),)


def _metadata(model: Any, where: str) -> dict[str, str]:
    entries = [parse("onnx.StringStringEntryProto", entry, where=where) for entry in model.metadata_props]
    return {text(entry.key): entry.value.decode("utf-8", "backslashreplace") for entry in entries}
