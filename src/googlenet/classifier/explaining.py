"""What explaining needs of a classifier: its own engine, and the last layer of the model that it was opened from."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from googlenet.architecture import build_architecture
from googlenet.artifacts import ExportedModel, LastLayer, last_layer
from googlenet.classifier.sources import ModelSource, SavedModel
from googlenet.errors import InputError, MissingExtraError
from googlenet.explanation import Explainer, check_method, occlusion_maps
from googlenet.explanation.explainer import Attribute
from googlenet.model import apply_temperature

if TYPE_CHECKING:
    from googlenet.classifier.classifier import Classifier
    from googlenet.network import GoogLeNet


def explainer_of(classifier: Classifier, method: str = "cam") -> Explainer:
    """The explainer with the engine and the probabilities of a classifier.

    Raises InputError for an unknown method, for an ensemble, without a model, and for the gradients of an exported
    file; MissingExtraError for those without Captum.
    """
    chosen = check_method(method)
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
    layer = _last_layer(first)
    attribute: Attribute | None = None
    if chosen == "occlusion":
        attribute = partial(occlusion_maps, classifier.engine, layer, fill=classifier.preprocessing.mean_rgb)
    elif chosen == "gradient":
        attribute = _gradients(classifier, first)
    return Explainer(
        *(classifier.engine, classifier.preprocessing, classifier.classes, layer, calibrate),
        *(chosen, attribute),
    )


def _gradients(classifier: Classifier, source: ModelSource) -> Attribute:
    """Gradients of a model, with torch: on the device of its engine if that is torch, else on the CPU."""
    try:
        from googlenet.visualization.attribution import check_installed, gradient_maps
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", extra="captum", purpose="an explanation by gradients") from error
    check_installed()
    engine, _, device = classifier.engine.name.partition(" ")
    network = _network(source, device.strip("()") if engine == "torch" else "cpu")
    return partial(gradient_maps, network, classifier.preprocessing)


@lru_cache(maxsize=2)
def _network(source: ModelSource, device: str) -> GoogLeNet:
    from googlenet.network import network_with_weights

    model = source.load()
    if isinstance(model, ExportedModel):
        raise InputError(
            "an exported file has no gradients: explain the model that it was made from, or use the method occlusion"
        )
    return network_with_weights(build_architecture(model.spec), model.weights).to(device).eval()


@lru_cache(maxsize=4)  # reading a model again takes longer than explaining a picture
def _last_layer(source: ModelSource) -> LastLayer:
    return last_layer(source.load())
