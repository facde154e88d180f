"""The command that repeats a run, from the settings that the run keeps."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from googlenet.recipes import RECIPES

_FLAGS = ("start", "minutes", "members", "seed", "val_share", "split_seed")
"""What `settings.json` has at its top and `train` takes as a flag."""


def repeat_command(stored: Mapping[str, Any], *, exclude: Path = Path("exclude.txt")) -> str:
    """`googlenet train DATA ...` with everything in which a run (`settings.json`) differs from its recipe.

    `exclude`: where the run lists the pictures that `--exclude` left out.
    """
    words = ["googlenet", "train", str(stored["data"]), "--recipe", str(stored["recipe"])]
    for key in _FLAGS:
        if stored.get(key) is not None:
            words += [f"--{key.replace('_', '-')}", _text(stored[key])]
    if stored.get("start") is None:
        words.append("--from-scratch")
    if stored.get("exclude"):
        words += ["--exclude", str(exclude)]
    recipe = RECIPES.get(str(stored["recipe"]))
    usual = {} if recipe is None else recipe.to_dict()
    for key, value in (stored.get("settings") or {}).items():
        if key not in usual or usual[key] != value:
            words += ["--set", f"{key}={_text(value)}"]
    return shlex.join(words)


def _text(value: Any) -> str:
    """A setting as `--set` reads it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ",".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) and value == float(f"{value:g}") else str(value)
