"""Polyak averaging, photometric distortions and random interpolation on and off (Section 6 of the paper).

All three as in the recipe `paper`, with its learning rate, which hardly falls in so short a training; then without one
of them at a time. Averaging the weights and lowering the rate both quieten the last updates, so the averaging is also
switched on and off with a rate that falls to 0.

Example: python examples/lab/training_methods.py digits --minutes 4 --seeds 3
"""

from __future__ import annotations

import experiment
import matplotlib.pyplot as plt

import googlenet

PAPER = googlenet.RECIPES["paper"]
SECTION_6 = {
    key: getattr(PAPER, key)
    for key in ("schedule", "averaging", "averaging_start", "photometric", "lighting", "interpolations")
}
ALL, NO_AVERAGING, NO_DISTORTIONS, ONE_INTERPOLATION = (
    "all three",
    "without Polyak averaging",
    "without photometric distortions",
    "without random interpolation",
)
FALLING, FALLING_NO_AVERAGING = "rate falls to 0: all three", "rate falls to 0: without Polyak averaging"
CHANGES = {
    ALL: {},
    NO_AVERAGING: {"averaging": "none"},
    NO_DISTORTIONS: {"photometric": None, "lighting": 0.0},
    ONE_INTERPOLATION: {"interpolations": ("bilinear",)},
    FALLING: {"schedule": "linear"},
    FALLING_NO_AVERAGING: {"schedule": "linear", "averaging": "none"},
}


def main() -> None:
    """Train, show the table, draw."""
    arguments = experiment.parse_arguments(__doc__, default_minutes=3.0)
    variant = {"variant": experiment.family(arguments.data)}
    settings = [(label, {**SECTION_6, **variant, **change}) for label, change in CHANGES.items()]
    dataset = experiment.open_few(arguments.data)
    rows = experiment.run(settings, dataset, arguments.seeds, arguments.minutes, steps=arguments.steps)
    pairs = (
        (ALL, NO_AVERAGING),
        (ALL, NO_DISTORTIONS),
        (ALL, ONE_INTERPOLATION),
        (FALLING, FALLING_NO_AVERAGING),
    )
    experiment.show(
        rows,
        says="Polyak averaging makes the model used at test time; photometric distortions were useful against "
        "overfitting to some extent; random interpolation was used late, together with other changes, so that its "
        "effect could not be told. It gives no figure for any of the three.",
        seen=" ".join(experiment.difference_sentence(rows, label, other) for label, other in pairs),
    )
    figure, axes = plt.subplots(figsize=(7.5, 3.4), layout="constrained")
    experiment.draw_accuracies(axes, rows)
    experiment.save_figure(figure, arguments.out)


if __name__ == "__main__":
    experiment.start(main)
