"""Reads the features in a prediction file, in bounded memory, and finds the pictures with the nearest features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from googlenet.errors import InputError
from googlenet.predictions.formats import format_of, read_predictions
from googlenet.predictions.model_identity import ModelIdentity
from googlenet.predictions.parquet import read_parquet_features
from googlenet.predictions.row import PredictionRow

CHUNK = 1000  # rows: 4 MB of features


@dataclass(frozen=True, slots=True, eq=False)
class FeatureChunk:
    """Some pictures of a file: their `names` (n), their `features` (n, F) float32, and the model that made these."""

    names: tuple[str, ...]
    features: NDArray[np.float32]
    model: ModelIdentity


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A picture of an index, and the cosine similarity of its features to those searched for."""

    image: str
    similarity: float


def read_features(path: Path) -> Iterator[FeatureChunk]:
    """Yield the pictures that have features in file order, about a thousand at a time.

    Raises InputError for a file without features or with those of several models, and as `read_predictions` does.
    """
    format_of(path, what="cannot read")
    first: ModelIdentity | None = None
    size = 0
    for names, features, models in read_parquet_features(path) if path.suffix == ".parquet" else _from_rows(path):
        (model, *others) = [ModelIdentity(name, sha256) for name, sha256 in sorted(models)]
        first, size = first or model, size or features.shape[1]
        if others or model.sha256 != first.sha256 or features.shape[1] != size:
            raise InputError(f"{path} contains features of different models, which cannot be compared")
        yield FeatureChunk(tuple(names), features, model)
    if first is None:
        raise InputError(f"{path} contains no features: write it with `googlenet predict --embeddings`")


def nearest(chunks: Iterable[FeatureChunk], features: ArrayLike, *, top: int) -> tuple[Neighbour, ...]:
    """The `top` pictures with the highest cosine similarity to `features` (F,), ties in file order.

    One chunk is in memory at a time. Raises InputError if the features have different sizes.
    """
    wanted = _normalized(np.asarray(features, np.float32)[np.newaxis])[0]
    best: list[Neighbour] = []
    for chunk in chunks:
        if chunk.features.shape[1] != len(wanted):
            raise InputError(
                f"the index has {chunk.features.shape[1]} features per picture, but the model has {len(wanted)}"
            )
        similarities = _normalized(chunk.features) @ wanted
        order = np.argsort(-similarities, kind="stable")[:top]
        best += [Neighbour(chunk.names[index], float(similarities[index])) for index in order]
        best = sorted(best, key=lambda one: -one.similarity)[:top]
    return tuple(best)


def _normalized(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features (n, F) scaled to length 1; zeros stay zeros, and are similar to nothing."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(np.divide(features, lengths, out=np.zeros_like(features), where=lengths > 0), np.float32)


def _from_rows(path: Path) -> Iterator[tuple[list[str], NDArray[np.float32], set[tuple[str, str]]]]:
    rows = (row for row in read_predictions(path) if row.get("embedding"))
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
        raise InputError(f"{path}: the embedding of {rows[0]['image']!a} or a later one is damaged") from error
    if features.ndim != 2:
        raise InputError(f"{path}: the embedding of {rows[0]['image']!a} is not a list of numbers")
    return features
