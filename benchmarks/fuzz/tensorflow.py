"""TensorFlow graphs of inception5h with other nodes, attributes and constants."""

from __future__ import annotations

import copy
import random
import struct

import numpy as np

from benchmarks.fuzz.values import FLOATS, WHOLE, Content, other_number
from tests.importers.tensorflow_files import Nodes, TensorFlowNode, graph_def

OPERATORS = ["Conv2D", "BiasAdd", "Add", "Relu", "Relu6", "MaxPool", "AvgPool", "LRN", "Concat", "ConcatV2", "MatMul"]
OPERATORS += ["Reshape", "Squeeze", "Identity", "Const", "Placeholder", "Sub", "Softmax", "Mean", "Foreign"]
ATTRIBUTES = ["strides", "ksize", "padding", "data_format", "dilations", "depth_radius", "bias", "alpha", "beta"]
ATTRIBUTES += ["transpose_a", "transpose_b", "value", "foreign"]
VALUES = [
    [1, 1, 1, 1],
    [1, 2, 2, 1],
    [1, 0, 0, 1],
    [1, 3, 3],
    [],
    b"SAME",
    b"VALID",
    b"EXPLICIT",
    b"NCHW",
    b"\xff",
    True,
]


def changed_graph(nodes: Nodes, random: random.Random) -> Content:
    """The graph with one to three changes."""
    changed = copy.deepcopy(nodes)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        change_node(changed, random)
    try:
        return (graph_def(changed),)
    except (OverflowError, struct.error):  # a number that no file can hold
        return changed_graph(nodes, random)


def change_node(nodes: Nodes, random: random.Random) -> None:
    """A node gone, twice, of another operator, with other inputs, attributes, or values."""
    key = random.choice(list(nodes))
    node, names = nodes[key], [*nodes, "", "nowhere", "^input", "conv2d0:1", "a\x1b[2J"]
    match random.randrange(12):
        case 0:
            del nodes[key]
        case 1:
            nodes[f"{key} again"] = copy.deepcopy(node)
        case 2:
            node.operator = random.choice(OPERATORS)
        case 3 | 4:
            node.name = random.choice(names) if random.random() < 0.5 else f"{node.name}_"
        case 5 if node.inputs:
            node.inputs[random.randrange(len(node.inputs))] = random.choice(names)
        case 6:
            random.choice([node.inputs.reverse, node.inputs.clear, lambda: node.inputs.append(random.choice(names))])()
        case 7 | 8 | 9:
            change_attribute(node, random)
        case _:
            change_constant(random.choice([one for one in nodes.values() if one.operator == "Const"] or [node]), random)


def change_attribute(node: TensorFlowNode, random: random.Random) -> None:
    """Another attribute, one less, or another number in one."""
    name = random.choice([*node.attributes, random.choice(ATTRIBUTES)])
    value = node.attributes.get(name)
    if isinstance(value, list) and value and random.random() < 0.7:
        place = random.randrange(len(value))
        value[place] = other_number(value[place], random)
    elif random.random() < 0.2:
        node.attributes.pop(name, None)
    else:
        node.attributes[name] = random.choice([*WHOLE, *FLOATS, *VALUES])


def change_constant(node: TensorFlowNode, random: random.Random) -> None:
    """Another shape, other values, or another number of them."""
    match random.randrange(4):
        case 0 if node.shape:
            shape = list(node.shape)
            place = random.randrange(len(shape))
            shape[place] = random.choice([*WHOLE, shape[place] + 1, shape[place] * 2])
            node.shape = tuple(shape)
        case 1:
            node.shape = random.choice([(), node.shape[::-1], (*node.shape, 1), (1,) * 9, node.shape[1:]])
        case 2:
            node.content = random.choice(FLOATS)
        case _:
            node.content = np.zeros(random.choice([0, 1, 3, 64, 1008]), random.choice([np.float32, np.int32]))
