"""`googlenet explain`: text, JSON, drawings, and what is refused."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from googlenet.artifacts import write_exported
from googlenet.model import save_ensemble, save_model
from tests.artifacts.exported_models import exported, small_model
from tests.commands.conftest import Run, paint


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explain") / "model.safetensors"
    save_model(small_model(), path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures with one name in different folders, another in a subfolder, and one that is none."""
    paint(tmp_path / "pictures" / "a" / "one.png", "red", 1)
    paint(tmp_path / "pictures" / "b" / "one.png", "green", 2)
    paint(tmp_path / "pictures" / "b" / "고양이.png", "blue", 3)
    (tmp_path / "pictures" / "b" / "broken.jpg").write_text("no picture")
    return tmp_path / "pictures"


def test_the_numbers_in_words(googlenet: Run, model: Path, folder: Path) -> None:
    done = googlenet("explain", model, folder / "a" / "one.png", "--boxes")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0] == str(folder / "a" / "one.png")
    assert len(lines) == 1 + 2 * 4  # the two most probable classes
    assert lines[1].lstrip()[0].isdigit()
    words = lines[2].split()
    assert words[0] == "logit"
    assert float(words[1]) == pytest.approx(float(words[4]) + float(words[-1]), abs=0.011)
    assert "strongest " in lines[3]
    assert " at pixel (" in lines[3]
    assert "box x " in lines[4]


def test_json_has_a_line_for_each_picture_and_a_bad_one_is_named(googlenet: Run, model: Path, folder: Path) -> None:
    done = googlenet("explain", model, folder, "--json", "--class", "tench", "--class", "n03")
    assert done.code == 1
    records = [json.loads(line) for line in done.out.splitlines()]
    assert [Path(record["image"]).name for record in records] == ["one.png", "broken.jpg", "one.png", "고양이.png"]
    assert [record["error"] for record in records] == [None, "not a picture", None, None]
    assert records[1]["classes"] == []
    for record in (records[0], *records[2:]):
        assert [one["label"] for one in record["classes"]] == ["n01", "n03"]
        for one in record["classes"]:
            values = [value for row in one["map"] for value in row]
            assert one["bias"] + sum(values) / len(values) == pytest.approx(one["logit"], abs=1e-3)
            assert one["box"] is None or set(one["box"]) == {"x", "y", "width", "height"}


def test_one_picture_becomes_a_file(googlenet: Run, model: Path, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "why.png"
    done = googlenet("explain", model, folder / "a" / "one.png", "--out", out)
    assert (done.code, done.out.splitlines()[-1]) == (0, f"saved: {out}")
    before = out.read_bytes()
    assert Image.open(io.BytesIO(before)).format == "PNG"
    again = googlenet("explain", model, folder / "b" / "one.png", "--out", out)
    assert again.code == 2
    assert f"{out} already exists; choose another place with --out, or replace files with --force" in again.err
    assert out.read_bytes() == before
    assert googlenet("explain", model, folder / "b" / "one.png", "--out", out, "--force").code == 0
    assert out.read_bytes() != before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pictures", "why.png"]


def test_a_folder_gets_a_file_for_each_picture_whatever_its_name(
    googlenet: Run, model: Path, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "drawings"
    done = googlenet("explain", model, folder, "--out", out, "--boxes")
    assert done.code == 1
    assert sorted(path.name for path in out.iterdir()) == ["one-2.png", "one.png", "고양이.png"]
    assert done.out.splitlines()[-1] == f"3 explained, 1 unreadable: {out}"
    again = googlenet("explain", model, folder, "--out", out)
    assert again.code == 2
    assert f"{out} already has files in it" in again.err


def test_the_pictures_themselves_are_never_replaced(googlenet: Run, model: Path, folder: Path) -> None:
    picture = folder / "a" / "one.png"
    before = picture.read_bytes()
    for out, sentence in ((folder / "a", "is the folder of"), (picture, "is the picture itself")):
        done = googlenet("explain", model, picture, "--out", out, "--force")
        assert done.code == 2
        assert sentence in done.err
    assert [path.name for path in picture.parent.iterdir()] == ["one.png"]
    assert picture.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--out", "one.png"), "one.png is one file, but several pictures are to be explained; name a folder"),
        (("--out", "one.jpg"), "cannot write one.jpg: drawings are PNG files, so the name must end in .png"),
        (("--class", "tenhc"), "the model has no class 'tenhc'; did you mean 'tench'?"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_written(
    googlenet: Run, model: Path, folder: Path, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = googlenet("explain", model, folder, *arguments)
    assert (done.code, done.out) == (2, "")
    assert sentence in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


def test_an_ensemble_is_refused_and_one_of_its_networks_is_named(googlenet: Run, folder: Path, tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        save_model(small_model(number), tmp_path / str(number) / "model.safetensors")
    save_ensemble(tmp_path, ["0", "1"])
    done = googlenet("explain", tmp_path, folder / "a" / "one.png")
    assert done.code == 2
    assert "an ensemble of 2 networks has no maps of its own, because their probabilities are averaged" in done.err
    assert str(tmp_path / "0") in done.err


def test_an_exported_file_is_explained_as_its_model_is(
    googlenet: Run, model: Path, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "exported.onnx"
    write_exported(exported("onnx", [small_model()]), path)
    one, other = (googlenet("explain", which, folder / "a" / "one.png") for which in (model, path))
    assert (one.code, one.out) == (0, other.out)


def test_occlusion_says_how_far_the_logit_falls(googlenet: Run, model: Path, folder: Path, tmp_path: Path) -> None:
    picture, out = folder / "a" / "one.png", tmp_path / "why.png"
    done = googlenet("explain", model, picture, "--method", "occlusion", "--out", out)
    assert done.code == 0, done.err
    assert "lowered by at most" in done.out.splitlines()[2]
    with Image.open(out) as drawn:
        assert drawn.width > 900
    record = json.loads(googlenet("explain", model, picture, "--method", "occlusion", "--json").out)
    assert record["method"] == "occlusion"
    assert "method" not in json.loads(googlenet("explain", model, picture, "--json").out)
    wrong = googlenet("explain", model, picture, "--method", "saliency")
    assert wrong.code == 2
    assert "--method: must be one of cam, gradient, occlusion, not 'saliency'" in wrong.err


def test_no_drawing_is_announced_that_was_not_made(googlenet: Run, model: Path, folder: Path) -> None:
    out = folder / "why.png"
    done = googlenet("explain", model, folder / "b" / "broken.jpg", "--out", out)
    assert done.code == 1
    assert done.out.endswith("0 explained, 1 unreadable, so nothing is drawn\n")
    assert not out.exists()
