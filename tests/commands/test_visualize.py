"""`googlenet visualize`: a sheet or a folder, what is printed, and what is refused before any work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from googlenet.artifacts import write_exported
from googlenet.model import save_ensemble, save_model
from tests.artifacts.exported_models import exported, small_model
from tests.commands.conftest import Run, paint

QUICK = ("--steps", "1", "--size", "32")


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("visualize") / "model.safetensors"
    save_model(small_model(), path)
    return path


def test_a_sheet(googlenet: Run, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    done = googlenet("visualize", model, "3a:0,2", "--out", out, *QUICK)
    assert (done.code, done.err) == (0, "")
    first, second, last = done.out.splitlines()
    assert first.startswith("3a:0  largest activation ")
    assert second.startswith("3a:2  largest activation ")
    assert last == f"2 images: {out}"
    assert opened(out).width > 2 * 128


def test_json_and_a_folder_have_each_image(googlenet: Run, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "images"
    done = googlenet("visualize", model, "linear:n03,tench", "--diversity", "2", "--out", out, "--json", *QUICK)
    assert done.code == 0, done.err
    answer = done.json
    assert (answer["layer"], answer["seed"]) == ("linear", 0)
    assert [(one["name"], one["unit"], one["number"]) for one in answer["images"]] == [
        ("Straße & <Weg>", 2, 0),
        ("Straße & <Weg>", 2, 1),
        ("tench", 0, 0),
        ("tench", 0, 1),
    ]
    files = [Path(one["file"]) for one in answer["images"]]
    assert [file.name for file in files] == ["2-Straße_Weg.png", "2-Straße_Weg_2.png", "0-tench.png", "0-tench_2.png"]
    assert sorted(out.iterdir()) == sorted(files)
    assert all(opened(file).size == (32, 32) for file in files)
    activation = answer["images"][0]["activation"]
    assert activation["largest"] == pytest.approx(activation["mean"])  # a logit has one place


def test_a_dream_is_a_picture_of_its_own(googlenet: Run, model: Path, tmp_path: Path) -> None:
    picture, out = paint(tmp_path / "red.png", "red", 1), tmp_path / "dreams"
    done = googlenet("visualize", model, "3a", "--from", picture, "--steps", "2", "--out", out)
    assert done.code == 0, done.err
    assert opened(out / "3a.png").size == opened(picture).size


def test_nothing_is_replaced_unless_asked(googlenet: Run, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    out.write_text("mine")
    assert "already exists" in googlenet("visualize", model, "conv1:0", "--out", out, *QUICK).error
    assert "already has files in it" in googlenet("visualize", model, "conv1:0", "--out", tmp_path, *QUICK).error
    assert out.read_text() == "mine"
    assert googlenet("visualize", model, "conv1:0", "--out", out, "--force", *QUICK).code == 0
    assert opened(out).format == "PNG"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("3z:0",), "has no layer called '3z'"),
        (("3a:40",), "3a has no unit 40: its units are 0 to 39"),
        (("linear:tiger",), "the model has no class 'tiger'"),
        (("3a:0", "--from", "x.png", "--negative"), "--from and --negative contradict each other"),
        (("3a", "--caricature", "missing.png"), "missing.png"),
        (("3a", "--direction", "missing.npy"), "cannot read missing.npy"),
    ],
)
def test_wrong_use_is_one_sentence_and_writes_nothing(
    googlenet: Run, model: Path, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = googlenet("visualize", model, *arguments, "--out", tmp_path / "new", *QUICK)
    assert sentence in done.error
    assert list(tmp_path.iterdir()) == []


def test_another_suffix_of_pictures_does_not_become_a_folder(googlenet: Run, model: Path, tmp_path: Path) -> None:
    refused = googlenet("visualize", model, "conv1:0", "--out", tmp_path / "sheet.jpg", *QUICK).error
    assert "sheet.jpg: drawings are PNG files, so the name must end in .png" in refused
    assert list(tmp_path.iterdir()) == []


def test_models_without_one_network_with_gradients_are_refused(googlenet: Run, tmp_path: Path) -> None:
    small = small_model()
    onnx = tmp_path / "model.onnx"
    write_exported(exported("onnx", [small]), onnx)
    for number in ("1", "2"):
        member = tmp_path / "both" / "members" / number
        member.mkdir(parents=True)
        save_model(small, member / "model.safetensors")
    save_ensemble(tmp_path / "both", ["members/1", "members/2"])
    out = ("--out", tmp_path / "sheet.png", *QUICK)
    assert "is an exported file, which has no gradients" in googlenet("visualize", onnx, "conv1:0", *out).error
    assert "is an ensemble; name one of its members" in googlenet("visualize", tmp_path / "both", "conv1:0", *out).error


def test_a_seed_is_another_image(googlenet: Run, model: Path, tmp_path: Path) -> None:
    pixels = []
    for name, seed in (("a", "0"), ("b", "0"), ("c", "1")):
        googlenet("visualize", model, "conv1:3", "--out", tmp_path / f"{name}.png", "--seed", seed, "--steps", "3")
        pixels.append(np.asarray(opened(tmp_path / f"{name}.png")))
    assert (pixels[0] == pixels[1]).all()
    assert (pixels[0] != pixels[2]).any()
