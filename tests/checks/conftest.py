"""Small photographs, no two of which are alike, and folders of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CLASSES = ("heron", "kestrel", "magpie")

MakeSet = Callable[..., Path]


def photo(seed: int, size: tuple[int, int] = (96, 72)) -> Image.Image:
    """Blots of colour with noise, another picture for each seed."""
    generator = np.random.default_rng(seed)
    blots = Image.fromarray(generator.integers(0, 256, (6, 8, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
    noise = generator.normal(0, 6, (size[1], size[0], 3))
    return Image.fromarray(np.clip(np.asarray(blots) + noise, 0, 255).astype(np.uint8))


def jpeg(image: Image.Image, **settings: object) -> bytes:
    """The picture as a JPEG file."""
    file = io.BytesIO()
    image.save(file, "JPEG", **{"quality": 90, **settings})
    return file.getvalue()


def put(path: Path, content: bytes) -> Path:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def make_set(tmp_path: Path) -> MakeSet:
    """Write `each` different pictures of three classes, below a folder for each of `splits`, if any."""

    def make(each: int = 4, splits: tuple[str, ...] = (), root: str = "birds") -> Path:
        names = [
            "/".join(filter(None, (split, class_name, f"{number}.jpg")))
            for split in splits or ("",)
            for class_name in CLASSES
            for number in range(each)
        ]
        for seed, name in enumerate(names):
            put(tmp_path / root / name, jpeg(photo(seed)))
        return tmp_path / root

    return make
