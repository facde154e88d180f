"""Recipes: named sets of all training settings."""

from googlenet.recipes.recipe import (
    ALSO_CALLED,
    SETTINGS,
    PrecisionSetting,
    Recipe,
    ScheduleName,
    check_known,
    override,
    parse_overrides,
    recipe_from_dict,
)
from googlenet.recipes.recipes import PURPOSES, RECIPES, STARTS, get_recipe
from googlenet.recipes.train_sizes import (
    TrainSizes,
    format_train_sizes,
    parse_train_sizes,
    scaled_train_sizes,
    train_size_at,
)

__all__ = [
    "ALSO_CALLED",
    "PURPOSES",
    "RECIPES",
    "SETTINGS",
    "STARTS",
    "PrecisionSetting",
    "Recipe",
    "ScheduleName",
    "TrainSizes",
    "check_known",
    "format_train_sizes",
    "get_recipe",
    "override",
    "parse_overrides",
    "parse_train_sizes",
    "recipe_from_dict",
    "scaled_train_sizes",
    "train_size_at",
]
