"""What explaining needs of a classifier: its own engine, and the last layer of the model that it was opened from."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from googlenet.artifacts import LastLayer, last_layer
from googlenet.classifier.sources import ModelSource, SavedModel
from googlenet.errors import InputError
from googlenet.explanation import Explainer
from googlenet.model import apply_temperature

if TYPE_CHECKING:
    from googlenet.classifier.classifier import Classifier


def explainer_of(classifier: Classifier) -> Explainer:
    """The explainer with the engine and the probabilities of a classifier.

    Raises InputError for an ensemble, and without a model.
    """
    if not classifier.sources:
        raise InputError("this classifier was not opened from a model, whose last layer explains; use googlenet.load")
    first, *others = classifier.sources
    if others:
        such_as = f", such as {first.path}" if isinstance(first, SavedModel) else ""
        raise InputError(
            f"an ensemble of {1 + len(others)} networks has no maps of its own, because their probabilities are "
            f"averaged: explain one of its networks{such_as}"
        )
    temperature = classifier.temperature
    calibrate = None if temperature == 1 else partial(apply_temperature, temperature=temperature)
    return Explainer(classifier.engine, classifier.preprocessing, classifier.classes, _last_layer(first), calibrate)


@lru_cache(maxsize=4)  # reading a model again takes longer than explaining a picture
def _last_layer(source: ModelSource) -> LastLayer:
    return last_layer(source.load())
