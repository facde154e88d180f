"""What a user asks of a training, before anything is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from googlenet.dataset import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a user requests; None stands for what was not given. `overrides`: settings of the recipe by name.

    `start`: the name or path of a model; `from_scratch`: start from random weights; `exclude`: names to leave out.
    """

    data: str | Dataset | None = None
    recipe: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    minutes: float | None = None
    seed: int | None = None
    val_share: float | None = None
    split_seed: int | None = None
    start: str | Path | None = None
    from_scratch: bool = False
    members: int | None = None
    exclude: tuple[str, ...] | None = None
