"""torch's archive of an exported program (.pt2): a zip with raw weights; validated and read without torch.

torch's own reader unpickles and evaluates parts of an archive, so it is only safe for trusted files. This one reads
only the weights, which are then run in a network built from the architecture.
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
    """The metadata of an archive, and the sha256 of all its other entries.

    Raises ModelFileError for an archive that is damaged or was not exported by googlenet.
    """
    entries = _entries(content, where)
    metadata = {
        key: entries.pop(f"{_EXTRA}{key}").decode(errors="backslashreplace")
        for key in _METADATA
        if f"{_EXTRA}{key}" in entries
    }
    if DESCRIPTION_KEY not in metadata:
        raise ModelFileError(
            f"{where} is a torch archive that was not exported by googlenet: its classes and preprocessing are unknown"
        )
    check_age(metadata, where)
    total = sha256()
    for name in sorted(entries):
        total.update(f"{name} {len(entries[name])}\n".encode())
        total.update(entries[name])
    return CheckedContent(metadata, total.hexdigest(), content, partial(_check_networks, content, where))


def with_metadata(content: Content, metadata: Mapping[str, str]) -> Content:
    """The archive, which must not have metadata yet, with these as extra files."""
    file = io.BytesIO(content[0])
    with zipfile.ZipFile(file, "a") as archive:  # what torch wrote is not moved
        root = archive.namelist()[0].partition("/")[0]
        for key, value in sorted(metadata.items()):
            archive.writestr(zipfile.ZipInfo(f"{root}/{_EXTRA}{key}"), value)
    return (file.getvalue(),)


def read_weights(content: Content, where: str) -> dict[str, NDArray[np.float32]]:
    """The float32 weights of an archive by their names in the program.

    Raises ModelFileError if the bytes of a weight do not fit its shape.
    """
    entries = _entries(content, where)
    try:
        config: dict[str, Any] = json.loads(entries[_CONFIG])["config"]
        return {name: _weight(entries, row) for name, row in config.items() if not name.endswith(COUNTER_SUFFIX)}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelFileError(f"{where} is damaged: its weights cannot be read") from error


def member_weights(content: Content, specs: Sequence[ArchitectureSpec], *, where: str) -> list[dict[str, NDArray[Any]]]:
    """The weights of each network in an archive, by their names in a model.

    Raises ModelFileError if they are not those of the networks `specs`, or not finite.
    """
    weights = read_weights(content, where)
    members = []
    for number, spec in enumerate(specs):
        prefix = f"members.{number}."
        own = {name.removeprefix(prefix): array for name, array in weights.items() if name.startswith(prefix)}
        check_shapes(spec, {name: array.shape for name, array in own.items()}, where=where)
        for name, array in own.items():
            if not np.isfinite(array).all():
                raise ModelFileError(f"{where}: the weight {name} contains NaN or infinite values")
        members.append(own)
    return members


def _check_networks(
    content: Content, where: str, specs: Sequence[ArchitectureSpec], preprocessing: Preprocessing, *, quantized: bool
) -> None:
    """Check the weights, the only part of an archive that is used; the network is built from the architecture."""
    if quantized:
        raise ModelFileError(f"{where} is damaged: its description states int8, but its weights are float32")
    member_weights(content, specs, where=where)


def _entries(content: Content, where: str) -> dict[str, bytes]:
    """The entries by name, without the common root folder."""
    try:
        with zipfile.ZipFile(io.BytesIO(content[0])) as archive:
            infos = archive.infolist()
            names = [info.filename.partition("/")[2] for info in infos]
            stored = all(info.compress_type == zipfile.ZIP_STORED for info in infos)
            if not stored or len(set(names)) < len(names) or sum(info.file_size for info in infos) > LARGEST:
                raise ModelFileError(
                    f"{where} was not exported by googlenet: it has compressed, duplicate or too large entries"
                )
            return {name: archive.read(info) for name, info in zip(names, infos, strict=True)}
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ModelFileError(f"{where} is damaged: its archive cannot be read") from error


def _weight(entries: Mapping[str, bytes], row: Any) -> NDArray[np.float32]:
    """The values of one entry of the config; raises ValueError or KeyError if it is inconsistent."""
    meta, data = row["tensor_meta"], entries[f"{_WEIGHTS}{row['path_name']}"]
    shape = tuple(length["as_int"] for length in meta["sizes"])
    strides = [prod(shape[place + 1 :]) for place in range(len(shape))]
    contiguous = [one["as_int"] for one in meta["strides"]] == strides and meta["storage_offset"] == {"as_int": 0}
    if row["use_pickle"] or meta["dtype"] != _FLOAT32 or not contiguous or 4 * prod(shape) != len(data):
        raise ValueError(row)
    return np.frombuffer(data, "<f4").reshape(shape).copy()
