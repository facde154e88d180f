"""What a training leaves: its folder, its model, and the scores of that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from googlenet.runs import RunFolder

NOT_OURS = (AttributeError, LookupError, TypeError, ValueError)
"""Raised for figures that another program wrote in a different form; they are shown unchanged."""


@dataclass(frozen=True, slots=True, repr=False)
class TrainingResult:
    """A finished training.

    folder:   the run, with settings, curves, and the model; a MODEL for every verb, and for `googlenet.load`.
    model:    the model file; of an ensemble the folder, which holds the list of its members.
    scores:   of the model on `val`: top1 and top5 (0 to 1), top1_interval (95 %), pictures, loss, training_seconds ...
    members:  the number of networks.
    """

    folder: Path
    model: Path
    scores: dict[str, Any]
    members: int = 1

    @property
    def lines(self) -> tuple[str, str]:
        """Where the run is, and how good its model is."""
        together = f"{self.members} members together: " if self.members > 1 else ""
        return f"run folder: {self.folder}", f"{together}{score_sentence(self.scores)}"

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON values."""
        return {
            "folder": str(self.folder),
            "model": str(self.model),
            "members": self.members,
            "scores": dict(self.scores),
        }

    def __repr__(self) -> str:
        """The folder and the score, on one line."""
        return f"TrainingResult({str(self.folder)!r}: {score_sentence(self.scores)})"

    def _repr_html_(self) -> str:
        from googlenet.notebook import card

        members = [("members", str(self.members))] if self.members > 1 else []
        return card("Training", [("score", score_sentence(self.scores)), *members, ("model", str(self.model))])


def read_result(folder: RunFolder) -> TrainingResult:
    """The result of a finished run, from its files; raises InputError or ModelFileError if one is damaged."""
    from googlenet.model import member_paths, read_header

    if folder.model.is_file():
        return TrainingResult(folder.path, folder.model, dict(read_header(folder.model).about.scores))
    members = member_paths(folder.path)
    seconds = sum(read_header(path).about.scores.get("training_seconds", 0) for path in members)
    scores = folder.read_evaluation() | {"training_seconds": seconds}
    return TrainingResult(folder.path, folder.path, scores, len(members))


def score_sentence(scores: dict[str, Any]) -> str:
    """The scores of a model as one line; those of a model that another program trained are shown unchanged."""
    try:
        return _validation_sentence(scores)
    except NOT_OURS:
        return "scores         " + ", ".join(f"{name} {value}" for name, value in scores.items())


def _validation_sentence(scores: dict[str, Any]) -> str:
    low, high = scores["top1_interval"]
    chosen = f", the best of {scores['best_of']} evaluations" if scores.get("best_of", 1) > 1 else ""
    return (
        f"{scores['top1']:.1%} validation top-1 (95 % interval {low:.1%} to {high:.1%}, {scores['pictures']:,} "
        f"pictures{chosen}) after {scores['training_seconds']:.0f} s of training"
    )
