"""A file that was exported becomes the graph again that it was made of; any other is a sentence."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from googlenet.architecture import VARIANTS
from googlenet.artifacts import decode_onnx, encode_onnx
from googlenet.errors import ModelFileError
from googlenet.export import to_int8
from googlenet.graph import Graph, build_graph, decompose_lrn
from tests.graph.test_building import make_images, make_model
from tests.importers.conftest import damaged


def of_variant(variant: str) -> Graph:
    return build_graph(make_model(variant))


def in_int8(variant: str, *, quantize_all_outputs: bool = True) -> Graph:
    model = make_model(variant)
    images = make_images(model.preprocessing.input_size)
    return to_int8(build_graph(model), images, quantize_all_outputs=quantize_all_outputs)


def ensemble() -> Graph:
    return build_graph(make_model("small-32", seed=1), make_model("small-32", seed=2, width=0.25))


GRAPHS: dict[str, Callable[[], Graph]] = {
    **{variant: partial(of_variant, variant) for variant in VARIANTS},
    "norms apart": lambda: decompose_lrn(build_graph(make_model("paper"))),
    "int8": lambda: in_int8("paper"),
    "int8 of batch normalisation": lambda: in_int8("batchnorm", quantize_all_outputs=False),
    "an ensemble": ensemble,
}


@pytest.mark.parametrize("kind", GRAPHS)
def test_a_graph_comes_back_as_it_was_written(kind: str) -> None:
    graph = GRAPHS[kind]()
    content = encode_onnx(graph)
    read = decode_onnx(content)
    assert (read.name, read.inputs, read.outputs) == (graph.name, graph.inputs, graph.outputs)
    assert read.nodes == graph.nodes
    constants = dict(graph.used_constants())
    assert list(read.constants) == list(constants)
    for name, values in read.constants.items():
        assert values.dtype == constants[name].dtype
        np.testing.assert_array_equal(values, constants[name], strict=True)
    assert encode_onnx(read) == content


def first(file: onnx.ModelProto, operator: str) -> Any:
    return next(node for node in file.graph.node if node.op_type == operator)


def constant(file: onnx.ModelProto, name: str) -> Any:
    return next(tensor for tensor in file.graph.initializer if tensor.name == name)


def without_attribute(file: onnx.ModelProto, operator: str, names: Collection[str]) -> None:
    node = first(file, operator)
    kept = [attribute for attribute in node.attribute if attribute.name not in names]
    del node.attribute[:]
    node.attribute.extend(kept)


def as_halves(file: onnx.ModelProto) -> None:
    tensor = constant(file, "conv1.bias")
    tensor.data_type, tensor.raw_data = onnx.TensorProto.INT64, bytes(8 * tensor.dims[0])


def as_empty(file: onnx.ModelProto) -> None:
    tensor = constant(file, "conv1.bias")
    tensor.raw_data = b""
    tensor.dims[:] = [2**62, 0]


CHANGES: dict[str, tuple[Callable[[onnx.ModelProto], object], str]] = {
    "an operator": (lambda file: setattr(file.graph.node[0], "op_type", "Loop"), "it contains the operator 'Loop'"),
    "an attribute": (
        lambda file: first(file, "Conv").attribute.add(name="group", i=2, type=onnx.AttributeProto.INT),
        r"its Conv 'conv1.convolution' has the attribute 'group' \(int\), expected none",
    ),
    "a kind of attribute": (
        lambda file: first(file, "Conv").attribute.add(name="body", type=onnx.AttributeProto.GRAPH),
        "has the attribute 'body' of an unsupported type",
    ),
    "three paddings": (
        lambda file: next(one for one in first(file, "Conv").attribute if one.name == "pads").ints.pop(),
        r"the attribute 'pads' \(3 ints\), expected 4 ints",
    ),
    "no number": (
        lambda file: next(one for one in first(file, "LRN").attribute if one.name == "beta").__setattr__("f", np.nan),
        r"the attribute 'beta' \(not finite\), expected float",
    ),
    "no size": (lambda file: without_attribute(file, "LRN", ["size"]), "has no attribute size"),
    "no bias": (lambda file: first(file, "Conv").input.pop(), "its Conv has 2 inputs and 1 outputs"),
    "a nameless value": (lambda file: first(file, "Relu").output.__setitem__(0, ""), "its Relu has 1 inputs"),
    "a type": (as_halves, "the constant 'conv1.bias' has an unsupported type"),
    "no values": (as_empty, "the constant 'conv1.bias' has the empty shape"),
    "another shape": (lambda file: constant(file, "conv1.bias").dims.append(7), "bytes for the shape"),
    "a constant twice": (
        lambda file: file.graph.initializer.append(constant(file, "conv1.bias")),
        "the constant 'conv1.bias' is defined twice",
    ),
    "a constant input": (
        lambda file: setattr(constant(file, "mean"), "name", "images"),
        "its input 'images' is also a constant",
    ),
    "a lost node": (lambda file: file.graph.node.remove(first(file, "Conv")), "which does not exist yet"),
    "a newer version": (
        lambda file: setattr(file.opset_import[0], "version", 99),
        "needs version 99 of the operators of ONNX",
    ),
    "an output of halves": (
        lambda file: setattr(file.graph.output[0].type.tensor_type, "elem_type", onnx.TensorProto.FLOAT16),
        "'probabilities' has an unsupported type or shape",
    ),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_is_never_written_is_refused_by_name(kind: str) -> None:
    change, sentence = CHANGES[kind]
    file = onnx.load_from_string(encode_onnx(build_graph(make_model("paper"))))
    change(file)
    with pytest.raises(ModelFileError, match=sentence) as caught:
        decode_onnx(file.SerializeToString(), where="net.onnx")
    assert str(caught.value).startswith("net.onnx")


@pytest.fixture(scope="module")
def small_files() -> dict[str, bytes]:
    """Files of which structure, not weights, is most."""
    model = make_model("small-32", width=0.01)
    apart = decompose_lrn(build_graph(make_model("paper", width=0.01)))
    rounded = to_int8(build_graph(model), make_images(32))
    return {name: encode_onnx(graph) for name, graph in (("norms apart", apart), ("int8", rounded))}


def end_of_decoding(content: bytes) -> str:
    """The sentence that decoding ends in, if it does."""
    try:
        decode_onnx(content, where="net.onnx")
    except ModelFileError as error:
        return str(error)
    return ""


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("kind", ["norms apart", "int8"])
def test_a_damaged_file_is_a_graph_or_one_line_with_its_name(
    data: st.DataObject, kind: str, small_files: dict[str, bytes]
) -> None:
    sentence = end_of_decoding(damaged(data, small_files[kind]))
    assert not sentence or sentence.startswith("net.onnx")
    assert sentence.isprintable()


@settings(max_examples=150)
@given(beginning=st.sampled_from([b"", b"\x3a", b"\x08\x08\x3a", b"\x42"]), rest=st.binary())
def test_bytes_by_chance_are_one_line(beginning: bytes, rest: bytes) -> None:
    sentence = end_of_decoding(beginning + rest)
    assert sentence.startswith("net.onnx")
    assert sentence.isprintable()
