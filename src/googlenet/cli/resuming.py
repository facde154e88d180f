"""Whether an output can be gone on with: a file must not mix the rows of two models.

No note beside the file is trusted for it, because files are moved and cut. The model must say again what the file says
of its first pictures; whatever would change a row (the model, --crops, another precision) shows there.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from googlenet.errors import InputError

if TYPE_CHECKING:
    from googlenet.classifier import Classifier
    from googlenet.rows import Begun, Origin

COMPARED = 3
"""Pictures that are predicted again; one tells two models apart almost surely."""

TOLERANCE = 5e-4
"""Of a probability: another engine, or another company in the batch, may change float32 by 1e-4."""


def check_same_answers(begun: Begun, classifier: Classifier, *, top: int, crops: int, origin: Origin | None) -> None:
    """Raise InputError where rows that would be written now do not belong into the file that has `begun`.

    Pictures that are gone by now cannot be compared; where that is all of the first ones, it is an error too.
    """
    if not begun.samples:
        return
    file = begun.file
    first = begun.samples[0]
    if ("embedding" in first) != (origin is not None):
        raise InputError(f"{file} was begun {'with' if 'embedding' in first else 'without'} --embeddings: do so again")
    if origin is not None and first.get("model_sha256") != origin.sha256:
        raise InputError(f"{file} was begun with another model, {first.get('model')}: name that one, or another output")
    if len(first["predictions"]) != min(top, len(classifier.classes)):
        raise InputError(f"{file} was begun with --top {len(first['predictions'])}: give it again")
    batch = COMPARED if crops == 1 else 16
    answers = classifier.predict((row["image"] for row in begun.samples), top=top, crops=crops, batch=batch)
    pairs = zip(begun.samples, answers, strict=True)
    readable = list(islice(((row, now) for row, now in pairs if now.error is None), COMPARED))
    if not readable:
        raise InputError(
            f"{file} cannot be gone on with: its first pictures ({first['image']} ...) are not there any more, so "
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
