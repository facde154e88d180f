"""torch's archive of an exported program (.pt2): a zip whose weights are raw bytes; judged and read without torch.

torch's own reader unpickles what an archive holds and evaluates text in it, so it is for files one trusts. This one
reads the weights alone, and whoever runs them does so in a network that is built from the table.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import ArchitectureSpec
from googlenet.artifacts.content import CheckedContent, Content, check_age
from googlenet.errors import ModelFileError
from googlenet.images import Preprocessing
from googlenet.model import COUNTER_SUFFIX, DESCRIPTION_KEY, DESCRIPTION_SUM_KEY, check_shapes

LARGEST = 2**30  # bytes of all entries together

_EXTRA = "extra/"
_WEIGHTS = "data/weights/"
_CONFIG = f"{_WEIGHTS}model_weights_config.json"
_FLOAT32 = 7  # torch's number of the type, in its archives
_METADATA = (DESCRIPTION_KEY, DESCRIPTION_SUM_KEY)


def check_pt2(content: Content, where: str) -> CheckedContent:
    """What an archive says of itself, and the sha256 of all its other entries, by name.

    Raises ModelFileError for an archive that is damaged or that others wrote.
    """
    entries = _entries(content, where)
    metadata = {
        key: entries.pop(f"{_EXTRA}{key}").decode(errors="backslashreplace")
        for key in _METADATA
        if f"{_EXTRA}{key}" in entries
    }
    if DESCRIPTION_KEY not in metadata:
        raise ModelFileError(
            f"{where} is an archive of torch that googlenet did not export: it does not say what its classes are and "
            "how pictures are prepared"
        )
    check_age(metadata, where)
    total = sha256()
    for name in sorted(entries):
        total.update(f"{name} {len(entries[name])}\n".encode())
        total.update(entries[name])
    return CheckedContent(metadata, total.hexdigest(), content, partial(_check_networks, content, where))


def with_metadata(content: Content, metadata: Mapping[str, str]) -> Content:
    """The archive, which has no metadata yet, with these as extra files."""
    file = io.BytesIO(content[0])
    with zipfile.ZipFile(file, "a") as archive:  # what torch wrote stays where it is
        root = archive.namelist()[0].partition("/")[0]
        for key, value in sorted(metadata.items()):
            archive.writestr(zipfile.ZipInfo(f"{root}/{_EXTRA}{key}"), value)
    return (file.getvalue(),)


def read_weights(content: Content, where: str) -> dict[str, NDArray[np.float32]]:
    """The float32 weights of an archive by their names in the program.

    Raises ModelFileError where the bytes of one do not fit its shape.
    """
    entries = _entries(content, where)
    try:
        config: dict[str, Any] = json.loads(entries[_CONFIG])["config"]
        return {name: _weight(entries, row) for name, row in config.items() if not name.endswith(COUNTER_SUFFIX)}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelFileError(f"{where} is damaged: its weights cannot be read") from error


def member_weights(content: Content, specs: Sequence[ArchitectureSpec], *, where: str) -> list[dict[str, NDArray[Any]]]:
    """The weights of each network in an archive, by the names that they have in a model.

    Raises ModelFileError where they are not those of the networks `specs`, or not finite.
    """
    weights = read_weights(content, where)
    members = []
    for number, spec in enumerate(specs):
        prefix = f"members.{number}."
        own = {name.removeprefix(prefix): array for name, array in weights.items() if name.startswith(prefix)}
        check_shapes(spec, {name: array.shape for name, array in own.items()}, where=where)
        for name, array in own.items():
            if not np.isfinite(array).all():
                raise ModelFileError(f"{where}: the weight {name} holds values that are not finite numbers")
        members.append(own)
    return members


def _check_networks(
    content: Content, where: str, specs: Sequence[ArchitectureSpec], preprocessing: Preprocessing, *, rounded: bool
) -> None:
    """The weights are all that is ever read of an archive; whoever runs it builds the network from the table."""
    if rounded:
        raise ModelFileError(f"{where} is damaged: it says that it is in int8, and its weights are float32")
    member_weights(content, specs, where=where)


def _entries(content: Content, where: str) -> dict[str, bytes]:
    """The entries by name, without the folder that all of them are in."""
    try:
        with zipfile.ZipFile(io.BytesIO(content[0])) as archive:
            infos = archive.infolist()
            names = [info.filename.partition("/")[2] for info in infos]
            stored = all(info.compress_type == zipfile.ZIP_STORED for info in infos)
            if not stored or len(set(names)) < len(names) or sum(info.file_size for info in infos) > LARGEST:
                raise ModelFileError(f"{where} was not exported by googlenet: its entries are packed, or named twice")
            return {name: archive.read(info) for name, info in zip(names, infos, strict=True)}
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ModelFileError(f"{where} is damaged: its archive cannot be read") from error


def _weight(entries: Mapping[str, bytes], row: Any) -> NDArray[np.float32]:
    """The values of one row of the table; raises ValueError or KeyError for what does not fit."""
    about, data = row["tensor_meta"], entries[f"{_WEIGHTS}{row['path_name']}"]
    shape = tuple(length["as_int"] for length in about["sizes"])
    strides = [prod(shape[place + 1 :]) for place in range(len(shape))]
    plain = [one["as_int"] for one in about["strides"]] == strides and about["storage_offset"] == {"as_int": 0}
    if row["use_pickle"] or about["dtype"] != _FLOAT32 or not plain or 4 * prod(shape) != len(data):
        raise ValueError(row)
    return np.frombuffer(data, "<f4").reshape(shape).copy()
