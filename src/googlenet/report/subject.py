"""What a report is about: the answers of a model, of a run or of a file, and how to show its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from googlenet.artifacts import describe_model
from googlenet.checks import quick_lines
from googlenet.dataset import SplitRule
from googlenet.errors import GoogLeNetError, InputError
from googlenet.evaluation import Answers
from googlenet.model import About, member_paths
from googlenet.pretrained import find_model
from googlenet.report.maps import MapDrawer, open_maps
from googlenet.report.pictures import Reader, open_pictures, read_pictures
from googlenet.runs import RunFolder

_SETTINGS = {"data": str, "recipe": str, "settings": dict}
"""What every `settings.json` has, of any version."""


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


def run_subject(folder: RunFolder, *, data: str | None = None, answers: Answers | None = None) -> Subject:
    """What the report of a run is about; raises InputError for a damaged file, and without answers."""
    if answers is None:
        if not folder.answers.is_file():
            raise InputError(
                f"{folder.path} has no {folder.answers.name}, because an older googlenet trained it: give its pictures "
                "with --data, and they are evaluated again"
            )
        answers = Answers.load(folder.answers)
    if folder.evaluation.exists():
        folder.read_evaluation()  # raises InputError if it is damaged, as every file of the run does
    stored = read_settings(folder)
    where = data or stored.get("data")
    rule = SplitRule(stored["split_seed"], stored["val_share"]) if "split_seed" in stored else None
    opened = open_pictures(where, answers.classes, rule)
    if not isinstance(opened, str) and stored.get("exclude"):
        opened = opened.without(stored["exclude"])
    about = read_about(folder)
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


def model_subject(model: str, data: str | None, answers: Answers) -> Subject:
    """What the report of a model file is about."""
    path = find_model(model)
    return Subject(
        name=Path(model).name,
        answers=answers,
        labels=class_names(answers, path),
        read=read_pictures(open_pictures(data, answers.classes)),
        maps=open_maps(path),
        model=model,
        data=data or "DATA",
    )


def class_names(answers: Answers, model: Path) -> tuple[str, ...]:
    """The classes' names for people, as the model has them; their ids where it cannot be read."""
    try:
        described = describe_model(member_paths(model)[0])
    except GoogLeNetError:
        return answers.classes
    names = {one.id: one.name for one in described.classes}
    return tuple(names.get(one, one) or one for one in answers.classes)


def read_about(folder: RunFolder) -> About:
    """Where the model of a run comes from; an empty record where it cannot be read."""
    try:
        return describe_model(member_paths(folder.path)[0]).origins[0]
    except GoogLeNetError:
        return About()


def read_settings(folder: RunFolder) -> dict[str, Any]:
    """What the run was asked for; {} if that is not kept. Raises InputError if it lacks what every run has."""
    stored = folder.read_settings() or {}
    wrong = [key for key, kind in _SETTINGS.items() if stored and not isinstance(stored.get(key), kind)]
    if wrong:
        raise InputError(f"{folder.settings} is damaged: {wrong[0]!r} is missing or of the wrong kind")
    return stored
