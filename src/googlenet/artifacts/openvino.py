"""OpenVINO's IR, a network as XML beside the bytes of its constants; checked without OpenVINO.

Metadata are entries of `rt_info`, where OpenVINO keeps what is known of a network. How OpenVINO writes a bias or a
rounding changes from version to version, so the layers are not compared one by one: those that compute (`COMPUTING`)
must be as many of each as the networks that the file names have, with their attributes and kernels; the others are
standard operators whose shapes OpenVINO itself infers and checks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import sha256
from math import prod
from typing import Any
from xml.etree import ElementTree

import numpy as np

from googlenet.architecture import ArchitectureSpec
from googlenet.artifacts.content import CheckedContent, Content, check_age
from googlenet.artifacts.validate import Expected, expected_graphs
from googlenet.errors import InputError, ModelFileError
from googlenet.graph import IMAGES, OUTPUTS, Node
from googlenet.images import Preprocessing
from googlenet.model import DESCRIPTION_KEY

XML_FILE, CONSTANTS_FILE = FILES = ("model.xml", "model.bin")

ITEM_BITS = {"f64": 64, "f32": 32, "f16": 16, "bf16": 16, "i64": 64, "i32": 32, "i8": 8, "u8": 8, "boolean": 8}
"""What one value takes, by OpenVINO's names of the types that its constants have here."""

MOST_DEPTH = 16
"""Levels of the XML, of which OpenVINO writes seven; a tree of any depth would overrun the stack of who walks it."""

LARGEST_NUMBER = 2**16
"""Of the whole numbers that layers are told: axes, targets of a reshape."""

VALUES = {"f64": "<f8", "f32": "<f4", "f16": "<f2", "i64": "<i8"}
"""The types of constants whose values are checked, by OpenVINO's names."""


def _pair(values: Any) -> str:
    return ", ".join(str(value) for value in values)


def _window(node: Node) -> dict[str, str]:
    pads: Any = node.attributes.get("pads", (0, 0, 0, 0))
    return {
        "strides": _pair(node.attributes.get("strides", (1, 1))),
        "dilations": "1, 1",
        "pads_begin": _pair(pads[:2]),
        "pads_end": _pair(pads[2:]),
        "auto_pad": "explicit",
    }


def _pool(node: Node) -> dict[str, str]:
    return _window(node) | {"kernel": _pair(node.attributes["kernel_shape"]), "rounding_type": "ceil"}


def _norm(node: Node) -> dict[str, str]:
    return {key: f"{node.attributes[key]:.6g}" for key in ("size", "alpha", "beta", "bias")}


COMPUTING: dict[str, tuple[str, Callable[[Node], dict[str, str]]]] = {
    "Conv": ("Convolution", _window),
    "MaxPool": ("MaxPool", _pool),
    "LRN": ("LRN", _norm),
    "Gemm": ("MatMul", lambda node: {"transpose_a": "false", "transpose_b": "true"}),
    "Softmax": ("SoftMax", lambda node: {"axis": "1"}),
    "Relu": ("ReLU", lambda node: {}),
    "GlobalAveragePool": ("ReduceMean", lambda node: {"keep_dims": "true"}),
}
"""An operator of a graph -> the type of the layer in IR that computes it, and those of its attributes that count."""

JOINING = "Concat"
"""Concatenations are counted where they join channels (axis 1); OpenVINO has others for lengths of shapes."""


def check_ir(content: Content, where: str) -> CheckedContent:
    """What an IR says of itself, and the sha256 of its layers, their edges and the constants.

    Raises ModelFileError for one that is damaged, that others wrote, whose constants do not lie in its bytes, or whose
    inputs and outputs are not those of `build_graph`.
    """
    xml, constants = content
    network = _parsed(xml, where)
    metadata = {entry.tag: entry.get("value", "") for entry in network.iterfind("rt_info/*")}
    if DESCRIPTION_KEY not in metadata:
        raise ModelFileError(
            f"{where} is a network for OpenVINO that googlenet did not export: it does not say what its classes are "
            "and how pictures are prepared"
        )
    check_age(metadata, where)
    for layer in network.iterfind("layers/layer"):
        _check_layer(layer, where)
        if layer.get("type") == "Const":
            _check_constant(layer, constants, where)
    if missing := {IMAGES, *OUTPUTS} - set(_value_names(network)):
        raise ModelFileError(f"{where} was not exported by googlenet: it has no {', '.join(sorted(missing))}")
    total = sha256()
    for part in ("layers", "edges"):
        if (element := network.find(part)) is None:
            raise ModelFileError(f"{where} is damaged: its XML has no {part}")
        total.update(ElementTree.canonicalize(ElementTree.tostring(element), strip_text=True).encode())
    total.update(constants)
    return CheckedContent(metadata, total.hexdigest(), content, partial(_check_networks, network, where))


def with_metadata(content: Content, metadata: Mapping[str, str]) -> Content:
    """The IR with these metadata, instead of those it has under the same keys."""
    network = _parsed(content[0], "the exported graph")
    known = network.find("rt_info")
    info = ElementTree.SubElement(network, "rt_info") if known is None else known
    for entry in [entry for entry in info if entry.tag in metadata]:
        info.remove(entry)
    for key, value in sorted(metadata.items()):
        ElementTree.SubElement(info, key, value=value)
    return ElementTree.tostring(network, encoding="utf-8", xml_declaration=True), content[1]


class _ShallowBuilder(ElementTree.TreeBuilder):
    """Builds a tree of a few levels alone; raises ValueError for more."""

    depth = 0

    def start(self, tag: Any, attrs: Any, /) -> ElementTree.Element:
        """Open an element."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise ValueError(f"its elements are nested more than {MOST_DEPTH} deep")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> ElementTree.Element:
        """Close an element."""
        self.depth -= 1
        return super().end(tag)


def _parsed(xml: bytes, where: str) -> ElementTree.Element:
    """The tree of an XML in UTF-8 without declarations: entities are fetched and repeated by whoever reads them."""
    encoding = re.match(rb"""\s*<\?xml[^>]*encoding\s*=\s*["']([^"']*)""", xml)
    if b"\0" in xml or (encoding and encoding[1].lower() not in (b"utf-8", b"us-ascii")):
        raise ModelFileError(f"{where} was not exported by googlenet: its XML is not in UTF-8")
    if b"<!" in xml:
        raise ModelFileError(f"{where} was not exported by googlenet: its XML declares entities")
    try:
        parser = ElementTree.XMLParser(target=_ShallowBuilder(), encoding="utf-8")
        return ElementTree.fromstring(xml, parser)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ModelFileError(f"{where} is damaged: its XML cannot be read ({error})") from error


def _check_layer(layer: ElementTree.Element, where: str) -> None:
    """A layer is a standard operator, and has nothing inside it that is run: no body of a loop, no code."""
    what = f"the layer {layer.get('name', '')!a}"
    if not re.fullmatch(r"opset\d+", layer.get("version", "")):
        raise ModelFileError(f"{where} was not exported by googlenet: {what} is no standard operator")
    if strange := {child.tag for child in layer} - {"data", "input", "output", "rt_info"}:
        raise ModelFileError(f"{where} was not exported by googlenet: {what} has a {sorted(strange)[0]!a}")


def _check_constant(layer: ElementTree.Element, constants: bytes, where: str) -> None:
    """The range of bytes fits the shape and lies in the file of constants; the values can be computed with."""
    data = layer.find("data")
    fields = {} if data is None else data.attrib
    try:
        shape = _shape_of(fields)
        offset, stored = int(fields["offset"]), int(fields["size"])
        fits = 8 * stored == prod(shape) * ITEM_BITS[fields["element_type"]] and min(shape, default=0) >= 0
    except (KeyError, ValueError):
        fits, offset, stored = False, 0, 0
    what = f"its constant {layer.get('name', '')!a}"
    if not fits or offset < 0 or offset + stored > len(constants):
        raise ModelFileError(f"{where} is damaged: the bytes of {what} do not fit its shape")
    if dtype := VALUES.get(fields["element_type"]):
        values = np.frombuffer(constants, dtype, stored // np.dtype(dtype).itemsize, offset)
        low, high = (-LARGEST_NUMBER, LARGEST_NUMBER) if values.dtype.kind == "i" else (-np.inf, np.inf)
        if not ((values >= low) & (values <= high) & np.isfinite(values)).all():
            raise ModelFileError(f"{where} is damaged: {what} holds values that cannot be computed with")


def _shape_of(fields: Mapping[str, str]) -> tuple[int, ...]:
    """The shape of a constant by its attributes; raises ValueError for none."""
    return tuple(int(length) for length in fields.get("shape", "").split(",") if length.strip())


def _check_networks(
    network: ElementTree.Element,
    where: str,
    specs: Sequence[ArchitectureSpec],
    preprocessing: Preprocessing,
    *,
    rounded: bool,
) -> None:
    """Compare the layers that compute, and the kernels, with the networks'."""
    try:
        writings = expected_graphs(tuple(specs), preprocessing)
    except InputError as error:
        raise ModelFileError(f"{where}: {error}") from error
    found, kernels = _computing_layers(network), _kernels(network)
    for name, computed in (("layers", found), ("kernels", kernels)):
        expected = [_expected_layers(one) if name == "layers" else _expected_kernels(one) for one in writings]
        if computed not in expected:
            variants = ", ".join(dict.fromkeys(spec.variant for spec in specs))
            nearest = min(expected, key=lambda one: (one - computed).total())
            odd = next(iter((computed - nearest) or (nearest - computed)))
            raise ModelFileError(
                f"{where} does not hold the network that it names ({variants}): it has {computed[odd]} {name} "
                f"{' '.join(map(str, odd))!a} instead of {nearest[odd]}"
            )
    if not rounded and any(layer.get("type") == "FakeQuantize" for layer in network.iterfind("layers/layer")):
        raise ModelFileError(f"{where} is damaged: it is in int8, and does not say so")


_Counted = Counter[tuple[Any, ...]]


def _expected_layers(graph: Expected) -> _Counted:
    nodes = [node for node in graph.nodes if node.operator in COMPUTING]
    rows = [(COMPUTING[node.operator][0], *sorted(COMPUTING[node.operator][1](node).items())) for node in nodes]
    joins = sum(node.operator == JOINING for node in graph.nodes)
    return Counter([*rows, *[(JOINING, ("axis", "1"))] * joins])


def _computing_layers(network: ElementTree.Element) -> _Counted:
    keys = {kind: _keys_of(operator) for operator, (kind, _) in COMPUTING.items()}
    found: _Counted = Counter()
    for layer in network.iterfind("layers/layer"):
        kind, data = layer.get("type", ""), layer.find("data")
        fields = {} if data is None else data.attrib
        if kind in keys:
            found[kind, *((key, _plain(fields.get(key, ""))) for key in keys[kind])] += 1
        elif kind == JOINING and fields.get("axis") != "0":
            found[kind, ("axis", fields.get("axis", ""))] += 1
    return found


def _keys_of(operator: str) -> list[str]:
    """The attributes of a type of layers that count, in order."""
    example = Node(operator, (), "", {"kernel_shape": (), "size": 0, "alpha": 0.0, "beta": 0.0, "bias": 0.0})
    return sorted(COMPUTING[operator][1](example))


def _plain(value: str) -> str:
    """An attribute as it is compared: a single number in six digits, since OpenVINO writes those of a double."""
    try:
        return f"{float(value):.6g}"
    except ValueError:
        return value


def _kernels(network: ElementTree.Element) -> _Counted:
    layers = network.iterfind("layers/layer[@type='Const']/data")
    return _of_kernels(_shape_of(data.attrib) for data in layers)


def _expected_kernels(graph: Expected) -> _Counted:
    return _of_kernels(constant.shape for constant in graph.constants.values())


def _of_kernels(shapes: Iterator[tuple[int, ...]]) -> _Counted:
    """Those with more than one axis that is longer than 1: no biases, means and scales."""
    return Counter(shape for shape in shapes if sum(length > 1 for length in shape) > 1)


def _value_names(network: ElementTree.Element) -> Iterator[str]:
    for port in network.iterfind("layers/layer/output/port"):
        yield from port.get("names", "").split(",")
