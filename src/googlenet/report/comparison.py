"""The page that compares several models or runs: scores, paired differences, curves over each other, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.evaluation import Evaluation, calibrate, paired_interval, reliability
from googlenet.files import write_atomically
from googlenet.quantities import count
from googlenet.report.charts import ON_PAGE, drawing, to_svg
from googlenet.report.curves import Metrics, curve_svg, curves_of_runs
from googlenet.report.evaluation_report import counted
from googlenet.report.figures import Interval, interval_chart
from googlenet.report.gallery import small_picture
from googlenet.report.mistakes import answered
from googlenet.report.page import render
from googlenet.report.subject import Subject
from googlenet.report.thumbnails import Thumbnail

if TYPE_CHECKING:
    from markupsafe import Markup

    from googlenet.evaluation import Answers

NOT_COMPARED = {"settings", "fingerprint", "start_sha256"}
"""Keys of `settings.json` that say nothing to people."""

MOST = 12  # models in one page: as many lines can still be told apart by their names
ONLY_RIGHT = 12  # pictures that one of two models alone classifies correctly


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One of the compared: a subject and, for a run, its metrics and its settings."""

    subject: Subject
    metrics: Metrics = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """Accuracy of model `first` minus that of `second` on the same pictures, and its paired 95 % interval.

    `only_first`, `only_second`: names of the pictures that one of them alone classifies correctly.
    """

    first: int
    second: int
    share: float
    low: float
    high: float
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]

    @property
    def clear(self) -> bool:
        """Whether the interval leaves no doubt which one is better."""
        return self.low > 0 or self.high < 0


def write_comparison(compared: Sequence[Compared], out: Path) -> Path:
    """Write the page that compares several models, and return its path.

    Raises InputError for fewer than two or more than `MOST`, and as `write_run_report` does.
    """
    if not 2 <= len(compared) <= MOST:
        raise InputError(f"a comparison takes 2 to {MOST} runs or models, not {len(compared)}")
    subjects = [one.subject for one in compared]
    evaluations = [counted(subject.answers) for subject in subjects]
    names = distinct_names(subjects)
    best = max(range(len(subjects)), key=lambda place: evaluations[place].top1)
    same = same_pictures(subjects)
    others = [place for place in range(len(subjects)) if place != best]
    differences = [paired_difference(subjects, best, other) for other in others] if same else []
    curves = curves_of_runs([(name, one.metrics) for name, one in zip(names, compared, strict=True)])
    settings = differing_settings([one.settings for one in compared])
    page = render(
        "comparison.html.j2",
        title=f"Comparison of {', '.join(names)}",
        contents=[
            ("scores", "Scores"),
            *([("differences", "Paired differences")] if same else []),
            *([("training", "Training")] if curves else []),
            *([("settings", "Settings")] if settings else []),
        ],
        names=names,
        best=best,
        evaluations=evaluations,
        errors=[_calibration_error(subject.answers) for subject in subjects],
        chart=_chart(names, evaluations),
        same=same,
        differences=[(one, _shown(subjects, one)) for one in differences],
        curves=[(curve.title, curve.note, curve_svg(curve)) for curve in curves],
        settings=settings,
    )
    write_atomically(out, page.encode())
    return out


def distinct_names(subjects: Sequence[Subject]) -> list[str]:
    """The names of the models; those that occur twice are told apart by what the user typed, or by numbers."""
    names = [subject.name for subject in subjects]
    longer = [name if names.count(name) == 1 else subject.model for name, subject in zip(names, subjects, strict=True)]
    return [name if longer.count(name) == 1 else f"{name} #{place}" for place, name in enumerate(longer, start=1)]


def same_pictures(subjects: Sequence[Subject]) -> bool:
    """Whether all answers are of the same pictures with the same classes, in any order."""
    first, *others = [_truths(subject) for subject in subjects]
    return all(other == first for other in others)


def _truths(subject: Subject) -> dict[str, str]:
    answers = subject.answers
    return {name: answers.classes[label] for name, label in zip(answers.names, answers.labels, strict=True)}


def paired_difference(subjects: Sequence[Subject], first: int, second: int) -> Difference:
    """The difference of two models whose answers are of the same pictures."""
    names = subjects[first].answers.names
    right = [_correct(subjects[place], names) for place in (first, second)]
    both, only_first, only_second, neither = (
        right[0] & right[1],
        right[0] & ~right[1],
        ~right[0] & right[1],
        ~right[0] & ~right[1],
    )
    low, high = paired_interval(*(int(cell.sum()) for cell in (both, only_first, only_second, neither)))
    return Difference(
        *(first, second, float(right[0].mean() - right[1].mean()), low, high),
        *(tuple(names[place] for place in np.flatnonzero(cell)) for cell in (only_first, only_second)),
    )


def _correct(subject: Subject, names: Sequence[str]) -> NDArray[np.bool_]:
    """Whether the answer to each of the pictures `names` is right."""
    answers = subject.answers
    right = dict(zip(answers.names, (answered(answers) == answers.labels).tolist(), strict=True))
    return np.array([right[name] for name in names], np.bool_)


def differing_settings(settings: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """What `settings.json` says differently of the runs: (name, value in each), "" where a run does not say it."""
    flat = [{**one, **(one.get("settings") or {})} for one in settings]
    names = sorted({name for one in flat for name in one} - NOT_COMPARED)
    rows = [(name, [one.get(name) for one in flat]) for name in names]
    return [
        (name, [_text(value, name) for value in values])
        for name, values in rows
        if len({_text(value) for value in values}) > 1
    ]


def _calibration_error(answers: Answers) -> float:
    """With the temperature that `predict` uses; without one if there are too few pictures to fit it."""
    fitted = calibrate(answers)
    return fitted.after.ece if fitted else reliability(answers.probabilities, answers.labels).ece


def _text(value: Any, name: str = "") -> str:
    if name == "exclude" and value:
        return count(len(value), "picture")  # of thousands of names, nobody reads any
    return "" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _chart(names: Sequence[str], evaluations: Sequence[Evaluation]) -> Markup:
    rows = [
        Interval(name, one.top1, *one.top1_interval, series=place)
        for place, (name, one) in enumerate(zip(names, evaluations, strict=True))
    ]
    with drawing(salt="scores"):
        return to_svg(interval_chart(rows, ON_PAGE), "Top-1 accuracy of each model with its 95% interval")


def _shown(subjects: Sequence[Subject], difference: Difference) -> list[tuple[int, int, list[tuple[str, Thumbnail]]]]:
    """(one of the two models, how many pictures it alone classifies correctly, some of them)."""
    read = subjects[difference.first].read
    return [
        (place, len(names), [(name, small_picture(read, name)) for name in names[:ONLY_RIGHT]])
        for place, names in ((difference.first, difference.only_first), (difference.second, difference.only_second))
    ]
