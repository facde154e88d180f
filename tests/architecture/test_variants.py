"""Variants are other tables; a user chooses one by name and sizes it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.architecture import (
    INCEPTION_MODULES,
    PAPER,
    VARIANTS,
    ArchitectureSpec,
    build_architecture,
    input_sizes,
    is_statistic,
    network_cost,
    row_shapes,
    weight_shapes,
    with_dropout,
)
from googlenet.architecture.layers import AdaptiveAveragePool, Dropout, LocalResponseNorm
from googlenet.errors import InputError
from googlenet.network import GoogLeNet, read_weights

EVERY = pytest.mark.parametrize("variant", VARIANTS)
BATCH_NORM = ("torchvision", "batchnorm", "small-32", "small-64", "small-32-fully-connected")


@EVERY
def test_a_variants_table_bears_its_name_and_fits_its_own_input_size(variant: str) -> None:
    table = VARIANTS[variant].build()
    least, largest = input_sizes(table)
    assert table.variant == variant
    assert least <= table.input_size <= (largest or table.input_size)
    assert row_shapes(table)["linear"] == (1, 1, table.classes)
    assert VARIANTS[variant].purpose


@EVERY
def test_the_tables_weights_are_those_of_the_network_in_the_same_order(variant: str) -> None:
    table = build_architecture(ArchitectureSpec(variant, classes=3, width=0.1))
    for auxiliaries in (True, False):
        weights = read_weights(GoogLeNet(table, auxiliaries=auxiliaries))
        shapes = weight_shapes(table, auxiliaries=auxiliaries)
        assert {name: array.shape for name, array in weights.items()} == shapes
        assert list(weights) == list(shapes)


@EVERY
def test_counted_parameters_are_those_that_torch_would_train(variant: str) -> None:
    table = build_architecture(ArchitectureSpec(variant, classes=5, width=0.1))
    cost = network_cost(table)
    assert cost.parameters == sum(one.numel() for one in GoogLeNet(table, auxiliaries=False).parameters())
    assert cost.parameters_with_auxiliary == sum(one.numel() for one in GoogLeNet(table).parameters())


@EVERY
def test_any_number_of_classes_changes_the_last_layer_of_every_head_alone(variant: str) -> None:
    few, many = (weight_shapes(build_architecture(ArchitectureSpec(variant, classes))) for classes in (2, 1234))
    changed = {name for name in few if few[name] != many[name]}
    assert changed == {f"{head}linear.{part}" for head in HEAD_PREFIXES for part in ("weight", "bias")}
    assert all(few[name][0] == 2 and many[name][0] == 1234 for name in changed)


HEAD_PREFIXES = ("", "auxiliary_4a.", "auxiliary_4d.")


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_input_channels_change_the_first_kernel_alone(channels: int) -> None:
    sized = weight_shapes(build_architecture(ArchitectureSpec(channels=channels)))
    rgb = weight_shapes(PAPER)
    assert sized["conv1.weight"] == (64, channels, 7, 7)
    assert {name for name in rgb if rgb[name] != sized[name]} == ({"conv1.weight"} if channels != 3 else set())


def test_width_1_is_the_table_itself() -> None:
    assert build_architecture(ArchitectureSpec()) == PAPER


@given(width=st.floats(0.01, 3))
def test_width_multiplies_the_filters_to_multiples_of_8(width: float) -> None:
    narrow = weight_shapes(build_architecture(ArchitectureSpec(width=width, classes=7)))
    for name, shape in weight_shapes(PAPER).items():
        if name.endswith("linear.weight"):
            assert narrow[name][0] == 7
        elif name.endswith(".weight") and width != 1:
            filters = narrow[name][0]
            assert filters % 8 == 0
            assert filters == 8 or abs(filters - width * shape[0]) <= 4


def test_half_the_width_is_about_a_quarter_of_the_multiply_adds() -> None:
    half = network_cost(build_architecture(ArchitectureSpec(width=0.5)))
    assert 0.2 < half.multiply_adds / network_cost(PAPER).multiply_adds < 0.35


@pytest.mark.parametrize(
    "spec",
    [
        ArchitectureSpec(width=0.5),
        ArchitectureSpec(classes=10),
        ArchitectureSpec(channels=1),
        ArchitectureSpec("naive"),
    ],
)
def test_the_papers_printed_figures_stand_beside_the_papers_network_alone(spec: ArchitectureSpec) -> None:
    rows = network_cost(build_architecture(spec)).rows
    assert {row.printed_parameters for row in rows} == {None}
    assert {row.output_met for row in rows} == {None}


def test_adaptive_side_pooling_gives_4x4_and_leaves_the_weights_as_they_are() -> None:
    adaptive = build_architecture(ArchitectureSpec(adaptive_auxiliary_pooling=True))
    assert [auxiliary.layers[0] for auxiliary in adaptive.auxiliaries] == [AdaptiveAveragePool(4)] * 2
    assert weight_shapes(adaptive) == weight_shapes(PAPER)
    assert adaptive.rows == PAPER.rows
    assert input_sizes(adaptive, auxiliaries=True) == input_sizes(PAPER)


@pytest.mark.parametrize("variant", BATCH_NORM)
def test_batch_normalisation_takes_the_place_of_biases_and_of_lrn(variant: str) -> None:
    table = VARIANTS[variant].build()
    shapes = weight_shapes(table)
    assert not any(isinstance(layer, LocalResponseNorm) for layer in table.layers)
    assert not [name for name, shape in shapes.items() if name.endswith(".bias") and len(shapes[_kernel(name)]) == 4]
    assert sum(map(is_statistic, shapes)) == 2 * (57 + 2)


def _kernel(bias: str) -> str:
    return bias.removesuffix("bias") + "weight"


@pytest.mark.parametrize(("variant", "sizes"), [("small-32", (28, 32, 47)), ("small-64", (48, 64, 96))])
def test_the_small_family_shows_its_modules_a_grid_that_is_still_a_picture(
    variant: str, sizes: tuple[int, ...]
) -> None:
    table = VARIANTS[variant].build()
    for input_size in sizes:
        shapes = row_shapes(table, (input_size, input_size, 3))
        assert shapes["3a"][0] >= 12
        assert shapes["5b"][0] >= 3
        assert input_sizes(table, auxiliaries=True)[0] < input_size
    assert [auxiliary.layers[0] for auxiliary in table.auxiliaries] == [AdaptiveAveragePool(4)] * 2


@pytest.mark.parametrize("family", ["small-32", "small-64"])
def test_the_laboratorys_variants_differ_from_their_family_in_one_thing(family: str) -> None:
    table, naive, head = (VARIANTS[name].build() for name in (family, f"{family}-naive", f"{family}-fully-connected"))
    assert {table.input_size} == {naive.input_size, head.input_size}
    changed = [(row.name, other.name) for row, other in zip(table.rows, naive.rows, strict=True) if row != other]
    assert changed == [(module, module) for module in INCEPTION_MODULES]
    assert row_shapes(naive)["5b"] == (4, 4, 4944)
    assert not [name for name in weight_shapes(naive, auxiliaries=False) if "_reduce" in name and "conv2" not in name]
    changed = [(row.name, other.name) for row, other in zip(table.rows, head.rows, strict=True) if row != other]
    assert changed == [("average_pool", "fully_connected")]
    assert weight_shapes(head)["fully_connected.weight"] == (1024, 4 * 4 * 1024)
    assert head.auxiliaries == table.auxiliaries


@pytest.mark.parametrize("family", ["small-32", "small-64"])
def test_the_small_family_is_also_there_with_the_papers_norms_and_biases(family: str) -> None:
    table, paper = (VARIANTS[name].build() for name in (family, f"{family}-paper"))
    assert paper.input_size == table.input_size
    assert row_shapes(paper) == row_shapes(table)
    assert [layer for layer in paper.layers if isinstance(layer, LocalResponseNorm)] == [LocalResponseNorm()] * 2
    convolutions = [name for name in weight_shapes(table) if name.endswith(".normalization.weight")]
    assert convolutions
    assert {name.replace("normalization.weight", "bias") for name in convolutions} <= set(weight_shapes(paper))
    assert not [name for name in weight_shapes(paper) if "normalization" in name]


def test_another_dropout_leaves_the_auxiliary_classifiers_theirs() -> None:
    table = with_dropout(PAPER, 0.1)
    assert [layer for layer in table.layers if isinstance(layer, Dropout)] == [Dropout(0.1)]
    assert table.auxiliaries == PAPER.auxiliaries
    assert weight_shapes(table) == weight_shapes(PAPER)


def test_an_unknown_variant_is_answered_with_the_nearest_or_with_all() -> None:
    with pytest.raises(InputError, match=r"no variant is called 'batch-norm'; did you mean 'batchnorm'\?"):
        ArchitectureSpec("batch-norm")
    with pytest.raises(InputError, match=r"no variant is called 'vgg'; the variants are paper, naive, .*small-64"):
        ArchitectureSpec("vgg")


@pytest.mark.parametrize(("classes", "channels"), [(0, 3), (-1, 3), (10, 0)])
def test_sizes_that_cannot_be_are_refused_with_both_figures(classes: int, channels: int) -> None:
    with pytest.raises(InputError, match=f"classes and channels must be at least 1, not {classes} and {channels}"):
        ArchitectureSpec(classes=classes, channels=channels)


@pytest.mark.parametrize("width", [0.0, -1.0, 16.1, float("nan"), float("inf")])
def test_a_width_that_cannot_be_is_refused(width: float) -> None:
    with pytest.raises(InputError, match="width must be above 0 and at most 16, not"):
        ArchitectureSpec(width=width)


@given(
    variant=st.sampled_from(list(VARIANTS)),
    classes=st.integers(1, 10_000),
    channels=st.integers(1, 9),
    width=st.floats(0.001, 16),
    adaptive=st.booleans(),
)
def test_a_spec_is_the_same_after_a_way_through_json(
    variant: str, classes: int, channels: int, width: float, adaptive: bool
) -> None:
    spec = ArchitectureSpec(variant, classes, channels, width, adaptive)
    assert ArchitectureSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_a_spec_with_missing_or_unknown_fields_is_refused_with_both_lists() -> None:
    fields = ArchitectureSpec().to_dict()
    with pytest.raises(InputError, match=r"has the fields adaptive_auxiliary_pooling, channels, .*, not .*depth"):
        ArchitectureSpec.from_dict(fields | {"depth": 22})
    del fields["classes"]
    with pytest.raises(InputError, match=r"classes.*, not adaptive_auxiliary_pooling, channels, variant, width"):
        ArchitectureSpec.from_dict(fields)
