"""One update: the weighted loss, the groups of weights, what is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import msgspec
import numpy as np
import pytest
import torch

from googlenet.architecture import build_architecture
from googlenet.errors import SettingsError
from googlenet.network import GoogLeNet, to_network_input
from googlenet.recipes import SETTINGS, Recipe
from googlenet.training.optimizer import OPTIMIZERS, build_optimizer, set_learning_rate
from googlenet.training.parts import build_parts
from googlenet.training.step import StepLosses, StepSettings, train_step, weighted_loss

if TYPE_CHECKING:
    from tests.training.conftest import Training


def build_network(recipe: Recipe, classes: int = 3) -> GoogLeNet:
    return GoogLeNet(build_architecture(recipe.spec(classes)), generator=torch.Generator().manual_seed(1))


def test_the_loss_is_the_main_one_and_three_tenths_of_each_auxiliary_classifiers() -> None:
    losses = {"auxiliary_4a": torch.tensor(10.0), "main": torch.tensor(1.0), "auxiliary_4d": torch.tensor(2.0)}
    assert weighted_loss(losses, 0.3).item() == pytest.approx(1.0 + 0.3 * 10.0 + 0.3 * 2.0)
    assert weighted_loss({"main": torch.tensor(1.0)}, 0.3).item() == 1.0


def one_batch(training: Training) -> tuple[torch.Tensor, torch.Tensor]:
    samples = training.samples(4, input_size=28)
    images = [image for image in (samples.decode(index) for index in range(12)) if isinstance(image, np.ndarray)]
    return torch.from_numpy(np.stack(images)), torch.from_numpy(samples.labels)


def steps(training: Training, recipe: Recipe, count: int, *, smoothing: float = 0.0) -> list[StepLosses]:
    network = build_network(recipe)
    optimizer = build_optimizer(network, recipe)
    images, labels = one_batch(training)
    torch.manual_seed(0)
    network.train()
    settings = StepSettings(smoothing, recipe.auxiliary_weight)
    return [
        train_step(network, optimizer, images, labels, preprocessing=recipe.preprocessing(), settings=settings)
        for _ in range(count)
    ]


RATES = {"sgd": 0.1, "adamw": 0.003, "muon": 0.1}


@pytest.mark.parametrize("optimizer", get_args(SETTINGS["optimizer"].kind))
def test_updates_on_one_batch_bring_the_loss_of_every_head_down(training: Training, optimizer: str) -> None:
    seen = steps(training, training.recipe(optimizer=optimizer, learning_rate=RATES[optimizer]), 10)
    for head in ("main", "auxiliary_4a", "auxiliary_4d"):
        assert seen[-1].heads[head] < 0.9 * seen[0].heads[head]
    assert seen[-1].correct["main"] == 12


def test_a_step_reports_every_head_and_their_weighted_sum(training: Training) -> None:
    (losses,) = steps(training, training.recipe(), 1)
    assert list(losses.heads) == ["main", "auxiliary_4a", "auxiliary_4d"]
    heads = losses.heads
    expected = heads["main"] + 0.3 * (heads["auxiliary_4a"] + heads["auxiliary_4d"])
    assert losses.loss == pytest.approx(expected, rel=1e-6)
    assert losses.pictures == 12


def test_a_step_counts_right_answers_and_smooths_labels_as_the_logits_say(training: Training) -> None:
    recipe = training.recipe()
    images, labels = one_batch(training)
    torch.manual_seed(0)  # the same dropout as in the step
    logits = build_network(recipe).train()(to_network_input(images, recipe.preprocessing()))
    answers = {head: values.detach().log_softmax(1) for head, values in logits._asdict().items()}
    own = torch.nn.functional.one_hot(labels, 3)
    for smoothing in (0.0, 0.5):
        (losses,) = steps(training, recipe, 1, smoothing=smoothing)
        wanted = (1 - smoothing) * own + smoothing / 3
        for head, answer in answers.items():
            assert losses.heads[head] == pytest.approx(-float((wanted * answer).sum(1).mean()), rel=1e-4)
            assert losses.correct[head] == int((answer.argmax(1) == labels).sum())
            assert losses.accuracies[head] == losses.correct[head] / 12
    assert len({tuple(answer.argmax(1).tolist()) for answer in answers.values()}) > 1, "heads that answer alike"


def test_a_side_weight_of_0_builds_no_auxiliary_classifiers(training: Training) -> None:
    def names(weight: float) -> set[str]:
        parts = build_parts(training.job(f"weight-{weight}", auxiliary_weight=weight))
        return {name.split(".")[0] for name, _ in parts.network.named_parameters() if name.startswith("auxiliary")}

    assert names(0.3) == {"auxiliary_4a", "auxiliary_4d"}
    assert names(0.0) == set()


def test_biases_and_norms_do_not_decay_and_every_weight_is_in_one_group() -> None:
    recipe = Recipe(variant="paper", width=0.125, weight_decay=0.5)
    for variant in ("paper", "batchnorm"):
        network = build_network(msgspec.structs.replace(recipe, variant=variant))
        groups = build_optimizer(network, recipe).param_groups
        decays = {id(parameter): group["weight_decay"] for group in groups for parameter in group["params"]}
        assert sum(len(group["params"]) for group in groups) == len(decays) == len(list(network.parameters()))
        for name, parameter in network.named_parameters():
            plain = name.endswith(".bias") or ".normalization." in name
            assert decays[id(parameter)] == (0.0 if plain else 0.5), name


def test_weights_without_a_gradient_shrink_and_norms_stay() -> None:
    recipe = Recipe(variant="batchnorm", width=0.125, weight_decay=0.5, learning_rate=0.1)
    network = build_network(recipe)
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    build_optimizer(network, recipe).step()
    for name, parameter in network.named_parameters():
        plain = name.endswith(".bias") or ".normalization." in name
        torch.testing.assert_close(parameter.detach(), before[name] * (1.0 if plain else 0.95))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_is_the_update_of_the_paper(momentum: float) -> None:
    recipe = Recipe(variant="paper", width=0.125, weight_decay=0.0, learning_rate=0.5, momentum=momentum)
    network = build_network(recipe)
    optimizer = build_optimizer(network, recipe)
    bias = dict(network.named_parameters())["conv1.bias"]
    for _ in range(2):
        for parameter in network.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
        set_learning_rate(optimizer, 0.1)
    # v1 = 1, v2 = momentum + 1; the second update has the second rate.
    expected = -0.5 - 0.1 * (1 + momentum)
    torch.testing.assert_close(bias.detach(), torch.full_like(bias, expected))


def test_every_optimizer_that_a_recipe_can_name_exists() -> None:
    assert set(OPTIMIZERS) == set(get_args(SETTINGS["optimizer"].kind))


def test_muon_refuses_a_network_without_batch_normalisation() -> None:
    recipe = Recipe(variant="paper", width=0.125, optimizer="muon")
    with pytest.raises(SettingsError, match="use variant=batchnorm or optimizer=sgd"):
        build_optimizer(build_network(recipe), recipe)
