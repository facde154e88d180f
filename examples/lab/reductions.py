"""The naive module (Figure 2a) against the module with 1x1 reductions (Figure 2b): Section 4 of the paper.

Three networks make the same number of updates on the same pictures: the paper's modules; naive modules with the same
filters; and naive modules with so few filters that they cost what the paper's do.

Example: python examples/lab/reductions.py digits --minutes 4 --seeds 3
"""

from __future__ import annotations

import experiment
import matplotlib.pyplot as plt

import googlenet

REDUCED, NAIVE, NARROW = "reduced (2b)", "naive (2a), same filters", "naive (2a), same cost"
WIDTH = experiment.BASE["width"]


def main() -> None:
    """Train, show the table, draw."""
    arguments = experiment.parse_arguments(__doc__, default_minutes=3.5)
    family = experiment.family(arguments.data)
    settings = [
        (REDUCED, {"variant": family}),
        (NAIVE, {"variant": f"{family}-naive"}),
        (NARROW, {"variant": f"{family}-naive", "width": width_of_equal_cost(family)}),
    ]
    rows = experiment.run(settings, arguments.data, arguments.seeds, arguments.minutes, steps=arguments.steps)
    reduced, naive = (next(row for row in rows if row.label == label) for label in (REDUCED, NAIVE))
    experiment.show(
        rows,
        says="without reductions, 5x5 convolutions and the growing output of the pools make a network too expensive "
        "within a few modules; 1x1 convolutions before them keep the cost in check.",
        seen=f"naive modules with the same filters cost {naive.multiply_adds / reduced.multiply_adds:.1f} times the "
        f"multiply-adds and {naive.parameters / reduced.parameters:.1f} times the parameters, and took "
        f"{experiment.seconds(rows, NAIVE) / experiment.seconds(rows, REDUCED):.1f} times as long. "
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


if __name__ == "__main__":
    experiment.start(main)
