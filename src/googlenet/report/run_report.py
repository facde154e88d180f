"""The page about a training, from the files of its folder."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from googlenet.artifacts import describe_model
from googlenet.checks import quick_lines
from googlenet.dataset import SplitRule
from googlenet.errors import GoogLeNetError, InputError, MissingExtraError
from googlenet.evaluation import Answers
from googlenet.files import write_atomically
from googlenet.model import About, member_paths
from googlenet.report.commands import repeat_command
from googlenet.report.comparison import Compared
from googlenet.report.evaluation_report import CONTENTS, Subject, counted, evaluation_data, next_steps
from googlenet.report.maps import open_maps
from googlenet.report.page import check_installed, count, percent, render
from googlenet.report.pictures import open_pictures, read_pictures
from googlenet.report.run_pictures import confusion_png, curves_png, mistakes_png
from googlenet.report.training import Metrics, curve_svg, curves_of_runs, training_curves
from googlenet.runs import RunFolder, duration


def write_run_report(
    folder: RunFolder, *, data: str | None = None, out: Path | None = None, answers: Answers | None = None
) -> Path:
    """Write the page about a finished run, and return its path.

    Without `out`, it is the run's `report.html`, and its `curves.png`, `confusion.png` and `mistakes.png` are written,
    too. `data`: where its pictures are now, by default where they were; pictures that are gone are said to be.
    `answers`: of the model, if the run has none of its own. Raises MissingExtraError without the extra `report`,
    InputError for a damaged file, for a run without answers, and if a file cannot be written.
    """
    check_installed()
    subject = run_subject(folder, data=data, answers=answers)
    stored = folder.read_settings() or {}
    metrics = folder.read_metrics()
    evaluation = counted(subject.answers)
    curves = training_curves(metrics, stored) or curves_of_runs(_members(folder))
    shown = evaluation_data(subject, evaluation)
    again = [("Repeat this run", repeat_command(stored))] if stored else []
    page = render(
        "run.html.j2",
        title=f"{subject.name}: {percent(evaluation.top1)} top-1",
        contents=((("training", "Training"),) if curves else ()) + CONTENTS,
        **shown,
        curves=[(curve.title, curve.note, curve_svg(curve)) for curve in curves],
        training_bad=[pair for pair in folder.read_bad_pictures() if pair not in subject.answers.bad_pictures],
        settings=run_facts(stored, _about(folder), metrics),
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


def run_subject(folder: RunFolder, *, data: str | None = None, answers: Answers | None = None) -> Subject:
    """What the report of a run is about; raises InputError if neither the run nor the caller has answers."""
    if answers is None:
        if not folder.answers.is_file():
            raise InputError(
                f"{folder.path} has no {folder.answers.name}, because an older googlenet trained it: give its pictures "
                "with --data, and they are evaluated again"
            )
        answers = Answers.load(folder.answers)
    stored = folder.read_settings() or {}
    where = data or stored.get("data")
    rule = SplitRule(stored["split_seed"], stored["val_share"]) if "split_seed" in stored else None
    opened = open_pictures(where, answers.classes, rule)
    if not isinstance(opened, str) and stored.get("exclude"):
        opened = opened.without(stored["exclude"])
    about = _about(folder)
    return Subject(
        name=folder.path.resolve().name,
        answers=answers,
        labels=class_names(answers, folder.path),
        read=read_pictures(opened),
        maps=open_maps(folder.path),
        model=str(folder.path),
        data=str(where or "DATA"),
        best_of=int(about.scores.get("best_of", 1)),
        findings=() if isinstance(opened, str) else tuple(quick_lines(opened)),
    )


def compared_run(folder: RunFolder, *, data: str | None = None, answers: Answers | None = None) -> Compared:
    """A run as one of those that `write_comparison` compares; arguments and errors as for `run_subject`."""
    settings = folder.read_settings() or {}
    return Compared(run_subject(folder, data=data, answers=answers), folder.read_metrics(), settings)


def class_names(answers: Answers, model: Path) -> tuple[str, ...]:
    """The classes' names for people, as the model has them; their ids where it cannot be read."""
    try:
        described = describe_model(member_paths(model)[0])
    except GoogLeNetError:
        return answers.classes
    names = {one.id: one.name for one in described.classes}
    return tuple(names.get(one, one) or one for one in answers.classes)


def _members(folder: RunFolder) -> list[tuple[str, Metrics]]:
    """The metrics of an ensemble's members, with their names for people."""
    paths = [path for path in member_paths(folder.path) if path != folder.path]
    return [(f"member {number}", RunFolder(path).read_metrics()) for number, path in enumerate(paths, start=1)]


def _about(folder: RunFolder) -> About:
    try:
        return describe_model(member_paths(folder.path)[0]).origins[0]
    except GoogLeNetError:
        return About()


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
