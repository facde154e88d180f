"""Auxiliary classifiers on and off: the gradient that each layer gets, and the accuracy (Section 5 of the paper).

One network in three versions, each with and without auxiliary classifiers: without batch normalisation, as in the
paper, from the initial weights of Caffe's replication (half the variance that a ReLU needs, and biases of 0.2); the
same from those of He et al. 2015; and with batch normalisation. All see the same batches at the same learning rate.
A layer's gradient norm is divided by the norm of its weights: how far an update with a rate of 1 would move them.

Example: python examples/lab/auxiliary.py digits --minutes 4 --seeds 3
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import experiment
import matplotlib.pyplot as plt
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import googlenet
from googlenet.architecture import INCEPTION_MODULES
from googlenet.dataset import Samples, check_for_training
from googlenet.evaluation import wilson_interval
from googlenet.images import to_square
from googlenet.network import to_network_input
from googlenet.recipes import override
from googlenet.training.step import StepSettings, train_step

LAYERS = ("conv1", "conv2", *(f"{module}.3x3" for module in INCEPTION_MODULES))
SHOWN = ("conv1", "4a.3x3", "5b.3x3")
BATCH = 32
RATE, WARMUP = 0.02, 20  # of SGD with momentum 0.9; over that many updates the rate rises
MOST_PICTURES = 10_000  # of a split, so that they fit into memory
TIMED_STEPS = 3
FEWEST_STEPS = 2

Start = Callable[[googlenet.GoogLeNet, torch.Generator], None]


def caffe(network: googlenet.GoogLeNet, generator: torch.Generator) -> None:
    """Caffe's initial weights: uniform with variance 1 / fan-in, of which a ReLU leaves half; biases of 0.2."""
    for parameter in network.parameters():
        if parameter.ndim == 1:
            parameter.data.fill_(0.2)
        else:
            reach = (3 / parameter[0].numel()) ** 0.5
            parameter.data.uniform_(-reach, reach, generator=generator)


def he(network: googlenet.GoogLeNet, generator: torch.Generator) -> None:
    """Keep the initial weights of this package: normal with variance 2 / fan-in, biases of 0."""


CAFFE, HE, BATCH_NORM = "Caffe's start", "He's start", "batch norm"
NETWORKS: dict[str, tuple[str, Start]] = {CAFFE: ("-paper", caffe), HE: ("-paper", he), BATCH_NORM: ("", he)}
"""Name -> what the variant's name ends in, and the initial weights."""

WITH, WITHOUT = "with", "without"
AUXILIARY_WEIGHTS = {WITH: 0.3, WITHOUT: 0.0}


@dataclass(frozen=True, slots=True)
class Pictures:
    """A split as squares (N, S, S, 3) uint8 RGB and classes (N,) int64."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True, slots=True)
class Training:
    """One training: accuracy on val with Wilson's interval, and the relative gradient norms (updates, LAYERS)."""

    label: str
    seed: int
    accuracy: float
    interval: tuple[float, float]
    norms: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Laboratory:
    """What all trainings share: the pictures and the recipe that says how they become a network's input."""

    family: str
    classes: int
    recipe: googlenet.Recipe
    train: Pictures
    val: Pictures

    @classmethod
    def open(cls, data: str) -> Laboratory:
        """Read all pictures into memory; bad ones are left out."""
        dataset = googlenet.open_dataset(data)
        check_for_training(dataset)
        recipe = override(googlenet.RECIPES["small"], experiment.complete_setting(data, {}))
        splits = (_read(dataset.splits[split], recipe.preprocessing()) for split in ("train", "val"))
        return cls(experiment.family(data), len(dataset.classes), recipe, *splits)

    def run(self, network: str, auxiliary: str, seed: int, steps: int) -> Training:
        """Make the updates, note the gradients after each, and count the right answers on val."""
        generator = torch.Generator().manual_seed(seed)
        weight = AUXILIARY_WEIGHTS[auxiliary]
        net = self._network(network, weight, generator).train()
        optimizer = torch.optim.SGD(net.parameters(), RATE, momentum=0.9)
        order = torch.Generator().manual_seed(seed)  # of its own: the same batches for every network
        torch.manual_seed(seed)  # dropout
        norms = []
        for step in range(steps):
            optimizer.param_groups[0]["lr"] = RATE * min(1, (step + 1) / WARMUP)
            batch = torch.randint(len(self.train.labels), (BATCH,), generator=order)
            train_step(
                net,
                optimizer,
                self.train.images[batch],
                self.train.labels[batch],
                preprocessing=self.recipe.preprocessing(),
                settings=StepSettings(label_smoothing=0.0, auxiliary_weight=weight),
            )
            norms.append(relative_gradient_norms(net))
        right = self._right_answers(net.eval())
        interval = wilson_interval(right, len(self.val.labels))
        return Training(name(network, auxiliary), seed, right / len(self.val.labels), interval, np.array(norms))

    def _network(self, network: str, weight: float, generator: torch.Generator) -> googlenet.GoogLeNet:
        ending, start = NETWORKS[network]
        spec = googlenet.ArchitectureSpec(
            f"{self.family}{ending}", self.classes, self.recipe.channels, self.recipe.width
        )
        table = googlenet.build_architecture(spec)
        net = googlenet.GoogLeNet(table, auxiliaries=weight > 0, generator=generator)
        start(net, generator)
        return net

    @torch.inference_mode()
    def _right_answers(self, net: googlenet.GoogLeNet) -> int:
        batches = zip(self.val.images.split(256), self.val.labels.split(256), strict=True)
        preprocessing = self.recipe.preprocessing()
        return sum(
            int((net(to_network_input(images, preprocessing)).main.argmax(1) == labels).sum())
            for images, labels in batches
        )

    @property
    def steps_per_epoch(self) -> int:
        """Updates in which as many pictures are drawn as there are."""
        return max(1, len(self.train.labels) // BATCH)


def name(network: str, auxiliary: str) -> str:
    """The name of a setting's row."""
    return f"{network}, {auxiliary}"


def relative_gradient_norms(network: googlenet.GoogLeNet) -> list[float]:
    """For each of `LAYERS`, the norm of its gradient over the norm of its weights, after a backward pass."""
    weights = [network.get_submodule(layer).weight.detach() for layer in LAYERS]
    gradients = [network.get_submodule(layer).weight.grad for layer in LAYERS]
    return [float(gradient.norm() / weight.norm()) for gradient, weight in zip(gradients, weights, strict=True)]


def main() -> None:
    """Train, show the table, draw."""
    arguments = experiment.parse_arguments(__doc__, default_minutes=3.0)
    laboratory = Laboratory.open(arguments.data)
    settings = list(itertools.product(NETWORKS, AUXILIARY_WEIGHTS))
    steps = arguments.steps or affordable_steps(laboratory, settings, arguments.seeds, 60 * arguments.minutes)
    trainings = []
    for seed, (network, auxiliary) in itertools.product(range(arguments.seeds), settings):
        experiment.tell_progress(f"seed {seed}: {name(network, auxiliary)}, {steps:,} updates")
        trainings.append(laboratory.run(network, auxiliary, seed, steps))
    epoch = min(steps, laboratory.steps_per_epoch)
    show(trainings, epoch, steps)
    draw(trainings, laboratory.steps_per_epoch, arguments.out)


def affordable_steps(laboratory: Laboratory, settings: Sequence[tuple[str, str]], seeds: int, seconds: float) -> int:
    """Updates that every training can make if all take `seconds` together, from a few of each setting."""

    def seconds_of(updates: int) -> float:
        started = time.monotonic()
        for network, auxiliary in settings:
            laboratory.run(network, auxiliary, 0, updates)
        return time.monotonic() - started

    first = seconds_of(1)  # the first of all is slower
    few, more = seconds_of(1), seconds_of(1 + TIMED_STEPS)
    each_step = max(more - few, 0.01) / TIMED_STEPS
    left = seconds - first - few - more - seeds * (few - each_step)
    return max(FEWEST_STEPS, int(left / (seeds * each_step)))


def first_epoch(trainings: Sequence[Training], label: str, layer: str, epoch: int) -> float:
    """The median of a layer's relative gradient norm over the first epoch of all seeds."""
    at = LAYERS.index(layer)
    return float(np.median([training.norms[:epoch, at] for training in trainings if training.label == label]))


def show(trainings: Sequence[Training], epoch: int, steps: int) -> None:
    """Print the table, what the paper says, and what was seen."""
    heads = ("network, auxiliary classifiers", *SHOWN, f"{SHOWN[0]} / {SHOWN[-1]}", "accuracy", "95 % interval")
    lines, ratios = [heads], {}
    for label in dict.fromkeys(training.label for training in trainings):
        norms = [first_epoch(trainings, label, layer, epoch) for layer in SHOWN]
        ratios[label] = norms[0] / norms[-1]
        accuracy, (low, high) = experiment.mean_of(trainings, label).value, experiment.interval_of(trainings, label)
        values = [*norms, ratios[label]]
        lines.append((label, *(f"{value:.2g}" for value in values), f"{accuracy:.1%}", f"{low:.1%} to {high:.1%}"))
    experiment.print_table(lines)
    seeds = len({training.seed for training in trainings})
    of = f"the mean over {seeds} seeds (Student's t)" if seeds > 1 else "one training (Wilson)"
    print(
        f"gradient norm / weight norm: the median of the first {epoch:,} updates; intervals are those of {of}; "
        f"each training makes {steps:,} updates of {BATCH} pictures\n"
    )
    print(
        "The paper says: whether gradients get back through all the layers is a concern in so deep a network; "
        "auxiliary classifiers were expected to make them larger and to regularise. Later control runs found an effect "
        "of about 0.5 %, and that one of the two suffices."
    )
    without = "; ".join(f"{network} {ratios[name(network, WITHOUT)]:.2g}" for network in NETWORKS)
    added = "; ".join(f"{network} {ratios[name(network, WITH)]:.2g}" for network in NETWORKS)
    differences = " ".join(
        experiment.difference_sentence(trainings, name(network, WITH), name(network, WITHOUT)) for network in NETWORKS
    )
    print(
        f"Seen here: the gradient of {SHOWN[0]} as a multiple of that of {SHOWN[-1]}, both relative to their weights, "
        f"without auxiliary classifiers: {without}; with them: {added}. {differences}"
    )


def draw(trainings: Sequence[Training], steps_per_epoch: int, path: Path) -> None:
    """Gradients of every layer over the epochs, a panel for each setting; below them the accuracies."""
    figure = plt.figure(figsize=(12, 9.5), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(3, 1))
    panels = top.subplots(len(AUXILIARY_WEIGHTS), len(NETWORKS), sharex=True, sharey=True)
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.95, len(LAYERS)))
    for axes, (auxiliary, network) in zip(panels.flat, itertools.product(AUXILIARY_WEIGHTS, NETWORKS), strict=True):
        norms = [training.norms for training in trainings if training.label == name(network, auxiliary)]
        mean = smoothed(np.exp(np.log(np.maximum(norms, 1e-12)).mean(0)))
        epochs = (np.arange(len(mean)) + 1) / steps_per_epoch
        for layer, line, colour in zip(LAYERS, mean.T, colours, strict=True):
            axes.plot(epochs, line, color=colour, linewidth=1.2, label=layer)
        axes.set_yscale("log")
        axes.set_title(f"{network}, {auxiliary} auxiliary classifiers", fontsize=10)
        axes.grid(alpha=0.3)
    for axes in panels[-1]:
        axes.set_xlabel("epoch")
    for axes in panels[:, 0]:
        axes.set_ylabel("gradient norm / weight norm")
    top.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside right upper", frameon=False, fontsize=9)
    experiment.draw_accuracies(bottom.subplots(), trainings)
    experiment.save_figure(figure, path)


def smoothed(norms: NDArray[np.float64], width: int = 9) -> NDArray[np.float64]:
    """The running median of each column over `width` updates, fewer at both ends."""
    half = width // 2
    return np.array([np.median(norms[max(0, at - half) : at + half + 1], axis=0) for at in range(len(norms))])


def _read(samples: Samples, preprocessing: googlenet.Preprocessing) -> Pictures:
    """Every picture of a split, or every second, third ... where there are too many."""
    images, labels = [], []
    for index in range(0, len(samples), -(-len(samples) // MOST_PICTURES)):
        image = samples.decode(index)
        if not isinstance(image, googlenet.BadImage):
            images.append(to_square(image, preprocessing))
            labels.append(samples.items[index].label)
    if not images:
        raise googlenet.DataError("none of the pictures can be read: `googlenet check DATA` names them")
    return Pictures(torch.from_numpy(np.stack(images)), torch.tensor(labels))


if __name__ == "__main__":
    experiment.start(main)
