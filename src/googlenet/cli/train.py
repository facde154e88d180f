"""`googlenet train`: from a folder of pictures to a trained, measured model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.members import train_members
from googlenet.cli.plan import Request, check_same_pictures, new_plan, resumed_plan, settled_plan
from googlenet.cli.terminal import report
from googlenet.cli.training_run import StopSignals, check_new, print_result, run_training
from googlenet.errors import InputError

if TYPE_CHECKING:
    from googlenet.runs import RunFolder


def train_command(
    data: Annotated[
        str | None,
        Argument(help="A folder of class folders, a .tar of one, or an embedded set (digits).", metavar="DATA"),
    ] = None,
    recipe: Annotated[
        str | None,
        Option(
            help="A recipe (`googlenet recipes`); default: scratch, small for embedded sets, finetune with --start."
        ),
    ] = None,
    out: Annotated[
        Path | None, Option(help="Folder for the new run; default: runs/DATA-RECIPE.", metavar="RUN")
    ] = None,
    start: Annotated[
        str | None,
        Option(help="Start from this model's weights, with a new classifier (fine-tuning).", metavar="MODEL"),
    ] = None,
    settings: Annotated[
        list[str] | None, Option(name="--set", help="Override a setting; repeatable.", metavar="KEY=VALUE")
    ] = None,
    minutes: Annotated[
        float | None, Option(help="Train for this long instead of the recipe's epochs, then evaluate.")
    ] = None,
    resume: Annotated[
        Path | None, Option(help="Resume a run; a finished one is left unchanged.", metavar="RUN")
    ] = None,
    fit: Annotated[str | None, Option(help="How a picture is made square: crop, squash or letterbox.")] = None,
    val_share: Annotated[
        float | None, Option(help="Share of each class held back if there is no val/ folder; default: 0.2.")
    ] = None,
    split_seed: Annotated[int | None, Option(help="Seed of the split; default: 0.")] = None,
    seed: Annotated[int | None, Option(least=0, help="Random seed of the training.")] = None,
    device: Annotated[str | None, Option(help="cpu, cuda or mps; default: the best available.")] = None,
    members: Annotated[
        int | None,
        Option(help="Train an ensemble of this many networks, one after another; they share --minutes."),
    ] = None,
    tensorboard: Annotated[bool, Option(help="Also write TensorBoard files.")] = False,
) -> None:
    """Train a network on a folder of pictures, evaluate it on val, and save it as one file.

    DATA holds one folder per class, inside train/ and val/ (and test/) or directly; without val/, a share of each class
    is held back for validation. Ctrl-C saves the run and prints the command that resumes it.

    Example: googlenet train photos/ --minutes 30 --set input_size=160
    """
    from googlenet.runs import RunFolder

    if resume is not None and out is not None and resume != out:
        raise InputError(f"--resume {resume} continues in that folder, not in --out {out}; omit --out")
    if minutes is not None and not (minutes > 0 and math.isfinite(minutes)):
        raise InputError(f"--minutes is {minutes}; give a time above 0")
    overrides = (*(settings or []), *([f"fit={fit}"] if fit else []))
    request = Request(data, recipe, overrides, minutes, seed, val_share, split_seed, start, members)
    folder = None if resume is None else RunFolder(resume)
    stored = folder.read_settings() if folder else None
    if folder and folder.finished:  # checked before opening its pictures, which may no longer exist
        if stored is not None:
            resumed_plan(folder, stored, request)
        report(f"{folder.path} is finished; nothing to do")
        print_result(folder)
        return
    plan = resumed_plan(folder, stored, request) if folder and stored is not None else new_plan(request)
    dataset = plan.open_dataset()
    folder = folder or _new_folder(out, f"{dataset.name}-{plan.recipe}")
    plan = settled_plan(check_same_pictures(folder, plan, dataset), device=device)
    run = run_training if plan.members is None else train_members
    with StopSignals() as stop:
        run(plan, dataset, folder, new=stored is None, device=device, tensorboard=tensorboard, stop=stop)


def _new_folder(out: Path | None, default_name: str) -> RunFolder:
    """The folder of a new run; raises InputError if it already holds one."""
    from googlenet.runs import RunFolder, new_run_path

    folder = RunFolder(out or new_run_path(Path("runs"), default_name))
    check_new(folder)
    return folder
