"""Runs one training from its plan, and writes and prints what comes with it."""

from __future__ import annotations

import shlex
import signal
from contextlib import nullcontext, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from googlenet.cli.sources import remarks
from googlenet.cli.terminal import report, report_result
from googlenet.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from googlenet.cli.plan import RunPlan
    from googlenet.dataset import Dataset
    from googlenet.files import FolderLock
    from googlenet.recipes import Recipe
    from googlenet.runs import Event, RunFolder

SHEET_PICTURES = 6


def run_training(
    plan: RunPlan,
    dataset: Dataset,
    folder: RunFolder,
    *,
    new: bool,
    device: str | None,
    tensorboard: bool,
    stop: StopSignals,
    resume: Path | None = None,
    lock: FolderLock | None = None,
) -> None:
    """Train as planned: check, announce, train, and print the result.

    `new`: the folder must not hold a run yet. If the run is stopped, the program exits; `resume` is the folder that the
    printed command resumes, by default `folder`. `lock`: the folder's, if the caller holds it. Raises InputError if
    another training is writing into the folder.
    """
    try:
        from googlenet.engines.torch_engine import choose_device
        from googlenet.training import TrainingJob, train_locked
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", extra="train", purpose="training") from error
    from googlenet.cli.display import TrainingDisplay
    from googlenet.recipes import recipe_from_dict
    from googlenet.runs import CheckpointFailed, CheckpointSaved, FolderRecreated, RunWriter

    recipe = recipe_from_dict(plan.settings)
    job = TrainingJob(
        dataset,
        recipe,
        folder,
        plan.seed,
        plan.minutes,
        device=choose_device(device),
        start=plan.load_start(),
        initial_seed=plan.initial_seed,
    )
    job.check()
    writer: RunWriter | None = None
    saved = True
    with nullcontext(lock) if lock else folder.lock() as lock, TrainingDisplay() as display:
        if new:
            check_new(folder)
        folder.create()
        _write_plan(plan, dataset, folder)
        _write_sheet(job)
        _announce(plan, dataset, folder, recipe)
        board = _tensorboard(folder) if tensorboard else None

        def emit(event: Event) -> None:
            nonlocal writer, saved
            if isinstance(event, CheckpointSaved | CheckpointFailed):
                saved = isinstance(event, CheckpointSaved)
            if isinstance(event, FolderRecreated):
                with suppress(InputError):
                    _write_plan(plan, dataset, folder)
            writer = writer or RunWriter(folder, step=getattr(event, "step", 0))
            for listener in (writer, display, board):
                if listener is not None:
                    listener(event)

        model = train_locked(job, lock, emit, should_stop=stop)
    if model is None:
        end_stopped(resume or folder.path, stop, saved=saved)
    print_result(folder)


def check_new(folder: RunFolder) -> None:
    """Raise InputError if the folder of a new run already holds one."""
    if folder.finished:
        raise InputError(
            f"{folder.path} already holds a finished run; use --out for another folder, or --resume to see its result"
        )
    if folder.settings.exists():
        raise InputError(
            f"{folder.path} already holds a run; use --out for another folder, or --resume {folder.path} to continue it"
        )


def end_stopped(path: Path, stop: StopSignals, *, saved: bool = True) -> NoReturn:
    """Print the command that resumes the run at `path`, and exit as the signal would have ended the program."""
    how = "and saved; resume with:" if saved else "without saving; resume from the last checkpoint with:"
    report_result(f"stopped {how}", f"  googlenet train --resume {shlex.quote(str(path))}")
    raise SystemExit(stop.exit_code)


class StopSignals:
    """True after the first Ctrl-C or SIGTERM within its block; a second one ends the program immediately."""

    def __init__(self) -> None:
        """Signals are only handled within the block."""
        self.number = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        self._before = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        signal.signal(number, signal.SIG_DFL)

    def __call__(self) -> bool:
        """Whether a signal was received."""
        return bool(self.number)

    @property
    def exit_code(self) -> int:
        """The exit code that a shell reports for a program ended by the signal."""
        return 128 + self.number


def _write_plan(plan: RunPlan, dataset: Dataset, folder: RunFolder) -> None:
    """Write the settings that a resumed run needs, and which picture is in which split."""
    folder.write_settings(plan.to_dict())
    folder.write_table(folder.split, ("image", "class", "split"), _split_rows(dataset))


def _split_rows(dataset: Dataset) -> list[tuple[str, str, str]]:
    return [
        (item.name, dataset.classes[item.label], split)
        for split, samples in dataset.splits.items()
        for item in samples.items
    ]


def _write_sheet(job: Any) -> None:
    """Write `augmented.png`: some training pictures and their augmented versions."""
    import io

    from googlenet.files import write_atomically
    from googlenet.images import BadImage, fit_square
    from googlenet.training.augmentation_sheet import augmented_sheet

    samples = job.dataset.splits["train"]
    spread = [index * len(samples) // SHEET_PICTURES for index in range(min(SHEET_PICTURES, len(samples)))]
    decoded = {index: samples.decode(index, shortest_side=2 * job.recipe.input_size) for index in spread}
    good = {index: image for index, image in decoded.items() if not isinstance(image, BadImage)}
    images, names = list(good.values()), [samples.classes[samples.items[index].label] for index in good]
    if job.recipe.patch_area is None:
        images = [fit_square(image, job.recipe.input_size, fit=job.recipe.fit) for image in images]
    if images:
        sheet = augmented_sheet(
            images, names, input_size=job.recipe.input_size, augmentation=job.augmentation, seed=job.seed
        )
        buffer = io.BytesIO()
        sheet.save(buffer, "PNG")
        write_atomically(job.folder.augmented, buffer.getvalue())


def _announce(plan: RunPlan, dataset: Dataset, folder: RunFolder, recipe: Recipe) -> None:
    budget = f"{recipe.steps:,} steps" if recipe.steps else f"{recipe.epochs:g} epochs"
    if not recipe.steps and recipe.least_steps > 1:
        budget += f", at least {recipe.least_steps:,} steps"
    budget = f"{plan.minutes:g} minutes" if plan.minutes else budget
    report(
        f"training {recipe.variant} on {dataset.name}: {len(dataset.classes):,} classes, {budget}, into {folder.path}"
    )
    if plan.start is not None:
        report(f"starting from {plan.start}: its weights, channel order, mean and scale; the classifier is new")
    report(
        f"recipe {plan.recipe}: fit {recipe.fit} to {recipe.input_size} px, trained in {recipe.precision}; "
        f"all settings are in {folder.settings}"
    )
    report(*remarks(dataset, dataset.splits["train"]))
    if dataset.split_rule is not None:
        rule = dataset.split_rule
        report(
            f"no val/ folder: {rule.share:.0%} of each class is held back for validation, with seed {rule.seed} "
            "(see split.csv)"
        )


def _tensorboard(folder: RunFolder) -> Any:
    from googlenet.cli.tensorboard import TensorBoardWriter

    return TensorBoardWriter(folder.tensorboard)


def print_result(folder: RunFolder) -> None:
    """Print the folder of a finished run, and the score of its model or ensemble."""
    from googlenet.cli.info import score_sentence
    from googlenet.model import member_paths, read_header

    report_result(f"run folder: {folder.path}")
    if folder.model.is_file():
        report_result(score_sentence(read_header(folder.model).about.scores))
        return
    seconds = [read_header(path).about.scores.get("training_seconds", 0) for path in member_paths(folder.path)]
    scores = folder.read_evaluation() | {"training_seconds": sum(seconds)}
    report_result(f"{len(seconds)} members together: {score_sentence(scores)}")
