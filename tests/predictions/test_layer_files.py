"""Files of activations, whatever the pictures are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from googlenet.predictions import open_layer_file


def test_one_very_long_name_does_not_make_the_file_of_many_pictures_large(tmp_path: Path) -> None:
    names = ["x" * 20_000, *(f"{number}.png" for number in range(500)), "\u00fc\U0001f600.png"]
    with open_layer_file(tmp_path / "a.npz", {"4a": (2,)}) as write:
        for name in names:
            write(name, {"4a": np.ones(2, np.float32)})
    assert (tmp_path / "a.npz").stat().st_size < 500_000
    assert np.load(tmp_path / "a.npz")["names"].tolist() == names


def test_no_pictures_are_arrays_without_rows(tmp_path: Path) -> None:
    with open_layer_file(tmp_path / "a.npz", {"4a": (2, 3, 3)}):
        pass
    file = np.load(tmp_path / "a.npz")
    assert (file["names"].shape, file["4a"].shape) == ((0,), (0, 2, 3, 3))
