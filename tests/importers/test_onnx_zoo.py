"""The ONNX zoo's GoogLeNet is known by its shapes and the order of its graph, whatever its tensors are called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from googlenet.errors import ModelFileError
from googlenet.importers import Provenance, import_file
from googlenet.importers.caffe import BVLC_PREPROCESSING
from googlenet.importers.onnx_zoo import read_onnx

if TYPE_CHECKING:
    from tests.importers.conftest import Weights

Write = Callable[..., bytes]


@pytest.mark.parametrize(
    "options",
    [{}, {"raw": False}, {"transposed": False}, {"branches_backwards": True}],
)
def test_every_way_of_writing_it_gives_the_same_weights(
    options: dict[str, bool], weights: Weights, write_onnx: Write
) -> None:
    """3b and 4c have a 1x1 and a 3x3 reduction of the same shape: what reads them tells them apart."""
    found = read_onnx(write_onnx(weights, **options), where="net.onnx")
    assert found.weights.keys() == weights.keys()
    for name, array in weights.items():
        np.testing.assert_array_equal(found.weights[name], array, err_msg=name)
    assert found.preprocessing == BVLC_PREPROCESSING
    assert len(found.layers) == 58


def test_a_file_is_known_by_its_first_bytes(weights: Weights, write_onnx: Write, tmp_path: Path) -> None:
    (tmp_path / "googlenet-9.onnx").write_bytes(write_onnx(weights))
    imported = import_file(tmp_path / "googlenet-9.onnx", Provenance())
    assert imported.format == "onnx-zoo"
    assert imported.model.classes[999].id == "n15075141"


def set_data_location(name: str, tensor: Any) -> None:
    if name == "4a.1x1.weight":
        tensor.ClearField("raw_data")
        tensor.data_location = 1


def name_another_file(name: str, tensor: Any) -> None:
    if name == "4a.1x1.weight":
        tensor.external_data.append(b"location")


@pytest.mark.parametrize("change", [set_data_location, name_another_file])
def test_weights_that_lie_in_another_file_are_refused(
    change: Callable[[str, Any], None], weights: Weights, write_onnx: Write
) -> None:
    with pytest.raises(ModelFileError, match=r"the values of 't\d+' lie in another file; weights inside were expected"):
        read_onnx(write_onnx(weights, changed=change), where="net.onnx")


def cut(name: str, tensor: Any) -> None:
    if name == "4a.1x1.weight":
        tensor.raw_data = tensor.raw_data[:-4]


def enlarge(name: str, tensor: Any) -> None:
    if name == "4a.1x1.weight":
        tensor.dims[:] = [2**40, 2**40]


@pytest.mark.parametrize("change", [cut, enlarge])
def test_bytes_that_do_not_fit_their_shape_are_damage(
    change: Callable[[str, Any], None], weights: Weights, write_onnx: Write
) -> None:
    with pytest.raises(ModelFileError, match=r"net\.onnx is damaged: 't\d+' has [\d,]+ bytes for the shape"):
        read_onnx(write_onnx(weights, changed=change), where="net.onnx")


def halve(name: str, tensor: Any) -> None:
    if name == "4a.1x1.weight":
        tensor.data_type = 10


def widen(name: str, tensor: Any) -> None:
    if name == "4a.1x1.weight":
        tensor.dims[:] = [96, 960, 1, 1]


@pytest.mark.parametrize(
    ("change", "clause"), [(halve, r"\(missing: 4a\.1x1\.weight"), (widen, r"missing: .*; left over: 't\d+', 't\d+'")]
)
def test_another_network_is_refused_with_both_sides(
    change: Callable[[str, Any], None], clause: str, weights: Weights, write_onnx: Write
) -> None:
    with pytest.raises(ModelFileError, match=clause):
        read_onnx(write_onnx(weights, changed=change), where="net.onnx")


@pytest.mark.parametrize("share", [1e-6, 0.5, 0.999])
def test_a_file_that_was_cut_off_is_damaged(share: float, weights: Weights, write_onnx: Write) -> None:
    data = write_onnx(weights)
    with pytest.raises(ModelFileError, match=r"net\.onnx is damaged"):
        read_onnx(data[: int(share * len(data))], where="net.onnx")
