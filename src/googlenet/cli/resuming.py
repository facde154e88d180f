"""Whether an output can be resumed: a file must not mix the rows of two models.

What was interrupted has a note beside it that says which model began it, and how. And of any file, the model must say
again what the file says of its first pictures: whatever would change a row (another precision, too) shows there.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from googlenet.errors import InputError

if TYPE_CHECKING:
    from googlenet.classifier import Classifier
    from googlenet.predictions import Begun, Note

COMPARED = 8
"""Pictures that are predicted again."""

TOLERANCE = 2e-4
"""Of a probability: another engine may change float32 by 1e-4."""


def check_same_answers(
    begun: Begun, classifier: Classifier, *, top: int, crops: int, note: Note, embeddings: bool
) -> None:
    """Raise InputError where rows that would be written now do not belong into the file that has `begun`.

    Pictures that are gone by now cannot be compared; where that is all of the first ones, it is an error too.
    """
    file = begun.file
    known = note | begun.note
    if known["model_sha256"] != note["model_sha256"]:
        raise InputError(f"{file} was begun with another model, {known['model']}: name that one, or another output")
    if known["crops"] != crops:
        raise InputError(f"{file} was begun with --crops {known['crops']}: give it again")
    if not begun.samples:
        return
    first = begun.samples[0]
    if ("embedding" in first) != embeddings:
        raise InputError(f"{file} was begun {'without' if embeddings else 'with'} --embeddings: do so again")
    if len(first["predictions"]) != min(top, len(classifier.classes)):
        raise InputError(f"{file} was begun with --top {len(first['predictions'])}: give it again")
    batch = COMPARED if crops == 1 else 16
    answers = classifier.predict((row["image"] for row in begun.samples), top=top, crops=crops, batch=batch)
    pairs = zip(begun.samples, answers, strict=True)
    readable = list(islice(((row, now) for row, now in pairs if now.error is None), COMPARED))
    if not readable:
        raise InputError(
            f"{file} cannot be resumed: its first pictures ({first['image']} ...) are not there any more, so "
            "nothing tells which model it was begun with"
        )
    for row, now in readable:
        if not _agree(row["predictions"], [(one.label, one.probability) for one in now.ranking]):
            raise InputError(
                f"{file} was begun with another model or other settings: it gives {row['image']} "
                f"{_best(row['predictions'])}, now it is {now.best.name} {now.best.probability:.2%}"
            )


def _agree(before: list[dict[str, Any]], now: list[tuple[str, float]]) -> bool:
    """The same probabilities rank by rank and class by class; classes as good as equal may change places."""
    shares = dict(now)
    ranks = zip((one["probability"] for one in before), (share for _, share in now), strict=True)
    classes = ((one["probability"], shares[one["label"]]) for one in before if one["label"] in shares)
    return before[0]["label"] in shares and all(abs(one - other) <= TOLERANCE for one, other in (*ranks, *classes))


def _best(predictions: list[dict[str, Any]]) -> str:
    return f"{predictions[0]['name']} {predictions[0]['probability']:.2%}"
