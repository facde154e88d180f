"""The pictures of DATA that excite the units of a model's layer most: from names to `ExcitingPictures`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import LayerInfo, build_architecture, find_layers, layer_names
from googlenet.dataset import Dataset, Samples, open_dataset
from googlenet.engines import ReopenableEngine, open_engine
from googlenet.errors import InputError
from googlenet.model import Model
from googlenet.visualization.exciting import ExcitingPictures, find_exciting
from googlenet.visualization.units import unit_layers

MOST = 6
"""Pictures of a unit."""


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """What was found in the pictures of a data set, all its splits together.

    `layer`, and in `layers` for each unit of it the one that computes it, have the shapes of the model's input size.
    `names`: what the model calls a class of the data, where that differs from its name there.
    """

    data: str
    samples: Samples
    layer: LayerInfo
    layers: tuple[LayerInfo, ...]
    found: ExcitingPictures
    names: Mapping[str, str]


def open_pictures(model: Model, data: str) -> Dataset:
    """DATA, in a layout that the model's classes may decide; raises InputError and DataError as `open_dataset`."""
    return open_dataset(data, split_rule=None, classes=[label.id for label in model.classes])


def search_pictures(
    model: Model,
    dataset: Dataset,
    layer: str,
    *,
    units: Sequence[int] | None = None,
    most: int = MOST,
    device: str | None = None,
    threads: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Searched:
    """Find the pictures of `dataset` that excite each of `units` (default: all) of a layer most, with any engine.

    Raises InputError for a name that is not a layer, and as `open_engine` does; DataError if no picture can be read.
    """
    architecture, size = build_architecture(model.spec), model.preprocessing.input_size
    asked = find_layers(architecture, [layer])
    engine = open_engine(model, device=device, threads=threads)
    if not isinstance(engine, ReopenableEngine):
        raise InputError(f"the engine {engine.name} cannot give the outputs of layers")
    reader = engine.for_layers(asked)
    layers = unit_layers(architecture, asked[0].name, size)
    samples = all_splits(dataset)

    def activate(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        return reader.run_layers(squares)[0]

    found = find_exciting(
        activate,
        samples,
        model.preprocessing,
        [part.receptive_field for part in layers],
        units=units,
        most=most,
        on_progress=on_progress,
    )
    names = {label.id: label.name for label in model.classes}
    return Searched(dataset.name, samples, layer_names(architecture, size)[asked[0].name], layers, found, names)


def all_splits(dataset: Dataset) -> Samples:
    """The pictures of all splits, in order."""
    first, *others = dataset.splits.values()
    items = first.items + tuple(item for samples in others for item in samples.items)
    return Samples(first.classes, items, first.source)
