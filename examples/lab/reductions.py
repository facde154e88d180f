"""The naive module (Figure 2a) against the module with 1x1 reductions (Figure 2b): Section 4 of the paper.

Three networks make the same number of updates on the same pictures: the paper's modules; naive modules with the same
filters; and naive modules with so few filters that they cost what the paper's do. What an update takes is timed apart,
in turns, so that other work on the machine slows all three down alike.

Example: python examples/lab/reductions.py digits --minutes 4 --seeds 3
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import experiment
import matplotlib.pyplot as plt
import torch

import googlenet

REDUCED, NAIVE, NARROW = "reduced (2b)", "naive (2a), same filters", "naive (2a), same cost"
WIDTH = experiment.BASE["width"]
ROUNDS = 5
PICTURES = 32


def main() -> None:
    """Train, show the table, draw."""
    arguments = experiment.parse_arguments(__doc__, default_minutes=3.0)
    family = experiment.family(arguments.data)
    networks = {
        REDUCED: {"variant": family, "width": WIDTH},
        NAIVE: {"variant": f"{family}-naive", "width": WIDTH},
        NARROW: {"variant": f"{family}-naive", "width": width_of_equal_cost(family)},
    }
    settings = [(label, {**experiment.ADAMW, **network}) for label, network in networks.items()]
    rows = experiment.run(settings, arguments.data, arguments.seeds, arguments.minutes, steps=arguments.steps)
    reduced, naive = (next(row for row in rows if row.label == label) for label in (REDUCED, NAIVE))
    took = seconds_of_an_update({label: googlenet.ArchitectureSpec(**network) for label, network in networks.items()})
    experiment.show(
        rows,
        says="without reductions, 5x5 convolutions and the growing output of the pools make a network too expensive "
        "within a few modules; 1x1 convolutions before them keep the cost in check.",
        seen=f"naive modules with the same filters cost {naive.multiply_adds / reduced.multiply_adds:.1f} times the "
        f"multiply-adds and {naive.parameters / reduced.parameters:.1f} times the parameters, and take "
        f"{took[NAIVE] / took[REDUCED]:.1f} times as long for an update; those of the same cost take "
        f"{took[NARROW] / took[REDUCED]:.1f} times as long. "
        f"{experiment.difference_sentence(rows, NAIVE, REDUCED)} "
        f"At equal cost: {experiment.difference_sentence(rows, NARROW, REDUCED)}",
    )
    figure, (accuracies, costs) = plt.subplots(1, 2, figsize=(10, 2.6), sharey=True, layout="constrained")
    experiment.draw_accuracies(accuracies, rows)
    experiment.draw_costs(costs, rows, "multiply_adds")
    experiment.save_figure(figure, arguments.out)


def width_of_equal_cost(family: str) -> float:
    """The width at which the naive network costs about as many multiply-adds as the reduced one of `WIDTH`."""

    def multiply_adds(variant: str, width: float) -> int:
        spec = googlenet.ArchitectureSpec(variant, classes=10, width=width)
        return googlenet.network_cost(googlenet.build_architecture(spec)).multiply_adds

    aim = multiply_adds(family, WIDTH)
    widths = [WIDTH * hundredths / 100 for hundredths in range(10, 100)]
    return min(widths, key=lambda width: abs(multiply_adds(f"{family}-naive", width) - aim))


def seconds_of_an_update(specs: Mapping[str, googlenet.ArchitectureSpec]) -> dict[str, float]:
    """The seconds of both passes over a batch, the fastest of `ROUNDS`, the networks in turns."""
    networks = {
        label: googlenet.GoogLeNet(googlenet.build_architecture(spec), auxiliaries=False).train()
        for label, spec in specs.items()
    }
    took: dict[str, list[float]] = {label: [] for label in networks}
    for _ in range(ROUNDS):
        for label, network in networks.items():
            size = network.architecture.input_size
            started = time.perf_counter()
            network(torch.rand(PICTURES, 3, size, size)).main.sum().backward()
            took[label].append(time.perf_counter() - started)
    return {label: min(times) for label, times in took.items()}


if __name__ == "__main__":
    experiment.start(main)
