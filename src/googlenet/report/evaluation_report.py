"""The page about an evaluation: everything that the answers of a model say about it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from googlenet.evaluation import (
    TOO_FEW,
    Answers,
    Calibration,
    Counts,
    Evaluation,
    Reliability,
    calibrate,
    reliability,
    wilson_interval,
)
from googlenet.files import write_atomically
from googlenet.report.charts import ON_PAGE, drawing, to_svg
from googlenet.report.confusion import shown_matrix
from googlenet.report.figures import Interval, interval_chart, reliability_chart
from googlenet.report.gallery import cards, small_pictures
from googlenet.report.maps import MapDrawer
from googlenet.report.mistakes import Places, behind_cells, least_certain, worst_mistakes
from googlenet.report.page import count, percent, render
from googlenet.report.pictures import Reader
from googlenet.report.thumbnails import Thumbnail
from googlenet.report.verdict import remarks, verdict

if TYPE_CHECKING:
    from markupsafe import Markup

CARDS = 24  # of the worst mistakes, and of the least certain pictures
PAIR_PICTURES = 6
CHART_CLASSES = 30
FEW = 10  # pictures of a class
NAMES_OF_CELL = 60  # of pictures behind a cell that have no room for themselves

Contents = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What a report is about: the answers of a model on a split, and how to show its pictures.

    `name`: for people; `labels`: the classes' names for people, in the order of the answers; `read`: reads pictures by
    name; `maps`: draws activation maps, or why it cannot; `model`, `data`: what a user types for MODEL and DATA;
    `best_of`: of how many evaluations on the same pictures this one is the best; `facts`: (what, value) of how it was
    made; `findings`: sentences about the data.
    """

    name: str
    answers: Answers
    labels: tuple[str, ...]
    read: Reader
    maps: MapDrawer | str = ""
    model: str = ""
    data: str = ""
    best_of: int = 1
    facts: tuple[tuple[str, str], ...] = ()
    findings: tuple[str, ...] = ()


def write_evaluation_report(subject: Subject, out: Path) -> Path:
    """Write the page about an evaluation to `out`, atomically, and return it.

    Raises MissingExtraError without the extra `report`, InputError if the file cannot be written, DataError if there
    are no answers.
    """
    evaluation = counted(subject.answers)
    page = render(
        "evaluation.html.j2",
        title=f"{subject.name}: evaluation",
        contents=CONTENTS,
        **evaluation_data(subject, evaluation),
        settings=subject.facts,
        commands=next_steps(subject),
    )
    write_atomically(out, page.encode())
    return out


CONTENTS: Contents = (
    ("classes", "Accuracy by class"),
    ("confusion", "Confusion matrix"),
    ("mistakes", "Worst mistakes"),
    ("uncertain", "Least certain"),
    ("calibration", "Calibration"),
    ("data", "Data"),
    ("settings", "Settings"),
)


def counted(answers: Answers) -> Evaluation:
    """The evaluation of the answers, by the counts that `evaluate` uses; raises DataError if there are none."""
    counts = Counts(len(answers.classes))
    counts.add(answers.labels, answers.probabilities)
    return counts.result(answers.classes, split=answers.split, bad_pictures=answers.bad_pictures)


def evaluation_data(subject: Subject, evaluation: Evaluation) -> dict[str, Any]:
    """What the blocks of `evaluation.html.j2` show, by the name of the block's variable."""
    answers, labels = subject.answers, subject.labels
    cells = behind_cells(answers)
    worst = worst_mistakes(answers, CARDS)
    matrix = shown_matrix(evaluation.confusion)
    shown = {cell: places for cell, places in cells.items() if {*cell} <= {*matrix.classes}}
    place_of = {label: place for place, label in enumerate(answers.classes)}
    pairs = [(place_of[pair.label], place_of[pair.predicted], pair) for pair in evaluation.confused_pairs]
    paired = {(truth, answer): cells[truth, answer] for truth, answer, _ in pairs}
    small = small_pictures(answers, shown | paired, subject.read)
    maps = subject.maps if isinstance(subject.maps, MapDrawer) else None
    calibration = calibrate(answers)
    before = calibration.before if calibration else reliability(answers.probabilities, answers.labels)
    return {
        "name": subject.name,
        "labels": labels,
        "verdict": verdict(evaluation),
        "remarks": remarks(evaluation, labels, best_of=subject.best_of),
        "stats": _stats(evaluation, calibration),
        "classes": class_rows(evaluation, labels),
        "class_chart": class_chart(evaluation, labels),
        "matrix": matrix,
        "open_panel": panel_id(*next(iter(paired))) if paired else "",
        "few": FEW,
        "split": evaluation.split,
        "panels": panels(shown, answers, small),
        "pairs": [
            (truth, answer, pair, [small[place] for place in cells[truth, answer] if place in small][:PAIR_PICTURES])
            for truth, answer, pair in pairs
        ],
        "worst": cards(answers, worst, subject.read, maps),
        "uncertain": cards(answers, least_certain(answers, CARDS, without=worst), subject.read, maps),
        "calibration": calibration,
        "reliability": before,
        "no_temperature": TOO_FEW,
        "reliability_chart": _reliability_svg(before, calibration),
        "data_notes": data_notes(evaluation, labels),
        "bad_pictures": answers.bad_pictures,
        "findings": subject.findings,
        "mapped": maps is not None,
        "no_maps": subject.maps if isinstance(subject.maps, str) else "",
    }


def _stats(evaluation: Evaluation, calibration: Calibration | None) -> list[tuple[str, str, str]]:
    low, high = evaluation.top1_interval
    stats = [
        ("Top-1 accuracy", percent(evaluation.top1), f"{percent(low)} to {percent(high)}"),
        *([("Top-5 accuracy", percent(evaluation.top5), "")] if len(evaluation.classes) > 5 else []),
        ("Mean class recall", percent(evaluation.macro_recall), ""),
        ("Loss", f"{evaluation.loss:.3f}", ""),
    ]
    if calibration is not None:
        stats.append(("Calibration error", percent(calibration.after.ece), f"{percent(calibration.before.ece)} before"))
    return stats


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A class in the table: pictures, how many of them were found with the interval, and what it is taken for."""

    place: int
    pictures: int
    found: float | None
    low: float
    high: float
    precision: float | None
    taken_for: int | None
    taken: int


def class_rows(evaluation: Evaluation, labels: Sequence[str]) -> list[ClassRow]:
    """The classes, those with the smallest share found first, those without pictures last."""
    rows = []
    for place, score in enumerate(evaluation.classes):
        wrong = evaluation.confusion[place].copy()
        right, wrong[place] = int(wrong[place]), 0
        low, high = wilson_interval(right, score.support)
        taken = int(wrong.max())
        rows.append(
            ClassRow(
                *(place, score.support, score.recall, low, high, score.precision),
                *(int(wrong.argmax()) if taken else None, taken),
            )
        )
    return sorted(rows, key=lambda row: (row.found is None, row.found, labels[row.place]))


def class_chart(evaluation: Evaluation, labels: Sequence[str]) -> tuple[Markup, int]:
    """The chart of the classes with the smallest shares found, and how many it leaves out."""
    rows = [row for row in class_rows(evaluation, labels) if row.found is not None]
    shown = [Interval(labels[row.place], row.found or 0.0, row.low, row.high) for row in rows[:CHART_CLASSES]]
    with drawing(salt="classes"):
        figure = interval_chart(shown, ON_PAGE, reference=evaluation.top1)
        return to_svg(figure, "Share of each class that is found, with intervals; the table has the numbers"), len(
            rows
        ) - len(shown)


@dataclass(frozen=True, slots=True)
class Panel:
    """The pictures behind a cell of the matrix: those shown, and the names of others."""

    truth: int
    answer: int
    count: int
    pictures: tuple[tuple[str, float, Thumbnail], ...]
    names: tuple[str, ...]

    @property
    def id(self) -> str:
        """Its id on the page."""
        return panel_id(self.truth, self.answer)

    @property
    def rest(self) -> int:
        """How many pictures are neither shown nor named."""
        return self.count - len(self.pictures) - len(self.names)


def panel_id(truth: int, answer: int) -> str:
    """The id of the panel of a cell."""
    return f"cell-{truth}-{answer}"


def panels(cells: dict[tuple[int, int], Places], answers: Answers, small: dict[int, Thumbnail]) -> list[Panel]:
    """A panel for each cell that has pictures."""
    made = []
    for (truth, answer), places in sorted(cells.items()):
        pictures = [place for place in places if place in small]
        others = [place for place in places if place not in small]
        made.append(
            Panel(
                truth,
                answer,
                len(places),
                tuple(
                    (answers.names[place], float(answers.probabilities[place, answer]), small[place])
                    for place in pictures
                ),
                tuple(answers.names[place] for place in others[:NAMES_OF_CELL]) if truth != answer else (),
            )
        )
    return made


def _reliability_svg(before: Reliability, calibration: Calibration | None) -> Markup:
    with drawing(salt="reliability"):
        figure = reliability_chart(before, calibration.after if calibration else None, ON_PAGE)
        return to_svg(figure, "How often answers are right against how sure they are")


def data_notes(evaluation: Evaluation, labels: Sequence[str]) -> list[str]:
    """What is to be known about the evaluated pictures: classes without any, and with very few."""
    missing = [labels[place] for place, score in enumerate(evaluation.classes) if not score.support]
    few = [labels[place] for place, score in enumerate(evaluation.classes) if 0 < score.support < FEW]
    notes = []
    if missing:
        them = "it" if len(missing) == 1 else "them"
        notes.append(
            f"{count(len(missing), 'class', 'classes')} without pictures of {evaluation.split}, so nothing is known "
            f"about {them}: {_listed(missing)}."
        )
    if few:
        notes.append(
            f"{count(len(few), 'class', 'classes')} with fewer than {FEW} pictures of {evaluation.split}, so that the "
            f"interval is wide: {_listed(few)}."
        )
    return notes


def _listed(names: Sequence[str], most: int = 12) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def next_steps(subject: Subject) -> list[tuple[str, str]]:
    """(what for, command) of what one may want to do next."""
    model, data = shlex.quote(subject.model), shlex.quote(subject.data)
    return [
        ("Classify new pictures", f"googlenet predict {model} picture.jpg"),
        ("Explain a prediction", f"googlenet explain {model} picture.jpg"),
        ("Look for problems in the data", f"googlenet check {data} --model {model}"),
        ("Export for another runtime", f"googlenet export {model} --to onnx"),
    ]
