"""The commands on shards: what they say of a folder of pictures, they say of its shards."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from safetensors.numpy import load_file

from googlenet.dataset import open_dataset, pack, remote
from tests.range_server import serving

if TYPE_CHECKING:
    from tests.commands.conftest import Run


@pytest.fixture(scope="module")
def packed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The photos in several shards."""
    out = tmp_path_factory.mktemp("packed") / "shards"
    pack(open_dataset(photos, split_rule=None), out, shard_size=60_000)
    assert len(list(out.glob("*.tar"))) > 2
    return out


@pytest.fixture
def shards(packed: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return shutil.copytree(packed, tmp_path / "shards")


def test_predict_has_a_row_for_each_picture_of_the_shards(
    googlenet: Run, trained: Path, photos: Path, packed: Path
) -> None:
    expected = {row["image"]: row["predictions"] for row in googlenet("predict", trained, photos, "--json").lines}
    pattern = f"{packed}/{{000000..{len(list(packed.glob('*.tar'))) - 1:06}}}.tar"
    for source in (str(packed), pattern, f"{packed}/*.tar"):
        rows = googlenet("predict", trained, source, "--json").lines
        assert len(rows) == len(expected)
        for row in rows:
            tar, _, name = row["image"].removeprefix(f"{packed}/").partition("/")
            assert tar.endswith(".tar")
            best, other = row["predictions"][0], expected[f"{photos}/{name}"][0]
            assert best["label"] == other["label"]
            assert best["probability"] == pytest.approx(other["probability"], abs=1e-5)


def test_predict_gives_pictures_of_missing_and_truncated_shards_their_errors(
    googlenet: Run, trained: Path, shards: Path, tmp_path: Path
) -> None:
    (shards / "000000.tar").unlink()
    with (shards / "000001.tar").open("r+b") as file:
        file.truncate(2000)
    output = tmp_path / "rows.jsonl"
    done = googlenet("predict", trained, shards, "--json")
    assert (done.code, len(done.lines)) == (1, 36)
    errors = {row["image"]: row["error"] for row in done.lines if row["error"]}
    assert {name.rpartition(".tar/")[0][-6:] for name in errors} == {"000000", "000001"}
    assert any(one == f"cannot be read ({shards}/000000.tar: No such file or directory)" for one in errors.values())
    assert any(one == f"cannot be read ({shards}/000001.tar is truncated)" for one in errors.values())
    assert googlenet("predict", trained, shards, "--output", output).code == 1
    assert googlenet("predict", trained, shards, "--output", output, "--resume").out.startswith(
        f"36 pictures (36 already done), {len(errors)} unreadable"
    )


def test_predict_does_not_call_classes_beside_pictures_ignored(googlenet: Run, trained: Path, shards: Path) -> None:
    for path in shards.glob("*.json"):
        path.unlink()
    done = googlenet("predict", trained, f"{shards}/000000.tar", "--json")
    assert (done.code, done.err) == (0, "")


def test_evaluate_and_check_read_shards(googlenet: Run, trained: Path, photos: Path, shards: Path) -> None:
    """The model was trained on the folder: in shards, too, it is evaluated on the pictures that it did not see."""
    facts = [googlenet("evaluate", trained, data, "--json").json for data in (photos, shards)]
    assert facts[0]["pictures"] == facts[1]["pictures"] < 36
    assert facts[0]["top1"] == facts[1]["top1"]
    where = ("--json", "--output", shards / "exclude.txt")
    counts = [googlenet("check", data, *where).json["pictures"] for data in (photos, shards)]
    assert counts == [36, 36]
    (shards / "000000.tar").unlink()
    done = googlenet("check", shards, *where)
    assert done.code == 1
    assert "000000.tar: No such file" in done.out
    assert googlenet("evaluate", trained, shards, "--split", "all").code == 1


def test_predict_and_evaluate_read_shards_on_a_server(
    googlenet: Run, trained: Path, shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "WAITS", (0.0,))
    with serving(shards.parent) as server:
        place = server.address("shards/")
        rows = googlenet("predict", trained, place, "--json").lines
        expected = googlenet("predict", trained, shards, "--json").lines
        assert [row["image"] for row in rows] == [row["image"].replace(f"{shards}/", place) for row in expected]
        assert all(row["error"] is None for row in rows)
        (shards / "000000.index.json").unlink()
        one = googlenet("predict", trained, server.address("shards/000000.tar"), "--json").lines
        assert {row["image"] for row in one} <= {row["image"] for row in rows}
        assert len(one) > 3
        (shards / "000001.tar").unlink()
        done = googlenet("evaluate", trained, place, "--split", "all")
        assert done.code == 1
        assert "shards/000001.tar: the server answers 404 Not Found)" in done.out


def test_training_on_shards_is_training_on_the_folder(
    googlenet: Run, photos: Path, packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same draws, the same weights to the bit; the pattern is stored so that the run can go on from anywhere."""
    pytest.importorskip("torch")
    monkeypatch.chdir(packed.parent)
    out = [tmp_path / "folder", tmp_path / "shards"]
    for data, run in zip((photos, "shards/*.tar"), out, strict=True):
        words = ("--recipe", "smoke", "--set", "epochs=2", "--set", "batch_size=8", "--seed", "3", "--out", run)
        assert googlenet("train", data, *words).code == 0
    one, other = (load_file(run / "model.safetensors") for run in out)
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)
    assert f'"data": "{packed.parent}/shards/*.tar"' in (out[1] / "settings.json").read_text()


def test_a_pattern_without_quotes_is_explained(googlenet: Run, packed: Path) -> None:
    done = googlenet("train", packed / "000000.tar", packed / "000001.tar")
    assert done.code == 2
    assert "put the pattern in quotes: 'shards/{000000..000123}.tar'" in done.err
