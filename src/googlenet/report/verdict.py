"""What an evaluation says in the sentences that a report begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from googlenet.evaluation import Evaluation
from googlenet.quantities import count

FINE = 0.985  # from this accuracy on, one in a hundred is too coarse
FINE_PICTURES = 500  # and from this many pictures on, one in a thousand means something

UNSEEN = {"val": "that were held back from its training", "test": "that it had never seen"}
"""What pictures of a split are to the model."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of `of` new pictures, about `right` are classified correctly, `low` to `high` with 95 % confidence."""

    of: int
    right: int
    low: int
    high: int


def verdict(evaluation: Evaluation) -> Verdict:
    """The evaluation's accuracy and its interval in whole pictures."""
    of = 1000 if evaluation.top1 >= FINE and evaluation.pictures >= FINE_PICTURES else 100
    low, high = evaluation.top1_interval
    return Verdict(of, *(round(of * share) for share in (evaluation.top1, low, high)))


def remarks(evaluation: Evaluation, labels: Sequence[str], *, best_of: int = 1) -> list[str]:
    """The sentences below the verdict: what it was measured on, what guessing would give, what it does not say.

    `labels`: the classes' names for people; `best_of`: of how many evaluations on the same pictures this is the best.
    """
    total = evaluation.pictures
    right = round(evaluation.top1 * total)
    what = UNSEEN.get(evaluation.split, "").replace("were", "was" if total == 1 else "were")
    sentences = [
        f"Measured on {count(total, 'picture')}{f' of {evaluation.split}' if evaluation.split != 'all' else ''}"
        f"{' ' + what if what else ''}: {right:,} correct, {total - right:,} wrong. "
        "The range in brackets is the 95% confidence interval."
    ]
    if evaluation.split == "train":
        sentences.append("The network was trained on these pictures, so expect a lower accuracy on new ones.")
    support = evaluation.confusion.sum(axis=1)
    sentences.append(
        f"Always answering \N{LEFT DOUBLE QUOTATION MARK}{labels[support.argmax()]}\N{RIGHT DOUBLE QUOTATION MARK} "
        f"would be correct for {_of_hundred(support.max() / total)} of 100."
    )
    if best_of > 1:
        sentences.append(
            f"It is the best of {best_of:,} evaluations on these pictures, so the true figure is likely a little lower."
        )
    return sentences


def _of_hundred(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.005 else "fewer than 1"
