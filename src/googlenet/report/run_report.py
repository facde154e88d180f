"""The page about a training, from the files of its folder."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from googlenet.errors import MissingExtraError
from googlenet.evaluation import Answers
from googlenet.files import write_atomically
from googlenet.model import About, member_paths
from googlenet.quantities import count
from googlenet.report.commands import repeat_command
from googlenet.report.comparison import Compared
from googlenet.report.curves import Metrics, curve_svg, curves_of_runs, training_curves
from googlenet.report.evaluation_report import CONTENTS, counted, evaluation_data, next_steps
from googlenet.report.page import check_installed, percent, render
from googlenet.report.run_pictures import confusion_png, curves_png, mistakes_png
from googlenet.report.subject import read_about, read_settings, run_subject
from googlenet.runs import RunFolder, duration


def write_run_report(
    folder: RunFolder, *, data: str | None = None, out: Path | None = None, answers: Answers | None = None
) -> Path:
    """Write the page about a finished run, and return its path.

    Without `out`, it is the run's `report.html`, and its `curves.png`, `confusion.png` and `mistakes.png` are written,
    too. `data`: where its pictures are now, by default where they were; what is gone has the reason in its place.
    `answers`: of the model, if the run has none of its own. Raises MissingExtraError without the extra `report`,
    InputError for a damaged file, for a run without answers, and if a file cannot be written.
    """
    check_installed()
    subject = run_subject(folder, data=data, answers=answers)
    stored = read_settings(folder)
    metrics = folder.read_metrics()
    evaluation = counted(subject.answers)
    curves = training_curves(metrics, stored) or curves_of_runs(_members(folder))
    shown = evaluation_data(subject, evaluation)
    again = [("Repeat this run", repeat_command(stored, exclude=folder.exclude))] if stored else []
    page = render(
        "run.html.j2",
        title=f"{subject.name}: {percent(evaluation.top1)} top-1",
        contents=((("training", "Training"),) if curves else ()) + CONTENTS,
        **shown,
        curves=[(curve.title, curve.note, curve_svg(curve)) for curve in curves],
        training_bad=[pair for pair in folder.read_bad_pictures() if pair not in subject.answers.bad_pictures],
        settings=run_facts(stored, read_about(folder), metrics),
        all_settings=sorted((stored.get("settings") or {}).items()),
        commands=again + next_steps(subject),
    )
    write_atomically(out or folder.report, page.encode())
    if out is None:
        if curves:
            write_atomically(folder.curves, curves_png(curves))
        heading = f"{percent(evaluation.top1)} of {count(evaluation.pictures, 'picture')} of {evaluation.split} correct"
        write_atomically(folder.confusion, confusion_png(shown["matrix"], subject.labels, heading))
        write_atomically(folder.mistakes, mistakes_png(shown["worst"], subject.labels, "Worst mistakes"))
    return out or folder.report


def report_line(folder: RunFolder) -> str:
    """Write the report of a run that has just finished; the line that says where it is, or why there is none.

    Whatever goes wrong with a report, the training is finished and saved: so this never raises.
    """
    try:
        return f"report: {write_run_report(folder)}"
    except MissingExtraError as error:
        return f"no report: {error}"
    except Exception as error:
        reason = str(error) or type(error).__name__
        return f"warning: no report: {reason}; `googlenet report {shlex.quote(str(folder.path))}` tries again"


def compared_run(folder: RunFolder, *, data: str | None = None, answers: Answers | None = None) -> Compared:
    """A run as one of those that `write_comparison` compares; arguments and errors as for `run_subject`."""
    settings = read_settings(folder)
    return Compared(run_subject(folder, data=data, answers=answers), folder.read_metrics(), settings)


def _members(folder: RunFolder) -> list[tuple[str, Metrics]]:
    """The metrics of an ensemble's members, with their names for people."""
    paths = [path for path in member_paths(folder.path) if path != folder.path]
    return [(f"member {number}", RunFolder(path).read_metrics()) for number, path in enumerate(paths, start=1)]


def run_facts(stored: Mapping[str, Any], about: About, metrics: Metrics) -> list[tuple[str, str]]:
    """What the run was asked for and what it cost, as (what, value)."""
    settings, data = stored.get("settings") or {}, about.data or {}
    seconds = about.scores.get("training_seconds") or (metrics[-1]["seconds"] if metrics else None)
    speeds = [row["images_per_second"] for row in metrics if row["images_per_second"]]
    facts = [
        ("Data", stored.get("data")),
        ("Pictures", ", ".join(f"{number:,} {split}" for split, number in (data.get("pictures") or {}).items())),
        ("Held back", _held_back(data.get("split"))),
        ("Left out", count(len(stored["exclude"]), "picture") + " (--exclude)" if stored.get("exclude") else None),
        ("Recipe", stored.get("recipe")),
        ("Started from", stored.get("start") or "random weights"),
        ("Network", _network(settings)),
        ("Seed", stored.get("seed")),
        ("Length", _length(stored, metrics)),
        ("Time", duration(seconds) if seconds else None),
        ("Speed", f"{sum(speeds) / len(speeds):,.0f} pictures a second in training" if speeds else None),
        ("Machine", about.scores.get("machine")),
        ("Versions", ", ".join(f"{name} {number}" for name, number in about.versions.items())),
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
