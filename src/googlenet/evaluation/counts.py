"""Exact counts over pictures: summed batch by batch, divided once, at the end."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import DataError, TrainingError
from googlenet.evaluation.answers import Answers
from googlenet.evaluation.calibration import ReliabilityCounts
from googlenet.evaluation.confusion import ConfusedPair, confused_pairs
from googlenet.evaluation.intervals import wilson_interval
from googlenet.model import apply_temperature
from googlenet.notebook import bars

_CLASSES_SHOWN = 10
_LEAST_PROBABILITY = float(np.finfo(np.float32).tiny)  # so that the loss of a 0 is finite: 87.3


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Scores of one class: `support` pictures belong to it, `predicted` were predicted to.

    `precision` (the share of the predicted that is correct) and `recall` (the share of the support that was found) are
    None if there is nothing to divide by.
    """

    label: str
    precision: float | None
    recall: float | None
    support: int
    predicted: int


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Evaluation:
    """Results on `pictures` pictures of a split; accuracies are shares from 0 to 1, `loss` is nats per picture.

    `top5`: the class is among the top 5, or among all if there are fewer; `macro_recall`: mean over the classes that
    have pictures; `confusion` (C, C) int64: rows are the true classes; `bad_pictures`: (name, reason), not counted;
    `models`, `crops`: how many networks and crops of a picture each answer is averaged over; `ece`: the expected
    calibration error of the probabilities at `temperature`, which nothing else here is at; `answers`: of each picture,
    if they were asked for.
    """

    top1: float
    top5: float
    top1_interval: tuple[float, float]
    loss: float
    pictures: int
    split: str
    macro_recall: float
    classes: tuple[ClassScore, ...]
    confusion: NDArray[np.int64]
    bad_pictures: tuple[tuple[str, str], ...] = ()
    models: int = 1
    crops: int = 1
    ece: float = 0.0
    temperature: float = 1.0
    answers: Answers | None = None

    def __repr__(self) -> str:
        low, high = self.top1_interval
        bad = f", {len(self.bad_pictures):,} unreadable" if self.bad_pictures else ""
        top1 = f"{self.top1:.1%} top-1 (95 % interval {low:.1%} to {high:.1%})"
        return f"<Evaluation: {top1} on {self.pictures:,} pictures of {self.split}{bad}>"

    def _repr_html_(self) -> str:
        low, high = self.top1_interval
        measured = [one for one in self.classes if one.recall is not None]
        worst = sorted(measured, key=lambda one: one.recall or 0.0)[:_CLASSES_SHOWN]
        notes = [
            f"95 % interval {low:.1%} to {high:.1%}; {self.pictures:,} pictures of {self.split}",
            f"the {len(worst)} classes with the lowest recall" if len(worst) < len(measured) else None,
            f"{len(self.bad_pictures):,} could not be read" if self.bad_pictures else None,
        ]
        rows = [(one.label, one.recall or 0.0) for one in worst]
        return bars(f"{self.top1:.1%} top-1, by class:", rows, note="; ".join(filter(None, notes)))

    @property
    def cost(self) -> int:
        """Network runs per picture: models times crops."""
        return self.models * self.crops

    @property
    def confused_pairs(self) -> tuple[ConfusedPair, ...]:
        """The pairs of a class and what it was taken for, those with the most pictures first; at most ten."""
        return confused_pairs(self.confusion, tuple(one.label for one in self.classes))

    @property
    def top5_error(self) -> float:
        """The share of pictures whose class is not among the top 5."""
        return (self.pictures - round(self.top5 * self.pictures)) / self.pictures

    def to_dict(self) -> dict[str, Any]:
        """The JSON of `googlenet evaluate --json`."""
        return {
            "split": self.split,
            "pictures": self.pictures,
            "models": self.models,
            "crops": self.crops,
            "cost": self.cost,
            "top1": self.top1,
            "top1_interval": list(self.top1_interval),
            "top5": self.top5,
            "top5_error": self.top5_error,
            "loss": self.loss,
            "ece": self.ece,
            "temperature": self.temperature,
            "macro_recall": self.macro_recall,
            "classes": [
                {"label": one.label, "precision": one.precision, "recall": one.recall, "pictures": one.support}
                for one in self.classes
            ],
            "confused_pairs": [asdict(pair) for pair in self.confused_pairs],
            "confusion": self.confusion.tolist(),
            "bad_pictures": [{"image": name, "error": reason} for name, reason in self.bad_pictures],
        }


def in_best(best: int, labels: NDArray[np.int64], probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether each picture's class is among its `best` most probable; ties are ranked in the order of the classes.

    `labels` (N,), `probabilities` (N, classes) -> (N,).
    """
    given = probabilities[np.arange(len(labels)), labels][:, np.newaxis]
    before = np.arange(probabilities.shape[1]) < labels[:, np.newaxis]
    rank = ((probabilities > given) | ((probabilities == given) & before)).sum(axis=1)
    return np.asarray(rank < best)


class Counts:
    """Running counts for `classes` classes: the confusion matrix, top-5 hits, the sum of the losses, reliability."""

    def __init__(self, classes: int, *, temperature: float = 1.0) -> None:
        """Start with no pictures; `temperature`: of the probabilities whose reliability is counted."""
        self.temperature = temperature
        self.reliability = ReliabilityCounts()
        self.confusion = np.zeros((classes, classes), np.int64)
        self.top5 = 0
        self.loss = 0.0

    @property
    def pictures(self) -> int:
        """The number of pictures counted."""
        return int(self.confusion.sum())

    @property
    def top1(self) -> int:
        """The number of pictures whose most probable class is correct."""
        return int(np.trace(self.confusion))

    def add(self, labels: NDArray[np.int64], probabilities: NDArray[np.float32]) -> None:
        """Count a batch: `labels` (N,), `probabilities` (N, classes); ties are ranked in the order of the classes.

        Raises TrainingError for a probability that is not finite, which would otherwise be counted as an answer.
        """
        if not np.isfinite(probabilities).all():
            raise TrainingError("the network's output is not finite; its weights cannot be used")
        given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
        self.top5 += int(in_best(5, labels, probabilities).sum())
        self.loss += float(-np.log(np.maximum(given, _LEAST_PROBABILITY)).sum())
        self.reliability.add(apply_temperature(probabilities, self.temperature), labels)
        np.add.at(self.confusion, (labels, probabilities.argmax(axis=1)), 1)

    def result(
        self,
        labels: tuple[str, ...],
        *,
        split: str,
        bad_pictures: tuple[tuple[str, str], ...] = (),
        models: int = 1,
        crops: int = 1,
    ) -> Evaluation:
        """Divide the counts; `labels` are the class ids. Raises DataError if no picture was counted."""
        pictures = self.pictures
        if pictures == 0:
            raise DataError(f"{split}: there are no pictures to evaluate on ({len(bad_pictures)} could not be read)")
        scores = tuple(self._class_score(index, label) for index, label in enumerate(labels))
        recalls = [score.recall for score in scores if score.recall is not None]
        return Evaluation(
            top1=self.top1 / pictures,
            top5=self.top5 / pictures,
            top1_interval=wilson_interval(self.top1, pictures),
            loss=self.loss / pictures,
            pictures=pictures,
            split=split,
            macro_recall=sum(recalls) / len(recalls),
            classes=scores,
            confusion=self.confusion.copy(),
            bad_pictures=bad_pictures,
            models=models,
            crops=crops,
            ece=self.reliability.result().ece,
            temperature=self.temperature,
        )

    def _class_score(self, index: int, label: str) -> ClassScore:
        right = int(self.confusion[index, index])
        support, predicted = int(self.confusion[index].sum()), int(self.confusion[:, index].sum())
        return ClassScore(
            label=label,
            precision=right / predicted if predicted else None,
            recall=right / support if support else None,
            support=support,
            predicted=predicted,
        )
