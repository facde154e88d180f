"""`googlenet predict --shard I/N` and `googlenet merge`: every picture once, in order, or nothing at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from googlenet.errors import InputError
from googlenet.predictions import Shard, partial_path, read_predictions
from tests.commands.conftest import paint

if TYPE_CHECKING:
    from tests.commands.conftest import Run


def names(path: Path) -> list[str]:
    return [row["image"] for row in read_predictions(path)]


@pytest.fixture(scope="module")
def shards(googlenet: Run, trained: Path, photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The OUT of three shards of the red pictures and a broken one, as 13 rows of 5, 4 and 4."""
    folder = tmp_path_factory.mktemp("shards")
    shutil.copytree(photos / "red", folder / "red")
    (folder / "red" / "03a.png").write_bytes(b"no picture")
    for number in (1, 2, 3):
        shard = ("--output", folder / "rows.csv", "--shard", f"{number}/3")
        assert googlenet("predict", trained, folder / "red", *shard).code == (1 if number == 2 else 0)
    return folder / "rows.csv"


@pytest.fixture
def out(shards: Path, tmp_path: Path) -> Path:
    """A copy of the shards that a test may damage."""
    for path in shards.parent.glob("rows-*"):
        shutil.copy(path, tmp_path)
    return tmp_path / "rows.csv"


@pytest.fixture
def red(shards: Path) -> Path:
    """The pictures of the shards."""
    return shards.parent / "red"


@pytest.mark.parametrize("pictures", [0, 1, 7, 8, 9])
def test_shards_have_each_picture_once_and_their_size_is_known(pictures: int) -> None:
    sizes = [Shard(number, 4).size(pictures) for number in (1, 2, 3, 4)]
    assert sum(sizes) == pictures
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("text", ["0/4", "5/4", "1/0", "1", "a/b", "-1/4", "1/4/2"])
def test_a_shard_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^--shard "):
        Shard.parse(text)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_merged_shards_are_the_file_of_one_run(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path, suffix: str
) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    whole, out = tmp_path / f"whole{suffix}", tmp_path / f"rows{suffix}"
    features = () if suffix == ".csv" else ("--embeddings",)
    assert googlenet("predict", trained, photos, "--output", whole, "--top", "2", *features).code == 0
    for number in (3, 1, 2, 4):
        shard = ("--output", out, "--shard", f"{number}/4")
        done = googlenet("predict", trained, photos, *shard, "--top", "2", *features)
        assert (done.code, done.out) == (0, f"9 pictures, 0 unreadable: {Shard(number, 4).path(out)}\n"), done.err
    done = googlenet("merge", out)
    assert (done.code, done.out) == (0, f"36 pictures of 4 shards, 0 unreadable: {out}\n"), done.err
    for row, expected in zip(read_predictions(out), read_predictions(whole), strict=True):
        assert row.keys() == expected.keys()
        for one, other in zip(row["predictions"], expected["predictions"], strict=True):
            assert one["label"] == other["label"]
            assert one["probability"] == pytest.approx(other["probability"], abs=1e-5)
        assert row.get("embedding", []) == pytest.approx(expected.get("embedding", []), abs=1e-4)
    assert names(out) == names(whole)
    if features:
        assert googlenet("similar", out, photos / "red" / "00.png", "--top", "1").out.endswith("red/00.png\n")


def test_a_picture_that_cannot_be_read_has_its_row(googlenet: Run, out: Path, red: Path) -> None:
    done = googlenet("merge", out, "--json")
    assert done.code == 1
    assert (done.json["rows"], done.json["bad"], done.json["shards"]) == (13, 1, 3)
    assert [Path(name).name for name in names(out)] == sorted(os.listdir(red))
    assert (
        googlenet("merge", out).error
        == f"{out} already exists; use OUT to write another file, or --force to replace it"
    )
    assert googlenet("merge", out, "--force").code == 1


def test_missing_and_unfinished_shards_are_named(googlenet: Run, out: Path) -> None:
    Shard(2, 3).path(out).unlink()
    Shard(3, 3).path(out).replace(partial_path(Shard(3, 3).path(out)))
    assert googlenet("merge", out).error == (
        f"{out}: shard 2/3 is missing, shard 3/3 is unfinished; run predict with --shard 2/3 --resume, then merge again"
    )
    assert not out.exists()
    assert googlenet("merge", out.with_name("other.csv")).error.startswith("there are no shards of ")


def test_shards_of_two_numbers_are_not_mixed(googlenet: Run, out: Path) -> None:
    shutil.copy(Shard(1, 3).path(out), Shard(1, 2).path(out))
    assert googlenet("merge", out).error == f"{out} has shards of 2 and of 3: remove those of one number"


def test_a_copy_in_place_of_another_shard_is_found(googlenet: Run, out: Path) -> None:
    """Its note names it; where the rows alone were copied, their names do not give the list."""
    first, last = Shard(2, 3).path(out), Shard(3, 3).path(out)
    shutil.copy(first, last)
    assert "do not hold the pictures that were listed" in googlenet("merge", out).error
    shutil.copy(f"{first}.shard.json", f"{last}.shard.json")
    assert f"{last} is shard 2/3 under another name" in googlenet("merge", out).error
    assert not out.exists()


@pytest.mark.parametrize(("rows", "word"), [(slice(0, -1), "fewer"), (slice(0, None), "more")])
def test_a_shard_with_too_few_rows_or_too_many_is_named(googlenet: Run, out: Path, rows: slice, word: str) -> None:
    path = Shard(3, 3).path(out)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[rows], *([lines[-1]] if word == "more" else [])]))
    assert f"shard 3/3 has {word} than the 4 rows" in googlenet("merge", out).error
    assert not out.exists()


def test_shards_of_another_model_or_with_other_settings_are_not_mixed(
    googlenet: Run, trained: Path, ensemble: Path, out: Path, red: Path
) -> None:
    again = (red, "--output", out, "--shard", "3/3", "--force")
    assert googlenet("predict", ensemble / "members" / "2", *again).code == 0
    assert "shard 3/3 was made with another model than shard 1/3" in googlenet("merge", out).error
    assert googlenet("predict", trained, *again, "--top", "2").code == 0
    assert "shard 3/3 was made with another --top" in googlenet("merge", out).error
    assert googlenet("predict", trained, *again, "--crops", "10").code == 0
    assert "another number of --crops than shard 1/3 (10 and 1)" in googlenet("merge", out).error


def test_pictures_that_changed_between_two_shards_are_found(
    googlenet: Run, trained: Path, out: Path, red: Path, tmp_path: Path
) -> None:
    new = paint(tmp_path / "new.png", "red", 99)
    shard = ("--output", out, "--shard", "3/3")
    assert googlenet("predict", trained, red, new, *shard, "--force").code == 0
    assert "another list of pictures than shard 1/3 (14 and 13)" in googlenet("merge", out).error
    refused = googlenet("predict", trained, new, red, *shard, "--resume")
    assert "the pictures have changed since" in refused.error


@pytest.mark.parametrize("kept", [0, 2])
def test_an_interrupted_shard_is_resumed(googlenet: Run, trained: Path, out: Path, kept: int) -> None:
    """The list names the last picture twice, which --resume must not take for one that is done."""
    path = Shard(1, 3).path(out)
    listed = "".join(f"{name}\n" for name in [*names(path), names(path)[0]]).encode()
    output = out.with_name("list.csv")
    for number in (1, 2):
        assert googlenet("predict", trained, "-", "--output", output, "--shard", f"{number}/2", stdin=listed).code == 0
    path = Shard(2, 2).path(output)
    expected = path.read_bytes()
    partial_path(path).write_bytes(b"".join(expected.splitlines(keepends=True)[: kept + 1]) + b"cut o")
    path.unlink()
    done = googlenet("predict", trained, "-", "--output", output, "--shard", "2/2", "--resume", stdin=listed)
    assert done.code == 0, done.err
    assert names(path)[-1] == names(Shard(1, 2).path(output))[0]
    assert googlenet("merge", output).code == 0
    assert names(output) == listed.decode().splitlines()


def test_a_shard_killed_before_its_note_is_finished_by_resume(
    googlenet: Run, trained: Path, out: Path, red: Path
) -> None:
    note = Path(f"{Shard(3, 3).path(out)}.shard.json")
    note.unlink()
    assert "shard 3/3 has no note of its pictures" in googlenet("merge", out).error
    note.write_text("{}")
    assert "is damaged" in googlenet("merge", out).error
    shard = ("--output", out, "--shard", "3/3", "--resume")
    assert googlenet("predict", trained, red, *shard).code == 0
    assert googlenet("merge", out).code == 1  # the broken picture


def test_more_shards_than_pictures_and_none_in_a_file(
    googlenet: Run, trained: Path, photos: Path, tmp_path: Path
) -> None:
    picture, out = photos / "red" / "00.png", tmp_path / "rows.jsonl"
    for number in (1, 2):
        assert googlenet("predict", trained, picture, "--output", out, "--shard", f"{number}/2").code == 0
    assert googlenet("merge", out).code == 0
    assert names(out) == [str(picture)]
    rows = googlenet("predict", trained, photos / "red", "--json", "--shard", "12/12").lines
    assert [Path(row["image"]).name for row in rows] == ["11.png"]


@pytest.mark.parametrize(("shard", "advice"), [("0/3", "; if yours counts from 0, add 1"), ("4/3", "")])
def test_only_a_count_from_0_is_told_to_add_1(shard: str, advice: str) -> None:
    with pytest.raises(InputError) as caught:
        Shard.parse(shard)
    assert str(caught.value) == f"--shard {shard}: I counts from 1 to N{advice}"
