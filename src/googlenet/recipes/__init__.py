"""All settings of a training, frozen and named."""

from googlenet.recipes.recipe import SETTINGS, PrecisionSetting, Recipe, override, parse_overrides, recipe_from_dict
from googlenet.recipes.recipes import PURPOSES, RECIPES, get_recipe
from googlenet.recipes.sides import Sides, format_sides, image_side_at, parse_sides, scaled_sides

__all__ = [
    "PURPOSES",
    "RECIPES",
    "SETTINGS",
    "PrecisionSetting",
    "Recipe",
    "Sides",
    "format_sides",
    "get_recipe",
    "image_side_at",
    "override",
    "parse_overrides",
    "parse_sides",
    "recipe_from_dict",
    "scaled_sides",
]
