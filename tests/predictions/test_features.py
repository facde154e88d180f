"""The nearest pictures are those with the greatest cosine, however the file is cut into chunks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.errors import InputError
from googlenet.predictions import (
    FeatureChunk,
    ModelIdentity,
    Neighbour,
    check_output,
    identity_of,
    nearest,
    open_predictions,
    read_features,
)
from tests.predictions.conftest import bad, good

MODEL = ModelIdentity("bvlc", "ab12")


def index(path: Path, features: dict[str, list[float] | None], **changes: Any) -> Path:
    with open_predictions(path) as write:
        for name, one in features.items():
            row = bad(name) if one is None else good(name)
            write(row | {"embedding": one} | MODEL.as_row() | changes)
    return path


@given(st.integers(1, 30), st.integers(1, 7), st.integers(1, 5))
def test_the_nearest_are_those_that_a_search_in_one_piece_finds(count: int, size: int, top: int) -> None:
    generator = np.random.default_rng(count * size)
    features = generator.normal(size=(count, 4)).astype(np.float32)
    query = generator.normal(size=4)
    names = [f"{number}" for number in range(count)]
    chunks = [
        FeatureChunk(tuple(names[start : start + size]), features[start : start + size], MODEL)
        for start in range(0, count, size)
    ]
    cosines = features @ query / np.linalg.norm(features, axis=1) / np.linalg.norm(query)
    expected = np.argsort(-cosines)[:top]
    found = nearest(chunks, query, top=top)
    assert [one.image for one in found] == [names[place] for place in expected]
    assert [one.similarity for one in found] == pytest.approx(cosines[expected], abs=1e-5)


def test_pictures_that_are_equally_near_keep_the_order_of_the_file() -> None:
    chunk = FeatureChunk(("a", "b", "c"), np.array([[1, 0], [2, 0], [4, 0]], np.float32), MODEL)
    assert [one.image for one in nearest([chunk, chunk], [1, 0], top=6)] == ["a", "b", "c", "a", "b", "c"]


def test_features_that_are_all_zero_are_like_nothing() -> None:
    chunk = FeatureChunk(("nothing", "same"), np.array([[0, 0], [1, 0]], np.float32), MODEL)
    assert nearest([chunk], [2, 0], top=2) == (Neighbour("same", 1.0), Neighbour("nothing", 0.0))


def test_features_are_read_in_the_order_of_the_file_without_bad_pictures(tmp_path: Path) -> None:
    path = index(tmp_path / "index.jsonl", {"a": [1.0, 2.0], "b": None, "c": [0.5, 1e-6]})
    (chunk,) = read_features(path)
    assert (chunk.names, chunk.model) == (("a", "c"), MODEL)
    assert chunk.features.dtype == np.float32
    np.testing.assert_array_equal(chunk.features, np.array([[1, 2], [0.5, 1e-6]], np.float32))


def test_memory_holds_a_thousand_pictures_at_once(tmp_path: Path) -> None:
    path = index(tmp_path / "index.jsonl", {str(number): [number, 1.0] for number in range(2500)})
    assert [len(chunk.names) for chunk in read_features(path)] == [1000, 1000, 500]


def test_features_of_another_size_or_of_several_models_are_not_compared(tmp_path: Path) -> None:
    path = index(tmp_path / "one.jsonl", {"a": [1.0, 2.0]})
    other = index(tmp_path / "other.jsonl", {"b": [1.0, 2.0]}, model_sha256="cd34")
    path.write_bytes(path.read_bytes() + other.read_bytes())
    with pytest.raises(InputError, match=r"one\.jsonl contains features of different models"):
        list(read_features(path))
    with pytest.raises(InputError, match="the index has 2 features per picture, but the model has 3"):
        nearest(read_features(other), [1, 2, 3], top=1)


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        ({"a": None}, "contains no features: write it with `googlenet predict --embeddings`"),
        ({"a": [1.0], "b": [1.0, 2.0]}, "the embedding of 'a' or a later one is damaged"),
        ({"a": "text"}, "the embedding of 'a' or a later one is damaged"),
        ({"a": 3.0}, "the embedding of 'a' is not a list of numbers"),
    ],
)
def test_a_file_without_features_or_with_damaged_ones_is_refused(
    tmp_path: Path, features: dict[str, Any], sentence: str
) -> None:
    path = index(tmp_path / "index.jsonl", features)
    with pytest.raises(InputError, match=sentence):
        list(read_features(path))


def test_csv_has_no_columns_for_features(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a CSV file has no columns for embedding, model, model_sha256"):
        index(tmp_path / "index.csv", {"a": [1.0, 2.0]})
    with pytest.raises(
        InputError, match=r"index\.csv has no columns for embeddings: write FILE\.parquet or FILE\.jsonl"
    ):
        check_output(tmp_path / "index.csv", features=True)
    with open_predictions(tmp_path / "index.csv") as write:
        write(good("a"))
    with pytest.raises(InputError, match=r"index\.csv contains no features: write it with `googlenet predict"):
        list(read_features(tmp_path / "index.csv"))


def test_a_file_that_is_not_there_or_of_another_kind_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*index\.csv: No such file"):
        list(read_features(tmp_path / "index.csv"))
    with pytest.raises(InputError, match=r"cannot read .*index\.txt: the file name must end in \.csv, \.jsonl or"):
        list(read_features(tmp_path / "index.txt"))


def test_a_model_is_known_again_by_the_sum_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"weights")
    (tmp_path / "moved").write_bytes(b"weights")
    assert identity_of("m", tmp_path / "model").sha256 == identity_of("m", tmp_path / "moved").sha256
    with pytest.raises(InputError, match=r"cannot read .*gone: No such file"):
        identity_of("m", tmp_path / "gone")
