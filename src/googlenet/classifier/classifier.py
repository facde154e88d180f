"""The classifier: an engine with preprocessing and classes; takes pictures, returns ranked classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
from numpy.typing import NDArray

from googlenet.argument_types import PathArgument, as_count
from googlenet.artifacts import AnyModel
from googlenet.classifier.answers import Answer, BadPictures, answer_pictures, answer_rows, stack_rows
from googlenet.classifier.prediction import Prediction
from googlenet.classifier.sources import ModelSource, open_sources
from googlenet.engines import CropRunner, Engine, EnsembleEngine, members_of, open_engine
from googlenet.images import Picture, Preprocessing, is_picture
from googlenet.model import ClassLabel


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model that is ready to use: `googlenet.load` opens one. Pictures in, ranked classes out.

    `engine` runs the network; `classes` are in the order of its outputs. The members of an `EnsembleEngine` have their
    own preprocessing; `preprocessing` is then the first one's. `sources`: the models inside, if there are any, for
    `export` and `evaluate`. A classifier from `load` is thread-safe, works in forked children, and can be copied and
    pickled: a copy, also in another process, reads the model file again, which must not have changed.
    """

    engine: Engine
    preprocessing: Preprocessing
    classes: tuple[ClassLabel, ...]
    sources: tuple[ModelSource, ...] = field(default=(), compare=False)

    @classmethod
    def load(
        cls,
        path: PathArgument | AnyModel | Sequence[PathArgument | AnyModel],
        *,
        engine: str | None = None,
        device: str | None = None,
        threads: int | None = None,
    ) -> Classifier:
        """Open a model file, a run folder, included weights by name ("bvlc"), or several models as an ensemble.

        Exported files are model files, too, and a `Model` in memory is used as it is. Raises errors as `find_model`,
        `open_models` and `open_engine` do.
        """
        sources, models = open_sources(path)
        loads = [source.load for source in sources]
        opened: Engine
        if len(models) == 1:
            opened = open_engine(models[0], name=engine, device=device, threads=threads, load=loads[0])
        else:
            opened = EnsembleEngine.from_models(models, name=engine, device=device, threads=threads, loads=loads)
        return cls(opened, models[0].preprocessing, models[0].classes, sources)

    @overload
    def predict(  # type: ignore[overload-overlap]
        self, images: Picture, *, top: int = ..., batch: int = ..., crops: int = ..., features: bool = ...
    ) -> Prediction: ...
    @overload
    def predict(
        self, images: Iterable[Picture], *, top: int = ..., batch: int = ..., crops: int = ..., features: bool = ...
    ) -> Iterator[Prediction]: ...
    def predict(
        self,
        images: Picture | Iterable[Picture],
        *,
        top: int = 5,
        batch: int = 16,
        crops: int = 1,
        features: bool = False,
    ) -> Prediction | Iterator[Prediction]:
        """Return the `top` classes of one picture, or iterate over those of many pictures, in order.

        `crops` (1, 10 or 144) squares of each picture are run, `batch` at a time, and their probabilities averaged.
        Pictures are decoded ahead by threads and not kept, so that any number can be processed. A missing or bad
        picture gives a Prediction with `error`. Pictures without a path are named by position: "picture 0". With
        `features`, each Prediction also has the features that its ranking was computed from, averaged over the crops.
        Raises InputError immediately for anything but a picture or an array of valid shape and dtype (from an
        iterator: when it is reached), for an unsupported number of crops, and for the features of an ensemble;
        ModelFileError where the network computes probabilities that are not finite numbers.
        """
        top = as_count(top, "top")
        answers = self._answer(images, batch=batch, crops=crops, features=features)
        predictions = (one.prediction(self.classes, top) for one in answers)
        return next(predictions) if is_picture(images) else predictions

    def predict_proba(
        self,
        images: Picture | Iterable[Picture],
        *,
        batch: int = 16,
        crops: int = 1,
        bad_pictures: BadPictures = "raise",
    ) -> NDArray[np.float32]:
        """The probabilities of all classes, in the order of `classes`: (N, C) float32, or (C,) for one picture.

        An array has no place for an error: a picture that cannot be read raises DataError with its name and the reason,
        or with `bad_pictures="nan"` has a row of NaN. `predict` gives the error of each picture instead. Other
        arguments and errors are those of `predict`.
        """
        rows = answer_rows(self._answer(images, batch=batch, crops=crops), "probabilities", bad_pictures)
        return stack_rows(rows, len(self.classes), one=is_picture(images))

    def embed(
        self,
        images: Picture | Iterable[Picture],
        *,
        batch: int = 16,
        crops: int = 1,
        bad_pictures: BadPictures = "raise",
    ) -> NDArray[np.float32]:
        """The features of pictures, what the last layer reads: (N, F) float32, or (F,) for one picture.

        Similar pictures have similar features. Bad pictures, arguments and errors are as for `predict_proba`; an
        ensemble has no features (InputError).
        """
        rows = answer_rows(self._answer(images, batch=batch, crops=crops, features=True), "features", bad_pictures)
        size = next((len(row) for row in rows if row is not None), None)
        return stack_rows(rows, size or self._count_features(), one=is_picture(images))

    def _count_features(self) -> int:
        """F, learnt from a black picture: for no pictures, or none that can be read."""
        return len(self.embed(np.zeros((1, 1, 3), np.uint8)))

    def _answer(
        self, images: Picture | Iterable[Picture], *, batch: int, crops: int, features: bool = False
    ) -> Iterator[Answer]:
        """Run pictures, in order; arguments are checked now, the pictures of an iterator as they are reached."""
        protocols = (as_count(crops, "crops"),)
        runner = CropRunner(members_of(self.engine, self.preprocessing), protocols, as_count(batch, "batch"))
        return answer_pictures(runner, images, features=features)
