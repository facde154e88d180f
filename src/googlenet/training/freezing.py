"""Freezing rows of Table 1: no gradients and no new statistics for them while others learn.

A frozen row costs only its forward pass, about a third of its training; the first rows, with the largest feature maps,
are the most expensive and change least from one dataset to another.
"""

from __future__ import annotations

from collections.abc import Collection

from googlenet.architecture import Architecture
from googlenet.errors import SettingsError
from googlenet.network import GoogLeNet
from googlenet.recipes import Recipe
from googlenet.suggestions import did_you_mean


def frozen_rows(architecture: Architecture, recipe: Recipe, share_done: float) -> tuple[str, ...]:
    """Names of the rows that do not learn at this share of the training.

    During the head's warm-up all but the head's; later those up to `frozen`, or none.
    """
    names = [row.name for row in architecture.rows]
    if share_done < recipe.head_warmup:
        return tuple(row.name for row in architecture.backbone.rows)
    return tuple(names[: names.index(recipe.frozen) + 1]) if recipe.frozen else ()


def freeze_rows(network: GoogLeNet, rows: Collection[str]) -> None:
    """Freeze the given rows and let all others learn; to be called when the network is in training mode."""
    for row, layers in network.rows.items():
        for layer in layers:
            module = network.get_submodule(layer)
            module.requires_grad_(row not in rows)
            module.train(row not in rows)


def check_frozen(architecture: Architecture, row: str | None) -> None:
    """Raise SettingsError for a row that is not in the table or that leaves only the head to learn."""
    names = [one.name for one in architecture.backbone.rows[:-1]]
    if row is not None and row not in names:
        hint = did_you_mean(row, names, otherwise=f"give one of {', '.join(names)}")
        raise SettingsError(f"frozen is {row!r}, which is not a row before the last module; {hint}")
