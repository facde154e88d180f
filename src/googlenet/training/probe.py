"""The start of a fine-tuning: a linear probe of the network's features becomes its first classifier.

It takes seconds, and so the errors that reach the other layers are sensible from the first update on.
"""

from __future__ import annotations

import time

import numpy as np
import torch
from numpy.typing import NDArray

from googlenet.evaluation import fit_linear_probe
from googlenet.images import BadImage, Rgb, to_square
from googlenet.network import GoogLeNet, to_network_input
from googlenet.parallel import in_batches, map_in_order
from googlenet.runs import ProbeFitted
from googlenet.training.batches import PROBE
from googlenet.training.job import TrainingJob
from googlenet.training.parts import TrainingParts
from googlenet.training.transfer import brings_its_classifier

BATCH = 32
MOST_TIME = 0.25  # share of a budget in minutes after which no more features are computed


def is_due(job: TrainingJob, parts: TrainingParts) -> bool:
    """Whether this training begins with a probe: the recipe wants it, the classes are new, nothing was done yet."""
    if job.start is None or not job.recipe.linear_probe or parts.state.step or parts.state.seconds:
        return False
    return not brings_its_classifier(job.start, job.dataset.classes)


def fit_first_classifier(job: TrainingJob, parts: TrainingParts) -> tuple[ProbeFitted, list[tuple[str, str]]]:
    """Fit a probe, copy it into the network's classifier and count its time; also (name, reason) of bad pictures.

    Features take 4 KB a picture, and `linear_probe` limits their number. Raises MissingExtraError.
    """
    started = time.monotonic()
    labels = parts.pictures.samples.labels
    chosen = choose_pictures(labels, job.recipe.linear_probe, seed=job.seed)

    def prepare(index: int) -> tuple[int, Rgb | BadImage]:
        image = parts.pictures.get(index)
        return index, image if isinstance(image, BadImage) else to_square(image, parts.preprocessing)

    used: list[int] = []
    features: list[NDArray[np.float32]] = []
    bad: list[tuple[str, str]] = []
    for batch in in_batches(map_in_order(prepare, chosen.tolist(), workers=job.workers, ahead=2 * BATCH), BATCH):
        good = [(index, square) for index, square in batch if not isinstance(square, BadImage)]
        bad += [
            (parts.pictures.samples.items[index].name, square.reason)
            for index, square in batch
            if isinstance(square, BadImage)
        ]
        if good:
            used += [index for index, _ in good]
            features.append(_features(job, parts, np.stack([square for _, square in good])))
        if parts.budget.seconds and time.monotonic() - started > MOST_TIME * parts.budget.seconds:
            break
    if features:
        probe = fit_linear_probe(np.concatenate(features), labels[used], len(job.dataset.classes))
        _copy(probe.weight, probe.bias, parts.network)
    parts.state.probe_seconds = parts.state.seconds = time.monotonic() - started
    return ProbeFitted(len(used), parts.state.seconds), bad


def choose_pictures(labels: NDArray[np.int64], most: int, *, seed: int) -> NDArray[np.int64]:
    """Indices of `most` pictures at random, but at least one of each class."""
    order = np.random.default_rng([seed, PROBE]).permutation(len(labels))
    _, first = np.unique(labels[order], return_index=True)
    return np.concatenate([order[first], np.delete(order, first)])[: max(most, len(first))]


@torch.inference_mode()
def _features(job: TrainingJob, parts: TrainingParts, squares: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, S, S, 3) -> the features (N, F) of the network as it is before the training."""
    parts.network.eval()
    x = to_network_input(torch.from_numpy(squares).to(job.device), parts.preprocessing)
    with torch.autocast(x.device.type, torch.bfloat16, enabled=job.precision == "bfloat16"):
        features: NDArray[np.float32] = parts.network.forward_features(x).features.float().cpu().numpy()
    return features


@torch.no_grad()
def _copy(weight: NDArray[np.float32], bias: NDArray[np.float32], network: GoogLeNet) -> None:
    classifier = network.architecture.classifiers[0]
    network.get_parameter(f"{classifier}.weight").copy_(torch.from_numpy(weight))
    network.get_parameter(f"{classifier}.bias").copy_(torch.from_numpy(bias))
