"""1x1 convolutions: the module's reductions and projection on and off, and Network in Network (Sections 2 and 4).

First the module of Figure 2b, without its reductions before 3x3 and 5x5, and without the projection after the pool
(`reductions.py` has the one without both). Then a plain network, with one convolution in place of each module: a 3x3
alone, or a 3x3 followed by a 1x1 (Network in Network); the 3x3 alone has more filters, so that both cost the same.

Example: python examples/lab/one_by_one.py digits --minutes 4 --seeds 3
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import experiment
import matplotlib.pyplot as plt

import googlenet
from googlenet.architecture.layers import Convolution, Inception, Layer, map_layers
from googlenet.architecture.variants import Variant

BOTH, NO_REDUCTIONS, NO_PROJECTION = "module of Figure 2b", "module, no reductions", "module, no projection"
LINEAR, NETWORK_IN_NETWORK = "plain, 3x3 alone", "plain, 3x3 then 1x1"
ChangeModule = Callable[[Inception], Inception]


def main() -> None:
    """Train, show the table, draw."""
    arguments = experiment.parse_arguments(__doc__, default_minutes=3.0)
    family = experiment.family(arguments.data)
    wider = factor_of_equal_cost(family)
    variants = {
        BOTH: family,
        NO_REDUCTIONS: add_variant(family, "no-reductions", without("_reduce")),
        NO_PROJECTION: add_variant(family, "no-projection", without("pool_projection")),
        LINEAR: add_variant(family, "linear", plain(wider)),
        NETWORK_IN_NETWORK: add_variant(family, "network-in-network", plain(one_by_one=True)),
    }
    settings = [(label, {**experiment.ADAMW, "variant": variant}) for label, variant in variants.items()]
    rows = experiment.run(settings, arguments.data, arguments.seeds, arguments.minutes, steps=arguments.steps)
    cost = {row.label: row.multiply_adds for row in rows}
    experiment.show(
        rows,
        says="1x1 convolutions reduce the channels before expensive convolutions and after the pool, which allows a "
        "wider and deeper network at the same cost; with their ReLU they also make it more expressive, as in Network "
        "in Network.",
        seen=f"without the reductions the network costs {cost[NO_REDUCTIONS] / cost[BOTH]:.1f} times as much, without "
        f"the projection {cost[NO_PROJECTION] / cost[BOTH]:.1f} times. "
        f"{experiment.difference_sentence(rows, NO_REDUCTIONS, BOTH)} "
        f"{experiment.difference_sentence(rows, NO_PROJECTION, BOTH)} "
        f"At equal cost ({cost[NETWORK_IN_NETWORK] / cost[LINEAR]:.3f} to 1): "
        f"{experiment.difference_sentence(rows, NETWORK_IN_NETWORK, LINEAR)}",
    )
    figure, (accuracies, costs) = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True, layout="constrained")
    experiment.draw_accuracies(accuracies, rows)
    experiment.draw_costs(costs, rows, "multiply_adds")
    experiment.save_figure(figure, arguments.out)


def add_variant(family: str, name: str, change: ChangeModule) -> str:
    """Add a variant to the table of variants for as long as this program runs; it is a changed `family`."""
    variant = f"{family}-{name}"
    googlenet.VARIANTS[variant] = Variant(f"{family} for this experiment", lambda: changed(family, variant, change))
    return variant


def changed(family: str, variant: str, change: ChangeModule) -> googlenet.Architecture:
    """The network of `family` with every module changed."""

    def layer_change(layer: Layer) -> Layer:
        return change(layer) if isinstance(layer, Inception) else layer

    table = googlenet.VARIANTS[family].build()
    rows = tuple(replace(row, layers=map_layers(row.layers, layer_change)) for row in table.rows)
    return replace(table, variant=variant, rows=rows)


def without(ending: str) -> ChangeModule:
    """Remove the convolutions whose names end so."""

    def change(module: Inception) -> Inception:
        branches = tuple(
            tuple(layer for layer in branch if not getattr(layer, "name", "").endswith(ending))
            for branch in module.branches
        )
        return replace(module, branches=branches)

    return change


def plain(wider: float = 1.0, *, one_by_one: bool = False) -> ChangeModule:
    """In place of a module, one 3x3 convolution with the filters of its own 3x3 times `wider`, and a 1x1 on top."""

    def change(module: Inception) -> Inception:
        three = next(layer for layer in module.branches[1] if isinstance(layer, Convolution) and layer.kernel_size == 3)
        first = replace(three, filters=round(three.filters * wider))
        return replace(module, branches=((first, replace(first, name="1x1", kernel_size=1))[: 1 + one_by_one],))

    return change


def factor_of_equal_cost(family: str) -> float:
    """How many times as many filters the 3x3 convolutions alone may have for the cost of those with a 1x1 on top."""

    def multiply_adds(change: ChangeModule) -> int:
        return googlenet.network_cost(changed(family, family, change)).multiply_adds

    aim = multiply_adds(plain(one_by_one=True))
    return min((1 + at / 1000 for at in range(200)), key=lambda wider: abs(multiply_adds(plain(wider)) - aim))


if __name__ == "__main__":
    experiment.start(main)
