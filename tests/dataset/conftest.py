"""Small folders and tars of real pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

MakeFolder = Callable[..., Path]


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Write a picture, as grey as its position says, at each name; a name that ends in "/" is an empty folder."""

    def make(*names: str, root: str = "pets") -> Path:
        for grey, name in enumerate(names):
            path = tmp_path / root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith("/"):
                path.mkdir()
            else:
                Image.new("RGB", (6, 4), (grey, grey, grey)).save(path)
        return tmp_path / root

    return make
