"""What the experiments share: equal trainings, intervals by hand, the table. `test_tutorials.py` runs whole scripts."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import googlenet

TINY = {"width": 0.05, "batch_size": 4}


@pytest.fixture(scope="module")
def experiment(load: Any) -> ModuleType:
    module: ModuleType = load("experiment")
    return module


@pytest.fixture(scope="module")
def dataset() -> googlenet.Dataset:
    """Twenty noisy pictures of two colours, of which some are held back."""
    generator = np.random.default_rng(0)
    images = [generator.integers(128 * (at % 2), 128 + 128 * (at % 2), (12, 12, 3), np.uint8) for at in range(20)]
    return googlenet.dataset_from_lists(images, ["dark", "light"] * 10, name="tones")


@pytest.fixture(scope="module")
def rows(experiment: ModuleType, dataset: googlenet.Dataset) -> list[Any]:
    settings = [("with rate 0.05", TINY), ("with rate 0.01", TINY | {"learning_rate": 0.01})]
    found: list[Any] = experiment.run(settings, dataset, 2, 1, steps=3)
    return found


def test_every_setting_is_trained_once_a_seed_for_the_same_number_of_updates(rows: list[Any]) -> None:
    labels = ("with rate 0.05", "with rate 0.01")
    assert [(row.label, row.seed) for row in rows] == [(label, seed) for seed in (0, 1) for label in labels]
    assert {row.steps for row in rows} == {3}
    assert all(row.interval[0] <= row.accuracy <= row.interval[1] for row in rows)
    recipes = [row.model.about.recipe for row in rows]
    assert [recipe["learning_rate"] for recipe in recipes] == [0.05, 0.01] * 2
    assert {recipe["variant"] for recipe in recipes} == {"small-64"}  # its pictures are no embedded set
    spec = googlenet.ArchitectureSpec("small-64", classes=2, width=0.05)
    cost = googlenet.network_cost(googlenet.build_architecture(spec))
    assert {(row.parameters, row.multiply_adds) for row in rows} == {(cost.parameters, cost.multiply_adds)}


def test_minutes_are_shared_by_all_trainings(experiment: ModuleType) -> None:
    """Three settings, 1 + 2 + 1 s besides and 0.1 + 0.3 + 0.1 s an update, twice: 108 s are 100 updates of each."""
    assert experiment.steps_within(108, seeds=2, each_step=0.5, around=4) == 100
    assert experiment.steps_within(9, seeds=2, each_step=0.5, around=4) == experiment.FEWEST_STEPS == 2


def test_too_few_minutes_still_give_two_updates(experiment: ModuleType, dataset: googlenet.Dataset) -> None:
    (row,) = experiment.run([("one", TINY)], dataset, 1, 1e-6)
    assert row.steps == 2


def test_the_interval_of_a_mean_is_students(experiment: ModuleType) -> None:
    """1, 2, 3: mean 2, standard deviation 1; t of 0.975 with 2 degrees of freedom is 4.303."""
    mean = experiment.Mean.of([1.0, 2.0, 3.0])
    assert (mean.value, mean.seeds) == (2.0, 3)
    assert mean.high - 2 == pytest.approx(2 - mean.low) == pytest.approx(4.303 / 3**0.5, abs=1e-3)
    assert experiment.Mean.of([0.5]) == experiment.Mean(0.5, None, None, 1)


def made_rows(experiment: ModuleType, **accuracies: list[float]) -> list[Any]:
    return [
        experiment.Row(label, seed, value, (0.1, 0.9), 5, 6, 7.0, 1.5, 30, None)
        for label, of_label in accuracies.items()
        for seed, value in enumerate(of_label)
    ]


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ([0.90, 0.92, 0.94], [0.80, 0.82, 0.84], "one against other: +10.0 points (+10.0 to +10.0 over 3 seeds), a d"),
        ([0.90, 0.82, 0.94], [0.80, 0.90, 0.84], "one against other: +4.0 points (-21.8 to +29.8 over 3 seeds), no d"),
        ([0.9], [0.8], "one against other: +10.0 points with one seed, from which nothing follows for another."),
    ],
)
def test_a_difference_is_taken_seed_by_seed_and_told_with_its_interval(
    experiment: ModuleType, one: list[float], other: list[float], said: str
) -> None:
    rows = made_rows(experiment, one=one, other=other)
    assert experiment.difference_sentence(rows, "one", "other").startswith(said)


def test_the_table_has_a_line_for_each_setting(experiment: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    experiment.show(made_rows(experiment, one=[0.5, 0.7], other=[0.1, 0.1]), "that.", "this.")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["setting", "accuracy", "95", "%", "interval", "parameters", "multiply-adds", "epochs"],
        ["one", "60.0%", "0.0%", "to", "100.0%", "5", "6", "1.5"],
        ["other", "10.0%", "10.0%", "to", "10.0%", "5", "6", "1.5"],
    ]
    assert lines[3].startswith("intervals are of the mean over 2 seeds (Student's t); each training makes 30 updates")
    assert lines[5:] == ["The paper says: that.", "Seen here: this."]
