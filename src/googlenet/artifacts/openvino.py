"""OpenVINO's IR, a network as XML beside the bytes of its constants; judged without OpenVINO.

Metadata are entries of `rt_info`, where OpenVINO keeps what is known of a network.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from math import prod
from xml.etree import ElementTree

from googlenet.artifacts.content import CheckedContent, Content
from googlenet.errors import ModelFileError
from googlenet.graph import IMAGES, OUTPUTS
from googlenet.model import DESCRIPTION_KEY

XML_FILE, CONSTANTS_FILE = FILES = ("model.xml", "model.bin")

ITEM_BITS = {"f64": 64, "f32": 32, "f16": 16, "bf16": 16, "i64": 64, "i32": 32, "i8": 8, "u8": 8, "boolean": 8}
"""What one value takes, by OpenVINO's names of the types that its constants have here."""

# An XML parser fetches and repeats what entities say; IR has none.
FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY")


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
    for layer in network.iterfind("layers/layer[@type='Const']"):
        _check_constant(layer, len(constants), where)
    if missing := {IMAGES, *OUTPUTS} - set(_value_names(network)):
        raise ModelFileError(f"{where} was not exported by googlenet: it has no {', '.join(sorted(missing))}")
    total = sha256()
    for part in ("layers", "edges"):
        if (element := network.find(part)) is None:
            raise ModelFileError(f"{where} is damaged: its XML has no {part}")
        total.update(ElementTree.canonicalize(ElementTree.tostring(element), strip_text=True).encode())
    total.update(constants)
    return CheckedContent(metadata, total.hexdigest())


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


def _parsed(xml: bytes, where: str) -> ElementTree.Element:
    if any(word in xml for word in FORBIDDEN):
        raise ModelFileError(f"{where} was not exported by googlenet: its XML declares entities")
    try:
        return ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # LookupError: an encoding that nobody knows
        raise ModelFileError(f"{where} is damaged: its XML cannot be read ({error})") from error


def _check_constant(layer: ElementTree.Element, size: int, where: str) -> None:
    """The range of bytes fits the shape and lies in the file of constants."""
    data = layer.find("data")
    fields = {} if data is None else data.attrib
    try:
        shape = [int(length) for length in fields.get("shape", "").split(",") if length.strip()]
        offset, stored = int(fields["offset"]), int(fields["size"])
        fits = 8 * stored == prod(shape) * ITEM_BITS[fields["element_type"]] and min(shape, default=0) >= 0
    except (KeyError, ValueError):
        fits, offset, stored = False, 0, 0
    if not fits or offset < 0 or offset + stored > size:
        raise ModelFileError(
            f"{where} is damaged: the bytes of its constant {layer.get('name', '')!a} do not fit its shape"
        )


def _value_names(network: ElementTree.Element) -> Iterator[str]:
    for port in network.iterfind("layers/layer/output/port"):
        yield from port.get("names", "").split(",")
