"""What a user names is what images are made for: layers, units, classes, directions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from googlenet.architecture import ArchitectureSpec, build_architecture, layer_names
from googlenet.errors import InputError
from googlenet.model import ClassLabel
from googlenet.visualization import aims_of_directions, aims_of_units

NETWORK = build_architecture(ArchitectureSpec("small-32", classes=4, width=0.25))
CLASSES = tuple(
    ClassLabel(f"n{number}", name) for number, name in enumerate(["tench", "tabby, tabby cat", "lynx", "7"])
)


def units(text: str) -> list[int | None]:
    return [aim.unit for aim in aims_of_units(NETWORK, CLASSES, text)[1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4c/3x3:0,5,10-12", [0, 5, 10, 11, 12]),
        ("4c/3x3:5,0-2,1", [5, 0, 1, 2]),
        ("linear:2", [2]),
        ("linear:lynx", [2]),
        ("linear:n1", [1]),
        ("linear:tabby, tabby cat", [1]),
        ("linear:lynx,tabby", [2, 1]),
        ("linear:7", [3]),  # a class that is called by a number
        ("linear:0-2", [0, 1, 2]),
        ("linear", [0, 1, 2, 3]),
    ],
)
def test_units_and_classes(text: str, expected: list[int]) -> None:
    assert units(text) == expected


def test_other_programs_names_are_understood_and_all_units_are_meant_without_a_colon() -> None:
    layer, aims = aims_of_units(NETWORK, CLASSES, "mixed4c_3x3")
    assert layer.name == "4c/3x3"
    assert len(aims) == layer.shape[2]
    assert [aim.name for aim in aims[:2]] == ["4c/3x3:0", "4c/3x3:1"]
    assert aims[1].direction.tolist()[:3] == [0, 1, 0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("9z", "has no layer called '9z'"),
        ("conv1:16", "conv1 has no unit 16: its units are 0 to 15"),
        ("conv1:3-1", "the range 3-1 is empty: write 1-3"),
        ("conv1:one", "cannot read the units 'one': give numbers and ranges, for example conv1:0,5,10-20"),
        ("conv1:", "no unit is named after the colon"),
        ("linear:tiger", "the model has no class 'tiger'"),
        ("linear:9", "linear has no unit 9: its units are 0 to 3"),
    ],
)
def test_what_the_network_does_not_have_is_named(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as refusal:
        units(text)
    assert sentence in str(refusal.value)


def test_directions_have_length_one(tmp_path: Path) -> None:
    layer = layer_names(NETWORK)["conv1"]
    np.save(tmp_path / "two.npy", np.arange(1, 33).reshape(2, 16))
    aims = aims_of_directions(layer, tmp_path / "two.npy")
    assert [aim.name for aim in aims] == ["two 0", "two 1"]
    assert [float(np.linalg.norm(aim.direction)) for aim in aims] == pytest.approx([1, 1])
    assert np.argsort(aims[0].direction).tolist() == list(range(16))


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.ones(5), r"it is 5 \(float64\), but conv1 has 16 channels"),
        (np.ones((2, 2, 16)), "it is 2 x 2 x 16 "),
        (np.zeros(16), "must be finite and not all zeros"),
        (np.full(16, np.nan), "must be finite and not all zeros"),
        (np.full(16, 1e300), "must be finite and not all zeros"),
        (np.ones((10_001, 16), np.uint8), "it has 10,001 directions; give at most 10,000"),
        (np.array(["a"] * 16), "but conv1 has 16 channels"),
    ],
)
def test_what_is_no_direction_is_refused(array: np.ndarray, sentence: str, tmp_path: Path) -> None:
    np.save(tmp_path / "direction.npy", array)
    with pytest.raises(InputError, match=sentence):
        aims_of_directions(layer_names(NETWORK)["conv1"], tmp_path / "direction.npy")


def with_header(header: str) -> bytes:
    """A .npy file of version 1.0."""
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(64)


DAMAGED = (
    "{'descr': '<f4', 'fortran_order': False, 'shape': (16,)",
    "{'descr': (), 'fortran_order': False, 'shape': (16,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (True,), }",
    "{1: 2, 'descr': 3, 'shape': 4}",
)
"""Headers for which numpy raises neither a ValueError nor an OSError."""


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"no array", b"PK\x03\x04", *map(with_header, DAMAGED)])
def test_a_file_that_is_no_array_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "direction.npy").write_bytes(content)
    with pytest.raises(InputError, match=r"cannot read .*direction\.npy: it is not an array of numbers"):
        aims_of_directions(layer_names(NETWORK)["conv1"], tmp_path / "direction.npy")
