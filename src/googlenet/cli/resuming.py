"""Checks whether an output can be resumed: a file must not mix the predictions of two models.

An interrupted output has a note beside it that names the model and the settings it was written with. In addition, the
model must reproduce the first predictions of any file: anything that changes a row, such as another precision, shows.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from googlenet.cli.sources import open_source
from googlenet.errors import InputError

if TYPE_CHECKING:
    from googlenet.classifier import Classifier
    from googlenet.predictions import ExistingOutput, Note

COMPARED = 8
"""Pictures that are predicted again to compare."""

TOLERANCE = 2e-4
"""Largest difference of a probability: another engine may change float32 by 1e-4."""


def check_same_answers(
    existing: ExistingOutput, classifier: Classifier, *, top: int, crops: int, note: Note, embeddings: bool
) -> None:
    """Raise InputError if new rows would not match those of the existing output.

    Pictures that no longer exist cannot be compared; it is an error if that is true of all the first ones.
    """
    file = existing.file
    known = note | existing.note
    if known["model_sha256"] != note["model_sha256"]:
        raise InputError(f"{file} was written with another model, {known['model']}: use that one, or another output")
    if known["crops"] != crops:
        raise InputError(f"{file} was written with --crops {known['crops']}: use the same number to resume it")
    if not existing.samples:
        return
    first = existing.samples[0]
    if ("embedding" in first) != embeddings:
        raise InputError(
            f"{file} was written {'without' if embeddings else 'with'} --embeddings: "
            f"{'omit' if embeddings else 'add'} it to resume the file"
        )
    if len(first["predictions"]) != min(top, len(classifier.classes)):
        raise InputError(f"{file} was written with --top {len(first['predictions'])}: use the same number to resume it")
    batch = COMPARED if crops == 1 else 16
    sources = (open_source(row["image"]) for row in existing.samples)
    answers = classifier.predict(sources, top=top, crops=crops, batch=batch)
    pairs = zip(existing.samples, answers, strict=True)
    readable = list(islice(((row, now) for row, now in pairs if now.error is None), COMPARED))
    if not readable:
        raise InputError(
            f"{file} cannot be resumed: its first pictures ({first['image']} ...) no longer exist, so it cannot be "
            "checked whether this model wrote it"
        )
    for row, now in readable:
        if not _agree(row["predictions"], [(one.label, one.probability) for one in now.ranking]):
            raise InputError(
                f"{file} was written with another model or other settings: for {row['image']} it has "
                f"{_best(row['predictions'])}, this model gives {now.best.name} {now.best.probability:.2%}"
            )


def _agree(before: list[dict[str, Any]], now: list[tuple[str, float]]) -> bool:
    """Whether probabilities agree rank by rank and class by class; classes with almost equal ones may swap ranks."""
    shares = dict(now)
    ranks = zip((one["probability"] for one in before), (share for _, share in now), strict=True)
    classes = ((one["probability"], shares[one["label"]]) for one in before if one["label"] in shares)
    return before[0]["label"] in shares and all(abs(one - other) <= TOLERANCE for one, other in (*ranks, *classes))


def _best(predictions: list[dict[str, Any]]) -> str:
    return f"{predictions[0]['name']} {predictions[0]['probability']:.2%}"
