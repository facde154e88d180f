"""What explaining needs of a classifier: its own engine, and the last layer of the model that it was opened from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from googlenet.architecture import build_architecture
from googlenet.artifacts import ExportedModel, LastLayer, last_layer
from googlenet.classifier.sources import ModelSource, only_source
from googlenet.engines import Engine
from googlenet.errors import InputError, MissingExtraError
from googlenet.explanation import Explainer, check_method, occlusion_maps
from googlenet.explanation.explainer import Attribute
from googlenet.images import Preprocessing
from googlenet.model import ClassLabel, apply_temperature

if TYPE_CHECKING:
    from googlenet.network import GoogLeNet


def explainer_of(
    sources: Sequence[ModelSource],
    engine: Engine,
    preprocessing: Preprocessing,
    classes: tuple[ClassLabel, ...],
    temperature: float,
    method: str = "cam",
) -> Explainer:
    """The explainer with the engine and the probabilities of a classifier that was opened from `sources`.

    Raises InputError for an unknown method, for an ensemble, without a model, and for the gradients of an exported
    file; MissingExtraError for those without Captum.
    """
    chosen = check_method(method)
    first = only_source(
        sources,
        needed="whose last layer explains",
        of_several="has no maps of its own, because their probabilities are averaged: explain",
    )
    calibrate = None if temperature == 1 else partial(apply_temperature, temperature=temperature)
    layer = _last_layer(first)
    attribute: Attribute | None = None
    if chosen == "occlusion":
        attribute = partial(occlusion_maps, engine, layer, fill=preprocessing.mean_rgb)
    elif chosen == "gradient":
        attribute = _gradients(engine, preprocessing, first)
    return Explainer(engine, preprocessing, classes, layer, calibrate, chosen, attribute)


def _gradients(engine: Engine, preprocessing: Preprocessing, source: ModelSource) -> Attribute:
    """Gradients of a model, with torch: on the device of its engine if that is torch, else on the CPU."""
    try:
        from googlenet.engines.torch_engine import in_live_thread
        from googlenet.visualization.attribution import check_installed, gradient_maps
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", extra="captum", purpose="an explanation by gradients") from error
    check_installed()
    name, _, device = engine.name.partition(" ")
    network = in_live_thread(partial(_network, source, device.strip("()") if name == "torch" else "cpu"))
    return lambda squares, chosen: in_live_thread(partial(gradient_maps, network, preprocessing, squares, chosen))


@lru_cache(maxsize=2)
def _network(source: ModelSource, device: str) -> GoogLeNet:
    from googlenet.network import network_with_weights

    model = source.load()
    if isinstance(model, ExportedModel):
        raise InputError(
            "an exported file has no gradients: explain the model that it was made from, or use the method occlusion"
        )
    return network_with_weights(build_architecture(model.spec), model.weights).to(device).eval().requires_grad_(False)


@lru_cache(maxsize=4)  # reading a model again takes longer than explaining a picture
def _last_layer(source: ModelSource) -> LastLayer:
    return last_layer(source.load())
