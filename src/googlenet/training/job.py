"""What a training is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from googlenet.architecture import Architecture, build_architecture, check_input_side, with_dropout
from googlenet.dataset import Dataset, check_for_training
from googlenet.recipes import Recipe
from googlenet.runs import RunFolder
from googlenet.training.augmentation import Augmentation
from googlenet.training.optimizer import check_optimizer


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """What is asked for: pictures, settings, where to keep it. `minutes` takes the place of the recipe's epochs."""

    dataset: Dataset
    recipe: Recipe
    folder: RunFolder
    seed: int = 0
    minutes: float | None = None
    device: str = "cpu"

    @property
    def augmentation(self) -> Augmentation:
        """The recipe's augmentation."""
        recipe = self.recipe
        return Augmentation(
            patch_area=recipe.patch_area,
            patch_aspect=recipe.patch_aspect,
            photometric=recipe.photometric,
            lighting=recipe.lighting,
            interpolations=recipe.interpolations,
            mirror=recipe.mirror,
        )

    @property
    def architecture(self) -> Architecture:
        """The network's table for this data."""
        architecture = build_architecture(self.recipe.spec(len(self.dataset.classes)))
        return architecture if self.recipe.dropout is None else with_dropout(architecture, self.recipe.dropout)

    def check(self) -> None:
        """Raise what would stop the training later: a class without pictures, settings that do not fit together."""
        check_for_training(self.dataset)
        check_optimizer(self.recipe, self.architecture)
        _ = self.augmentation  # judges itself
        for _, side in self.recipe.sides:
            check_input_side(self.architecture, side, auxiliaries=self.recipe.auxiliary_weight > 0)
        check_input_side(self.architecture, self.recipe.side)
