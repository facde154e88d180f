"""A TensorFlow graph in a zip archive, such as `inception5h.zip`, with the list of class names beside it."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from googlenet.errors import ModelFileError

GRAPH, NAMES = ".pb", "label_strings.txt"
"""How the names of the two entries end; others are not read."""

LARGEST_GRAPH = 128 * 2**20
"""Bytes; the published graph has 54 MB. Reading a malicious one takes a few times its size in memory."""

LARGEST_LIST = 2**20  # bytes


@dataclass(frozen=True, slots=True)
class GraphArchive:
    """The bytes of a GraphDef, and the class names, one per output, maybe without the last ones, or none."""

    graph: bytes
    class_names: tuple[str, ...]


def open_archive(path: Path) -> GraphArchive | None:
    """Read the graph in a zip archive; None for one that cannot be opened or has none, such as a PyTorch checkpoint.

    Raises ModelFileError if there are several, if one is damaged, or larger than any GoogLeNet.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except Exception:  # zipfile raises a dozen types of exceptions
        return None
    graphs, lists = ([entry for entry in entries if entry.filename.endswith(ending)] for ending in (GRAPH, NAMES))
    if not graphs:
        return None
    if len(graphs) > 1 or len(lists) > 1:
        raise ModelFileError(
            f"{path} contains {len(graphs):,} graphs ({GRAPH}) and {len(lists):,} lists of class names ({NAMES}); "
            "expected one of each"
        )
    graph = _read(path, graphs[0], LARGEST_GRAPH)
    names = _read(path, lists[0], LARGEST_LIST).decode(errors="replace") if lists else ""
    return GraphArchive(graph, tuple(line.strip() for line in names.splitlines()))


def _read(path: Path, entry: zipfile.ZipInfo, most: int) -> bytes:
    """An entry's bytes; never unpacks more than `most` + 1, whatever size it claims."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(entry) as file:
            content = file.read(most + 1)
    except Exception as error:  # so do its decompressors
        raise ModelFileError(f"{path} is damaged: {entry.filename!a} in it cannot be unpacked") from error
    if len(content) > most:
        raise ModelFileError(f"{path} is damaged: {entry.filename!a} in it has more than {most / 2**20:.0f} MB")
    return content
