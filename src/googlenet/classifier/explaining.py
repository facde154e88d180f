"""What explaining needs of a classifier: its own engine, and the last layer of the model that it was opened from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

from googlenet.artifacts import LastLayer, last_layer
from googlenet.classifier.sources import ModelSource, SavedModel
from googlenet.engines import Engine
from googlenet.errors import InputError
from googlenet.explanation import Explainer
from googlenet.images import Preprocessing
from googlenet.model import ClassLabel, apply_temperature


def explainer_of(
    sources: Sequence[ModelSource],
    engine: Engine,
    preprocessing: Preprocessing,
    classes: tuple[ClassLabel, ...],
    temperature: float,
) -> Explainer:
    """The explainer with the engine and the probabilities of a classifier that was opened from `sources`.

    Raises InputError for an ensemble, and without a model.
    """
    if not sources:
        raise InputError("this classifier was not opened from a model, whose last layer explains; use googlenet.load")
    first, *others = sources
    if others:
        such_as = f", such as {first.path}" if isinstance(first, SavedModel) else ""
        raise InputError(
            f"an ensemble of {1 + len(others)} networks has no maps of its own, because their probabilities are "
            f"averaged: explain one of its networks{such_as}"
        )
    calibrate = None if temperature == 1 else partial(apply_temperature, temperature=temperature)
    return Explainer(engine, preprocessing, classes, _last_layer(first), calibrate)


@lru_cache(maxsize=4)  # reading a model again takes longer than explaining a picture
def _last_layer(source: ModelSource) -> LastLayer:
    return last_layer(source.load())
