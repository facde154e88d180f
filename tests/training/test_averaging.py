"""Averages of the weights, against means computed by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from googlenet.training.averaging import WeightAverage


def network(value: float) -> nn.Module:
    """A convolution and a normalisation whose weights and statistics are all `value`."""
    made = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    for name, tensor in made.state_dict().items():
        tensor.fill_(7 if name.endswith("num_batches_tracked") else value)
    return made


def averaged(average: WeightAverage, *values: float, progress: tuple[float, ...] | None = None) -> dict[str, Any]:
    """What is used at test time after iterates of these values, by name."""
    moments = progress or (1.0,) * len(values)
    for value, moment in zip(values, moments, strict=True):
        average.update(network(value), moment)
    used = network(-1.0)
    average.copy_to(used, fallback=network(values[-1]))
    return {name: tensor.unique().tolist() for name, tensor in used.state_dict().items()}


def assert_all(state: dict[str, Any], value: float) -> None:
    counter = state.pop("1.num_batches_tracked")
    assert counter == [7]
    assert "1.running_mean" in state
    assert "1.running_var" in state
    for name, values in state.items():
        assert values == [pytest.approx(value)], name


def test_polyak_is_the_plain_mean_of_weights_and_statistics() -> None:
    assert_all(averaged(WeightAverage("polyak", 0.5, 0.0), 1.0, 2.0, 6.0, 11.0), 5.0)


def test_polyak_counts_from_its_start() -> None:
    average = WeightAverage("polyak", 0.5, 0.75)
    state = averaged(average, 100.0, 100.0, 2.0, 4.0, progress=(0.25, 0.5, 0.75, 1.0))
    assert_all(state, 3.0)
    assert average.count == 2


def test_the_exponential_mean_forgets_with_its_decay() -> None:
    # The decay is the least of 0.3 and (1 + n) / (10 + n): 3/12 at the second iterate, then 0.3 (4/13 is more).
    expected = 0.3 * (0.25 * 1.0 + 0.75 * 2.0) + 0.7 * 6.0
    assert_all(averaged(WeightAverage("exponential", 0.3, 0.0), 1.0, 2.0, 6.0), expected)


def test_the_exponential_mean_reaches_a_long_memory_slowly() -> None:
    expected = 4 / 13 * (3 / 12 * 1.0 + 9 / 12 * 2.0) + 9 / 13 * 6.0
    assert_all(averaged(WeightAverage("exponential", 0.999, 0.0), 1.0, 2.0, 6.0), expected)


def test_without_averaging_the_last_weights_are_used() -> None:
    average = WeightAverage("none", 0.5, 0.0)
    assert_all(averaged(average, 1.0, 2.0), 2.0)
    assert average.values == {}


def test_before_its_start_the_last_weights_are_used() -> None:
    assert_all(averaged(WeightAverage("polyak", 0.5, 0.75), 1.0, 2.0, progress=(0.1, 0.7)), 2.0)


def test_an_average_is_not_moved_by_later_updates_of_the_network() -> None:
    average, moving = WeightAverage("polyak", 0.5, 0.0), network(1.0)
    average.update(moving, 1.0)
    with torch.no_grad():
        for parameter in moving.parameters():
            parameter.fill_(50.0)
    used = network(-1.0)
    average.copy_to(used, fallback=moving)
    assert used.state_dict()["0.weight"].unique().tolist() == [1.0]
