"""The page about an evaluation: everything that the answers of a model say about it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
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
    ranked_pairs,
    reliability,
)
from googlenet.files import write_atomically
from googlenet.quantities import count
from googlenet.report.charts import ON_PAGE, drawing, to_svg
from googlenet.report.class_table import class_chart, class_rows
from googlenet.report.confusion import shown_matrix
from googlenet.report.figures import reliability_chart
from googlenet.report.gallery import cards, small_pictures
from googlenet.report.maps import MapDrawer
from googlenet.report.mistakes import behind_cells, least_certain, worst_mistakes
from googlenet.report.page import percent, render
from googlenet.report.panels import panel_id, panels
from googlenet.report.subject import Subject
from googlenet.report.verdict import remarks, verdict

if TYPE_CHECKING:
    from markupsafe import Markup

CARDS = 24  # of the worst mistakes, and of the least certain pictures
PAIR_PICTURES = 6
FEW = 10  # pictures of a class

Contents = tuple[tuple[str, str], ...]


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
    pairs = list(zip(ranked_pairs(evaluation.confusion), evaluation.confused_pairs, strict=False))
    paired = {cell: cells[cell] for cell, _ in pairs}
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
            (*cell, pair, [small[place] for place in cells[cell] if place in small][:PAIR_PICTURES])
            for cell, pair in pairs
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
