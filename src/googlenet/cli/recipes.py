"""`googlenet recipes`: the settings of each recipe."""

from __future__ import annotations

import json
from typing import Annotated

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.terminal import say, say_json


def recipes_command(
    name: Annotated[str | None, Argument(help="A recipe; default: list all, one line each.")] = None,
    as_json: Annotated[bool, Option(name="--json", help="Print JSON.")] = False,
) -> None:
    """List the recipes, or show all settings of one.

    Example: googlenet recipes scratch
    """
    from googlenet.recipes import PURPOSES, RECIPES, SETTINGS, get_recipe

    if name is None:
        if as_json:
            say_json({key: recipe.to_dict() for key, recipe in RECIPES.items()})
        else:
            for key, purpose in PURPOSES.items():
                say(f"{key:<10} {purpose}")
        return
    settings = get_recipe(name).to_dict()
    if as_json:
        say_json(settings)
        return
    say(f"{name}: {PURPOSES[name]}", "")
    for key, value in settings.items():
        say(f"{key:<26} {setting_text(value):<28} {SETTINGS[key].description}")


def setting_text(value: object) -> str:
    """A setting's value as it would be written after `--set key=`."""
    if value is None:
        return "none"
    if isinstance(value, list):
        return ",".join(setting_text(part) for part in value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return json.dumps(value) if isinstance(value, bool) else str(value)
