"""The input size by the share of the training done."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.errors import SettingsError
from googlenet.recipes import (
    Recipe,
    TrainSizes,
    format_train_sizes,
    parse_train_sizes,
    recipe_from_dict,
    scaled_train_sizes,
    train_size_at,
)

GROWING = ((0.0, 64), (0.5, 96), (0.8, 128))


def ascending_sides() -> st.SearchStrategy[TrainSizes]:
    starts = st.lists(st.floats(0, 1, exclude_min=True, exclude_max=True), unique=True, max_size=5)
    return st.builds(
        lambda later, input_size: tuple(
            (start, input_size + index) for index, start in enumerate([0.0, *sorted(later)])
        ),
        starts,
        st.integers(1, 999),
    )


@pytest.mark.parametrize(
    ("progress", "input_size"), [(0.0, 64), (0.4999, 64), (0.5, 96), (0.79, 96), (0.8, 128), (0.99, 128), (1.0, 128)]
)
def test_the_side_is_the_last_one_whose_start_is_reached(progress: float, input_size: int) -> None:
    assert train_size_at(GROWING, progress) == input_size


@pytest.mark.parametrize(
    ("text", "sizes", "written"),
    [
        ("128", ((0.0, 128),), "128"),
        ("0:128", ((0.0, 128),), "128"),
        ("0:64,0.5:96,0.8:128", GROWING, "0:64,0.5:96,0.8:128"),
        ("0.0:64, .50:96", ((0.0, 64), (0.5, 96)), "0:64,0.5:96"),
    ],
)
def test_sides_are_read_and_written_as_text(text: str, sizes: TrainSizes, written: str) -> None:
    assert parse_train_sizes(text) == sizes
    assert format_train_sizes(sizes) == written


def test_sides_for_another_network_keep_their_share_to_a_multiple_of_8() -> None:
    assert scaled_train_sizes(GROWING, 1.0) == GROWING
    assert scaled_train_sizes(GROWING, 224 / 128) == ((0.0, 112), (0.5, 168), (0.8, 224))
    assert scaled_train_sizes(GROWING, 0.3) == ((0.0, 16), (0.5, 32), (0.8, 40))
    assert scaled_train_sizes(GROWING, 0.01) == ((0.0, 8), (0.5, 8), (0.8, 8))


@given(sizes=ascending_sides())
def test_written_sides_are_read_back_the_same(sizes: TrainSizes) -> None:
    assert parse_train_sizes(format_train_sizes(sizes)) == sizes


@given(sizes=ascending_sides())
def test_a_recipe_keeps_its_sides_on_the_way_through_json(sizes: TrainSizes) -> None:
    recipe = Recipe(train_sizes=sizes)
    assert recipe_from_dict(recipe.to_dict()) == recipe
    assert recipe.sizes == sizes


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "train_sizes '' cannot be read: write 128, or 0:64,0.5:96,0.8:128"),
        ("large", "train_sizes 'large' cannot be read: write 128, or 0:64,0.5:96,0.8:128"),
        ("0:64,96", "train_sizes '0:64,96' cannot be read: write 128, or 0:64,0.5:96,0.8:128"),
        ("0.1:64,0.5:96", "train_sizes '0.1:64,0.5:96' must start at 0, as in 0:64,0.5:96"),
        ("0.5:64", "train_sizes '0.5:64' must start at 0, as in 0:64,0.5:96"),
        (
            "0:64,0.5:96,0.5:128",
            "train_sizes '0:64,0.5:96,0.5:128' must have ascending starts below 1, as in 0:64,0.5:96",
        ),
        ("0:64,1:96", "train_sizes '0:64,1:96' must have ascending starts below 1, as in 0:64,0.5:96"),
        ("0:64,nan:96", "train_sizes '0:64,nan:96' must have ascending starts below 1, as in 0:64,0.5:96"),
        ("0", "train_sizes '0' must be 1 px or more"),
    ],
)
def test_sides_that_cannot_be_are_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        parse_train_sizes(text)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize("sizes", [((0.5, 64),), ((0.0, 64), (0.0, 96)), ()])
def test_sizes_given_in_python_are_validated_too(sizes: TrainSizes) -> None:
    with pytest.raises(SettingsError, match="train_sizes"):
        Recipe(train_sizes=sizes)
