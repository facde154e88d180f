"""`googlenet crops`: a sheet of what the network sees, or one sentence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from tests.commands.conftest import Run


@pytest.mark.parametrize(("crops", "said"), [("1", "1 crop"), ("10", "10 crops"), ("144", "144 crops")])
def test_a_sheet_is_written(googlenet: Run, photos: Path, tmp_path: Path, crops: str, said: str) -> None:
    picture, sheet = photos / "red" / "00.png", tmp_path / "sheet.png"
    done = googlenet("crops", picture, "--out", sheet, "--crops", crops)
    assert (done.code, done.out) == (0, f"{said} of {picture}: {sheet}\n")
    with Image.open(sheet) as opened:
        assert opened.format == "PNG"
        assert opened.width == 1080


def test_a_model_or_an_ensemble_says_how_pictures_are_prepared(
    googlenet: Run, trained: Path, ensemble: Path, photos: Path, tmp_path: Path
) -> None:
    picture = photos / "red" / "00.png"
    for name, more in (("plain", ()), ("model", ("--model", trained)), ("ensemble", ("--model", ensemble))):
        assert googlenet("crops", picture, "--out", tmp_path / f"{name}.png", "--crops", "1", *more).code == 0
    sheets = {name: (tmp_path / f"{name}.png").read_bytes() for name in ("plain", "model", "ensemble")}
    assert sheets["model"] == sheets["ensemble"] != sheets["plain"]


def test_a_file_that_exists_is_only_replaced_on_request(googlenet: Run, photos: Path, tmp_path: Path) -> None:
    picture = tmp_path / "photo.png"
    picture.write_bytes((photos / "red" / "00.png").read_bytes())
    words = ("crops", picture, "--crops", "1", "--out", picture)
    assert googlenet(*words).error == (
        f"{picture} already exists; use --out to write another file, or --force to replace it"
    )
    assert picture.read_bytes() == (photos / "red" / "00.png").read_bytes()
    assert googlenet(*words, "--force").code == 0
    with Image.open(picture) as opened:
        assert opened.width == 1080


def test_wrong_use_is_one_sentence(googlenet: Run, photos: Path, tmp_path: Path) -> None:
    picture, bad = photos / "red" / "00.png", tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    out = tmp_path / "sheet.png"
    assert googlenet("crops", bad, "--out", out).error == f"{bad}: not a picture"
    os.mkfifo(tmp_path / "pipe.png")
    assert googlenet("crops", tmp_path / "pipe.png", "--out", out).error.endswith("(a named pipe, not a regular file)")
    assert "No such file" in googlenet("crops", tmp_path / "none.png", "--out", out).error
    assert googlenet("crops", picture, "--out", tmp_path / "a.jpg").error.endswith("its name must end in .png")
    assert "cannot write" in googlenet("crops", picture, "--out", tmp_path / "no" / "a.png").error
    assert googlenet("crops", picture, "--out", out, "--crops", "7").error.startswith(
        "there is no protocol with 7 crops"
    )
    assert not out.exists()
