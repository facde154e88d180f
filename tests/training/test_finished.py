"""What lies in the folder of a finished run besides the model: its evaluation, its answers, its temperature."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from googlenet.engines import open_engine
from googlenet.evaluation import Answers, Counts, calibrate, evaluate
from googlenet.model import load_model

if TYPE_CHECKING:
    from googlenet.dataset import Samples
    from tests.training.conftest import Trained, Training


def mislabelled(samples: Samples) -> Samples:
    """The same pictures, of which every third has the label of another class."""
    items = [
        replace(item, label=(item.label + (place % 3 == 0)) % len(samples.classes))
        for place, item in enumerate(samples.items)
    ]
    return replace(samples, items=tuple(items))


def test_the_answers_on_val_are_those_that_the_evaluation_counted(learned: Trained) -> None:
    folder = learned.job.folder
    answers, stored = Answers.load(folder.answers), folder.read_evaluation()
    samples = learned.job.dataset.splits["val"]
    assert answers.names == tuple(item.name for item in samples.items)
    assert answers.labels.tolist() == samples.labels.tolist()
    assert (answers.classes, answers.split, answers.bad_pictures) == (samples.classes, "val", ())
    counts = Counts(len(answers.classes))
    counts.add(answers.labels, answers.probabilities)
    counted = counts.result(answers.classes, split="val").to_dict()
    for key in ("loss", "ece"):  # sums, whose rounding depends on the batches
        assert stored[key] == pytest.approx(counted.pop(key))
    assert {key: stored[key] for key in counted} == json.loads(json.dumps(counted))
    model = load_model(folder.model)
    again = evaluate(open_engine(model, device="cpu"), model.preprocessing, samples, split="val", keep_answers=True)
    assert again.answers is not None
    np.testing.assert_allclose(again.answers.probabilities, answers.probabilities, atol=1e-4)


def test_too_few_pictures_leave_the_temperature_at_one(learned: Trained) -> None:
    assert load_model(learned.job.folder.model).temperature == 1
    assert learned.job.folder.read_evaluation()["calibration"] is None


@pytest.mark.parametrize("selection", ["last", "best"])
def test_a_temperature_is_fitted_on_half_of_val_and_stored(training: Training, selection: str) -> None:
    dataset = training.dataset(train=8, val=60)
    dataset = replace(dataset, splits=dataset.splits | {"val": mislabelled(dataset.splits["val"])})
    trained = training.run(training.job("run", dataset, epochs=3, learning_rate=0.05, selection=selection))
    folder = trained.job.folder
    answers, stored = Answers.load(folder.answers), folder.read_evaluation()
    calibration = calibrate(answers)
    assert calibration is not None
    assert stored["calibration"] == pytest.approx(calibration.to_dict())
    assert stored["calibration"]["fitted_on"] + stored["calibration"]["measured_on"] == 180
    model = load_model(folder.model)
    assert model.temperature == stored["temperature"] == pytest.approx(calibration.temperature)
    assert model.temperature != 1
    assert model.about.scores["loss"] == stored["loss"]
    assert "temperature" not in model.about.scores
    again = evaluate(
        open_engine(model, device="cpu"),
        model.preprocessing,
        dataset.splits["val"],
        split="val",
        temperature=model.temperature,
    )
    assert again.ece == pytest.approx(stored["ece"], abs=1e-3)
    assert again.loss == pytest.approx(stored["loss"], rel=1e-3)


def test_bad_pictures_have_no_answer_and_are_named(training: Training) -> None:
    trained = training.run(training.job("run", training.dataset(val=30, bad={"val/red/003.png"}), epochs=1))
    answers = Answers.load(trained.job.folder.answers)
    assert len(answers) == 89
    assert "val/red/003.png" not in answers.names
    assert answers.bad_pictures == (("val/red/003.png", "truncated file"),)
