"""`googlenet pack`: what it prints, and how it ends."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from googlenet.cli.pack import parse_size
from googlenet.errors import InputError

if TYPE_CHECKING:
    from tests.commands.conftest import Run


def test_pack_names_what_it_left_out(googlenet: Run, photos: Path, tmp_path: Path) -> None:
    shutil.copytree(photos, tmp_path / "photos")
    done = googlenet("pack", tmp_path / "photos", tmp_path / "one", "--shard-size", "1MB")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("36 pictures of 3 classes in 1 shard, 0.")
    (tmp_path / "photos" / "red" / "00.png").write_bytes(b"no picture")
    done = googlenet("pack", tmp_path / "photos", tmp_path / "two")
    assert done.code == 1
    assert "without 1 picture that cannot be read:\n  red/00.png: " in done.out
    done = googlenet("pack", tmp_path / "photos", tmp_path / "two", "--force", "--json", "--resize", "16")
    assert (done.code, done.json["pictures"], len(done.json["bad_pictures"])) == (1, 35, 1)
    assert googlenet("pack", photos, tmp_path / "two").error.startswith(f"{tmp_path / 'two'} already exists; ")
    assert "is not a folder of shards" in googlenet("pack", photos, tmp_path / "photos", "--force").error


@pytest.mark.parametrize(
    ("text", "size"), [("256MB", 256_000_000), ("1.5 gb", 1_500_000_000), ("10KiB", 10_240), ("7", 7)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "0MB", "-1MB", "256 apples", "0.1"])
def test_sizes_that_are_none(text: str) -> None:
    with pytest.raises(InputError, match=r"^--shard-size must be a number of bytes, such as 256MB or 1GB, not "):
        parse_size(text)
