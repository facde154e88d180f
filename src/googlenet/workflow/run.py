"""Runs one training from its plan, and writes what comes with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from googlenet.errors import InputError, MissingExtraError, TrainingError

if TYPE_CHECKING:
    from googlenet.dataset import Dataset
    from googlenet.files import FolderLock
    from googlenet.runs import Event, RunFolder
    from googlenet.training import TrainingJob
    from googlenet.workflow.plan import RunPlan

OnEvent: TypeAlias = "Callable[[Event], None]"
OnLine: TypeAlias = Callable[[str], None]

SHEET_PICTURES = 6


class TrainingStoppedError(TrainingError):
    """`should_stop` returned True; `folder` is the run that can be resumed, `saved`: with everything done so far."""

    def __init__(self, folder: Path, *, saved: bool = True) -> None:
        """State how to resume."""
        self.folder, self.saved = folder, saved
        how = "and saved; resume with" if saved else "without saving; resume from the last checkpoint with"
        super().__init__(f"stopped {how} googlenet.train(resume={str(folder)!r})")


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told of a training: of its events, of lines about it; and who may stop it."""

    on_event: OnEvent
    on_line: OnLine
    should_stop: Callable[[], bool]


def run_plan(
    plan: RunPlan,
    dataset: Dataset,
    folder: RunFolder,
    listeners: Listeners,
    *,
    new: bool,
    device: str | None,
    tensorboard: bool,
    resume: Path | None = None,
    lock: FolderLock | None = None,
) -> None:
    """Train one network as planned: check, announce, train, save.

    `new`: the folder must not hold a run yet. `resume`: the folder that resumes the run if it is stopped, by default
    `folder`. `lock`: the folder's, if the caller holds it. Raises TrainingStoppedError if a listener stops it,
    InputError if another training is writing into the folder.
    """
    # Torch's threads spin while they wait for each other, which starves the threads that load pictures if there are few
    # cores; OpenMP reads this once, when torch is imported. The command sets it as it begins; this is for Python.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from googlenet.engines.torch_engine import choose_device
        from googlenet.training import TrainingJob, train_locked
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", extra="train", purpose="training") from error
    from googlenet.recipes import recipe_from_dict
    from googlenet.runs import CheckpointFailed, CheckpointSaved, FolderRecreated, RunWriter
    from googlenet.workflow.announcements import announcements
    from googlenet.workflow.length import LengthEstimate

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
    estimate = LengthEstimate(recipe) if plan.minutes is None else None
    writer: RunWriter | None = None
    saved = True
    with nullcontext(lock) if lock else folder.lock() as lock:
        if new:
            check_new(folder)
        folder.create()
        _write_plan(plan, dataset, folder)
        for line in announcements(plan, dataset, folder, recipe):
            listeners.on_line(line)
        _write_sheet(job)
        board = _tensorboard(folder) if tensorboard else None

        def emit(event: Event) -> None:
            nonlocal writer, saved
            if isinstance(event, CheckpointSaved | CheckpointFailed):
                saved = isinstance(event, CheckpointSaved)
            if isinstance(event, FolderRecreated):
                with suppress(InputError):
                    _write_plan(plan, dataset, folder)
            writer = writer or RunWriter(folder, step=getattr(event, "step", 0))
            for listener in (writer, listeners.on_event, board):
                if listener is not None:
                    listener(event)
            if estimate is not None and (length := estimate(event)) is not None:
                emit(length)

        model = train_locked(job, lock, emit, should_stop=listeners.should_stop)
    if model is None:
        raise TrainingStoppedError(resume or folder.path, saved=saved)


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


def _write_plan(plan: RunPlan, dataset: Dataset, folder: RunFolder) -> None:
    """Write the settings that a resumed run needs, and which picture is in which split."""
    folder.write_settings(plan.to_dict())
    folder.write_table(folder.split, ("image", "class", "split"), _split_rows(dataset))
    if plan.exclude:
        from googlenet.dataset import ExcludeSection, write_exclude

        write_exclude(folder.exclude, [ExcludeSection("left out with --exclude", plan.exclude)])


def _split_rows(dataset: Dataset) -> list[tuple[str, str, str]]:
    return [
        (item.name, dataset.classes[item.label], split)
        for split, samples in dataset.splits.items()
        for item in samples.items
    ]


def _write_sheet(job: TrainingJob) -> None:
    """Write `augmented.png`: some training pictures with their classes, and their augmented versions."""
    from googlenet.files import write_atomically
    from googlenet.images import BadImage, fit_square, png_bytes
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
        write_atomically(job.folder.augmented, png_bytes(sheet))


def _tensorboard(folder: RunFolder) -> OnEvent:
    from googlenet.workflow.tensorboard import TensorBoardWriter

    return TensorBoardWriter(folder.tensorboard)
