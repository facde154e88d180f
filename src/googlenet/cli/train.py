"""`googlenet train`: from a folder of pictures to a trained, measured model."""

from __future__ import annotations

import math
import shlex
import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from googlenet.cli.plan import Request, RunPlan, check_same_pictures, new_plan, resumed_plan
from googlenet.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from googlenet.dataset import Dataset
    from googlenet.recipes import Recipe
    from googlenet.runs import Event, RunFolder

SHEET_PICTURES = 6


def train_command(
    data: Annotated[
        str | None,
        typer.Argument(help="A folder of class folders, a .tar of one, or an embedded set (digits).", metavar="DATA"),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="A recipe (`googlenet recipes`); left out: scratch, for embedded sets small, with --start finetune."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder, new; left out: runs/DATA-RECIPE.", metavar="RUN")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(help="Begin from this model's weights, with a new classifier (fine-tuning).", metavar="MODEL"),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Override a setting; may be given often.", metavar="KEY=VALUE")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Train for so long instead of the recipe's epochs, then evaluate.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with a run; a finished one is left as it is.", metavar="RUN")
    ] = None,
    fit: Annotated[
        str | None, typer.Option(help="crop, squash or letterbox: how a whole picture becomes a square.")
    ] = None,
    val_share: Annotated[
        float | None, typer.Option(help="Share held back where no folder is val/ (0.2 if left out).")
    ] = None,
    split_seed: Annotated[int | None, typer.Option(help="Seed of what is held back (0 if left out).")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of everything drawn in the training.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, mps; left out: the best there is.")] = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard's files too.")] = False,
) -> None:
    """Train a network on a folder of pictures, evaluate it on val, and save it as one file.

    DATA holds a folder a class, below train/ and val/ (and test/) or without them; then a share of each class is held
    back for validation. Ctrl-C saves and prints the line that goes on.

    Example: googlenet train photos/ --minutes 30 --set side=160
    """
    from googlenet.runs import RunFolder

    if resume is not None and out is not None and resume != out:
        raise InputError(f"--resume {resume} goes on in that folder, --out {out} names another; leave --out out")
    if minutes is not None and not (minutes > 0 and math.isfinite(minutes)):
        raise InputError(f"--minutes is {minutes}; give a time above 0")
    overrides = (*(settings or []), *([f"fit={fit}"] if fit else []))
    request = Request(data, recipe, overrides, minutes, seed, val_share, split_seed, start)
    folder = None if resume is None else RunFolder(resume)
    stored = folder.read_settings() if folder else None
    if folder and folder.finished:  # before its pictures are looked for, which may be gone by now
        if stored is not None:
            resumed_plan(folder, stored, request)
        print(f"{folder.path} is finished; nothing to do")
        _print_result(folder)
        return
    plan = resumed_plan(folder, stored, request) if folder and stored is not None else new_plan(request)
    dataset = plan.open_dataset()
    folder = folder or _new_folder(out, f"{dataset.name}-{plan.recipe}")
    _run(check_same_pictures(folder, plan, dataset), dataset, folder, device, tensorboard=tensorboard)


def _new_folder(out: Path | None, default_name: str) -> RunFolder:
    """The folder of a new run; raises InputError where one is there already."""
    from googlenet.runs import RunFolder, new_run_path

    folder = RunFolder(out or new_run_path(Path("runs"), default_name))
    if folder.finished:
        raise InputError(f"{folder.path} holds a finished run; give --out another folder, or --resume to look at it")
    if folder.settings.exists():
        raise InputError(f"{folder.path} holds a run already; --resume {folder.path} goes on with it")
    return folder


def _run(plan: RunPlan, dataset: Dataset, folder: RunFolder, device: str | None, *, tensorboard: bool) -> None:
    """Train from here on: check, announce, train, and say what came out."""
    try:
        from googlenet.engines.torch_engine import choose_device
        from googlenet.training import TrainingJob, train
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", extra="train", purpose="training") from error
    from googlenet.cli.progress import TrainingDisplay
    from googlenet.recipes import recipe_from_dict
    from googlenet.runs import CheckpointFailed, CheckpointSaved, RunWriter

    recipe = recipe_from_dict(plan.settings)
    job = TrainingJob(
        dataset, recipe, folder, plan.seed, plan.minutes, device=choose_device(device), start=plan.load_start()
    )
    job.check()
    folder.create()
    folder.write_settings(plan.to_dict())
    folder.write_rows(folder.split, ("image", "class", "split"), _split_rows(dataset))
    _write_sheet(job)
    _announce(plan, dataset, folder, recipe)
    interrupted = _SignalFlag()
    writer: RunWriter | None = None
    saved = True
    board = _tensorboard(folder) if tensorboard else None
    with TrainingDisplay() as display:

        def emit(event: Event) -> None:
            nonlocal writer, saved
            if isinstance(event, CheckpointSaved | CheckpointFailed):
                saved = isinstance(event, CheckpointSaved)
            writer = writer or RunWriter(folder, step=getattr(event, "step", 0))
            for listener in (writer, display, board):
                if listener is not None:
                    listener(event)

        model = train(job, emit, should_stop=interrupted)
    if model is None:
        how = (
            "and saved; this line goes on:"
            if saved
            else "without saving; this line goes on from what was saved before:"
        )
        print(f"stopped {how}\n  googlenet train --resume {shlex.quote(str(folder.path))}")
        raise typer.Exit(interrupted.exit_code)
    _print_result(folder)


class _SignalFlag:
    """Becomes true at the first Ctrl-C or SIGTERM; a second one ends the program at once."""

    def __init__(self) -> None:
        self.number = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._take)

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        signal.signal(number, signal.SIG_DFL)

    def __call__(self) -> bool:
        return bool(self.number)

    @property
    def exit_code(self) -> int:
        """What a shell reports for a program that a signal ended."""
        return 128 + self.number


def _split_rows(dataset: Dataset) -> list[tuple[str, str, str]]:
    return [
        (item.name, dataset.classes[item.label], split)
        for split, samples in dataset.splits.items()
        for item in samples.items
    ]


def _write_sheet(job: Any) -> None:
    """Write `augmented.png`: some training pictures, and what the network is shown of them."""
    import io

    from googlenet.files import write_atomically
    from googlenet.images import BadImage, fit_square
    from googlenet.training.augmentation_sheet import augmented_sheet

    samples = job.dataset.splits["train"]
    spread = [index * len(samples) // SHEET_PICTURES for index in range(min(SHEET_PICTURES, len(samples)))]
    decoded = [samples.decode(index, shortest_side=2 * job.recipe.side) for index in spread]
    images = [image for image in decoded if not isinstance(image, BadImage)]
    if job.recipe.patch_area is None:
        images = [fit_square(image, job.recipe.side, fit=job.recipe.fit) for image in images]
    if images:
        sheet = augmented_sheet(images, side=job.recipe.side, augmentation=job.augmentation, seed=job.seed)
        buffer = io.BytesIO()
        sheet.save(buffer, "PNG")
        write_atomically(job.folder.augmented, buffer.getvalue())


def _announce(plan: RunPlan, dataset: Dataset, folder: RunFolder, recipe: Recipe) -> None:
    budget = f"{recipe.steps:,} steps" if recipe.steps else f"{recipe.epochs:g} epochs"
    budget = f"{plan.minutes:g} minutes" if plan.minutes else budget
    print(
        f"training {recipe.variant} on {dataset.name}: {len(dataset.classes):,} classes, {budget}, into {folder.path}"
    )
    if plan.start is not None:
        print(f"starting from {plan.start}: its weights, channel order, mean and scale; the classifier is new")
    print(f"recipe {plan.recipe}: fit {recipe.fit} to {recipe.side} px; all settings are in {folder.settings}")
    ignored = dataset.ignored.sentence()
    if ignored:
        print(ignored)
    if dataset.split_rule is not None:
        rule = dataset.split_rule
        print(f"no folder is val/: {rule.share:.0%} of each class are held back by seed {rule.seed} (split.csv)")


def _tensorboard(folder: RunFolder) -> Any:
    from googlenet.cli.tensorboard import TensorBoardWriter

    return TensorBoardWriter(folder.tensorboard)


def _print_result(folder: RunFolder) -> None:
    from googlenet.cli.info import score_sentence
    from googlenet.model import read_header

    print(f"run folder: {folder.path}")
    print(score_sentence(read_header(folder.model).about.scores))
