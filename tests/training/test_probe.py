"""A fine-tuning that begins with a linear probe of the start's features."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from googlenet.errors import MissingExtraError, SettingsError
from googlenet.runs import BadPictureFound, EpochDone, ProbeFitted, TrainingStopped, describe
from googlenet.training import TrainingJob
from googlenet.training.parts import build_parts
from googlenet.training.probe import choose_pictures, fit_first_classifier, is_due
from tests.training.test_transfer import other_model

if TYPE_CHECKING:
    from tests.training.conftest import Training

PROBED: dict[str, Any] = {"linear_probe": 30, "auxiliary_weight": 0, "averaging": "none"}


def probed(training: Training, name: str = "run", *classes: str, **settings: Any) -> TrainingJob:
    return replace(training.job(name, **PROBED | settings), start=other_model(*(classes or ("cat", "dog"))))


def test_the_first_classifier_knows_the_classes_before_any_update(training: Training) -> None:
    run = training.run(probed(training, learning_rate=1e-9, steps=1))
    (event,) = run.all(ProbeFitted)
    assert event.pictures == 30
    assert describe(event) == f"linear probe: the classifier was fitted to 30 pictures in {event.seconds:.0f} s"
    top1 = run.all(EpochDone)[-1].validation_top1
    assert top1 is not None
    assert top1 > 0.65, "guessing gives a third, and an update at this rate changes nothing"


def test_the_probe_counts_as_training_time_but_not_as_progress(training: Training) -> None:
    parts = build_parts(probed(training, minutes=1))
    event, bad = fit_first_classifier(probed(training, minutes=1), parts)
    assert bad == []
    assert parts.state.seconds == parts.state.probe_seconds == event.seconds > 0
    assert parts.share_done == 0
    parts.state.seconds = 60
    assert parts.share_done == 1


def test_a_probed_training_that_was_stopped_goes_on_to_the_bit_without_another_probe(training: Training) -> None:
    whole = training.run(probed(training, "whole", steps=4))
    stopped = training.run(probed(training, "cut", steps=4), stop_after=2)
    rest = training.run(probed(training, "cut", steps=4))
    assert [len(run.all(ProbeFitted)) for run in (whole, stopped, rest)] == [1, 1, 0]
    assert rest.weights == whole.weights


def test_a_bad_picture_is_named_and_the_others_are_used(training: Training) -> None:
    bad = "train/red/003.png"
    job = replace(probed(training, steps=1, linear_probe=48), dataset=training.dataset(bad={bad}))
    run = training.run(job)
    assert run.all(ProbeFitted)[0].pictures == 47
    assert run.all(BadPictureFound) == [BadPictureFound(bad, "truncated file")]


def test_a_start_with_these_classes_and_a_recipe_without_a_probe_need_none(training: Training) -> None:
    for job in (probed(training, "same", "blue", "green", "red"), probed(training, "off", linear_probe=0)):
        assert not is_due(job, build_parts(job))
    with pytest.raises(SettingsError, match="linear_probe of the recipe need a model to start from"):
        replace(probed(training), start=None).check()


def test_without_scikit_learn_a_fine_tuning_is_refused_before_it_begins(
    training: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("googlenet.training.job.find_spec", lambda name: None)
    job = probed(training)
    with pytest.raises(
        MissingExtraError, match=r"linear probe of a fine-tuning needs scikit-learn.*googlenet\[train\]"
    ):
        job.check()
    probed(training, "off", linear_probe=0).check()


def test_a_budget_shorter_than_the_probe_still_gives_a_model(training: Training) -> None:
    run = training.run(probed(training, minutes=1e-6))
    assert run.model is not None
    assert run.all(TrainingStopped)[-1].reason == "finished"


def test_pictures_are_chosen_at_random_with_one_of_each_class() -> None:
    labels = np.array([0] * 90 + [1] * 9 + [2])
    chosen = choose_pictures(labels, 20, seed=0)
    assert len(set(chosen.tolist())) == 20
    assert set(labels[chosen]) == {0, 1, 2}
    assert chosen.tolist() != choose_pictures(labels, 20, seed=1).tolist()
    assert len(choose_pictures(labels, 2, seed=0)) == 3
    assert sorted(choose_pictures(labels, 1000, seed=0).tolist()) == list(range(100))
