"""Change the structure of exported files and models, with valid checksums, and report the outcomes.

Run: python benchmarks/fuzz_structure.py onnx int8 --files 100000            read and checked in this process
     python benchmarks/fuzz_structure.py onnx --files 5000 --engines         and what passes is run on every engine

A file must end in one of the package's own errors, in one printable line, or be a model whose engines agree. Anything
else ends the run with 1, and the file is kept. Engines run in a child process: one that crashes or hangs is found.
"""

from __future__ import annotations

import argparse
import copy
import io
import json
import multiprocessing
import random
import struct
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import numpy as np
from machine import describe_machine

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.artifacts import (
    Description,
    ExportedModel,
    ExportedNetwork,
    Precision,
    Target,
    describe_content,
    onnx_graph,
)
from googlenet.artifacts.exported import check_exported
from googlenet.artifacts.onnx_encoding import encode_file
from googlenet.engines import open_engine
from googlenet.errors import GoogLeNetError
from googlenet.export import EXPORT_TARGETS, to_int8
from googlenet.graph import build_graph, decompose_lrn
from googlenet.images import Preprocessing
from googlenet.model import ClassLabel, Model, known_answer_images, load_model, read_header, save_model, with_checksum
from googlenet.network import GoogLeNet, read_weights
from googlenet.protobuf import encode, message_class

Content = tuple[bytes, ...]

SECONDS = 300.0
"""How long the engines may take for a file: compiling for OpenVINO takes two, and a busy machine many times as long."""

WHOLE = [0, 1, -1, 2, 3, 4, 5, 7, 8, 11, 63, 127, 128, 500, 1000, 2001, 5000, 2**31 - 1, 2**31, 2**63 - 1, -(2**31)]
WHOLE += [-(2**63)]
FLOATS = [0.0, -0.0, 1.0, -1.0, 1e-45, 1e-38, 1e30, 3.4e38, float("inf"), float("-inf"), float("nan"), 0.5, 0.75, 2.0]
ATTRIBUTES = ["group", "dilations", "auto_pad", "transA", "transB", "alpha", "beta", "axis", "to", "perm", "ceil_mode"]
ATTRIBUTES += ["storage_order", "count_include_pad", "kernel_shape", "strides", "pads", "size", "bias", "keepdims"]
OPERATORS = ["Conv", "Relu", "MaxPool", "AveragePool", "LRN", "Concat", "Gemm", "MatMul", "Identity", "Softmax", "Mul"]
OPERATORS += ["Add", "Div", "Sub", "Sqrt", "Pow", "Cast", "Transpose", "Flatten", "Mean", "GlobalAveragePool", "Loop"]
OPERATORS += ["QuantizeLinear", "DequantizeLinear", "If", "Reshape", "Dropout", "Foreign"]
SIZES = {1: 4, 2: 1, 3: 1, 6: 4, 7: 8, 10: 2, 11: 8}


@dataclass
class Parts:
    """The parts of an ONNX file, which can be changed arbitrarily: nodes, tensors and values, and the description."""

    nodes: list[dict[str, Any]]
    tensors: list[dict[str, Any]]
    values: dict[str, list[dict[str, Any]]]
    description: dict[str, Any]
    more: list[bytes] = field(default_factory=list)


def taken_apart(model: ExportedModel) -> Parts:
    """The parts of an exported ONNX file."""

    def message(name: str, data: bytes) -> Any:
        return message_class(name).FromString(data)

    graph = message("onnx.GraphProto", message("onnx.ModelProto", model.content[0]).graph)
    nodes = []
    for encoded in graph.node:
        node = message("onnx.NodeProto", encoded)
        attributes = []
        for one in node.attribute:
            attribute = message("onnx.AttributeProto", one)
            kind = {1: "f", 2: "i", 7: "ints"}[attribute.type]
            value = getattr(attribute, kind)
            attributes.append(
                {"name": attribute.name, "type": attribute.type, kind: list(value) if kind == "ints" else value}
            )
        nodes.append(
            {
                "op_type": node.op_type,
                "input": list(node.input),
                "output": list(node.output),
                "attribute": attributes,
                "name": node.name,
                "encoded": encoded,
            }
        )
    tensors = []
    for encoded in graph.initializer:
        tensor = message("onnx.TensorProto", encoded)
        tensors.append(
            {
                "name": tensor.name,
                "dims": list(tensor.dims),
                "data_type": tensor.data_type,
                "raw_data": tensor.raw_data,
                "encoded": encoded,
            }
        )
    values = {}
    for which in ("input", "output"):
        values[which] = []
        for encoded in getattr(graph, which):
            value = message("onnx.ValueInfoProto", encoded)
            tensor = message("onnx.TypeProto.Tensor", message("onnx.TypeProto", value.type).tensor_type)
            dims = [
                message("onnx.TensorShapeProto.Dimension", one)
                for one in message("onnx.TensorShapeProto", tensor.shape).dim
            ]
            values[which].append(
                {
                    "name": value.name,
                    "elem_type": tensor.elem_type,
                    "dims": [one.dim_param or one.dim_value for one in dims],
                }
            )
    return Parts(nodes, tensors, values, msgspec.to_builtins(model.description))


def put_together(parts: Parts) -> bytes:
    """An ONNX file of the parts, with right checksums."""
    graph = encode(
        "onnx.GraphProto",
        name=b"googlenet",
        node=[_node(node) for node in parts.nodes],
        initializer=[_tensor(tensor) for tensor in parts.tensors],
        input=[_value(value) for value in parts.values["input"]],
        output=[_value(value) for value in parts.values["output"]],
    )
    encoded = b"".join([*graph, *parts.more])
    return encode_file(encoded, metadata_of(parts.description | {"sha256": sha256(encoded).hexdigest()}))


def _node(node: dict[str, Any]) -> list[bytes | memoryview]:
    if "encoded" in node:
        return [node["encoded"]]
    known = {key: value for key, value in node.items() if key != "more"}
    known["attribute"] = [encode("onnx.AttributeProto", **attribute) for attribute in node["attribute"]]
    return [*encode("onnx.NodeProto", **known), node.get("more", b"")]


def _tensor(tensor: dict[str, Any]) -> list[bytes | memoryview]:
    return [tensor["encoded"]] if "encoded" in tensor else encode("onnx.TensorProto", **tensor)


def metadata_of(description: dict[str, Any]) -> dict[str, str]:
    """Metadata with a description and its checksum."""
    return with_checksum(json.dumps(description))


def _value(value: dict[str, Any]) -> list[bytes | memoryview]:
    dims = [
        encode(
            "onnx.TensorShapeProto.Dimension", **({"dim_param": one} if isinstance(one, bytes) else {"dim_value": one})
        )
        for one in value["dims"]
    ]
    tensor = encode(
        "onnx.TypeProto.Tensor", elem_type=value["elem_type"], shape=encode("onnx.TensorShapeProto", dim=dims)
    )
    return encode("onnx.ValueInfoProto", name=value["name"], type=encode("onnx.TypeProto", tensor_type=tensor))


Change = Callable[[Parts, random.Random], None]


def owned(nodes: list[dict[str, Any]], place: int) -> dict[str, Any]:
    """The node at a place as a copy that may be changed; those that stay as they are are not even encoded again."""
    nodes[place] = {key: copy.deepcopy(value) for key, value in nodes[place].items() if key != "encoded"}
    return nodes[place]


def other_number(value: int, random: random.Random) -> int:
    """Another integer: near, doubled, or one that has caused errors before."""
    return random.choice([*WHOLE, value + 1, value - 1, value * 2, -value, value * 1000])


def change_attribute(parts: Parts, random: random.Random) -> None:
    """Another value, kind or name of an attribute, one more, one less."""
    node = owned(parts.nodes, random.choice([place for place, one in enumerate(parts.nodes) if one["attribute"]]))
    attribute = random.choice(node["attribute"])
    match random.randrange(9):
        case 0:
            node["attribute"].remove(attribute)
        case 1:
            node["attribute"].append(dict(attribute))
        case 2:
            attribute["name"] = random.choice(ATTRIBUTES).encode()
        case 3:
            attribute["type"] = random.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 11])
        case 4:
            add_attribute(parts, random)
        case _:
            change_number(attribute, random)


def change_number(attribute: dict[str, Any], random: random.Random) -> None:
    """Another number in an attribute."""
    if "f" in attribute:
        attribute["f"] = random.choice([*FLOATS, attribute["f"] * 2, attribute["f"] * 1.0001])
    elif "i" in attribute:
        attribute["i"] = other_number(attribute["i"], random)
    else:
        numbers = attribute["ints"]
        match random.randrange(5):
            case 0:
                numbers.append(random.choice(WHOLE))
            case 1:
                del numbers[random.randrange(len(numbers)) :]
            case 2:
                random.shuffle(numbers)
            case _:
                place = random.randrange(len(numbers))
                numbers[place] = other_number(numbers[place], random)


def add_attribute(parts: Parts, random: random.Random) -> None:
    """An attribute that such an operator may have elsewhere."""
    name = random.choice(ATTRIBUTES).encode()
    values = [{"i": random.choice(WHOLE), "type": 2}, {"f": random.choice(FLOATS), "type": 1}]
    values.append({"ints": [random.choice(WHOLE) for _ in range(random.choice([1, 2, 4]))], "type": 7})
    node = owned(parts.nodes, random.randrange(len(parts.nodes)))
    node["attribute"].append({"name": name, **random.choice(values)})


def change_node(parts: Parts, random: random.Random) -> None:
    """A node gone, twice, elsewhere, of another operator, with other inputs or outputs."""
    place = random.randrange(len(parts.nodes))
    node = owned(parts.nodes, place)
    names = [name for one in parts.nodes for name in one["output"]] + [tensor["name"] for tensor in parts.tensors]
    names += [b"images", b"", b"nowhere", b"\xff\xfe", b"a\x1b[2J"]
    match random.randrange(11):
        case 0:
            del parts.nodes[place]
        case 1:
            parts.nodes.insert(random.randrange(len(parts.nodes)), copy.deepcopy(node))
        case 2:
            other = random.randrange(len(parts.nodes))
            parts.nodes[place], parts.nodes[other] = parts.nodes[other], parts.nodes[place]
        case 3:
            node["op_type"] = random.choice(OPERATORS).encode()
        case 4:
            node["input"][random.randrange(len(node["input"]))] = random.choice(names)
        case 5:
            node["input"].append(random.choice(names))
        case 6:
            node["input"].pop()
        case 7:
            random.shuffle(node["input"])
        case 8:
            node["output"] = random.choice([[], [random.choice(names)], [*node["output"], b"more"]])
        case 9:  # fields that are not in our schema: a domain, a subgraph as an attribute's value
            node["more"] = random.choice([b"\x3a\x03com", b"\x32\x04text", b"\xa8\x06\x01"])
        case _:
            rename_value(parts, node["output"][0], random) if node["output"] else None


def rename_value(parts: Parts, name: bytes, random: random.Random) -> None:
    """A value gets another name everywhere: the same graph."""
    new = random.choice([name + b"_", b"squares", name + b".rounded", b"x.scale", b"1"])
    for place in range(len(parts.nodes)):
        node = owned(parts.nodes, place)
        node["input"] = [new if one == name else one for one in node["input"]]
        node["output"] = [new if one == name else one for one in node["output"]]
        node["name"] = node["output"][0] if node["output"] else b""


def change_tensor(parts: Parts, random: random.Random) -> None:
    """Another shape, type, values, with the bytes that belong to them or not; one gone, twice, of another name."""
    place = random.randrange(len(parts.tensors))
    tensor = owned(parts.tensors, place)
    dims = tensor["dims"]
    match random.randrange(14):
        case 0:
            random.shuffle(dims)
        case 1:
            dims[:] = dims[::-1]
        case 2 if dims:
            dims[random.randrange(len(dims))] = random.choice(WHOLE)
        case 3 if dims:  # with its bytes: a kernel of one channel, a bias of one value
            axis = random.randrange(len(dims))
            resize(tensor, axis, random.choice([1, 2, dims[axis] + 1, max(1, dims[axis] - 1), 8, 5000]))
        case 4:
            tensor["data_type"] = random.choice([*SIZES, 0, 5, 9, 16, 99])
        case 5:  # with its bytes
            count = len(tensor["raw_data"]) // SIZES[tensor["data_type"]]
            tensor["data_type"] = random.choice(list(SIZES))
            tensor["raw_data"] = random.randbytes(count * SIZES[tensor["data_type"]]) if count < 10**6 else b""
        case 6:
            tensor["raw_data"] = tensor["raw_data"][: random.randrange(len(tensor["raw_data"]) + 1)]
        case 7:
            del parts.tensors[place]
        case 8:
            parts.tensors.insert(place, copy.deepcopy(tensor))
        case 9:
            tensor["name"] = random.choice(parts.tensors)["name"]
        case 10:
            parts.tensors.append({"name": b"more", "dims": [1], "data_type": 1, "raw_data": bytes(4)})
        case 11:
            tensor["float_data"] = [1.0]
        case 12:
            dims.append(1) if random.random() < 0.5 else dims.insert(0, 1)
        case _:
            change_values(tensor, random)


def resize(tensor: dict[str, Any], axis: int, length: int) -> None:
    """The tensor with another length of one axis, its values repeated or cut."""
    if tensor["data_type"] not in SIZES or len(tensor["raw_data"]) != SIZES[tensor["data_type"]] * np.prod(
        tensor["dims"]
    ):
        return
    values = np.frombuffer(tensor["raw_data"], f"V{SIZES[tensor['data_type']]}").reshape(tensor["dims"])
    tensor["raw_data"] = np.take(values, np.arange(length) % max(1, values.shape[axis]), axis).tobytes()
    tensor["dims"][axis] = length


def change_values(tensor: dict[str, Any], random: random.Random) -> None:
    """One value or all of them: not finite, too large, too small, 0, any."""
    data, size = bytearray(tensor["raw_data"]), SIZES.get(tensor["data_type"], 1)
    if len(data) < size:
        return
    value = struct.pack("<f", random.choice(FLOATS)) if tensor["data_type"] == 1 else random.randbytes(size)
    place = random.randrange(len(data) // size) * size
    if random.random() < 0.3:
        data = bytearray(value * (len(data) // size))
    else:
        data[place : place + size] = value
    tensor["raw_data"] = bytes(data)


def change_value(parts: Parts, random: random.Random) -> None:
    """An input or output of another name, type, shape; one more, one less, in another order."""
    values = parts.values[random.choice(["input", "output"])]
    if not values:
        return
    value = random.choice(values)
    match random.randrange(7):
        case 0:
            value["name"] = random.choice([b"images", b"probabilities", b"features", b"softmax", b"3a", b""])
        case 1:
            value["elem_type"] = random.choice([*SIZES, 0, 99])
        case 2 if value["dims"]:
            value["dims"][random.randrange(len(value["dims"]))] = random.choice([*WHOLE[:-1], b"N", b"", b"W"])
        case 3:
            value["dims"].append(3)
        case 4:
            values.remove(value)
        case 5:
            values.append(copy.deepcopy(value))
        case _:
            random.shuffle(values)


def change_description(parts: Parts, random: random.Random) -> None:
    """A description of another network, or of one that cannot be."""
    change_record(parts.description, random)


def change_record(record: Any, random: random.Random) -> None:
    """Another value somewhere in a JSON record."""
    while True:
        keys = list(record) if isinstance(record, dict) else list(range(len(record)))
        if not keys:
            return
        key = random.choice(keys)
        if isinstance(record[key], dict | list) and record[key] and random.random() < 0.8:
            record = record[key]
            continue
        values = [
            None,
            True,
            "",
            "x",
            [],
            {},
            *WHOLE,
            *FLOATS,
            1e308,
            5e-324,
            [1.0] * 3,
            "paper",
            "naive",
            "GREY",
            "int8",
        ]
        values += [record[key] * 2] if isinstance(record[key], int | float | list | str) else []
        match random.randrange(8):
            case 0 if isinstance(record, dict):
                del record[key]
            case 1 if isinstance(record, dict):
                record["more"] = record[key]
            case _:
                record[key] = copy.deepcopy(random.choice(values))
        return


def change_graph(parts: Parts, random: random.Random) -> None:
    """Fields of a graph that are not in our schema: a sparse tensor, annotations, a text."""
    parts.more.append(random.choice([b"\x7a\x00", b"\x72\x02\x0a\x00", b"\x52\x04text", b"\x6a\x00", b"\x82\x01\x00"]))


CHANGES: list[tuple[Change, int]] = [
    (change_attribute, 5),
    (change_node, 4),
    (change_tensor, 5),
    (change_value, 1),
    (change_description, 2),
    (change_graph, 1),
]


def changed_onnx(parts: Parts, random: random.Random) -> Content:
    """The file with one to three changes."""
    changed = copy.copy(parts)
    changed = Parts(
        list(parts.nodes),
        list(parts.tensors),
        copy.deepcopy(parts.values),
        copy.deepcopy(parts.description),
    )
    changes, weights = zip(*CHANGES, strict=True)
    for change in random.choices(changes, weights, k=random.choice([1, 1, 1, 2, 3])):
        try:
            change(changed, random)
        except (IndexError, KeyError, ValueError):  # nothing there to change after what was changed before
            continue
    try:
        return (put_together(changed),)
    except (OverflowError, struct.error, TypeError):  # a number that no file can hold
        return changed_onnx(parts, random)


def changed_ir(model: ExportedModel, random: random.Random) -> Content:
    """An IR with other attributes, layers, edges, constants."""
    network = ElementTree.fromstring(model.content[0])
    constants = bytearray(model.content[1])
    description = msgspec.to_builtins(model.description)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        layers, edges = network.find("layers"), network.find("edges")
        assert layers is not None
        assert edges is not None
        layer = random.choice(list(layers))
        data = layer.find("data")
        match random.randrange(9):
            case 0 | 1 | 2 if data is not None and data.attrib:
                key = random.choice(list(data.attrib))
                numbers = data.attrib[key].split(",")
                numbers[random.randrange(len(numbers))] = str(
                    random.choice([*WHOLE, *FLOATS, "f32", "x", "", "true", "valid"])
                )
                data.set(key, ",".join(numbers))
            case 3:
                layer.set(
                    "type",
                    random.choice(["ReLU", "Convolution", "Result", "Loop", "Const", "MaxPool", "LRN", "Gather"]),
                )
            case 4:
                edge = random.choice(list(edges))
                edge.set(
                    random.choice(["from-layer", "to-layer", "from-port", "to-port"]),
                    str(random.choice([*WHOLE, 20, 60])),
                )
            case 5:
                random.choice([layers.remove, layers.append])(layer)
            case 6:
                edges.remove(random.choice(list(edges)))
            case 7:
                place = random.randrange(len(constants) // 4) * 4
                constants[place : place + 4] = struct.pack("<f", random.choice(FLOATS))
            case _:
                change_record(description, random)
    total = sha256()
    for part in ("layers", "edges"):
        total.update(ElementTree.canonicalize(ElementTree.tostring(network.find(part)), strip_text=True).encode())
    total.update(constants)
    info = network.find("rt_info")
    assert info is not None
    for key, value in metadata_of(description | {"sha256": total.hexdigest()}).items():
        element = info.find(key)
        assert element is not None
        element.set("value", value)
    return ElementTree.tostring(network, encoding="utf-8", xml_declaration=True), bytes(constants)


def changed_pt2(model: ExportedModel, random: random.Random) -> Content:
    """An archive of torch with another table of weights, or other weights."""
    with zipfile.ZipFile(io.BytesIO(model.content[0])) as archive:
        entries = {name: archive.read(name) for name in archive.namelist() if "/extra/googlenet" not in name}
    root = next(iter(entries)).partition("/")[0]
    description = msgspec.to_builtins(model.description)
    for _ in range(random.choice([1, 1, 2, 3])):
        config = f"{root}/data/weights/model_weights_config.json"
        weights = [name for name in entries if "/data/weights/weight_" in name and entries[name]]
        match random.randrange(5):
            case 0 | 1 if config in entries:
                table = json.loads(entries[config])
                change_record(table, random)
                entries[config] = json.dumps(table).encode()
            case 2:
                tensor = {"raw_data": entries[name := random.choice(weights)], "data_type": 1}
                change_values(tensor, random)
                entries[name] = tensor["raw_data"]
            case 3:
                name = random.choice(list(entries))
                random.choice([entries.pop, lambda name: entries.__setitem__(name, entries[name][:-1])])(name)
            case _:
                change_record(description, random)
    total, bare = sha256(), {name.partition("/")[2]: data for name, data in entries.items()}
    for name in sorted(bare):
        total.update(f"{name} {len(bare[name])}\n".encode())
        total.update(bare[name])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
        for key, value in metadata_of(description | {"sha256": total.hexdigest()}).items():
            archive.writestr(f"{root}/extra/{key}", value)
    return (file.getvalue(),)


def changed_model(content: bytes, random: random.Random) -> Content:
    """A model file with another table, description or weights, and right checksums."""
    end = 8 + int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8:end]), bytearray(content[end:])
    description = json.loads(header["__metadata__"]["googlenet"])
    for _ in range(random.choice([1, 1, 2, 3])):
        names = [name for name in header if name != "__metadata__"]
        match random.randrange(6):
            case 0 | 1:
                change_record(header[random.choice(names)], random)
            case 2:
                place = random.randrange(len(data) // 4) * 4
                data[place : place + 4] = struct.pack("<f", random.choice(FLOATS))
            case 3:
                name = random.choice(names)
                random.choice([header.pop, lambda name: header.__setitem__("more", header[name])])(name)
            case _:
                change_record(description, random)
    description["sha256"] = sum_of_tensors(header, data)
    header["__metadata__"] |= metadata_of(description)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return (len(text).to_bytes(8, "little") + text + bytes(data),)


def sum_of_tensors(header: dict[str, Any], data: bytearray) -> str:
    """The checksum that the reader will ask for, where the table can be understood."""
    total = sha256()
    try:
        for name in sorted(name for name in header if name != "__metadata__"):
            row = header[name]
            begin, end = row["data_offsets"]
            dtype = {"F32": "<f4", "F16": "<f2", "U8": "|u1"}[row["dtype"]]
            total.update(f"{name} {dtype} {tuple(row['shape'])}\n".encode())
            total.update(data[begin:end])
    except (KeyError, TypeError, ValueError):
        return ""
    return total.hexdigest()


@dataclass
class Kind:
    """A kind of file: how one is changed, how one is read, and the engines that run what passes."""

    change: Callable[[random.Random], Content]
    read: Callable[[Content], Any]
    engines: tuple[str, ...]
    suffix: str


def small_model(*, width: float = 0.01) -> Model:
    """A narrow network with LRN, for small pictures."""
    spec = ArchitectureSpec("inception5h", classes=3, width=width)
    weights = read_weights(GoogLeNet(build_architecture(spec)), auxiliaries=False)
    classes = tuple(ClassLabel(name, name) for name in "abc")
    return Model(spec, weights, classes, Preprocessing(64, 72, "crop", "BGR", (124.0, 117.0, 104.0), (0.02,) * 3))


def small_export(target: Target, precision: Precision, *, apart: bool = True) -> ExportedModel:
    """The narrow network as an exported file."""
    model = small_model()
    graph = build_graph(model)
    if precision == "int8":
        squares = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)
        graph = to_int8(graph, squares, quantize_all_outputs=target == "onnx")
    elif apart:
        graph = decompose_lrn(graph)
    description = Description(
        target=target,
        precision=precision,
        networks=(ExportedNetwork(model.spec, model.about),),
        classes=model.classes,
        preprocessing=model.preprocessing,
        known_answer=((0.5, 0.25, 0.25),),
        sha256="",
    )
    return describe_content(EXPORT_TARGETS[target].encode(graph, [model]), description)


def kind_of_onnx(precision: Precision, *, apart: bool = True) -> Kind:
    """ONNX files in a precision."""
    parts = taken_apart(small_export("onnx", precision, apart=apart))
    return Kind(
        lambda random: changed_onnx(parts, random),
        lambda content: check_exported(content, "onnx", Path("changed.onnx")),
        ("native", "onnx", "openvino"),
        ".onnx",
    )


def kind_of_ir(precision: Precision) -> Kind:
    """Networks for OpenVINO in a precision."""
    model = small_export("openvino", precision)
    return Kind(
        lambda random: changed_ir(model, random),
        lambda content: check_exported(content, "openvino", Path("changed")),
        ("openvino",),
        ".xml",
    )


def kind_of_pt2() -> Kind:
    """Programs for torch."""
    model = small_export("pt2", "float32")
    return Kind(
        lambda random: changed_pt2(model, random),
        lambda content: check_exported(content, "pt2", Path("changed.pt2")),
        ("torch",),
        ".pt2",
    )


def kind_of_model() -> Kind:
    """Model files."""
    path = Path(tempfile.mkdtemp()) / "model.safetensors"
    save_model(small_model(), path)
    content = path.read_bytes()

    def read(content: Content) -> Any:
        path.write_bytes(content[0])
        read_header(path)
        return load_model(path)

    return Kind(lambda random: changed_model(content, random), read, ("native", "onnx", "torch"), ".safetensors")


KINDS: dict[str, Callable[[], Kind]] = {
    "onnx": lambda: kind_of_onnx("float32"),
    "lrn": lambda: kind_of_onnx("float32", apart=False),
    "int8": lambda: kind_of_onnx("int8"),
    "ir": lambda: kind_of_ir("float32"),
    "ir-int8": lambda: kind_of_ir("int8"),
    "pt2": kind_of_pt2,
    "model": kind_of_model,
}
"""Kinds of files by name; "lrn" is ONNX with LRN as an operator."""


def end_of_reading(kind: Kind, content: Content) -> tuple[str, Any]:
    """How reading ends: "passed" and the model, or the kind of error; raises whatever is none of ours."""
    try:
        return "passed", kind.read(content)
    except GoogLeNetError as error:
        sentence = str(error)
        if not sentence.isprintable():
            raise AssertionError(f"not one printable line: {sentence!r}") from error
        return type(error).__name__, None


def run_engines(kind: Kind, connection: Any) -> None:
    """The child: runs each content that comes on every engine, and sends back what came of it."""
    while True:
        content = connection.recv()
        model = kind.read(content)
        images = known_answer_images(model.preprocessing.input_size, count=2)
        answers: dict[str, Any] = {}
        for name in kind.engines:
            try:
                answers[name] = open_engine(model, name=name, threads=1).run(images).probabilities
            except GoogLeNetError as error:
                answers[name] = type(error).__name__
            except BaseException as error:
                answers[name] = f"RAW {type(error).__name__}: {error}"
        connection.send(answers)


class Runner:
    """A child process for the engines, made anew where it ended; ends with its `with` block."""

    def __init__(self, kind: Kind) -> None:
        """Nothing runs yet."""
        self.kind, self.process = kind, None

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        """A forked child holds whatever pipes its parent had open, and would keep their other ends waiting."""
        if self.process is not None:
            self.process.kill()
            self.process.join()

    def run(self, content: Content) -> dict[str, Any] | str:
        """What each engine answers, or how the child ended."""
        if self.process is None:
            self.connection, theirs = multiprocessing.Pipe()
            self.process = multiprocessing.get_context("fork").Process(
                target=run_engines, args=(self.kind, theirs), daemon=True
            )
            self.process.start()
            theirs.close()
        try:
            self.connection.send(content)
            if self.connection.poll(SECONDS):
                return self.connection.recv()
            reason = "hangs"
            self.process.kill()
        except (EOFError, ConnectionError):
            reason = ""
        self.process.join()
        code, self.process = self.process.exitcode, None
        return reason or f"ended with {code}"


def disagreement(answers: dict[str, Any]) -> float:
    """The largest difference of a probability between engines that answered with finite numbers."""
    arrays = [one for one in answers.values() if not isinstance(one, str) and np.isfinite(one).all()]
    return max((float(np.abs(one - arrays[0]).max()) for one in arrays), default=0.0)


def remember_decoded() -> None:
    """Decode a node and a constant once for the same bytes, on which alone they depend: nearly all are as they were."""
    for name in ("_node", "_constant"):
        setattr(onnx_graph, name, lru_cache(20_000)(getattr(onnx_graph, name)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read changed files and report the outcomes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", help=f"of {', '.join(KINDS)}; default: all")
    parser.add_argument("--files", type=int, default=1000, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engines", action="store_true", help="run what passes on every engine")
    options = parser.parse_args(arguments)
    print(describe_machine(), flush=True)
    remember_decoded()
    failed = False
    for name in options.kinds or KINDS:
        failed |= fuzz(name, options.files, options.seed, engines=options.engines)
    sys.exit(int(failed))


def fuzz(name: str, files: int, seed: int, *, engines: bool) -> bool:
    """Read and perhaps run changed files of a kind; whether something went wrong."""
    kind, ends, slowest, worst = KINDS[name](), Counter[str](), 0.0, Counter[str]()
    runner, failures, started = Runner(kind), 0, time.perf_counter()
    for number in range(files):
        content = kind.change(random.Random(f"{seed} {name} {number}"))
        begun = time.perf_counter()
        try:
            end, model = end_of_reading(kind, content)
        except Exception as error:
            end, model = f"RAW {type(error).__name__}: {error}"[:200], None
        slowest = max(slowest, time.perf_counter() - begun)
        wrong = end if end.startswith("RAW") else ""
        if model is not None and engines:
            answers = runner.run(content)
            if isinstance(answers, str):
                wrong = f"the engines' process {answers}"
            else:
                for engine, answer in answers.items():
                    told = (
                        answer if isinstance(answer, str) else "finite" if np.isfinite(answer).all() else "not finite"
                    )
                    worst[f"{engine}: {told[:80]}"] += 1
                    wrong = told if told.startswith("RAW") else wrong
                if name in ("onnx", "lrn", "model") and disagreement(answers) > 1e-3:
                    wrong = f"engines disagree by {disagreement(answers):.3f}"
        ends[end] += 1
        if (number + 1) % 1000 == 0:
            print(f"{name}: {number + 1:,} files, {failures} wrong", flush=True)
        if wrong:
            failures += 1
            ends[f"WRONG {wrong[:120]}"] += 1
            if failures <= 20:
                for place, data in enumerate(content):
                    Path(f"fuzz-{name}-{seed}-{number}-{place}{kind.suffix}").write_bytes(data)
                print(f"{name} {number}: {wrong}", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - started
    print(f"{name}: {files:,} files in {seconds:.0f} s, the slowest {slowest * 1000:.0f} ms to read")
    for counter in (ends, worst):
        for end, count in sorted(counter.items()):
            print(f"{count:8,}  {end}", flush=True)
    return failures > 0


if __name__ == "__main__":
    main()
