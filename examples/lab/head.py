"""Average pooling against a fully connected layer before the classifier: Section 5 of the paper.

Both networks make the same number of updates, on all training pictures and on a few of each class. How far accuracy on
the training pictures is above that on validation pictures shows overfitting. Then both are given other input sizes.

Example: python examples/lab/head.py digits --minutes 4 --seeds 3
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import experiment
import matplotlib.pyplot as plt
from experiment import Mean, Row

import googlenet
from googlenet.architecture import check_input_size

AVERAGE, CONNECTED = "average pooling", "fully connected"
ENDINGS = {AVERAGE: "", CONNECTED: "-fully-connected"}  # of the names of the variants
FEW = 10  # training pictures of each class
SCALES = (0.75, 1.0, 1.25, 1.5, 2.0)
BySize = Mapping[int, float | None]


def main() -> None:
    """Train on all pictures and on few, show the tables, draw."""
    arguments = experiment.parse_arguments(__doc__, default_minutes=3.0)
    family = experiment.family(arguments.data)
    everything = googlenet.open_dataset(arguments.data)
    rows: list[Row] = []
    on_training: list[float] = []
    for amount, dataset in (("all", everything), (f"{FEW} a class", few_of_each(everything))):
        settings = [(f"{head}, {amount}", {"variant": f"{family}{ending}"}) for head, ending in ENDINGS.items()]
        steps = rows[0].steps if rows else arguments.steps
        trained = experiment.run(settings, dataset, arguments.seeds, arguments.minutes / 2, steps=steps)
        on_training += [googlenet.evaluate(row.model, dataset, split="train").top1 for row in trained]
        rows += trained
    by_size = {head: at_other_sizes(rows, f"{head}, all", everything) for head in ENDINGS}
    gaps = print_overfitting(rows, on_training)
    print_sizes(by_size)
    parameters = {row.label: row.parameters for row in rows}
    experiment.show(
        rows,
        says="average pooling instead of fully connected layers holds no weights, improved top-1 by about 0.6 %, and "
        "makes it easy to adapt the network to other pictures; dropout stayed necessary.",
        seen=f"the fully connected network has {parameters[f'{CONNECTED}, all'] / parameters[f'{AVERAGE}, all']:.1f} "
        "times the parameters. "
        + " ".join(
            f"{experiment.difference_sentence(rows, f'{CONNECTED}, {amount}', f'{AVERAGE}, {amount}')} "
            f"Accuracy on the training pictures against validation: {in_points(gaps[f'{CONNECTED}, {amount}'])} and "
            f"{in_points(gaps[f'{AVERAGE}, {amount}'])} points."
            for amount in ("all", f"{FEW} a class")
        ),
    )
    draw(rows, by_size, arguments.out)


def few_of_each(dataset: googlenet.Dataset) -> googlenet.Dataset:
    """The dataset with `FEW` training pictures of each class, always the same, and all of its validation pictures."""
    names: dict[int, list[str]] = {}
    for item in dataset.splits["train"].items:
        names.setdefault(item.label, []).append(item.name)
    for of_class in names.values():
        random.Random(0).shuffle(of_class)
    return dataset.without([name for of_class in names.values() for name in of_class[FEW:]])


def print_overfitting(rows: Sequence[Row], on_training: Sequence[float]) -> dict[str, Mean]:
    """Print accuracy on training and on validation pictures; return how far the first is ahead, by label."""
    gaps: dict[str, Mean] = {}
    print("on training pictures, on validation pictures, and the difference, which is overfitting:")
    for label in dict.fromkeys(row.label for row in rows):
        pairs = [(train, row.accuracy) for row, train in zip(rows, on_training, strict=True) if row.label == label]
        train, val = (Mean.of(values).value for values in zip(*pairs, strict=True))
        gaps[label] = gap = Mean.of([on - off for on, off in pairs])
        print(f"  {label:<28} {train:6.1%} {val:6.1%}  {100 * gap.value:+5.1f} points")
    return gaps


def in_points(gap: Mean) -> str:
    """A difference of accuracies, with its interval if there are several seeds."""
    interval = "" if gap.low is None or gap.high is None else f" ({100 * gap.low:+.1f} to {100 * gap.high:+.1f})"
    return f"{100 * gap.value:+.1f}{interval}"


def at_other_sizes(rows: Sequence[Row], label: str, dataset: googlenet.Dataset) -> BySize:
    """Validation accuracy of the first seed's model by input size in px; None: the network does not take that size."""
    model = next(row.model for row in rows if row.label == label)
    table = googlenet.build_architecture(model.spec)
    found: dict[int, float | None] = {}
    for scale in SCALES:
        size = int(model.preprocessing.input_size * scale)
        found[size] = None
        with suppress(googlenet.InputError):
            check_input_size(table, size)
            resized = replace(model, preprocessing=replace(model.preprocessing, input_size=size, resize_size=size))
            found[size] = googlenet.evaluate(resized, dataset, split="val").top1
    return found


def print_sizes(by_size: Mapping[str, BySize]) -> None:
    """A line for each input size: the accuracy of both networks."""
    print("\ntrained on all pictures, seed 0, given pictures of another size:")
    for size in by_size[AVERAGE]:
        shown = [
            f"{head} {'does not take it' if (top1 := sizes[size]) is None else f'{top1:.1%}'}"
            for head, sizes in by_size.items()
        ]
        print(f"  {size:>3} px  {', '.join(shown)}")
    print()


def draw(rows: Sequence[Row], by_size: Mapping[str, BySize], path: Path) -> None:
    """Accuracies, parameters, and accuracy by input size."""
    figure, (accuracies, costs, sizes) = plt.subplots(1, 3, figsize=(14, 3), layout="constrained")
    experiment.draw_accuracies(accuracies, rows)
    experiment.draw_costs(costs, rows, "parameters")
    costs.set_yticks([])
    for (head, of_head), mark in zip(by_size.items(), "os", strict=True):
        taken = {size: 100 * top1 for size, top1 in of_head.items() if top1 is not None}
        sizes.plot(list(taken), list(taken.values()), f"-{mark}", label=head)
    sizes.set(xlabel="input size, px", ylabel="validation top-1, %")
    sizes.legend(frameon=False)
    experiment.save_figure(figure, path)


if __name__ == "__main__":
    experiment.start(main)
