"""What `encode` writes is what the protobuf library writes, to the byte, and reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.protobuf import encode, message_class, parse

INT64 = st.integers(-(2**63), 2**63 - 1)
ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.binary(max_size=300),
        "f": st.floats(width=32, allow_nan=False),
        "i": INT64,
        "ints": st.lists(INT64, max_size=5),
        "type": st.integers(-(2**31), 2**31 - 1),
    },
)


@given(ATTRIBUTES)
def test_a_message_has_the_bytes_that_the_library_gives_it(fields: dict[str, object]) -> None:
    encoded = b"".join(encode("onnx.AttributeProto", **fields))
    assert encoded == message_class("onnx.AttributeProto")(**fields).SerializeToString(deterministic=True)


@given(st.lists(st.binary(max_size=200), max_size=4), st.binary(max_size=200))
def test_messages_inside_a_message_are_written_without_being_joined_before(names: list[bytes], weights: bytes) -> None:
    tensors = [encode("onnx.TensorProto", name=name, raw_data=memoryview(weights)) for name in names]
    encoded = b"".join(encode("onnx.ModelProto", graph=encode("onnx.GraphProto", initializer=tensors)))
    graph = parse("onnx.GraphProto", parse("onnx.ModelProto", encoded, where="a").graph, where="a")
    read = [parse("onnx.TensorProto", tensor, where="a") for tensor in graph.initializer]
    assert [tensor.name for tensor in read] == names
    assert all(tensor.raw_data == weights for tensor in read)


def test_a_field_that_the_schema_does_not_list_is_a_mistake() -> None:
    with pytest.raises(KeyError, match=r"onnx\.NodeProto has no doc_string, output_type"):
        encode("onnx.NodeProto", name=b"a", output_type=1, doc_string=b"")
