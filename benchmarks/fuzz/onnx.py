"""Exported ONNX files with other attributes, nodes, tensors and values."""

from __future__ import annotations

import copy
import random
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.fuzz.onnx_parts import Parts, put_together
from benchmarks.fuzz.values import FLOATS, WHOLE, Content, change_record, other_number

ATTRIBUTES = ["group", "dilations", "auto_pad", "transA", "transB", "alpha", "beta", "axis", "to", "perm", "ceil_mode"]
ATTRIBUTES += ["storage_order", "count_include_pad", "kernel_shape", "strides", "pads", "size", "bias", "keepdims"]

OPERATORS = ["Conv", "Relu", "MaxPool", "AveragePool", "LRN", "Concat", "Gemm", "MatMul", "Identity", "Softmax", "Mul"]
OPERATORS += ["Add", "Div", "Sub", "Sqrt", "Pow", "Cast", "Transpose", "Flatten", "Mean", "GlobalAveragePool", "Loop"]
OPERATORS += ["QuantizeLinear", "DequantizeLinear", "If", "Reshape", "Dropout", "Foreign"]

SIZES = {1: 4, 2: 1, 3: 1, 6: 4, 7: 8, 10: 2, 11: 8}

Change = Callable[[Parts, random.Random], None]


def owned(nodes: list[dict[str, Any]], place: int) -> dict[str, Any]:
    """The node at a place as a copy that may be changed; those that stay as they are are not even encoded again."""
    nodes[place] = {key: copy.deepcopy(value) for key, value in nodes[place].items() if key != "encoded"}
    return nodes[place]


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
