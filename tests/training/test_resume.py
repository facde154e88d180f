"""A training that was stopped goes on to the bit; checkpoints are whole or not there."""

from __future__ import annotations

import csv
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import safetensors.torch
import torch

from googlenet.architecture import build_architecture
from googlenet.errors import ModelFileError
from googlenet.network import GoogLeNet
from googlenet.runs import (
    CheckpointFailed,
    CheckpointSaved,
    Event,
    ModelSaved,
    RunFolder,
    StepDone,
    TrainingStarted,
    TrainingStopped,
)
from googlenet.training.averaging import WeightAverage
from googlenet.training.checkpoint import KEY, load_checkpoint, load_weights, save_checkpoint
from googlenet.training.optimizer import build_optimizer
from googlenet.training.state import TrainingState

if TYPE_CHECKING:
    from tests.training.conftest import Trained, Training

TIMING = ("seconds", "images_per_second")
SETTINGS: dict[str, dict[str, Any]] = {
    "exponential": {"averaging": "exponential", "dropout": 0.4, "nesterov": True},
    "polyak": {"averaging": "polyak", "averaging_start": 0.3, "warmup": 0.2, "momentum": 0.5},
    "muon": {"averaging": "none", "optimizer": "muon"},
    "adamw": {"averaging": "none", "optimizer": "adamw", "learning_rate": 0.003},
    "bfloat16": {"precision": "bfloat16", "dropout": 0.4, "averaging": "exponential"},
    "growing": {"train_sizes": "0:24,0.6:28", "schedule": "paper", "momentum": 0, "auxiliary_weight": 0},
}


def rows(folder: RunFolder) -> list[dict[str, str]]:
    with folder.metrics.open(newline="") as file:
        return [{key: value for key, value in row.items() if key not in TIMING} for row in csv.DictReader(file)]


def losses(trained: Trained) -> list[tuple[int, float, dict[str, float], float, float]]:
    return [
        (step.step, step.loss, step.head_losses, step.smoothed_loss, step.learning_rate)
        for step in trained.all(StepDone)
    ]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may grow above `size` bytes: the system's own refusal to write, as of a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_training_stopped_twice_in_mid_epoch_ends_as_if_it_had_not_been(training: Training, name: str) -> None:
    settings = SETTINGS[name] | {"steps": 9, "selection": "last"}
    whole = training.run(training.job("whole", **settings))
    job = training.job("parts", **settings)
    first, second = training.run(job, stop_after=2), training.run(job, stop_after=7)
    for stopped, step in ((first, 2), (second, 7)):
        assert stopped.model is None
        assert stopped.all(TrainingStopped)[0].reason == "interrupted"
        assert stopped.all(CheckpointSaved)[-1].step == step
        assert not job.folder.finished
    third = training.run(training.job("parts", **settings))
    assert [part.all(TrainingStarted)[0].step for part in (first, second, third)] == [0, 2, 7]
    assert third.weights == whole.weights
    assert losses(first) + losses(second) + losses(third) == losses(whole)
    assert rows(job.folder) == rows(whole.job.folder)


def test_the_best_epoch_survives_a_resume(training: Training) -> None:
    settings: dict[str, Any] = {"epochs": 3, "selection": "best"}
    whole = training.run(training.job("whole", **settings))
    job = training.job("parts", **settings)
    training.run(job, stop_after=8)
    rest = training.run(job)
    assert rest.weights == whole.weights
    assert rows(job.folder) == rows(whole.job.folder)


def test_a_training_whose_last_checkpoint_is_its_end_only_writes_the_model(training: Training) -> None:
    done = training.run(training.job("run", steps=4))
    done.job.folder.model.unlink()
    again = training.run(done.job)
    assert [type(event) for event in again.events] == [TrainingStarted, TrainingStopped, ModelSaved]
    assert again.weights == done.weights


def test_a_training_in_minutes_resumes_its_remaining_time(training: Training) -> None:
    job = training.job("run", minutes=2 / 60, validate_every=0)
    first = training.run(job, stop_after=3)
    second = training.run(job)
    before, after = first.all(StepDone)[-1], second.all(StepDone)[0]
    assert (before.step, after.step) == (3, 4)
    assert 0 < before.progress < after.progress
    stopped = second.all(TrainingStopped)[0]
    assert stopped.reason == "finished"
    assert stopped.seconds >= 2.0


def test_a_checkpoint_that_cannot_be_written_is_a_warning_and_the_one_before_stays(training: Training) -> None:
    job = training.job("run", steps=5, checkpoint_seconds=0)
    with largest_file(resource.RLIM_INFINITY):

        def listen(event: Event) -> None:
            if isinstance(event, CheckpointSaved) and event.step == 2:  # there is still room for a model, not for more
                resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))

        done = training.run(job, listen=listen)
    assert [event.step for event in done.all(CheckpointSaved)] == [1, 2]
    assert [event.step for event in done.all(CheckpointFailed)] == [3, 4, 5]
    assert "cannot write " in done.all(CheckpointFailed)[0].reason
    assert "File too large" in done.all(CheckpointFailed)[0].reason
    assert "warning: no checkpoint at step 3: cannot write" in job.folder.log.read_text()
    assert done.model is not None
    assert not list(job.folder.path.rglob("*.tmp"))
    job.folder.model.unlink()
    again = training.run(job)
    assert again.all(TrainingStarted)[0].step == 2
    assert again.weights == done.weights


def test_best_weights_that_cannot_be_written_do_not_end_the_training(training: Training) -> None:
    job = training.job("run", epochs=1, selection="best")
    with largest_file(100_000):

        def listen(event: Event) -> None:
            if isinstance(event, TrainingStopped):
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

        done = training.run(job, listen=listen)
    assert {Path(event.reason.split()[2].rstrip(":")).name for event in done.all(CheckpointFailed)} == {
        "best.safetensors",
        "last.safetensors",
    }
    assert done.model is not None


class Checkpoint:
    """A checkpoint in the middle of a training, and fresh parts to load it into."""

    def __init__(self, training: Training) -> None:
        self.recipe = training.recipe()
        self.path = training.root / "last.safetensors"
        network, optimizer, average = self.fresh()
        for parameter in network.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
        average.update(network, 1.0)
        save_checkpoint(self.path, network, optimizer, average, TrainingState(step=7, warned=["main"]))

    def fresh(self, **settings: Any) -> tuple[GoogLeNet, torch.optim.Optimizer, WeightAverage]:
        recipe = msgspec.structs.replace(self.recipe, **settings)
        network = GoogLeNet(build_architecture(recipe.spec(3)))
        return network, build_optimizer(network, recipe), WeightAverage.from_recipe(recipe)

    def rewrite(self, change: Any) -> None:
        """Write the file anew, whole, with tensors and header changed."""
        with safetensors.safe_open(self.path, framework="pt") as file:
            header = json.loads(file.metadata()[KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - the file is no mapping
        change(tensors, header)
        safetensors.torch.save_file(tensors, self.path, {KEY: json.dumps(header)})

    def assert_refused(self, sentence: str, **settings: Any) -> None:
        network, optimizer, average = self.fresh(**settings)
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        with pytest.raises(ModelFileError, match=sentence):
            load_checkpoint(self.path, network, optimizer, average)
        assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
        assert not any(bool(state["momentum_buffer"].any()) for state in optimizer.state.values())
        assert not average.values


@pytest.fixture
def checkpoint(training: Training) -> Checkpoint:
    return Checkpoint(training)


def test_a_checkpoint_brings_everything_back(checkpoint: Checkpoint) -> None:
    network, optimizer, average = checkpoint.fresh()
    progress = load_checkpoint(checkpoint.path, network, optimizer, average)
    assert (progress.step, progress.warned, average.count) == (7, ["main"], 1)
    assert len(optimizer.state) == len(list(network.parameters()))
    assert average.values.keys() == {name for name, t in network.state_dict().items() if t.is_floating_point()}


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.999999])
def test_a_truncated_checkpoint_is_refused(checkpoint: Checkpoint, kept: float) -> None:
    data = checkpoint.path.read_bytes()
    checkpoint.path.write_bytes(data[: int(kept * len(data))])
    checkpoint.assert_refused(r"the checkpoint .*last\.safetensors cannot be read \(.+\); delete it to restart the run")


def test_a_checkpoint_of_another_network_is_refused(checkpoint: Checkpoint) -> None:
    sentence = r"the weights in the checkpoint .* do not fit the network in the run's settings \("
    checkpoint.assert_refused(sentence + "wrong shape: conv1.weight", width=0.25)
    checkpoint.assert_refused(sentence + "wrong shape: conv1.weight", channels=1)


def test_a_checkpoint_whose_average_lacks_a_weight_is_refused(checkpoint: Checkpoint) -> None:
    checkpoint.rewrite(lambda tensors, header: tensors.pop("average/conv1.weight"))
    checkpoint.assert_refused(r"the averaged weights in the checkpoint .* settings \(missing: conv1\.weight\)")


def test_a_checkpoint_of_another_schema_is_refused(checkpoint: Checkpoint) -> None:
    checkpoint.rewrite(lambda tensors, header: header.update(schema_version=2))
    checkpoint.assert_refused(
        "has schema version 2, this version of googlenet reads 1: resume with the version that wrote it"
    )


@pytest.mark.parametrize("progress", [None, [], {"step": 7}, {"unknown": 1}])
def test_a_checkpoint_whose_counters_are_damaged_is_refused(checkpoint: Checkpoint, progress: Any) -> None:
    checkpoint.rewrite(lambda tensors, header: header.update(progress=progress))
    checkpoint.assert_refused("cannot be read")


def test_a_model_is_no_checkpoint(checkpoint: Checkpoint, learned: Trained) -> None:
    checkpoint.path.write_bytes(learned.job.folder.model.read_bytes())
    checkpoint.assert_refused("cannot be read")


def test_a_training_refuses_a_truncated_checkpoint_and_leaves_it(training: Training) -> None:
    job = training.job("run", steps=4)
    training.run(job, stop_after=2)
    half = job.folder.checkpoint.read_bytes()[:100_000]
    job.folder.checkpoint.write_bytes(half)
    with pytest.raises(ModelFileError, match="delete it to restart the run"):
        training.run(job)
    assert job.folder.checkpoint.read_bytes() == half
    job.folder.checkpoint.unlink()
    anew = training.run(job)
    assert anew.all(TrainingStarted)[0].step == 0
    assert anew.model is not None


def test_best_weights_that_are_gone_or_anothers_are_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    network, _, _ = checkpoint.fresh()
    with pytest.raises(ModelFileError, match=r"the weights of the best epoch, .*gone, cannot be read"):
        load_weights(tmp_path / "gone", network)
    with pytest.raises(ModelFileError, match=r"do not fit the network that is trained \(missing: "):
        load_weights(checkpoint.path, network)
