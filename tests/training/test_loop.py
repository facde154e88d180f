"""Whole trainings of a tiny network on pictures that it can learn."""

from __future__ import annotations

import csv
import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from googlenet.architecture import Architecture, ArchitectureSpec, build_architecture
from googlenet.classifier import Classifier
from googlenet.dataset import Dataset, Sample
from googlenet.engines import open_engine
from googlenet.errors import DataError, InputError, TrainingError
from googlenet.evaluation import Evaluation, evaluate
from googlenet.model import load_model
from googlenet.runs import (
    BadPictureFound,
    CheckpointSaved,
    EpochDone,
    Event,
    HeadStuck,
    ModelSaved,
    RunFolder,
    StepDone,
    TrainingStarted,
    TrainingStopped,
)
from googlenet.training import TrainingJob, loop, train
from googlenet.training.parts import TrainingParts, build_parts

if TYPE_CHECKING:
    from tests.training.conftest import Trained, Training


def metrics(folder: RunFolder) -> list[dict[str, str]]:
    with folder.metrics.open(newline="") as file:
        return list(csv.DictReader(file))


def with_wrong_val(dataset: Dataset) -> Dataset:
    """The same pictures, but val calls every class by another's name: who learns more scores less."""
    val = dataset.splits["val"]
    items = tuple(Sample(item.name, (item.label + 1) % 3) for item in val.items)
    return replace(dataset, splits=dataset.splits | {"val": replace(val, items=items)})


def test_a_tiny_network_learns_to_tell_three_colours(learned: Trained) -> None:
    epochs = learned.all(EpochDone)
    assert epochs[-1].validation_top1 is not None
    assert epochs[-1].validation_top1 > 0.65, "guessing gives a third"
    assert epochs[-1].loss < 0.8 * epochs[0].loss
    assert epochs[-1].head_accuracies["main"] > 0.6


def test_the_model_file_scores_what_its_header_says(learned: Trained) -> None:
    model = load_model(learned.job.folder.model)
    samples = learned.job.dataset.splits["val"]
    fresh = evaluate(open_engine(model, device="cpu"), model.preprocessing, samples, split="val", batch_size=5)
    scores = model.about.scores
    assert scores["top1"] == fresh.top1
    assert scores["loss"] == pytest.approx(fresh.loss, rel=1e-5)
    assert scores["pictures"] == fresh.pictures == 18
    assert scores["split"] == "val"
    assert scores["top1_interval"] == pytest.approx(list(fresh.top1_interval))
    assert learned.all(ModelSaved)[0].scores == scores


def test_the_model_file_tells_where_it_is_from_and_answers_as_it_did(learned: Trained) -> None:
    model = load_model(learned.job.folder.model)
    assert [label.name for label in model.classes] == ["blue", "green", "red"]
    assert model.preprocessing == learned.job.recipe.preprocessing()
    assert model.about.recipe == learned.job.recipe.to_dict() | {"seed": 3, "minutes": None}
    assert model.about.data is not None
    assert model.about.data["pictures"] == {"train": 48, "val": 18}
    assert not any(name.startswith("auxiliary") for name in model.weights)
    assert model.known_answer is not None
    answer = open_engine(model, device="cpu").run(model.known_answer.images).probabilities
    np.testing.assert_allclose(answer, model.known_answer.probabilities, atol=1e-6)


def test_a_run_folder_can_be_predicted_with(learned: Trained) -> None:
    green = np.full((40, 50, 3), (50, 200, 60), np.uint8)
    prediction = Classifier.load(learned.job.folder.path, device="cpu").predict(green)
    assert prediction.best.name == "green"


def test_every_epoch_is_a_row_of_the_metrics(learned: Trained) -> None:
    rows = metrics(learned.job.folder)
    assert [(row["epoch"], row["step"]) for row in rows] == [(str(n), str(6 * n)) for n in range(1, 6)]
    for row, event in zip(rows, learned.all(EpochDone), strict=True):
        assert float(row["loss_main"]) == pytest.approx(event.head_losses["main"], rel=1e-5)
        assert float(row["validation_top1"]) == pytest.approx(event.validation_top1, rel=1e-5)


def test_an_epochs_figures_are_means_over_its_pictures(learned: Trained) -> None:
    steps, epoch = learned.all(StepDone)[:6], learned.all(EpochDone)[0]
    for head in ("main", "auxiliary_4a", "auxiliary_4d"):
        assert epoch.head_losses[head] == pytest.approx(sum(step.head_losses[head] for step in steps) / 6)
    assert epoch.loss == pytest.approx(
        epoch.head_losses["main"] + 0.3 * (epoch.head_losses["auxiliary_4a"] + epoch.head_losses["auxiliary_4d"])
    )


def test_sum_and_heads_are_smoothed_alike(learned: Trained) -> None:
    for step in learned.all(StepDone):
        heads = step.smoothed_head_losses
        assert step.smoothed_loss == pytest.approx(
            heads["main"] + 0.3 * (heads["auxiliary_4a"] + heads["auxiliary_4d"])
        )
    first = learned.all(StepDone)[0]
    assert first.smoothed_head_losses == pytest.approx(first.head_losses)


def test_events_come_in_order(learned: Trained) -> None:
    order = [type(event) for event in learned.events if not isinstance(event, HeadStuck)]  # as the processor rounds
    epoch = [*[StepDone] * 6, EpochDone, CheckpointSaved]
    assert order == [TrainingStarted, *epoch * 5, TrainingStopped, ModelSaved]
    assert [step.step for step in learned.all(StepDone)] == list(range(1, 31))
    assert [step.epoch for step in learned.all(StepDone)][5:7] == [1, 2]
    started, stopped = learned.all(TrainingStarted)[0], learned.all(TrainingStopped)[0]
    assert (started.step, started.steps, started.steps_per_epoch) == (0, 30, 6)
    assert (started.training_pictures, started.validation_pictures) == (48, 18)
    assert (stopped.step, stopped.reason) == (30, "finished")


def test_the_rate_falls_in_a_line_to_the_last_step(learned: Trained) -> None:
    rates = [step.learning_rate for step in learned.all(StepDone)]
    assert rates == pytest.approx([0.05 * (1 - step / 30) for step in range(30)])


def test_a_budget_of_steps_ends_in_mid_epoch_with_a_finished_model(training: Training) -> None:
    done = training.run(training.job("run", steps=7, epochs=50, selection="last"))
    assert len(done.all(StepDone)) == 7
    assert [(row["epoch"], row["step"]) for row in metrics(done.job.folder)] == [("1", "6"), ("2", "7")]
    assert load_model(done.job.folder.model).about.scores["top1"] == done.all(EpochDone)[-1].validation_top1


def test_a_budget_of_minutes_ends_in_a_finished_model(training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow_evaluate(*arguments: Any, **options: Any) -> Evaluation:
        time.sleep(3.0)
        return evaluate(*arguments, **options)

    monkeypatch.setattr(loop, "evaluate", slow_evaluate)
    job = training.job("run", training.dataset(val=30), minutes=1 / 60, epochs=1, validate_every=0)
    done = training.run(job)
    assert done.model is not None
    assert done.all(TrainingStarted)[0].steps is None
    assert all(step.progress < 1.0 for step in done.all(StepDone)[:-1])
    stopped = done.all(TrainingStopped)[0]
    assert stopped.reason == "finished"
    assert stopped.seconds >= 1.0
    assert done.model.about.scores["training_seconds"] == round(stopped.seconds, 1)
    # The final evaluation, which takes 3 s here, is no training.
    assert stopped.seconds < 3.0


@pytest.mark.parametrize("selection", ["best", "last"])
def test_the_best_or_the_last_epoch_is_kept(training: Training, selection: str) -> None:
    data = with_wrong_val(training.dataset())
    plain = {"photometric": None, "lighting": 0, "averaging": "none"}
    job = training.job("run", data, selection=selection, epochs=8, learning_rate=0.1, warmup=0.3, **plain)
    done = training.run(job)
    scores = [epoch.validation_top1 for epoch in done.all(EpochDone)]
    best = max(score for score in scores if score is not None)
    assert scores[-1] is not None
    assert scores[-1] < best, "what is learnt is wrong here"
    model = load_model(done.job.folder.model)
    assert model.about.scores["top1"] == {"best": best, "last": scores[-1]}[selection]
    fresh = evaluate(open_engine(model, device="cpu"), model.preprocessing, data.splits["val"], split="val")
    assert fresh.top1 == model.about.scores["top1"]


def test_a_training_without_improvement_stops_early_and_finishes(training: Training) -> None:
    job = training.job(
        "run", with_wrong_val(training.dataset()), patience=2, epochs=30, schedule="constant", learning_rate=0.05
    )
    done = training.run(job)
    scores = [epoch.validation_top1 or 0.0 for epoch in done.all(EpochDone)]
    assert len(scores) < 30
    assert len(scores) - 1 - scores.index(max(scores)) == 2
    assert done.all(TrainingStopped)[0].reason == "no improvement"
    assert done.model is not None
    assert done.model.about.scores["top1"] == max(scores)


def test_the_table_is_built_as_often_for_many_steps_as_for_one(
    training: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[ArchitectureSpec] = []

    def count(spec: ArchitectureSpec) -> Architecture:
        built.append(spec)
        return build_architecture(spec)

    monkeypatch.setattr("googlenet.training.job.build_architecture", count)
    times = []
    for steps in (1, 3):
        built.clear()
        training.run(training.job(f"{steps} steps", training.dataset(train=2, val=1), steps=steps, validate_every=0))
        times.append(len(built))
    assert times[0] == times[1] > 0


def test_validation_can_be_left_to_the_end(training: Training) -> None:
    done = training.run(training.job("run", validate_every=0, epochs=2, train_sizes="0:24,0.5:28"))
    assert [epoch.validation_top1 is not None for epoch in done.all(EpochDone)] == [False, True]
    assert [epoch.input_size for epoch in done.all(EpochDone)] == [24, 28]


def test_a_loss_that_is_not_finite_stops_with_step_and_head(training: Training) -> None:
    with pytest.raises(
        TrainingError,
        match=r"the loss of the head (main|auxiliary_4a|auxiliary_4d) is (nan|inf) at step [23]: the training has "
        r"diverged\. Lower learning_rate \(by a factor of 3, for example\) or lengthen warmup, and restart",
    ):
        training.run(training.job("run", learning_rate=1e30))
    assert not RunFolder(training.root / "run").finished


DIVERGES: dict[str, Any] = {"learning_rate": 1e30, "warmup": 0.1, "schedule": "constant", "averaging": "none"}
"""The very first update has a rate of 0, the second one ruins the weights."""


@pytest.mark.parametrize("again", [False, True], ids=["at once", "resumed"])
def test_a_divergence_that_validation_meets_first_is_told_as_one(training: Training, again: bool) -> None:
    job = training.job("run", training.dataset(train=2), **DIVERGES, steps=9, batch_size=6, selection="last")
    for _ in range(2 if again else 1):
        with pytest.raises(
            TrainingError,
            match=r"^the loss on val is not finite after step 2: the training has diverged\. "
            r"Lower learning_rate \(by a factor of 3, for example\) or lengthen warmup, and restart$",
        ):
            training.run(job)
    log = job.folder.log.read_text()
    assert log.count("error: the loss on val is not finite after step 2") == 1 + again
    assert log.splitlines()[-1].endswith(": diverged")
    assert not job.folder.finished


def test_a_divergence_keeps_the_model_of_the_best_epoch_before(training: Training) -> None:
    job = training.job("run", training.dataset(train=2), **DIVERGES, steps=9, batch_size=6)
    events: list[Event] = []
    with pytest.raises(TrainingError, match=r"the training has diverged\. .*, and restart") as error:
        training.run(job, listen=events.append)
    validated = [event.validation_top1 for event in events if isinstance(event, EpochDone)]
    assert len(validated) == 1
    model = load_model(job.folder.model)
    assert model.about.scores["top1"] == validated[0]
    assert str(error.value).endswith(
        f"; the model of the best epoch so far ({validated[0]:.2%} on val) is saved in {job.folder.model}"
    )
    assert all(np.isfinite(weight).all() for weight in model.weights.values())
    assert job.folder.evaluation.is_file()


def test_a_head_that_learns_nothing_is_warned_of_once(training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_a_dead_head(job: TrainingJob) -> TrainingParts:
        parts = build_parts(job)
        for name, parameter in parts.network.named_parameters():
            if name.startswith("auxiliary_4a"):
                parameter.data.zero_()
        return parts

    monkeypatch.setattr("googlenet.training.loop.build_parts", with_a_dead_head)
    done = training.run(training.job("run", epochs=3, learning_rate=0.1, photometric=None, lighting=0))
    (warning,) = done.all(HeadStuck)
    assert (warning.head, warning.epoch >= 2) == ("auxiliary_4a", True)
    assert warning.loss == pytest.approx(math.log(3), rel=0.01)
    assert "lower learning_rate" in warning.advice
    assert done.job.folder.log.read_text().count("the head auxiliary_4a has learnt nothing yet") == 1


def test_bad_pictures_are_named_once_and_left_out(training: Training) -> None:
    bad = ["train/red/003.png", "train/blue/009.png", "val/green/002.png"]
    done = training.run(training.job("run", training.dataset(bad=bad), epochs=2, batch_size=16))
    assert sorted(event.image for event in done.all(BadPictureFound)) == sorted(bad)
    with done.job.folder.bad_pictures.open(newline="") as file:
        assert {row["image"]: row["error"] for row in csv.DictReader(file)} == dict.fromkeys(bad, "truncated file")
    assert done.model is not None
    assert done.model.about.scores["pictures"] == 17


@pytest.mark.parametrize("split", ["train", "val"])
def test_too_many_bad_pictures_stop_the_training_and_are_listed(training: Training, split: str) -> None:
    bad = [f"{split}/{colour}/{number:03d}.png" for colour in ("red", "blue") for number in range(3)]
    job = training.job("run", training.dataset(bad=bad), epochs=5)
    with pytest.raises(DataError, match=f"6 of [0-9]+ pictures in {split} cannot be read"):
        training.run(job)
    with job.folder.bad_pictures.open(newline="") as file:
        assert sorted(row["image"] for row in csv.DictReader(file)) == sorted(bad)


def test_a_batch_of_bad_pictures_alone_is_passed_over(training: Training) -> None:
    names = [item.name for item in training.samples(2).items]
    data = training.dataset(train=2, bad=[name for name in names if name.endswith("/000.png")])
    done = training.run(training.job("run", data, batch_size=1, steps=6))
    assert len(done.all(BadPictureFound)) == 3
    assert len(done.all(StepDone)) == 3
    assert done.model is not None


def test_a_class_without_a_picture_that_can_be_read_is_refused_before_any_work(training: Training) -> None:
    names = [item.name for item in training.samples(2).items]
    job = training.job("run", training.dataset(train=2, bad=[name for name in names if "/red/" in name]))
    with pytest.raises(DataError) as caught:
        train(job, print)
    assert str(caught.value) == (
        "none of the 2 pictures of the class 'red' in train can be read "
        "(folder train/red; 000.png: truncated file): replace them, or remove the class"
    )
    assert not job.folder.path.exists()


def test_the_seed_decides_the_weights(training: Training) -> None:
    one, two, other = (
        training.run(training.job(name, seed=seed, steps=2, workers=workers))
        for name, seed, workers in (("one", 1, 1), ("two", 1, 4), ("other", 2, 1))
    )
    assert one.weights == two.weights
    assert one.weights != other.weights


def test_what_cannot_be_trained_is_refused_before_any_work(training: Training) -> None:
    job = training.job("run", training.dataset(val=0))
    with pytest.raises(DataError, match="3 classes 'blue', 'green', 'red' have no pictures in val/"):
        train(job, print)
    with pytest.raises(InputError, match="4"):
        train(training.job("run", input_size=4), print)
    assert not job.folder.path.exists()


@pytest.mark.parametrize(("settings", "steps"), [({"epochs": 2}, 12), ({"epochs": 2, "least_steps": 15}, 15)])
def test_a_set_of_few_pictures_is_trained_for_the_least_number_of_steps(
    training: Training, settings: dict[str, Any], steps: int
) -> None:
    assert build_parts(training.job("run", **settings)).budget.steps == steps
