"""The specification of a training."""

from __future__ import annotations

from dataclasses import dataclass, replace

from googlenet.architecture import Architecture, build_architecture, check_input_size, with_dropout
from googlenet.dataset import Dataset, check_for_training
from googlenet.errors import SettingsError
from googlenet.images import Preprocessing
from googlenet.model import Model
from googlenet.parallel import available_cpus
from googlenet.recipes import Recipe
from googlenet.runs import RunFolder
from googlenet.training.augmentation import Augmentation
from googlenet.training.freezing import check_frozen
from googlenet.training.optimizer import check_optimizer
from googlenet.training.precision import Precision, settle_precision

MOST_WORKERS = 16
"""Largest default number of threads that prepare pictures: more of them wait for each other in Python."""


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """Pictures, settings and the folder of a training. `minutes` replaces the recipe's epochs.

    `start`: the model whose weights the training starts from, of the recipe's variant, width and channels; None:
    random weights, drawn with `initial_seed` (None: with `seed`, like everything else).
    """

    dataset: Dataset
    recipe: Recipe
    folder: RunFolder
    seed: int = 0
    minutes: float | None = None
    device: str = "cpu"
    start: Model | None = None
    initial_seed: int | None = None

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
            squash=recipe.fit == "squash",
        )

    @property
    def workers(self) -> int:
        """Threads that prepare pictures: the recipe's, by default one per available core."""
        return self.recipe.workers or min(available_cpus(), MOST_WORKERS)

    @property
    def precision(self) -> Precision:
        """The recipe's precision, resolved for this device."""
        return settle_precision(self.recipe.precision, self.device)

    @property
    def architecture(self) -> Architecture:
        """The network's table for this data."""
        architecture = build_architecture(self.recipe.spec(len(self.dataset.classes)))
        return architecture if self.recipe.dropout is None else with_dropout(architecture, self.recipe.dropout)

    @property
    def preprocessing(self) -> Preprocessing:
        """How a picture becomes the network's input: with a start, mean, scale and channel order are the start's."""
        if self.start is None:
            return self.recipe.preprocessing()
        input_size, fit = self.recipe.input_size, self.recipe.fit
        return replace(
            self.start.preprocessing, input_size=input_size, resize_size=self.recipe.resize_size or input_size, fit=fit
        )

    def check(self) -> None:
        """Raise errors that would stop the training later: a class without pictures, inconsistent settings."""
        check_for_training(self.dataset)
        self._check_start()
        check_optimizer(self.recipe, self.architecture)
        _ = self.augmentation  # validates itself
        for _, input_size in self.recipe.sizes:
            check_input_size(self.architecture, input_size, auxiliaries=self.recipe.auxiliary_weight > 0)
        check_input_size(self.architecture, self.recipe.input_size)

    def _check_start(self) -> None:
        recipe, start = self.recipe, self.start
        if start is None:
            if recipe.needs_start:
                raise SettingsError(
                    f"{' and '.join(recipe.needs_start)} of the recipe need a model to start from; give --start MODEL"
                )
            return
        check_frozen(self.architecture, recipe.frozen)
        for key in ("variant", "width", "channels"):
            theirs, ours = getattr(start.spec, key), getattr(recipe, key)
            if theirs != ours:
                raise SettingsError(f"the model to start from has {key} {theirs}, the recipe {ours}: they must agree")
