"""Exported networks for OpenVINO with another XML or other constants."""

from __future__ import annotations

import random
import struct
from hashlib import sha256
from xml.etree import ElementTree

import msgspec

from benchmarks.fuzz.values import FLOATS, WHOLE, Content, change_record, metadata_of
from googlenet.artifacts import ExportedModel


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
