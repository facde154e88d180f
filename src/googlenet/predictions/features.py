"""The features in a file of rows, in bounded memory, and the pictures whose features are the nearest to given ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from googlenet.errors import InputError
from googlenet.predictions.formats import format_of, read_rows
from googlenet.predictions.origin import Origin
from googlenet.predictions.parquet import read_parquet_features
from googlenet.predictions.row import PredictionRow

CHUNK = 1000  # rows: 4 MB of features


@dataclass(frozen=True, slots=True, eq=False)
class FeatureChunk:
    """Some pictures of a file: their `names` (n), their `features` (n, F) float32, and what made these."""

    names: tuple[str, ...]
    features: NDArray[np.float32]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A picture of an index, and the cosine of the angle between its features and those asked about: 1 is the same."""

    image: str
    similarity: float


def read_features(path: Path) -> Iterator[FeatureChunk]:
    """Yield the pictures that have features, in the order of the file, about a thousand at a time.

    Raises InputError for a file without features or with those of several models, and as `read_rows` does.
    """
    format_of(path, what="cannot read")
    found: Origin | None = None
    size = 0
    for names, features, made_by in read_parquet_features(path) if path.suffix == ".parquet" else _from_rows(path):
        (origin, *others) = [Origin(model, digest) for model, digest in sorted(made_by)]
        found, size = found or origin, size or features.shape[1]
        if others or origin.sha256 != found.sha256 or features.shape[1] != size:
            raise InputError(f"{path} holds the features of different models, which cannot be compared")
        yield FeatureChunk(tuple(names), features, origin)
    if found is None:
        raise InputError(f"{path} holds no features: write it with `googlenet predict --embeddings`")


def nearest(chunks: Iterable[FeatureChunk], features: ArrayLike, *, top: int) -> tuple[Neighbour, ...]:
    """The `top` pictures whose features have the greatest cosine with `features` (F,), the first in the file first.

    One chunk is in memory at a time. Raises InputError where the sizes of the features differ.
    """
    wanted = _normalized(np.asarray(features, np.float32)[np.newaxis])[0]
    best: list[Neighbour] = []
    for chunk in chunks:
        if chunk.features.shape[1] != len(wanted):
            raise InputError(f"the index holds {chunk.features.shape[1]} features a picture, the model {len(wanted)}")
        similarities = _normalized(chunk.features) @ wanted
        order = np.argsort(-similarities, kind="stable")[:top]
        best += [Neighbour(chunk.names[index], float(similarities[index])) for index in order]
        best = sorted(best, key=lambda one: -one.similarity)[:top]
    return tuple(best)


def _normalized(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features (n, F) of length 1; those that are all 0 stay so, and are like nothing."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(np.divide(features, lengths, out=np.zeros_like(features), where=lengths > 0), np.float32)


def _from_rows(path: Path) -> Iterator[tuple[list[str], NDArray[np.float32], set[tuple[str, str]]]]:
    rows = (row for row in read_rows(path) if row.get("embedding"))
    while chunk := list(islice(rows, CHUNK)):
        yield (
            [row["image"] for row in chunk],
            _as_array(chunk, path),
            {(str(row.get("model")), str(row.get("model_sha256"))) for row in chunk},
        )


def _as_array(rows: list[PredictionRow], path: Path) -> NDArray[np.float32]:
    try:
        features = np.array([row["embedding"] for row in rows], np.float32)
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: the embedding of {rows[0]['image']!a} or of one behind it is damaged") from error
    if features.ndim != 2:
        raise InputError(f"{path}: the embedding of {rows[0]['image']!a} is no list of numbers")
    return features
