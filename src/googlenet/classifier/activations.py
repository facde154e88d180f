"""The outputs of a network's layers for pictures: the values themselves, or one number a channel."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from googlenet.architecture import (
    Architecture,
    AskedLayer,
    build_architecture,
    find_layers,
    layer_names,
)
from googlenet.argument_types import as_count, check_type, wrong_type
from googlenet.artifacts import describe_model
from googlenet.classifier.answers import (
    BadPictures,
    PreparedPicture,
    check_bad_pictures,
    prepare_picture,
    refuse_bad_picture,
    stack_rows,
)
from googlenet.classifier.sources import ModelSource, SavedModel, only_source
from googlenet.engines import CropRunner, Engine, ReopenableEngine, members_of
from googlenet.errors import ModelFileError
from googlenet.images import BadImage, Picture, Preprocessing, check_pictures, is_picture
from googlenet.parallel import in_batches, map_in_order

Pool: TypeAlias = Literal["mean", "max"]
"""What is kept of each channel instead of its values."""

Pooling: TypeAlias = Callable[[NDArray[np.float32]], NDArray[Any]]

POOLS: dict[Pool, Pooling] = {
    "mean": lambda values: values.mean(axis=(2, 3), dtype=np.float64),
    "max": lambda values: values.max(axis=(2, 3)),
}
"""(N, C, h, w) -> (N, C)."""

MOST_BYTES = 1 << 28
"""Of the values of pictures that are run together; all layers of one picture at 224 px are 41 MB."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PictureActivations:
    """The values of one picture's layers, by the names that were asked for; or why it could not be read.

    An array is (C, h, w), or (C,) where it was pooled or the layer is linear; float32. `note`: as in `Prediction`.
    """

    image: str
    layers: Mapping[str, NDArray[np.float32]]
    note: str | None = None
    error: str | None = None

    def __repr__(self) -> str:
        return f"<PictureActivations {self.image!r}: {self.error or ', '.join(self.layers)}>"


@dataclass(frozen=True, slots=True)
class LayerReader:
    """Reads layers of one model for pictures, with the engine and the preprocessing of a classifier.

    `layers`: what is asked for; `shapes`: of each for one picture, pooled or not, by the name it was asked by.
    """

    engine: ReopenableEngine
    runner: CropRunner
    layers: tuple[AskedLayer, ...]
    shapes: Mapping[str, tuple[int, ...]]
    pool: Pool | None

    def read(self, images: Picture | Iterable[Picture]) -> Iterator[PictureActivations]:
        """One picture or many, decoded ahead by threads and not kept, in order.

        Raises InputError now if `images` are not pictures, and later for what an iterator yields; ModelFileError where
        the network computes values that are not finite.
        """
        prepare = partial(prepare_picture, self.runner)
        if is_picture(images):
            return self._read([prepare((0, images))])
        pictures = enumerate(check_pictures(images))
        return self._read(map_in_order(prepare, pictures, ahead=self.runner.pictures_ahead))

    def _read(self, pictures: Iterable[PreparedPicture]) -> Iterator[PictureActivations]:
        for batch in in_batches(pictures, self.runner.batch_size):
            good = [prepared for _, prepared, _ in batch if not isinstance(prepared, BadImage)]
            squares = [crops.squares for (crops,) in good]
            rows = iter(self._run(np.concatenate(squares)) if squares else ())
            for name, prepared, note in batch:
                if isinstance(prepared, BadImage):
                    yield PictureActivations(name, {}, error=prepared.reason)
                else:
                    yield PictureActivations(name, next(rows), note)

    def _run(self, squares: NDArray[np.uint8]) -> Iterator[dict[str, NDArray[np.float32]]]:
        found = [self._pooled(values) for values in self.engine.run_layers(squares)]
        for asked, values in zip(self.layers, found, strict=True):
            if not np.isfinite(values).all():
                raise ModelFileError(f"{asked.name} has values that are not finite numbers; its weights cannot be used")
        for row in zip(*found, strict=True):
            yield {asked.text: values for asked, values in zip(self.layers, row, strict=True)}

    def _pooled(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        pooled = values if self.pool is None or values.ndim == 2 else POOLS[self.pool](values)
        return np.ascontiguousarray(pooled, np.float32)


def layer_reader(
    sources: Sequence[ModelSource],
    engine: Engine,
    preprocessing: Preprocessing,
    layers: str | Sequence[str],
    *,
    before_relu: bool = False,
    pool: Pool | None = None,
    batch: int = 16,
) -> LayerReader:
    """A reader of these layers with what a classifier was opened from and runs on.

    `batch` pictures are run together, fewer where their values are many.

    Raises InputError for a name that is not a layer (`find_layers`), for an ensemble, for an exported file, and for a
    classifier that was not opened from a model.
    """
    if pool is not None and pool not in get_args(Pool):
        raise wrong_type("pool", "'mean', 'max' or None", pool)
    reopenable, architecture = _opened(sources, engine)
    names = [layers] if isinstance(layers, str) else list(layers)
    for name in names:
        check_type(name, "layers", str, "names of layers, such as '4a/3x3'")
    asked = find_layers(architecture, names, before_relu=before_relu)
    shapes = _shapes(architecture, asked, preprocessing.input_size)
    at_once = max(1, MOST_BYTES // sum(4 * math.prod(shape) for shape in shapes.values()))
    runner = CropRunner(members_of(engine, preprocessing), batch_size=min(as_count(batch, "batch"), at_once))
    kept = {text: shape[:1] if pool else shape for text, shape in shapes.items()}
    return LayerReader(reopenable.for_layers(asked), runner, asked, kept, pool)


def stack_layers(
    reader: LayerReader, pictures: Iterable[PictureActivations], bad_pictures: BadPictures, *, one: bool
) -> dict[str, NDArray[np.float32]]:
    """The layers of all pictures, (N, *shape) each; (*shape,) for `one` picture.

    A bad picture is a row of NaN, or with "raise" a DataError.
    """
    check_bad_pictures(bad_pictures)
    rows = []
    for picture in pictures:
        refuse_bad_picture(picture.image, picture.error, bad_pictures)
        rows.append(picture.layers)
    return {text: stack_rows([row.get(text) for row in rows], shape, one=one) for text, shape in reader.shapes.items()}


def _opened(sources: Sequence[ModelSource], engine: Engine) -> tuple[ReopenableEngine, Architecture]:
    """The engine of a classifier, and its only network."""
    first = only_source(
        sources, needed="whose layers could be read", of_several="has no layers in common: read those of"
    )
    assert isinstance(engine, ReopenableEngine)  # with a source it comes from `open_engine`
    spec, *_ = (describe_model(first.path) if isinstance(first, SavedModel) else first.model).specs
    return engine, build_architecture(spec)


def _shapes(architecture: Architecture, asked: Sequence[AskedLayer], input_size: int) -> dict[str, tuple[int, ...]]:
    """(C, h, w) of each layer, (C,) of linear ones."""
    infos = layer_names(architecture, input_size)
    shapes: dict[str, tuple[int, ...]] = {}
    for one in asked:
        height, width, channels = infos[one.name].shape
        shapes[one.text] = (channels,) if infos[one.name].is_linear else (channels, height, width)
    return shapes
