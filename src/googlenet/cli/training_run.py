"""One training from its plan: what is written and said before it, around it and after it."""

from __future__ import annotations

import json
import shlex
import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from googlenet.errors import MissingExtraError

if TYPE_CHECKING:
    from googlenet.cli.plan import RunPlan
    from googlenet.dataset import Dataset
    from googlenet.recipes import Recipe
    from googlenet.runs import Event, RunFolder

SHEET_PICTURES = 6


def run_training(
    plan: RunPlan,
    dataset: Dataset,
    folder: RunFolder,
    *,
    device: str | None,
    tensorboard: bool,
    resume: Path | None = None,
) -> None:
    """Train as the plan says: check, announce, train, and say what came out.

    A run that is interrupted ends the program; `resume` is the folder that goes on with it, `folder` where left out.
    """
    try:
        from googlenet.engines.torch_engine import choose_device
        from googlenet.training import TrainingJob, train
    except ModuleNotFoundError as error:
        raise MissingExtraError("torch", extra="train", purpose="training") from error
    from googlenet.cli.display import TrainingDisplay
    from googlenet.recipes import recipe_from_dict
    from googlenet.runs import CheckpointFailed, CheckpointSaved, RunWriter

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
        print(f"stopped {how}\n  googlenet train --resume {shlex.quote(str(resume or folder.path))}")
        raise SystemExit(interrupted.exit_code)
    print_result(folder)


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
    decoded = [samples.decode(index, shortest_side=2 * job.recipe.input_size) for index in spread]
    images = [image for image in decoded if not isinstance(image, BadImage)]
    if job.recipe.patch_area is None:
        images = [fit_square(image, job.recipe.input_size, fit=job.recipe.fit) for image in images]
    if images:
        sheet = augmented_sheet(images, input_size=job.recipe.input_size, augmentation=job.augmentation, seed=job.seed)
        buffer = io.BytesIO()
        sheet.save(buffer, "PNG")
        write_atomically(job.folder.augmented, buffer.getvalue())


def _announce(plan: RunPlan, dataset: Dataset, folder: RunFolder, recipe: Recipe) -> None:
    budget = f"{recipe.steps:,} steps" if recipe.steps else f"{recipe.epochs:g} epochs"
    if not recipe.steps and recipe.least_steps > 1:
        budget += f", {recipe.least_steps:,} steps at the least"
    budget = f"{plan.minutes:g} minutes" if plan.minutes else budget
    print(
        f"training {recipe.variant} on {dataset.name}: {len(dataset.classes):,} classes, {budget}, into {folder.path}"
    )
    if plan.start is not None:
        print(f"starting from {plan.start}: its weights, channel order, mean and scale; the classifier is new")
    print(
        f"recipe {plan.recipe}: fit {recipe.fit} to {recipe.input_size} px, trained in {recipe.precision}; "
        f"all settings are in {folder.settings}"
    )
    ignored = dataset.ignored.sentence()
    if ignored:
        print(ignored)
    if dataset.split_rule is not None:
        rule = dataset.split_rule
        print(f"no folder is val/: {rule.share:.0%} of each class are held back by seed {rule.seed} (split.csv)")


def _tensorboard(folder: RunFolder) -> Any:
    from googlenet.cli.tensorboard import TensorBoardWriter

    return TensorBoardWriter(folder.tensorboard)


def print_result(folder: RunFolder) -> None:
    """Say where a finished run lies and how its model, or its ensemble, scored."""
    from googlenet.cli.info import score_sentence
    from googlenet.model import member_paths, read_header

    print(f"run folder: {folder.path}")
    if folder.model.is_file():
        print(score_sentence(read_header(folder.model).about.scores))
        return
    seconds = [read_header(path).about.scores["training_seconds"] for path in member_paths(folder.path)]
    scores = json.loads(folder.evaluation.read_text(encoding="utf-8")) | {"training_seconds": sum(seconds)}
    print(f"{len(seconds)} members together: {score_sentence(scores)}")
