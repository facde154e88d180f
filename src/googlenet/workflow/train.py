"""`googlenet.train`: the road of the verb and of Python, from a folder of pictures to a trained, measured model."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from googlenet.argument_types import PathArgument, wrong_type
from googlenet.errors import InputError
from googlenet.workflow.plan import check_same_pictures, new_plan, resumed_plan, settled_plan
from googlenet.workflow.request import Request
from googlenet.workflow.result import TrainingResult, read_result
from googlenet.workflow.run import Listeners, check_new, run_plan

if TYPE_CHECKING:
    from googlenet.dataset import Dataset
    from googlenet.runs import Event, RunFolder

_PATH, _NUMBER = (str, os.PathLike), (int, float)
_TYPES: dict[str, tuple[type, ...]] = {
    "data": _PATH,
    "start": _PATH,
    "out": _PATH,
    "resume": _PATH,
    "exclude": _PATH,
    "recipe": (str,),
    "fit": (str,),
    "device": (str,),
    "minutes": _NUMBER,
    "epochs": _NUMBER,
    "learning_rate": _NUMBER,
    "val_share": _NUMBER,
    "batch_size": (int,),
    "workers": (int,),
    "seed": (int,),
    "split_seed": (int,),
    "members": (int,),
    "settings": (Mapping,),
}
"""Parameter of `train` -> what it may be, besides None."""

_NAMES = {str: "a string", os.PathLike: "a path", int: "an integer", float: "a number", Mapping: "a dict"}


def train(
    data: PathArgument | Dataset | None = None,
    *,
    start: PathArgument | None = None,
    from_scratch: bool = False,
    recipe: str | None = None,
    minutes: float | None = None,
    epochs: float | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    workers: int | None = None,
    fit: str | None = None,
    settings: Mapping[str, Any] | None = None,
    exclude: PathArgument | None = None,
    val_share: float | None = None,
    split_seed: int | None = None,
    out: PathArgument | None = None,
    resume: PathArgument | None = None,
    seed: int | None = None,
    device: str | None = None,
    members: int | None = None,
    tensorboard: bool = False,
    report: bool = True,
    on_event: Callable[[Event], None] | None = None,
    on_line: Callable[[str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> TrainingResult:
    """Train a network on pictures, evaluate it on val, and save it as one file, as `googlenet train` does.

    data:          a folder of class folders (inside train/ and val/, or directly), a .tar of one, "digits", or a
                   `Dataset`, such as one from `dataset_from_lists`.
    start:         a model whose weights the training starts from; by default the shipped "bvlc", unless the recipe is
                   for random weights, DATA is an embedded set, or most pictures are smaller than 96 px.
    from_scratch:  start from random weights.
    recipe:        "finetune", "scratch", "small", "paper" or "smoke".
    minutes:       how long to train, in place of the recipe's epochs.
    epochs, batch_size, learning_rate, workers, fit: settings of the recipe; `settings` are all others by name.
    exclude:       a file that lists pictures to leave out, one path relative to DATA on each line.
    val_share, split_seed: the share of each class that is held back if there is no val/ folder (0.2), and its seed.
    out:           the folder of the new run, by default runs/DATA-RECIPE.
    resume:        the folder of a run to continue; a finished one is left unchanged.
    report:        write the run's report (report.html), if the extra `report` is installed.
    members:       train an ensemble of this many networks; they share the minutes.
    on_event:      called with each event of the training (`googlenet.runs`), such as `StepDone` and `EpochDone`.
    on_line:       called with each line that the command prints.
    should_stop:   called before each update; True saves the run and raises `TrainingStoppedError`.

    Raises InputError, DataError, TrainingError, or MissingExtraError if torch is not installed.
    """
    from googlenet.dataset import Dataset

    given = locals()
    _check_types({name: given[name] for name in _TYPES if name != "data" or not isinstance(data, Dataset)})
    if resume is not None and out is not None and Path(resume) != Path(out):
        raise InputError(f"--resume {resume} continues in that folder, not in --out {out}; omit --out")
    if minutes is not None and not (minutes > 0 and math.isfinite(minutes)):
        raise InputError(f"--minutes is {minutes}; give a time above 0")
    if minutes is not None and epochs is not None:
        raise InputError(f"--minutes {minutes:g} and --epochs {epochs:g} both say how long to train; omit one of them")
    named = {
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "workers": workers,
        "fit": fit,
    }
    request = Request(
        data=os.fspath(data) if isinstance(data, str | os.PathLike) else data,
        recipe=recipe,
        overrides=merged_settings(settings or {}, named),
        minutes=minutes,
        seed=seed,
        val_share=val_share,
        split_seed=split_seed,
        start=start if start is None or isinstance(start, str) else Path(start),
        from_scratch=from_scratch,
        members=members,
        exclude=None if exclude is None else _read_exclude(Path(exclude)),
    )
    listeners = Listeners(on_event or _ignore, on_line or _ignore, should_stop or _never)
    folder = _train(request, out, resume, listeners, device=device, tensorboard=tensorboard, report=report)
    result = read_result(folder)
    for line in result.lines:
        listeners.on_line(line)
    return result


def merged_settings(settings: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with those that have a flag of their own; None: not given.

    Raises InputError for one that is given both ways with different values.
    """
    given = {key: value for key, value in named.items() if value is not None}
    for key, value in given.items():
        if settings.get(key, value) != value:
            flag = key.replace("_", "-")
            raise InputError(f"--{flag} is {value} and --set {key} is {settings[key]}: omit one of them")
    return {**settings, **given}


def _train(
    request: Request,
    out: PathArgument | None,
    resume: PathArgument | None,
    listeners: Listeners,
    *,
    device: str | None,
    tensorboard: bool,
    report: bool,
) -> RunFolder:
    """Make or continue the run, and return its folder."""
    from googlenet.runs import RunFolder

    folder = None if resume is None else RunFolder(Path(resume))
    stored = folder.read_settings() if folder else None
    if folder and folder.finished:  # checked before opening its pictures, which may no longer exist
        if stored is not None:
            resumed_plan(folder, stored, request)
        listeners.on_line(f"{folder.path} is finished; nothing to do")
        return folder
    if folder and stored is not None:
        plan = resumed_plan(folder, stored, request)
        dataset = plan.open_dataset(None if isinstance(request.data, str) else request.data)
        plan = check_same_pictures(folder, plan, dataset)
    else:
        plan, dataset = new_plan(request)
        folder = folder or _new_folder(out, f"{dataset.name}-{plan.recipe}")
    plan = settled_plan(plan, device=device)
    if plan.members is None:
        run_plan(plan, dataset, folder, listeners, new=stored is None, device=device, tensorboard=tensorboard)
    else:
        from googlenet.workflow.members import train_members

        train_members(plan, dataset, folder, listeners, new=stored is None, device=device, tensorboard=tensorboard)
    if report:
        from googlenet.report import report_line

        listeners.on_line(report_line(folder))
    return folder


def _new_folder(out: PathArgument | None, default_name: str) -> RunFolder:
    """The folder of a new run; raises InputError if it already holds one."""
    from googlenet.runs import RunFolder, new_run_path

    folder = RunFolder(new_run_path(Path("runs"), default_name) if out is None else Path(out))
    check_new(folder)
    return folder


def _read_exclude(path: Path) -> tuple[str, ...]:
    from googlenet.dataset import read_exclude

    return tuple(sorted(read_exclude(path)))


def _check_types(given: Mapping[str, Any]) -> None:
    """Raise InputError for the first value of a wrong type, with the name of its parameter."""
    for name, value in given.items():
        if value is not None and not isinstance(value, _TYPES[name]):
            expected = " or ".join(
                _NAMES[kind] for kind in _TYPES[name] if kind is not int or float not in _TYPES[name]
            )
            raise wrong_type(name, expected, value)


def _ignore(told: object) -> None:
    """A listener that nobody gave."""


def _never() -> bool:
    return False
