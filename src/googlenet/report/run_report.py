"""The page about a training, from the files of its folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from googlenet.artifacts import describe_model
from googlenet.errors import GoogLeNetError, InputError
from googlenet.evaluation import Answers
from googlenet.files import write_atomically
from googlenet.machine import read_machine
from googlenet.model import About, ClassLabel, member_paths
from googlenet.report.charts import ON_PAGE, Palette, drawing, to_svg
from googlenet.report.commands import repeat_command
from googlenet.report.evaluation_report import CONTENTS, Subject, counted, evaluation_data, next_steps
from googlenet.report.figures import Line, draw_lines, line_chart
from googlenet.report.gallery import Explain
from googlenet.report.page import count, duration, percent, render
from googlenet.report.pictures import read_data
from googlenet.runs import RunFolder

if TYPE_CHECKING:
    from markupsafe import Markup

Metrics = Sequence[Mapping[str, float | None]]
"""The rows of `metrics.csv`: numbers by column."""

HEAD_SERIES = {"main": 0, "auxiliary_4a": 2, "auxiliary_4d": 3}
VALIDATION_SERIES = 1


def write_run_report(
    folder: RunFolder, *, data: str | None = None, out: Path | None = None, answers: Answers | None = None
) -> Path:
    """Write the page about a finished run, by default into it as `report.html`, and return its path.

    `data`: where its pictures are now, by default where they were; pictures that are gone are said to be. `answers`: of
    the model, if the run has none of its own. Raises MissingExtraError without the extra `report`, InputError for a
    damaged file and for a run without answers.
    """
    subject = run_subject(folder, data=data, answers=answers)
    stored = folder.read_settings() or {}
    about = _about(folder)
    evaluation = counted(subject.answers)
    curves = [(curve.title, curve.note, _svg(curve)) for curve in training_curves(folder.read_metrics(), stored)]
    again = [("Make this run again", repeat_command(stored))] if stored else []
    page = render(
        "run.html.j2",
        title=f"{subject.name}: {percent(evaluation.top1)} right",
        contents=((("training", "Training"),) if curves else ()) + CONTENTS,
        **evaluation_data(subject, evaluation),
        curves=curves,
        training_bad=[pair for pair in folder.read_bad_pictures() if pair not in subject.answers.bad_pictures],
        settings=run_facts(stored, about, folder.read_metrics()),
        all_settings=sorted((stored.get("settings") or {}).items()),
        commands=again + next_steps(subject),
    )
    write_atomically(out or folder.report, page.encode())
    return out or folder.report


def run_subject(folder: RunFolder, *, data: str | None = None, answers: Answers | None = None) -> Subject:
    """What the report of a run is about; raises InputError if neither the run nor the caller has answers."""
    if answers is None:
        if not folder.answers.is_file():
            raise InputError(
                f"{folder.path} has no answers of its model ({folder.answers.name}), because it was trained by an older "
                "googlenet; give its pictures with --data, and they are evaluated again"
            )
        answers = Answers.load(folder.answers)
    stored = folder.read_settings() or {}
    where = data or stored.get("data")
    about = _about(folder)
    return Subject(
        name=folder.path.resolve().name,
        answers=answers,
        labels=class_names(answers, folder.path),
        read=read_data(where, answers.classes),
        explain=None,
        model=str(folder.path),
        data=str(where or "DATA"),
        best_of=int(about.scores.get("best_of", 1)),
    )


def class_names(answers: Answers, model: Path) -> tuple[str, ...]:
    """The classes' names for people, as the model has them; their ids where it cannot be read."""
    try:
        described = describe_model(member_paths(model)[0])
    except GoogLeNetError:
        return answers.classes
    names = {one.id: one.name for one in described.classes}
    return tuple(names.get(one, one) or one for one in answers.classes)


def _about(folder: RunFolder) -> About:
    try:
        return describe_model(member_paths(folder.path)[0]).origins[0]
    except GoogLeNetError:
        return About()


@dataclass(frozen=True, slots=True)
class Curve:
    """A chart of a training: its lines over epochs, or over steps where there is one epoch."""

    title: str
    note: str
    lines: tuple[Line, ...]
    shares: bool = False


def training_curves(metrics: Metrics, stored: Mapping[str, Any]) -> list[Curve]:
    """Loss, accuracy and learning rate of each head over the epochs; those that have no numbers are left out."""
    heads = [head for head in HEAD_SERIES if any(row[f"loss_{head}"] is not None for row in metrics)]
    smoothing = (stored.get("settings") or {}).get("label_smoothing")
    curves = [
        Curve(
            "Loss",
            "training" + (" (with label smoothing)" if smoothing else "") + " of each head, and validation",
            (
                *(_line(metrics, f"loss_{head}", _name(head), HEAD_SERIES[head]) for head in heads),
                _line(metrics, "validation_loss", "validation", VALIDATION_SERIES, dashed=True),
            ),
        ),
        Curve(
            "Accuracy",
            "on augmented training pictures, and on val",
            (
                *(_line(metrics, f"accuracy_{head}", _name(head), HEAD_SERIES[head]) for head in heads),
                _line(metrics, "validation_top1", "validation", VALIDATION_SERIES, dashed=True),
            ),
            shares=True,
        ),
        Curve("Learning rate", "at the end of each epoch", (_line(metrics, "learning_rate", "rate", 0),)),
    ]
    filled = [(curve, tuple(line for line in curve.lines if line.points)) for curve in curves]
    return [Curve(curve.title, curve.note, lines, curve.shares) for curve, lines in filled if lines]


def _line(metrics: Metrics, column: str, label: str, series: int, *, dashed: bool = False) -> Line:
    points = ((row["epoch"], row[column]) for row in metrics)
    return Line(label, tuple((x, y) for x, y in points if x is not None and y is not None), series, dashed)


def _name(head: str) -> str:
    return head.replace("auxiliary_", "auxiliary ")


def _svg(curve: Curve) -> Markup:
    with drawing(salt=curve.title):
        figure = line_chart(curve.lines, ON_PAGE, x_label="epoch", shares=curve.shares, from_zero=not curve.shares)
        return to_svg(figure, f"{curve.title} over the epochs: {_ends(curve)}")


def _ends(curve: Curve) -> str:
    """The last value of each line, for who does not see the chart."""
    return ", ".join(
        f"{line.label} {percent(line.points[-1][1]) if curve.shares else f'{line.points[-1][1]:.3g}'}"
        for line in curve.lines
    )


def run_facts(stored: Mapping[str, Any], about: About, metrics: Metrics) -> list[tuple[str, str]]:
    """What the run was asked for and what it cost, as (what, value)."""
    settings, data = stored.get("settings") or {}, about.data or {}
    seconds = about.scores.get("training_seconds") or (metrics[-1]["seconds"] if metrics else None)
    speeds = [row["images_per_second"] for row in metrics if row["images_per_second"]]
    versions = dict(about.versions)
    machine = versions.pop("machine", "")
    facts = [
        ("Data", stored.get("data")),
        ("Pictures", ", ".join(f"{number:,} {split}" for split, number in (data.get("pictures") or {}).items())),
        ("Held back", _held_back(data.get("split"))),
        ("Recipe", stored.get("recipe")),
        ("Started from", stored.get("start") or "random weights"),
        ("Network", _network(settings)),
        ("Seed", stored.get("seed")),
        ("Length", _length(stored, metrics)),
        ("Time", duration(seconds) if seconds else None),
        ("Speed", f"{sum(speeds) / len(speeds):,.0f} pictures a second in training" if speeds else None),
        ("Machine", machine),
        ("Versions", ", ".join(f"{name} {number}" for name, number in versions.items())),
        ("Made", about.created.replace("T", " ").replace("+00:00", " UTC")),
    ]
    return [(name, str(value)) for name, value in facts if value not in (None, "")]


def _held_back(rule: Mapping[str, Any] | None) -> str:
    return f"{rule['share']:.0%} of each class for validation, with seed {rule['seed']}" if rule else ""


def _network(settings: Mapping[str, Any]) -> str:
    if not settings:
        return ""
    return f"{settings['variant']}, pictures of {settings['input_size']} px ({settings['fit']})"


def _length(stored: Mapping[str, Any], metrics: Metrics) -> str:
    if not metrics:
        return ""
    last = metrics[-1]
    asked = f" (asked for: {stored['minutes']:g} minutes)" if stored.get("minutes") else ""
    return f"{count(int(last['epoch'] or 0), 'epoch')}, {count(int(last['step'] or 0), 'step')}{asked}"
