"""What one value sees: computed by hand, and measured by lighting up one column of the picture after the other."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from googlenet.architecture import (
    PAPER,
    VARIANTS,
    Architecture,
    ArchitectureSpec,
    ReceptiveField,
    TableRow,
    build_architecture,
    receptive_fields,
)
from googlenet.architecture.layers import AdaptiveAveragePool, Convolution, Inception, MaxPool
from googlenet.errors import InputError
from googlenet.network import GoogLeNet

BY_HAND = {
    "conv1": (7, 2),
    "pool1": (7 + 2 * 2, 4),
    "conv2": (11 + 2 * 4, 4),
    "pool2": (19 + 2 * 4, 8),
    "3a": (27 + 4 * 8, 8),  # a 5x5 kernel sees two places further on each side
    "3b": (59 + 4 * 8, 8),
    "pool3": (91 + 2 * 8, 16),
    "4a": (107 + 4 * 16, 16),
    "4b": (171 + 4 * 16, 16),
    "4c": (235 + 4 * 16, 16),
    "4d": (299 + 4 * 16, 16),
    "4e": (363 + 4 * 16, 16),
    "pool4": (427 + 2 * 16, 32),
    "5a": (459 + 4 * 32, 32),
    "5b": (587 + 4 * 32, 32),
    "average_pool": (715 + 6 * 32, 32),
    "dropout": (907, 32),
    "linear": (907, 32),
    "softmax": (907, 32),
}


def test_the_fields_of_the_paper_are_those_computed_by_hand() -> None:
    fields = receptive_fields(PAPER)
    assert {name: (field.size, field.stride) for name, field in fields.items()} == BY_HAND
    assert list(fields) == [row.name for row in PAPER.rows]


def test_reductions_and_width_change_no_field() -> None:
    fields = receptive_fields(PAPER)
    assert receptive_fields(VARIANTS["naive"].build()) == fields
    assert receptive_fields(build_architecture(ArchitectureSpec(width=0.25, classes=3))) == fields


def test_a_linear_layer_sees_its_whole_grid_as_the_average_pool_does() -> None:
    fields = receptive_fields(VARIANTS["fully-connected"].build())
    assert fields["linear"] == receptive_fields(PAPER)["linear"]
    assert "average_pool" not in fields


def with_rows(*rows: TableRow) -> Architecture:
    return Architecture("of this test", 32, 3, 2, rows, ())


def test_a_pool_with_windows_of_several_sizes_has_no_one_field() -> None:
    with pytest.raises(InputError, match="a pool whose output is 4x4 has windows of several sizes"):
        receptive_fields(with_rows(TableRow("pool", "average pool", (AdaptiveAveragePool(4),))))


def test_branches_that_step_differently_have_no_one_stride() -> None:
    module = Inception("m", ((Convolution("1x1", 8, 1),), (MaxPool(3, 2, padding=1),)))
    with pytest.raises(InputError, match=r"the branches of m have different strides: \[1, 2\]"):
        receptive_fields(with_rows(TableRow("m", "inception", (module,))))


def transparent(network: GoogLeNet) -> GoogLeNet:
    """The network with means in place of kernels: a value is above 0 exactly where something it sees is."""
    for name, weight in network.named_parameters():
        if weight.dim() > 1:
            torch.nn.init.constant_(weight, 1 / weight[0].numel())
        else:
            torch.nn.init.constant_(weight, 1.0 if name.endswith("normalization.weight") else 0.0)
    return network.eval()


def lit_columns(network: GoogLeNet, row: str, *, width: int) -> Tensor:
    """(columns of the row's grid, `width`) bool: which columns of the picture a value in the middle of the row sees."""
    seen = []
    for start in range(0, width, 64):
        columns = torch.arange(start, min(start + 64, width))
        pictures = torch.zeros(len(columns), 3, 32, width)
        pictures[torch.arange(len(columns)), :, :, columns] = 1.0
        with torch.inference_mode():
            feature_maps = network.features(pictures)[row]
        seen.append(feature_maps.amax(dim=(1, 2)) > 0)
    return torch.cat(seen).T


@pytest.mark.parametrize("variant", ["paper", "naive", "inception5h", "torchvision", "small-32", "small-64"])
@pytest.mark.parametrize("row", ["conv2", "3a", "4b", "5a"])
def test_a_value_sees_as_many_columns_of_the_picture_as_its_field_is_wide(variant: str, row: str) -> None:
    table = build_architecture(ArchitectureSpec(variant, classes=2, width=0.01))
    field = receptive_fields(table)[row]
    width = field.size + 6 * field.stride  # room for some neighbours that see no border
    lit = lit_columns(transparent(GoogLeNet(table, auxiliaries=False)), row, width=width)
    middle = len(lit) // 2
    first, second = lit[middle].nonzero().flatten(), lit[middle + 1].nonzero().flatten()
    stride = int(second[0] - first[0])
    centre = float(first[0] + first[-1] + 1) / 2 - middle * stride
    assert ReceptiveField(len(first), stride, centre) == field
    assert len(first) == int(first[-1] - first[0]) + 1  # without gaps
