"""`googlenet activations`: arrays and rows in files, names of layers, bad pictures, and what is refused."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from PIL import Image

import googlenet as package
from googlenet.model import save_model
from tests.artifacts.exported_models import small_model
from tests.commands.conftest import Run, paint


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("activations") / "model.safetensors"
    save_model(small_model(), path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, the second of which is none, and the last with a name of another script."""
    paint(tmp_path / "pictures" / "a.png", "red", 1)
    (tmp_path / "pictures" / "b.jpg").write_text("no picture")
    paint(tmp_path / "pictures" / "고양이.png", "blue", 3)
    return tmp_path / "pictures"


def test_an_array_a_layer_and_the_names_of_the_pictures(googlenet: Run, model: Path, folder: Path) -> None:
    out = folder.parent / "layers.npz"
    done = googlenet(
        "activations", model, folder, "--layers", "4a, 4a/3x3", "--layers", "mixed4a_1x1_pre_relu", "--out", out
    )
    assert done.code == 1
    assert done.err == f"{folder / 'b.jpg'}: error: not a picture\n"
    assert done.out == f"2 pictures, 1 unreadable, 3 layers: {out}\n"
    with np.load(out) as file:
        assert sorted(file.files) == ["4a", "4a/3x3", "mixed4a_1x1_pre_relu", "names"]
        found = {name: file[name] for name in file.files}
    good = [str(folder / "a.png"), str(folder / "고양이.png")]
    assert found.pop("names").tolist() == good
    expected = package.load(model).activations(good, list(found))
    for name, values in found.items():
        np.testing.assert_allclose(values, expected[name], atol=1e-5)
    assert [path.name for path in folder.parent.iterdir()] == ["pictures", "layers.npz"]


def test_pooled_values_are_rows_of_parquet(googlenet: Run, model: Path, folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    out = folder.parent / "layers.parquet"
    done = googlenet("activations", model, folder, "--layers=4a,linear", "--pool", "mean", "--out", out)
    assert done.code == 1
    table = parquet.read_table(out)
    assert table.column_names == ["image", "4a", "linear"]
    assert table["image"].to_pylist() == [str(folder / "a.png"), str(folder / "고양이.png")]
    expected = package.load(model).activations(table["image"].to_pylist(), ["4a", "linear"], pool="mean")
    for name, values in expected.items():
        np.testing.assert_allclose(np.array(table[name].to_pylist()), values, rtol=1e-4, atol=1e-6)


def test_more_pictures_than_a_group_of_rows_holds_keep_their_order(googlenet: Run, model: Path, folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    out = folder.parent / "layers.parquet"
    pictures = [folder / name for name in ("a.png", "고양이.png", "a.png", "a.png", "고양이.png")]
    with mock.patch("googlenet.predictions.layer_files.ROW_GROUP", 2):
        assert googlenet("activations", model, *pictures, "--layers=4a", "--pool=max", "--out", out).code == 0
    file = parquet.ParquetFile(out)
    assert file.num_row_groups == 3
    assert file.read()["image"].to_pylist() == [str(picture) for picture in pictures]


def test_json_says_what_each_array_is(googlenet: Run, model: Path, folder: Path) -> None:
    out = folder.parent / "layers.npz"
    layers = "inception_4a/3x3,mixed4a_3x3_pre_relu"
    done = googlenet("activations", model, folder, "--layers", layers, "--out", out, "--pool", "max", "--json")
    assert done.json == {
        "out": str(out),
        "pictures": 2,
        "bad_pictures": [{"image": str(folder / "b.jpg"), "error": "not a picture"}],
        "layers": [
            {"name": name, "layer": "4a/3x3", "before_relu": before_relu, "pool": "max", "shape": [24]}
            for name, before_relu in zip(layers.split(","), (False, True), strict=True)
        ],
    }
    with np.load(out) as file:
        assert file["inception_4a/3x3"].shape == (2, 24)


def test_no_readable_picture_leaves_arrays_without_rows(googlenet: Run, model: Path, folder: Path) -> None:
    out = folder.parent / "layers.npz"
    assert googlenet("activations", model, folder / "b.jpg", "--layers=4a", "--out", out).code == 1
    with np.load(out) as file:
        assert file["4a"].shape == (0, 64, 8, 8)
        assert file["names"].shape == (0,)


def test_nothing_is_left_of_a_failure(googlenet: Run, model: Path, folder: Path) -> None:
    out = folder.parent / "layers.npz"
    done = googlenet("activations", model, folder / "a.png", folder.parent / "none.tar/*", "--layers=4a", "--out", out)
    assert "nothing matches" in done.error
    assert [path.name for path in folder.parent.iterdir()] == ["pictures"]


def test_an_existing_file_is_replaced_only_with_force(googlenet: Run, model: Path, folder: Path) -> None:
    out = folder.parent / "layers.npz"
    out.write_text("mine")
    command = ("activations", model, folder / "a.png", "--layers=4a", "--out", out)
    assert googlenet(*command).error == (
        f"{out} already exists; use --out to write another file, or --force to replace it"
    )
    assert out.read_text() == "mine"
    assert googlenet(*command, "--force").code == 0
    with np.load(out) as file:
        assert len(file["names"]) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--layers=4a", "--out=a.npy"), "cannot write a.npy: the file name must end in .npz or .parquet"),
        (("--layers=4a", "--out=a.parquet"), "give --pool mean or --pool max, or write FILE.npz"),
        (
            ("--layers=4a,4a/3x4", "--out=a.npz"),
            "the variant 'small-32' has no layer called '4a/3x4'; did you mean '4a/3x3'?",
        ),
        (("--layers=,", "--out=a.npz"), "name at least one layer, such as 4a or 4a/3x3"),
        (("--layers=pool3", "--before-relu", "--out=a.npz"), "pool3 does not end in a ReLU"),
        (("--layers=4a", "--out=none/a.npz"), "cannot write none/a.npz: the folder none does not exist"),
    ],
)
def test_what_is_refused(googlenet: Run, model: Path, folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    assert sentence in googlenet("activations", model, folder, *arguments).error


def test_notes_on_pictures_are_told_as_predict_tells_them(googlenet: Run, model: Path, tmp_path: Path) -> None:
    deep = tmp_path / "deep.png"
    Image.fromarray((np.arange(900, dtype=np.uint16) * 4).reshape(30, 30)).save(deep)
    told = googlenet("predict", model, deep).err
    assert "note: " in told
    assert googlenet("activations", model, deep, "--layers=4a", "--out", tmp_path / "a.npz").err == told


def test_info_lists_the_layers(googlenet: Run, model: Path) -> None:
    lines = googlenet("info", model, "--layers").out.splitlines()
    assert lines[0].split() == ["layer", "output", "stride", "receptive", "field"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[1:]}
    assert rows["4a/3x3"] == ["8x8x24", "4", "37"]
    assert list(rows)[-1] == "linear"
    layers = googlenet("info", model, "--layers", "--json").json["layers"]
    assert [layer["name"] for layer in layers] == list(rows)
    (found,) = (layer for layer in layers if layer["name"] == "4a/3x3")
    assert found == {"name": "4a/3x3", "shape": [8, 8, 24], "stride": 4, "receptive_field": 37, "has_relu": True}
    contradiction = googlenet("info", model, "--layers", "--verify").error
    assert contradiction == "--layers and --verify contradict each other; give one of them"


def test_one_picture_and_one_layer_are_named_in_the_singular(googlenet: Run, model: Path, folder: Path) -> None:
    out = folder.parent / "one.npz"
    done = googlenet("activations", model, folder / "a.png", "--layers", "4a", "--out", out)
    assert (done.code, done.out) == (0, f"1 picture, 0 unreadable, 1 layer: {out}\n"), done.err
