"""An ensemble of three against one network, and ten crops against one (Section 7 and Table 3 of the paper).

Networks of the same settings differ in their seed: their initial weights, and the order and patches of the pictures.
Each answers one crop of a picture, the centre, and ten, Krizhevsky's: corners, centre, all mirrored. Probabilities are
averaged over the crops, then over the networks. A row of one network is the mean of the three on their own.

Example: python examples/lab/ensemble.py digits --minutes 4 --seeds 3
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import experiment
import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

import googlenet
from googlenet.evaluation import wilson_interval
from googlenet.images import Rgb, crop_scales

NETWORKS = 3
CROPS = (1, 10)
MOST_PICTURES = 300  # answered by 3 networks and 11 crops in all
TRAINING_SHARE = 0.75  # of the minutes


@dataclass(frozen=True, slots=True)
class Score:
    """Accuracy of one protocol with one ensemble (numbered by `seed`), and Wilson's interval."""

    label: str
    seed: int
    accuracy: float
    interval: tuple[float, float]


def main() -> None:
    """Train, answer, show the table, draw."""
    arguments = experiment.parse_arguments(__doc__, default_minutes=3.0)
    dataset = experiment.open_few(arguments.data)
    variant = {"variant": experiment.family(arguments.data)}
    size = experiment.complete_setting(dataset, variant).get("input_size", googlenet.RECIPES["small"].input_size)
    setting = {**variant, "resize_size": crop_scales(size)[0], "mirror": True}
    minutes = TRAINING_SHARE * arguments.minutes
    seeds = NETWORKS * arguments.seeds
    rows = experiment.run([("network", setting)], dataset, seeds, minutes, steps=arguments.steps)
    pictures, labels = read_pictures(dataset)
    scores = []
    for ensemble in range(arguments.seeds):
        members = rows[NETWORKS * ensemble : NETWORKS * (ensemble + 1)]
        scores += score(ensemble, [row.model for row in members], pictures, labels)
    show(scores, rows[0].steps, len(labels))
    figure, axes = plt.subplots(figsize=(7.5, 2.8), layout="constrained")
    experiment.draw_accuracies(axes, scores)
    experiment.save_figure(figure, arguments.out)


def label_of(networks: int, crops: int) -> str:
    """The name of a protocol's row."""
    return f"{networks} network{'s' * (networks > 1)}, {crops} crop{'s' * (crops > 1)}"


BASE = label_of(1, 1)


def read_pictures(dataset: googlenet.Dataset) -> tuple[list[Rgb], NDArray[np.int64]]:
    """At most `MOST_PICTURES` of val, evenly over its order, and their classes; bad ones are left out."""
    val = dataset.splits["val"]
    indices = range(0, len(val), -(-len(val) // MOST_PICTURES))
    pairs = [(val.decode(index), val.items[index].label) for index in indices]
    good = [(image, label) for image, label in pairs if not isinstance(image, googlenet.BadImage)]
    return [image for image, _ in good], np.array([label for _, label in good])


def score(
    ensemble: int, models: Sequence[googlenet.Model], pictures: Sequence[Rgb], labels: NDArray[np.int64]
) -> list[Score]:
    """The scores of one ensemble: one network and all of them, by each protocol of crops."""
    scores = []
    for crops in CROPS:
        # Averages over networks are taken at temperature 1, as everywhere in the package.
        classifiers = [googlenet.load(replace(model, temperature=1.0)) for model in models]
        answers = np.stack([classifier.predict_proba(pictures, crops=crops) for classifier in classifiers])
        for networks, right in (
            (1, (answers.argmax(2) == labels).mean()),
            (len(models), (answers.mean(0).argmax(1) == labels).mean()),
        ):
            interval = wilson_interval(round(right * len(labels)), len(labels))
            scores.append(Score(label_of(networks, crops), ensemble, float(right), interval))
    return sorted(scores, key=lambda one: one.label)


def show(scores: Sequence[Score], steps: int, pictures: int) -> None:
    """Print the table, what the paper says, and what was seen."""
    lines = [("protocol", "cost", "top-1 error", "95 % interval", "difference, points", "95 % interval")]
    for label in dict.fromkeys(one.label for one in scores):
        networks, _, crops, _ = label.split()
        cost = int(networks) * int(crops)
        error, (low, high) = 1 - experiment.mean_of(scores, label).value, experiment.interval_of(scores, label)
        lines.append((label, f"{cost}", f"{error:.1%}", f"{1 - high:.1%} to {1 - low:.1%}", *change_of(scores, label)))
    experiment.print_table(lines)
    seeds = len({one.seed for one in scores})
    of = f"the mean over {seeds} ensembles (Student's t)" if seeds > 1 else "one ensemble (Wilson)"
    print(
        f"intervals are those of {of}; {pictures:,} pictures of val; each network was trained for {steps:,} updates\n"
    )
    print(
        "The paper says (Table 3, top-5 error on ImageNet): one network and one crop 10.07 %; ten crops -0.92 points; "
        "seven networks -1.98; both together -2.45. The gain of more crops grows smaller with more networks."
    )
    others = [label_of(1, 10), label_of(NETWORKS, 1), label_of(NETWORKS, 10)]
    seen = [experiment.difference_sentence(scores, label, BASE) for label in others]
    print(f"Seen here (accuracy, not error): {' '.join(seen)}")


def change_of(scores: Sequence[Score], label: str) -> tuple[str, str]:
    """The error of a protocol minus that of the base, in points, and its interval where there are several ensembles."""
    if label == BASE:
        return "base", ""
    change = experiment.difference(scores, label, BASE)
    if change.low is None or change.high is None:
        return f"{-100 * change.value:+.2f}", ""
    return f"{-100 * change.value:+.2f}", f"{-100 * change.high:+.2f} to {-100 * change.low:+.2f}"


if __name__ == "__main__":
    experiment.start(main)
