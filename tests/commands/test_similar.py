"""`googlenet similar`: a file of features is searched with the model that made it, and with no other."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import googlenet as package
from googlenet.predictions import read_features

if TYPE_CHECKING:
    from tests.commands.conftest import Run

SUFFIXES = [".jsonl", *([".parquet"] if importlib.util.find_spec("pyarrow") else [])]


@pytest.fixture(scope="module", params=SUFFIXES)
def index(
    request: pytest.FixtureRequest,
    googlenet: Run,
    trained: Path,
    photos: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The features of all photos, and a picture among them that is none."""
    folder = tmp_path_factory.mktemp("index")
    (folder / "broken.png").write_bytes(b"no picture")
    path = folder / f"index{request.param}"
    assert googlenet("predict", trained, folder / "broken.png", photos, "--embeddings", "--output", path).code == 1
    return path


def test_the_features_are_those_of_the_model(index: Path, trained: Path, photos: Path) -> None:
    classifier = package.load(trained, device="cpu")
    (chunk,) = read_features(index)
    assert len(chunk.names) == 36
    for place in (0, 20, 35):
        features = classifier.predict(chunk.names[place], features=True).features
        assert features is not None
        np.testing.assert_allclose(chunk.features[place], features, atol=1e-5)
    assert chunk.model.model == str(trained.resolve())


def test_the_picture_itself_comes_first_and_its_colour_next(googlenet: Run, index: Path, photos: Path) -> None:
    picture = photos / "blue" / "07.png"
    done = googlenet("similar", index, picture)
    assert done.code == 0, done.err
    lines = [line.split("  ", 1) for line in done.out.splitlines()]
    assert lines[0] == ["1.0000", str(picture)]
    assert len(lines) == 5
    assert {Path(name).parent.name for _, name in lines} == {"blue"}
    similarities = [float(similarity) for similarity, _ in lines]
    assert similarities == sorted(similarities, reverse=True)


def test_json_says_the_same(googlenet: Run, index: Path, trained: Path, photos: Path) -> None:
    picture = photos / "red" / "02.png"
    answer = googlenet("similar", index, picture, "--top", "3", "--json").json
    assert (answer["image"], answer["model"]) == (str(picture), str(trained.resolve()))
    text = googlenet("similar", index, picture, "--top", "3").out.splitlines()
    assert [f"{one['similarity']:.4f}  {one['image']}" for one in answer["similar"]] == text


def test_a_model_that_has_moved_is_named_and_another_one_is_refused(
    googlenet: Run, trained: Path, ensemble: Path, photos: Path, tmp_path: Path
) -> None:
    first, moved, index = tmp_path / "first", tmp_path / "moved", tmp_path / "index.jsonl"
    picture = photos / "green" / "00.png"
    shutil.copytree(trained, first)
    assert googlenet("predict", first, photos / "green", "--embeddings", "--output", index).code == 0
    first.rename(moved)
    gone = googlenet("similar", index, picture)
    assert gone.error == (
        f"{index} was made with {first}, which cannot be opened ({first}: no such model file); "
        "give its new path with --model"
    )
    assert googlenet("similar", index, picture, "--model", moved).out.splitlines()[0] == f"1.0000  {picture}"
    other = ensemble / "members" / "2"
    refused = googlenet("similar", index, picture, "--model", other)
    assert refused.error.startswith(f"{index} was made with a different model than {other}: sha256 ")


def test_what_cannot_be_searched_is_a_sentence(
    googlenet: Run, trained: Path, ensemble: Path, photos: Path, index: Path, tmp_path: Path
) -> None:
    picture = photos / "red" / "00.png"
    plain = tmp_path / f"plain{index.suffix}"
    assert googlenet("predict", trained, picture, "--output", plain).code == 0
    assert (
        "contains no features: write it with `googlenet predict --embeddings`"
        in googlenet("similar", plain, picture).error
    )
    assert googlenet("similar", tmp_path / "none.csv", picture).error.endswith("No such file or directory")
    os.mkfifo(tmp_path / "pipe.csv")
    assert "it is a named pipe" in googlenet("similar", tmp_path / "pipe.csv", picture).error
    (tmp_path / "broken.png").write_bytes(b"no picture")
    assert googlenet("similar", index, tmp_path / "broken.png").error == f"{tmp_path / 'broken.png'}: not a picture"
    done = googlenet("predict", ensemble, picture, "--embeddings", "--json")
    assert done.error == (
        f"{ensemble} is an ensemble of 2 networks, which have no features in common; "
        f"use one of them, such as {ensemble / 'members' / '1'}"
    )


def test_embeddings_are_part_of_the_json_too(googlenet: Run, trained: Path, photos: Path) -> None:
    (line,) = googlenet("predict", trained, photos / "red" / "00.png", "--embeddings", "--json").lines
    assert list(line) == ["image", "predictions", "error", "embedding", "model", "model_sha256"]
    assert all(isinstance(value, float) for value in line["embedding"])
    assert len(json.dumps(line["embedding"])) > 100
