"""OpenVINO's IR: a network as an XML file and a binary file with its constants; validated without OpenVINO.

Metadata are entries of `rt_info`, where OpenVINO keeps metadata. How OpenVINO represents biases and quantization varies
with its version, so layers are not compared one by one: there must be as many of each compute layer (`COMPUTING`) as in
the networks of the description, with the same attributes and kernels; the others are standard operators whose shapes
OpenVINO itself infers and checks.
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
"""Size of a value, by OpenVINO's names of the types that constants may have."""

MOST_DEPTH = 16
"""Deepest nesting of the XML; OpenVINO writes seven levels, and unlimited nesting would overflow stacks."""

LARGEST_NUMBER = 2**16
"""Largest magnitude of integer constants: axes, shapes of reshapes."""

VALUES = {"f64": "<f8", "f32": "<f4", "f16": "<f2", "i64": "<i8"}
"""NumPy dtypes of the constants whose values are checked, by OpenVINO's names."""


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


def _lrn(node: Node) -> dict[str, str]:
    return {key: f"{node.attributes[key]:.6g}" for key in ("size", "alpha", "beta", "bias")}


COMPUTING: dict[str, tuple[str, Callable[[Node], dict[str, str]]]] = {
    "Conv": ("Convolution", _window),
    "MaxPool": ("MaxPool", _pool),
    "LRN": ("LRN", _lrn),
    "Gemm": ("MatMul", lambda node: {"transpose_a": "false", "transpose_b": "true"}),
    "Softmax": ("SoftMax", lambda node: {"axis": "1"}),
    "Relu": ("ReLU", lambda node: {}),
    "GlobalAveragePool": ("ReduceMean", lambda node: {"keep_dims": "true"}),
}
"""Operator of a graph -> type of the corresponding IR layer, and the attributes that are compared."""

JOINING = "Concat"
"""Only concatenations of channels (axis 1) are counted; OpenVINO uses others to build shapes."""


def check_ir(content: Content, where: str) -> CheckedContent:
    """The metadata of an IR, and the sha256 of its layers, edges and constants.

    Raises ModelFileError if it is damaged or was not exported by googlenet, if constants lie outside of the binary
    file, or if its inputs and outputs are not those of `build_graph`.
    """
    xml, constants = content
    network = parse_ir(xml, where)
    metadata = {entry.tag: entry.get("value", "") for entry in network.iterfind("rt_info/*")}
    if DESCRIPTION_KEY not in metadata:
        raise ModelFileError(
            f"{where} is an OpenVINO IR that was not exported by googlenet: its classes and preprocessing are unknown"
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
    """The IR with these metadata, replacing those with the same keys."""
    network = parse_ir(content[0], "the exported graph")
    known = network.find("rt_info")
    info = ElementTree.SubElement(network, "rt_info") if known is None else known
    for entry in [entry for entry in info if entry.tag in metadata]:
        info.remove(entry)
    for key, value in sorted(metadata.items()):
        ElementTree.SubElement(info, key, value=value)
    return ElementTree.tostring(network, encoding="utf-8", xml_declaration=True), content[1]


class _ShallowBuilder(ElementTree.TreeBuilder):
    """Builds a tree of at most `MOST_DEPTH` levels; raises ValueError for more."""

    depth = 0

    def start(self, tag: Any, attrs: Any, /) -> ElementTree.Element:
        """Open an element."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise ValueError(f"its elements are nested more than {MOST_DEPTH} levels deep")
        return super().start(tag, attrs)

    def end(self, tag: Any, /) -> ElementTree.Element:
        """Close an element."""
        self.depth -= 1
        return super().end(tag)


def parse_ir(xml: bytes, where: str) -> ElementTree.Element:
    """The tree of an XML in UTF-8 without declarations, because parsers expand and fetch entities."""
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
    """Check that a layer is a standard operator without anything executable inside: no loop body, no code."""
    what = f"the layer {layer.get('name', '')!a}"
    if not re.fullmatch(r"opset\d+", layer.get("version", "")):
        raise ModelFileError(f"{where} was not exported by googlenet: {what} is not a standard operator")
    if unknown := {child.tag for child in layer} - {"data", "input", "output", "rt_info"}:
        raise ModelFileError(f"{where} was not exported by googlenet: {what} has a {sorted(unknown)[0]!a}")


def _check_constant(layer: ElementTree.Element, constants: bytes, where: str) -> None:
    """Check that the byte range fits the shape and lies in the binary file, and that the values are finite."""
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
            raise ModelFileError(f"{where} is damaged: {what} has values that are not finite or too large")


def _shape_of(fields: Mapping[str, str]) -> tuple[int, ...]:
    """The shape of a constant from its attributes; raises ValueError if it is invalid."""
    return tuple(int(length) for length in fields.get("shape", "").split(",") if length.strip())


def _check_networks(
    network: ElementTree.Element,
    where: str,
    specs: Sequence[ArchitectureSpec],
    preprocessing: Preprocessing,
    *,
    quantized: bool,
) -> None:
    """Compare the compute layers and the kernels with those of the networks."""
    try:
        forms = expected_graphs(tuple(specs), preprocessing)
    except InputError as error:
        raise ModelFileError(f"{where}: {error}") from error
    found, kernels = _computing_layers(network), _kernels(network)
    for name, computed in (("layers", found), ("kernels", kernels)):
        expected = [_expected_layers(one) if name == "layers" else _expected_kernels(one) for one in forms]
        if computed not in expected:
            variants = ", ".join(dict.fromkeys(spec.variant for spec in specs))
            nearest = min(expected, key=lambda one: (one - computed).total())
            odd = next(iter((computed - nearest) or (nearest - computed)))
            raise ModelFileError(
                f"{where} does not contain the network in its description ({variants}): it has {computed[odd]} {name} "
                f"{' '.join(map(str, odd))!a} instead of {nearest[odd]}"
            )
    if not quantized and any(layer.get("type") == "FakeQuantize" for layer in network.iterfind("layers/layer")):
        raise ModelFileError(f"{where} is damaged: it is quantized, but its description does not state int8")


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
    """The attributes of an operator's layers that are compared, in order."""
    example = Node(operator, (), "", {"kernel_shape": (), "size": 0, "alpha": 0.0, "beta": 0.0, "bias": 0.0})
    return sorted(COMPUTING[operator][1](example))


def _plain(value: str) -> str:
    """An attribute in the form that is compared: numbers with six digits, since OpenVINO writes doubles."""
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
    """Count the shapes with more than one axis longer than 1, that is, without biases, means and scales."""
    return Counter(shape for shape in shapes if sum(length > 1 for length in shape) > 1)


def _value_names(network: ElementTree.Element) -> Iterator[str]:
    for port in network.iterfind("layers/layer/output/port"):
        yield from port.get("names", "").split(",")
