"""A training that begins from another model: what it brings along, what begins anew, what stays frozen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.errors import SettingsError
from googlenet.images import Preprocessing
from googlenet.model import ClassLabel, Model
from googlenet.network import GoogLeNet, Weights, read_weights
from googlenet.training import TrainingJob
from googlenet.training.freezing import freeze_rows, frozen_rows
from googlenet.training.optimizer import build_optimizer, set_learning_rate
from googlenet.training.parts import build_network
from googlenet.training.transfer import transfer_weights

if TYPE_CHECKING:
    from tests.training.conftest import Training

BGR = Preprocessing(28, 32, "squash", "BGR", (104.0, 117.0, 123.0), (0.02, 0.02, 0.02))


def other_model(*classes: str, auxiliaries: bool = False) -> Model:
    """A model of the smoke recipe's network with other weights than a training of seed 3 begins with."""
    spec = ArchitectureSpec("small-32", len(classes), 3, 0.125)
    network = GoogLeNet(build_architecture(spec), auxiliaries=auxiliaries, generator=torch.Generator().manual_seed(99))
    return Model(spec, read_weights(network), tuple(ClassLabel(name, name) for name in classes), BGR)


def job_from(training: Training, start: Model | None, **settings: Any) -> TrainingJob:
    return replace(training.job("run", **settings), start=start)


def same(ours: Weights, model: Model) -> set[str]:
    """Names of the weights that are the model's."""
    return {name for name, weight in model.weights.items() if name in ours and np.array_equal(ours[name], weight)}


def begun(job: TrainingJob) -> tuple[GoogLeNet, set[str]]:
    """The network as its training begins, and what begins anew."""
    network, new = build_network(job)
    assert new is not None
    return network, set(new)


def test_all_but_the_classifier_is_brought_along(training: Training) -> None:
    start = other_model("cat", "dog", "hen", "pig")
    network, new = begun(job_from(training, start, auxiliary_weight=0))
    assert new == {"linear.weight", "linear.bias"}
    assert same(read_weights(network), start) == set(start.weights) - new


def test_auxiliary_classifiers_that_the_start_lacks_begin_anew_and_others_keep_all_but_their_last_layer(
    training: Training,
) -> None:
    _, new = begun(job_from(training, other_model("cat", "dog")))
    assert {name.split(".")[0] for name in new} == {"linear", "auxiliary_4a", "auxiliary_4d"}
    assert "auxiliary_4a.convolution.weight" in new
    _, new = begun(job_from(training, other_model("cat", "dog", auxiliaries=True)))
    heads = ("linear", "auxiliary_4a.linear", "auxiliary_4d.linear")
    assert new == {f"{head}.{part}" for head in heads for part in ("weight", "bias")}


def test_a_start_with_exactly_these_classes_brings_its_classifier_too(training: Training) -> None:
    start = other_model("blue", "green", "red")
    network, new = begun(job_from(training, start, auxiliary_weight=0))
    assert new == set()
    assert same(read_weights(network), start) == set(start.weights)
    turned = other_model("red", "green", "blue")
    assert begun(job_from(training, turned, auxiliary_weight=0))[1] == {"linear.weight", "linear.bias"}


def test_without_a_start_nothing_is_copied(training: Training) -> None:
    network, new = build_network(job_from(training, None))
    fresh = GoogLeNet(network.architecture, generator=torch.Generator().manual_seed(3))
    assert new is None
    assert transfer_weights(None, fresh, ()) is None
    ours, theirs = read_weights(network), read_weights(fresh)
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_what_was_brought_along_learns_at_its_own_rate(training: Training) -> None:
    job = job_from(training, other_model("cat", "dog"), auxiliary_weight=0, trunk_rate=0.25)
    network, new = begun(job)
    optimizer = build_optimizer(network, job.recipe, new=frozenset(new))
    set_learning_rate(optimizer, 0.08)
    rates = {id(one): group["lr"] for group in optimizer.param_groups for one in group["params"]}
    named = dict(network.named_parameters())
    assert len(rates) == len(named)
    assert {name for name, one in named.items() if rates[id(one)] == 0.08} == new
    assert {rates[id(one)] for name, one in named.items() if name not in new} == {0.02}


def test_the_head_warms_up_alone_and_frozen_rows_stay_frozen_after_it(training: Training) -> None:
    job = job_from(training, other_model("cat", "dog"), head_warmup=0.2, frozen="3a")
    rows = [row.name for row in job.architecture.rows]
    assert frozen_rows(job.architecture, job.recipe, 0.19) == tuple(rows[: rows.index("5b") + 1])
    assert frozen_rows(job.architecture, job.recipe, 0.2) == tuple(rows[: rows.index("3a") + 1])
    network, _ = build_network(job)
    network.train()
    freeze_rows(network, ("conv1", "3a"))
    still = {name.split(".")[0] for name, one in network.named_parameters() if not one.requires_grad}
    assert still == {"conv1", "3a"}
    assert not network.get_submodule("3a").training
    assert network.get_submodule("3b").training


def test_a_training_moves_what_is_not_frozen_and_nothing_else(training: Training) -> None:
    start = other_model("cat", "dog")
    job = job_from(training, start, frozen="3a", epochs=1, averaging="none", auxiliary_weight=0)
    model = training.run(job).model
    assert model is not None
    kept = same(model.weights, start)
    frozen = ("conv1.", "conv2_reduce.", "conv2.", "3a.")
    assert kept == {name for name in start.weights if name.startswith(frozen)}, "running statistics included"
    assert model.preprocessing == replace(BGR, input_size=28, resize_size=28)
    assert [label.id for label in model.classes] == ["blue", "green", "red"]


def test_a_stopped_training_from_a_start_goes_on_to_the_bit(training: Training) -> None:
    settings: dict[str, Any] = {"head_warmup": 0.4, "frozen": "conv2", "balance": 0.5, "steps": 8}
    start = other_model("cat", "dog")
    whole = training.run(replace(training.job("whole", **settings), start=start))
    cut = replace(training.job("cut", **settings), start=start)
    for stop_after in (2, 5, None):  # in the head's warm-up, and after it
        rest = training.run(cut, stop_after=stop_after)
    assert rest.weights == whole.weights


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"trunk_rate": 0.1}, "trunk_rate of the recipe need a model to start from; give --start MODEL"),
        ({"head_warmup": 0.1, "frozen": "3a"}, "head_warmup and frozen of the recipe need a model"),
    ],
)
def test_settings_about_a_start_need_one(training: Training, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        job_from(training, None, **settings).check()


def test_a_start_of_another_network_and_an_unknown_row_are_refused(training: Training) -> None:
    start = other_model("cat", "dog")
    with pytest.raises(SettingsError, match=r"the model to start from has width 0.125, the recipe 0.25"):
        job_from(training, start, width=0.25).check()
    with pytest.raises(SettingsError, match=r"frozen is '3aa', which is not a row .*; did you mean '3a'\?"):
        job_from(training, start, frozen="3aa").check()
