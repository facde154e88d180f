"""What a model answered for each picture of a split, and the file that keeps it: `answers.npz` of a run."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.files import cannot_read, check_not_special, write_atomically

LARGEST = 4 * 2**30
"""Bytes of a file of answers: a million pictures of a thousand classes."""

AGAIN = "`googlenet evaluate` computes the answers again"

_ARRAYS = {
    "names": ("U", 1),
    "labels": ("i", 1),
    "probabilities": ("f", 2),
    "classes": ("U", 1),
    "split": ("U", 0),
    "bad_pictures": ("U", 2),
}
"""The arrays in the file: the kind of their dtype, and how many dimensions they have."""

_HEADER = re.compile(
    rb"\{'descr': '([<>][Uif]\d{1,6})', 'fortran_order': False, 'shape': \(((?:\d{1,12},? ?)*)\), \} *\n"
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Answers:
    """The probabilities of N good pictures of a split, in order, before any temperature.

    `names`: relative to DATA, as in `split.csv`; `labels` (N,) int64: the true classes; `probabilities` (N, C) float32;
    `classes`: the C class ids, in the order of the columns; `bad_pictures`: (name, reason) of those that could not be
    read. Raises InputError for values that contradict each other.
    """

    names: tuple[str, ...]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    classes: tuple[str, ...]
    split: str
    bad_pictures: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Check shapes, labels and probabilities."""
        if problem := _problem(self):
            raise InputError(f"the answers contradict each other: {problem}")

    def __repr__(self) -> str:
        return f"<Answers: {len(self):,} pictures of {self.split}, {len(self.classes):,} classes>"

    def __len__(self) -> int:
        """The number of good pictures."""
        return len(self.names)

    def save(self, path: Path) -> None:
        """Write one .npz file, atomically, which `numpy.load` reads; raises InputError if it cannot be written."""
        arrays: dict[str, Any] = {name: _as_array(self, name) for name in _ARRAYS}
        file = io.BytesIO()
        np.savez(file, **arrays)
        write_atomically(path, file.getvalue())

    @classmethod
    def load(cls, path: Path) -> Answers:
        """Read a file of `save`; raises InputError for one that cannot be read, is damaged, or is something else.

        Nothing is unpickled or unpacked, and no array is larger than its bytes in the file.
        """
        arrays = _read_arrays(path)
        with _damage(path):
            return cls(
                names=tuple(arrays["names"].tolist()),
                labels=arrays["labels"].astype(np.int64),
                probabilities=arrays["probabilities"].astype(np.float32),
                classes=tuple(arrays["classes"].tolist()),
                split=str(arrays["split"][()]),
                bad_pictures=tuple((str(name), str(reason)) for name, reason in arrays["bad_pictures"].tolist()),
            )


def _as_array(answers: Answers, name: str) -> NDArray[Any]:
    value = getattr(answers, name)
    if _ARRAYS[name][0] != "U":
        return np.ascontiguousarray(value)
    return np.array(value, np.str_).reshape((-1, 2) if name == "bad_pictures" else np.shape(value))


def _problem(answers: Answers) -> str:
    """What is wrong with the answers, as a clause; "" if nothing is."""
    pictures, classes = len(answers.names), len(answers.classes)
    labels, probabilities = answers.labels, answers.probabilities
    if labels.shape != (pictures,) or probabilities.shape != (pictures, classes):
        return (
            f"{pictures:,} pictures and {classes:,} classes, but labels {labels.shape} and "
            f"probabilities {probabilities.shape}"
        )
    texts = (*answers.names, *answers.classes, answers.split, *(text for pair in answers.bad_pictures for text in pair))
    if any("\0" in text for text in texts):  # numpy would drop it at the end of a text
        return "a text with the character 0"
    if any(not _is_name(text) for text in texts):
        return "a text that is not Unicode"
    if len(set(answers.classes)) < classes:
        return "a class that is listed twice"
    if pictures and not (labels.min() >= 0 and labels.max() < classes):
        return "a label without a class"
    if not ((probabilities >= 0) & (probabilities <= 1 + 1e-3)).all():  # also not NaN
        return "a probability that is not between 0 and 1"
    if (abs(probabilities.sum(axis=1, dtype=np.float64) - 1) > 1e-2).any():
        return "probabilities that do not add up to 1"
    return ""


def _is_name(text: str) -> bool:
    """Whether bytes of a file system can be meant: surrogates stand for bytes that are not UTF-8, nothing else."""
    try:
        text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Say of whatever goes wrong with the content of a file that the file is damaged."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path} is damaged: {error}; {AGAIN}") from None
    except (
        *(ValueError, KeyError, TypeError, EOFError, OverflowError, MemoryError),
        *(NotImplementedError, RuntimeError, zipfile.BadZipFile),  # zipfile's: a later version, a password
    ) as error:
        raise InputError(f"{path} is damaged: it is not a file of answers; {AGAIN}") from error


def _read_arrays(path: Path) -> Mapping[str, NDArray[Any]]:
    check_not_special(path)
    try:
        with path.open("rb") as file, _damage(path):
            if path.stat().st_size > LARGEST:
                raise InputError(f"it is larger than {LARGEST / 2**30:.0f} GB")
            with zipfile.ZipFile(file) as archive:
                return {name: _read_array(archive, name, *kind) for name, kind in _ARRAYS.items()}
    except OSError as error:
        raise cannot_read(path, error) from error


def _read_array(archive: zipfile.ZipFile, name: str, kind: str, dimensions: int) -> NDArray[Any]:
    """One array whose size is checked against the bytes that are there before memory is taken for it."""
    entry = archive.getinfo(f"{name}.npy")
    if entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError(name)
    with archive.open(entry) as file:
        shape, dtype = _read_header(file)
        size = prod(shape) * dtype.itemsize
        if (dtype.kind, len(shape)) != (kind, dimensions) or size != entry.file_size - file.tell():
            raise ValueError(name)
        data = file.read()
    return np.frombuffer(data, dtype, count=prod(shape)).reshape(shape)


def _read_header(file: BinaryIO | Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype, read by a pattern: numpy's own reader evaluates the text, and fails in too many ways."""
    if np.lib.format.read_magic(file) != (1, 0):  # what numpy writes for such arrays
        raise ValueError("version")
    header = _HEADER.fullmatch(file.read(int.from_bytes(file.read(2), "little")))
    if header is None:
        raise ValueError("header")
    return tuple(int(length) for length in re.findall(rb"\d+", header[2])), np.dtype(header[1].decode())
