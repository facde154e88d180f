"""Labels that are likely wrong, by confident learning (Northcutt, Jiang, Chuang 2021) on a model's features.

A linear classifier that never saw a picture says how probable each class is for it (K-fold). How many labels are wrong
is the number of pictures that are confidently of another class: more probable than that class is on average for its own
pictures. They are ranked by the probability of the label alone: with 3 % of clothing10's labels shuffled, the first 5 %
of the pictures then hold 85 to 92 % of them, and 75 to 83 % if ranked by the margin to the best other class.

Written here, in ten lines, because cleanlab finds as many of them (`filter_by="low_self_confidence"`) and brings
pandas along; `make bench-check` compares the two.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from googlenet.artifacts import AnyModel
from googlenet.checks.finding import Finding
from googlenet.checks.kinds import finding
from googlenet.checks.pictures import OnProgress, Pictures
from googlenet.engines import CropRunner, PreparedCrops, members_of, open_engine
from googlenet.errors import MissingExtraError
from googlenet.evaluation import out_of_fold_probabilities
from googlenet.images import BadImage
from googlenet.parallel import DEFAULT_WORKERS, in_batches, map_in_order

FOLDS = 5
LEAST_PICTURES = 2  # of a class that can be learnt and asked about


def suspect_label_findings(
    pictures: Pictures,
    good: NDArray[np.intp],
    model: AnyModel,
    *,
    engine: str | None = None,
    threads: int | None = None,
    on_progress: OnProgress | None = None,
) -> list[Finding]:
    """Findings about the labels of the pictures with indices `good`, the surest first.

    The model's classes need not be those of the pictures. Raises MissingExtraError without scikit-learn, InputError if
    the engine cannot run the model or has no features.
    """
    if find_spec("sklearn") is None:  # before the features are computed, not after
        raise MissingExtraError("scikit-learn", extra="train", purpose="looking for suspect labels")
    labels = pictures.labels[good]
    enough = np.isin(labels, np.flatnonzero(np.bincount(labels) >= LEAST_PICTURES))
    good, labels = good[enough], labels[enough]
    present, own = np.unique(labels, return_inverse=True)
    if len(present) < 2:
        return []
    features, kept = read_features(pictures, good, model, engine=engine, threads=threads, on_progress=on_progress)
    probabilities = out_of_fold_probabilities(features, own[kept], len(present), folds=FOLDS)
    found = []
    for at in rank_suspects(probabilities, own[kept]):
        said, better = present[own[kept][at]], present[probabilities[at].argmax()]
        classes = pictures.dataset.classes
        detail = (
            f"'{classes[better]}' rather than '{classes[said]}': {probabilities[at].max():.0%} against "
            f"{probabilities[at, own[kept][at]]:.0%}"
        )
        found.append(finding("suspect_label", [pictures.name(int(good[kept][at]))], detail))
    return found


def rank_suspects(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> list[int]:
    """The indices of suspect labels, by probabilities (N, C) from outside the fold and labels (N,); the surest first.

    Every class has at least one label.
    """
    given = probabilities[np.arange(len(labels)), labels]
    usual = np.array([given[labels == label].mean() for label in range(probabilities.shape[1])])
    confident = np.where(probabilities >= usual, probabilities, 0.0)
    others = (confident.max(axis=1) > 0) & (confident.argmax(axis=1) != labels)
    ranked = np.argsort(given, kind="stable")
    differ = ranked[probabilities.argmax(axis=1)[ranked] != labels[ranked]]
    return [int(at) for at in differ[: others.sum()]]


def read_features(
    pictures: Pictures,
    good: NDArray[np.intp],
    model: AnyModel,
    *,
    engine: str | None = None,
    threads: int | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[NDArray[np.float32], list[int]]:
    """Read the features (M, F) of the pictures with indices `good`: those that can still be read, and their places.

    Raises InputError for an engine that cannot run the model or has no features.
    """
    opened = open_engine(model, name=engine, threads=threads)
    runner = CropRunner(members_of(opened, model.preprocessing))

    def prepare(index: int) -> PreparedCrops | BadImage:
        samples, own = pictures.locate(index)
        image = samples.decode(own, enough=runner.enough)
        return image if isinstance(image, BadImage) else runner.prepare(image)

    prepared = map_in_order(prepare, map(int, good), workers=DEFAULT_WORKERS, ahead=runner.pictures_ahead)
    batches, kept, done = [], [], 0
    for batch in in_batches(prepared, runner.pictures_at_once):
        usable = [(done + at, picture) for at, picture in enumerate(batch) if not isinstance(picture, BadImage)]
        if usable:
            batches.append(runner.run_with_features([picture for _, picture in usable])[1][:, 0].astype(np.float32))
            kept += [at for at, _ in usable]
        done += len(batch)
        if on_progress:
            on_progress("run through the model", done, len(good))
    return np.concatenate(batches), kept
