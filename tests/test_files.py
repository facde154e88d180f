"""What is moved into place is there whole, and what was there before is not lost."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pytest

from googlenet import files
from googlenet.errors import InputError
from googlenet.files import move_into_place


def folder_with(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "file").write_text(text)
    return path


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    place = folder_with(tmp_path / "place", "old")
    (place / "more").write_text("old")
    move_into_place(folder_with(tmp_path / "new", "new"), place)
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
    assert [(path.name, path.read_text()) for path in place.iterdir()] == [("file", "new")]


def test_a_file_takes_the_place_of_another(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("new")
    (tmp_path / "place").write_text("old")
    move_into_place(tmp_path / "new", tmp_path / "place")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("place", "new")]


def test_a_folder_that_cannot_be_replaced_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, new = folder_with(tmp_path / "place", "old"), folder_with(tmp_path / "new", "new")
    rename = Path.replace

    def fails_for_the_new_one(path: Path, target: Path) -> Path:
        if path == new:
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", fails_for_the_new_one)
    with pytest.raises(InputError, match=r"cannot write .*place: No space left on device"):
        move_into_place(new, place)
    assert (place / "file").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "place"]


def test_a_file_that_is_renamed_between_opening_and_locking_is_not_the_one_that_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock = tmp_path / "file", files._lock
    path.write_text("another program's, which it finishes now")

    def lock_late(file: BinaryIO, refusal: str) -> bool:
        if not (tmp_path / "finished").exists():
            path.rename(tmp_path / "finished")
        return lock(file, refusal)

    monkeypatch.setattr(files, "_lock", lock_late)
    file, locked = files.open_locked(path, "taken")
    with file:
        assert locked
        assert files.is_at(file, path)
        assert file.read() == b""
        with pytest.raises(InputError, match=r"^taken$"):
            files.open_locked(path, "taken")


def test_what_the_system_says_is_one_line() -> None:
    assert str(files.cannot_read("a", FileNotFoundError(2, "No such file"))) == "cannot read a: No such file"
    assert str(files.cannot_write("a", OSError("many\n  lines"), "; b")) == "cannot write a: many lines; b"
