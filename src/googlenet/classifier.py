"""The classifier: an engine with preprocessing and classes; takes pictures, returns ranked classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from googlenet.artifacts import AnyModel, ExportedModel, open_model, open_models
from googlenet.engines import (
    CropRunner,
    Engine,
    EnsembleEngine,
    PreparedCrops,
    average_members,
    members_of,
    open_engine,
)
from googlenet.errors import DataError, InputError, ModelFileError
from googlenet.images import BadImage, Picture, Preprocessing, check_pictures, is_picture, picture_name, read_picture
from googlenet.model import ClassLabel, apply_temperature, member_paths, read_header
from googlenet.parallel import in_batches, map_in_order
from googlenet.pretrained import find_model


@dataclass(frozen=True, slots=True)
class Ranked:
    """A class in a ranking: its id in the data, its readable name, its probability."""

    label: str
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The result for one picture: the ranking, most probable class first, or `error` if it could not be read.

    `features`: (F,) float32, if they were requested and the picture could be read. `note`: a remark on a picture that
    was read, for example that it has 16 bits and is almost black.
    """

    image: str
    ranking: tuple[Ranked, ...]
    error: str | None = None
    features: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    note: str | None = None

    @property
    def best(self) -> Ranked:
        """The most probable class; raises DataError for a picture that could not be read."""
        if self.error is not None:
            raise DataError(f"{self.image}: {self.error}")
        return self.ranking[0]


@dataclass(frozen=True, slots=True)
class Classifier:
    """An engine with its preprocessing; `classes` are in the order of the engine's outputs.

    The members of an `EnsembleEngine` have their own preprocessing; `preprocessing` is then the first one's.
    `temperature`: of a single model, applied to the probabilities of one crop; averages over crops or models are
    without it. A classifier from `load` is thread-safe, works in forked children, and can be copied and pickled: a
    copy, also in another process, reads the model file again, which must not have changed.
    """

    engine: Engine
    preprocessing: Preprocessing
    classes: tuple[ClassLabel, ...]
    temperature: float = 1.0

    @classmethod
    def load(
        cls,
        path: str | Path | Sequence[str | Path],
        *,
        engine: str | None = None,
        device: str | None = None,
        threads: int | None = None,
    ) -> Classifier:
        """Open a model file, a run folder, included weights by name ("bvlc"), or several models as an ensemble.

        Exported files are model files, too. Raises errors as `find_model`, `open_models` and `open_engine` do.
        """
        paths = [find_model(one) for one in ([path] if isinstance(path, str | Path) else path)]
        models = open_models(paths)
        files = [file for one in paths for file in member_paths(one)]
        loads = [_SavedModel.of(file, model).load for file, model in zip(files, models, strict=True)]
        opened: Engine
        if len(models) == 1:
            opened = open_engine(models[0], name=engine, device=device, threads=threads, load=loads[0])
        else:
            opened = EnsembleEngine.from_models(models, name=engine, device=device, threads=threads, loads=loads)
        temperature = models[0].temperature if len(models) == 1 else 1.0
        return cls(opened, models[0].preprocessing, models[0].classes, temperature)

    @overload
    def predict(  # type: ignore[overload-overlap]
        self, source: Picture, *, top: int = ..., batch: int = ..., crops: int = ..., features: bool = ...
    ) -> Prediction: ...
    @overload
    def predict(
        self, source: Iterable[Picture], *, top: int = ..., batch: int = ..., crops: int = ..., features: bool = ...
    ) -> Iterator[Prediction]: ...
    def predict(
        self,
        source: Picture | Iterable[Picture],
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
        if top < 1 or batch < 1:
            raise InputError(f"top and batch must be at least 1, not {top} and {batch}")
        runner = CropRunner(members_of(self.engine, self.preprocessing), (crops,), batch)
        prepare = partial(_prepare, runner)
        if is_picture(source):  # without threads, whose creation would take as long as decoding
            return next(self._predictions([prepare((0, source))], top, runner, features))
        sources = check_pictures(source)
        pictures = map_in_order(prepare, enumerate(sources), ahead=runner.pictures_ahead)
        return self._predictions(pictures, top, runner, features)

    def _predictions(
        self, pictures: Iterable[_Prepared], top: int, runner: CropRunner, features: bool
    ) -> Iterator[Prediction]:
        answer = _with_features if features else _without_features
        averaged = len(runner.members) > 1 or runner.protocols != (1,)
        temperature = 1.0 if averaged else self.temperature
        for pairs in in_batches(pictures, runner.pictures_at_once):
            good = [picture for _, picture, _ in pairs if not isinstance(picture, BadImage)]
            answers = iter(answer(runner, good) if good else ())
            for name, picture, note in pairs:
                if isinstance(picture, BadImage):
                    yield Prediction(name, (), picture.reason)
                else:
                    probabilities, own = next(answers)
                    ranking = rank_classes(probabilities, self.classes, top=top, temperature=temperature)
                    yield Prediction(name, ranking, note=note, features=own)


@dataclass(frozen=True, slots=True)
class _SavedModel:
    """A model file, identified by the checksum of its weights and its preprocessing."""

    path: Path
    sha256: str
    preprocessing: Preprocessing

    @classmethod
    def of(cls, path: Path, model: AnyModel) -> _SavedModel:
        sha256 = model.sha256 if isinstance(model, ExportedModel) else read_header(path).sha256
        return cls(path.absolute(), sha256, model.preprocessing)

    def load(self) -> AnyModel:
        """Read it again; raises InputError if it has changed, and errors as `open_model` does."""
        model = open_model(self.path)
        if _SavedModel.of(self.path, model) != self:
            raise InputError(f"{self.path} has changed since this classifier was loaded; load it again")
        return model


_Prepared: TypeAlias = tuple[str, PreparedCrops | BadImage, str | None]
"""A picture's name, its crops, its note."""

_Answer: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float32] | None]
"""The probabilities (classes,) and features (F,) of one picture."""


def _without_features(runner: CropRunner, pictures: Sequence[PreparedCrops]) -> Iterator[_Answer]:
    return ((row, None) for row in average_members(runner.run(pictures))[:, 0])


def _with_features(runner: CropRunner, pictures: Sequence[PreparedCrops]) -> Iterator[_Answer]:
    probabilities, features = runner.run_with_features(pictures)
    return zip(average_members(probabilities)[:, 0], features[:, 0].astype(np.float32), strict=True)


def _prepare(runner: CropRunner, numbered: tuple[int, Picture]) -> _Prepared:
    index, source = numbered
    notes: list[str] = []
    image = read_picture(source, enough=runner.enough, notes=notes)
    prepared = image if isinstance(image, BadImage) else runner.prepare(image)
    return picture_name(source, index), prepared, notes[0] if notes else None


def rank_classes(
    probabilities: NDArray[np.float32], classes: tuple[ClassLabel, ...], *, top: int = 5, temperature: float = 1.0
) -> tuple[Ranked, ...]:
    """Rank the classes of one picture by `probabilities` (C,), best first, ties in the order of the classes.

    The ranking has their probabilities at `temperature`, which does not change the order. Raises ModelFileError for a
    probability that is not finite: finite weights can be too large to compute with.
    """
    if not np.isfinite(probabilities).all():
        raise ModelFileError("the network's answer is not a finite number; its weights cannot be used")
    order = np.argsort(-probabilities, kind="stable")[:top]
    shown = apply_temperature(probabilities, temperature)
    return tuple(Ranked(classes[index].id, classes[index].name, float(shown[index])) for index in order)
