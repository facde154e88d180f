"""The training loop: takes batches, makes updates, validates, saves checkpoints and emits events. It prints nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress

import numpy as np
import torch

from googlenet.dataset import Split
from googlenet.errors import InputError, TrainingError
from googlenet.evaluation import Evaluation, evaluate, store_evaluation
from googlenet.files import FolderLock
from googlenet.images import BadImage
from googlenet.model import Model, save_model
from googlenet.runs import (
    BadPictureFound,
    CheckpointFailed,
    CheckpointSaved,
    Emit,
    EpochDone,
    FolderRecreated,
    ModelSaved,
    StepDone,
    TrainingDiverged,
    TrainingStarted,
    TrainingStopped,
)
from googlenet.training.allocation import keep_freed_memory
from googlenet.training.batches import DROPOUT, Batch, iterate_batches
from googlenet.training.checkpoint import load_weights, save_checkpoint, save_weights
from googlenet.training.finished import calibrated, finished_model
from googlenet.training.heads import stuck_heads
from googlenet.training.job import TrainingJob
from googlenet.training.optimizer import set_learning_rate
from googlenet.training.parts import TrainingParts, build_parts
from googlenet.training.pictures import check_bad_pictures
from googlenet.training.probe import fit_first_classifier, is_due
from googlenet.training.state import EpochSums
from googlenet.training.step import StepLosses, train_step


class DivergenceError(TrainingError):
    """A loss or output of a training is no longer finite."""

    def __init__(self, what: str) -> None:
        """`what` is not finite, and at which step, as a clause."""
        super().__init__(
            f"{what}: the training has diverged. "
            "Lower learning_rate (by a factor of 3, for example) or lengthen warmup, and restart"
        )


def train(job: TrainingJob, emit: Emit, *, should_stop: Callable[[], bool] = lambda: False) -> Model | None:
    """Train, evaluate on val, save the model in the run's folder and return it; None if `should_stop` returned True.

    Resumes from a checkpoint in the folder. Raises DataError, InputError or TrainingError; if the training diverges,
    the model of the best epoch so far is saved first.
    """
    job.check()
    with job.folder.lock() as lock:
        return train_locked(job, lock, emit, should_stop=should_stop)


def train_locked(
    job: TrainingJob, lock: FolderLock, emit: Emit, *, should_stop: Callable[[], bool] = lambda: False
) -> Model | None:
    """Train as `train` does, for a caller that has already checked the job and locked its folder."""
    job.folder.create()
    if job.device == "cpu":
        keep_freed_memory()
    parts = build_parts(job)
    emit(
        TrainingStarted(
            step=parts.state.step,
            steps=None if parts.budget.seconds else parts.budget.steps,
            steps_per_epoch=parts.sampler.steps_per_epoch,
            training_pictures=parts.sampler.pictures,
            validation_pictures=len(parts.validation.samples),
            parameters=sum(parameter.numel() for parameter in parts.network.parameters()),
            device=job.device,
        )
    )
    squares = zip(parts.validation.samples.items, parts.validation.kept, strict=False)
    _report_bad(
        parts, "val", [(item.name, image.reason) for item, image in squares if isinstance(image, BadImage)], emit
    )
    if is_due(job, parts):
        fitted, bad = fit_first_classifier(job, parts)
        _report_bad(parts, "train", bad, emit)
        emit(fitted)
    try:
        return _train_on(job, parts, lock, emit, should_stop)
    except DivergenceError as divergence:
        emit(TrainingDiverged(parts.state.step, str(divergence)))
        emit(TrainingStopped(parts.state.step, parts.state.seconds, "diverged"))
        _restore_folder(job, parts, lock, emit)
        raise TrainingError(f"{divergence}{_save_best_so_far(job, parts, emit)}") from None


def _train_on(
    job: TrainingJob, parts: TrainingParts, lock: FolderLock, emit: Emit, should_stop: Callable[[], bool]
) -> Model | None:
    validation = _run_steps(job, parts, lock, emit, should_stop)
    finished = parts.share_done >= 1 or parts.state.stopped_early
    reason = "interrupted" if not finished else "no improvement" if parts.state.stopped_early else "finished"
    emit(TrainingStopped(parts.state.step, parts.state.seconds, reason))
    if not finished:
        return None
    _restore_folder(job, parts, lock, emit)
    return _finish(job, parts, validation, emit)


def _run_steps(
    job: TrainingJob, parts: TrainingParts, lock: FolderLock, emit: Emit, should_stop: Callable[[], bool]
) -> Evaluation | None:
    """Make updates until the budget is used up; return the validation after the last one."""
    state, sampler = parts.state, parts.sampler
    batches = iterate_batches(
        parts.pictures, sampler, first_step=state.step, size_at=parts.size_at, workers=job.workers
    )
    validation = None
    clock = _Clock(state.seconds)
    saved_at = clock.seconds()
    with closing(batches):
        while parts.share_done < 1 and not state.stopped_early:
            if should_stop():
                _checkpoint(job, parts, lock, emit)
                break
            batch = next(batches)
            _take_step(job, parts, batch, clock, emit)
            last = parts.share_done >= 1
            epoch_ended = state.step % sampler.steps_per_epoch == 0
            if epoch_ended or last:
                _restore_folder(job, parts, lock, emit)
                validation = _end_epoch(job, parts, batch, emit, last=last)
                if not last:  # the final evaluation does not count as training time
                    state.seconds = clock.seconds()
            if epoch_ended or last or clock.seconds() - saved_at >= job.recipe.checkpoint_seconds:
                _checkpoint(job, parts, lock, emit)
                saved_at = clock.seconds()
    return validation


class _Clock:
    """Seconds of training: those before a resume, and those since the first batch was requested."""

    def __init__(self, before: float) -> None:
        self.started = time.monotonic() - before

    def seconds(self) -> float:
        return time.monotonic() - self.started


def _take_step(job: TrainingJob, parts: TrainingParts, batch: Batch, clock: _Clock, emit: Emit) -> None:
    """Make one update and record its figures."""
    state = parts.state
    _report_bad(parts, "train", batch.bad, emit)
    epoch, learning_rate = parts.epoch, parts.learning_rate()
    set_learning_rate(parts.optimizer, learning_rate)
    # One seed per step instead of a random state to save: a resumed run draws the same dropout.
    torch.manual_seed(int(np.random.SeedSequence([job.seed, DROPOUT, state.step]).generate_state(1, np.uint64)[0]))
    parts.prepare_network()
    if len(batch.labels):
        losses = train_step(
            parts.network,
            parts.optimizer,
            torch.from_numpy(batch.images).to(job.device),
            torch.from_numpy(batch.labels).to(job.device),
            preprocessing=parts.preprocessing,
            settings=parts.step_settings,
        )
        _check_finite(losses, state.step + 1)
        state.epoch.add(losses)
        state.smoothed.add(losses)
    state.step += 1
    elapsed = clock.seconds() - state.seconds
    state.seconds += elapsed
    state.epoch.seconds += elapsed
    parts.average.update(parts.network, parts.share_done)
    share, smoothed = parts.share_done, state.smoothed
    if len(batch.labels):
        emit(
            StepDone(
                step=state.step,
                epoch=epoch + 1,
                progress=share,
                input_size=batch.images.shape[1],
                learning_rate=learning_rate,
                loss=losses.loss,
                head_losses=losses.heads,
                head_accuracies=losses.accuracies,
                smoothed_loss=smoothed.loss,
                smoothed_head_losses=smoothed.head_losses,
                smoothed_head_accuracies=smoothed.head_accuracies,
                images_per_second=state.epoch.pictures / max(state.epoch.seconds, 1e-9),
                seconds_left=(state.seconds - state.probe_seconds) * (1 - share) / share if share else None,
            )
        )


def _report_bad(parts: TrainingParts, split: Split, bad: Iterable[tuple[str, str]], emit: Emit) -> None:
    """Report each bad picture once, and raise if a split has too many of them."""
    named = parts.bad.setdefault(split, set())
    for image, reason in bad:
        if image not in named:
            named.add(image)
            emit(BadPictureFound(image, reason))
    total = {"train": len(parts.pictures), "val": len(parts.validation.samples)}[split]
    check_bad_pictures(len(named), total, split=split)


def _check_finite(losses: StepLosses, step: int) -> None:
    for head, loss in losses.heads.items():
        if not math.isfinite(loss):
            raise DivergenceError(f"the loss of the head {head} is {loss} at step {step}")


def _end_epoch(job: TrainingJob, parts: TrainingParts, batch: Batch, emit: Emit, *, last: bool) -> Evaluation | None:
    """Validate if it is due, keep the best weights, look for stuck heads, and report the epoch."""
    recipe, state, sums = job.recipe, parts.state, parts.state.epoch
    epoch = (state.step - 1) // parts.sampler.steps_per_epoch + 1
    validation, best = None, False
    if last or (recipe.validate_every and epoch % recipe.validate_every == 0):
        validation = validate(parts)
        state.validations += 1
        best = state.best_score is None or validation.top1 > state.best_score
        state.stale = 0 if best else state.stale + 1
        if best and _keep_best(job, parts, emit):
            state.best_score = validation.top1
        state.stopped_early = not last and recipe.patience is not None and state.stale >= recipe.patience
        _report_bad(parts, "val", validation.bad_pictures, emit)
    head_losses = {head: sums.mean(loss) for head, loss in sums.heads.items()}
    for stuck in stuck_heads(epoch, head_losses, len(job.dataset.classes)):
        if stuck.head not in state.warned:
            state.warned.append(stuck.head)
            emit(stuck)
    emit(
        EpochDone(
            epoch=epoch,
            step=state.step,
            seconds=state.seconds,
            input_size=batch.images.shape[1],
            learning_rate=parts.optimizer.param_groups[0]["lr"],
            images_per_second=sums.pictures / max(sums.seconds, 1e-9),
            loss=sums.mean(sums.loss),
            head_losses=head_losses,
            head_accuracies={head: sums.mean(correct) for head, correct in sums.correct.items()},
            validation_top1=None if validation is None else validation.top1,
            validation_loss=None if validation is None else validation.loss,
            best=best,
        )
    )
    state.epoch = EpochSums()
    return validation


def _restore_folder(job: TrainingJob, parts: TrainingParts, lock: FolderLock, emit: Emit) -> None:
    """Create the run's folder again if it was deleted; raises InputError if another training has it now."""
    with suppress(OSError):  # the next write reports what is wrong
        if lock.restore():
            job.folder.create()
            parts.state.best_score = None  # the best weights were in the folder
            emit(FolderRecreated(job.folder.path))


def _keep_best(job: TrainingJob, parts: TrainingParts, emit: Emit) -> bool:
    """Save the weights that were just validated, if the recipe selects the best; False if the disk is full."""
    if job.recipe.selection == "best":
        try:
            save_weights(job.folder.best_weights, parts.engine.network)
        except InputError as error:
            emit(CheckpointFailed(parts.state.step, str(error)))
            return False
    return True


def validate(parts: TrainingParts) -> Evaluation:
    """Evaluate the averaged weights on val, with the same code as `googlenet evaluate`.

    Raises DivergenceError if an output is not finite.
    """
    parts.average.copy_to(parts.engine.network, fallback=parts.network)
    try:
        return _evaluate(parts)
    except TrainingError:
        raise DivergenceError(f"the loss on val is not finite after step {parts.state.step}") from None


def _evaluate(parts: TrainingParts) -> Evaluation:
    return evaluate(
        parts.engine,
        parts.preprocessing,
        parts.validation.samples,
        split="val",
        images=parts.validation,
        keep_answers=True,  # of the last one, so that the finished model needs no second pass
    )


def _checkpoint(job: TrainingJob, parts: TrainingParts, lock: FolderLock, emit: Emit) -> None:
    """Save a checkpoint; a full disk is only a warning, because the previous checkpoint is intact."""
    _restore_folder(job, parts, lock, emit)
    try:
        save_checkpoint(job.folder.checkpoint, parts.network, parts.optimizer, parts.average, parts.state)
    except InputError as error:
        emit(CheckpointFailed(parts.state.step, str(error)))
    else:
        emit(CheckpointSaved(parts.state.step, job.folder.checkpoint))


def _finish(job: TrainingJob, parts: TrainingParts, validation: Evaluation | None, emit: Emit) -> Model:
    """Select the weights (the best epoch's or the last), evaluate them, and write the model."""
    if validation is None:
        validation = validate(parts)
    best = parts.state.best_score
    if job.recipe.selection == "best" and best is not None and best > validation.top1:
        load_weights(job.folder.best_weights, parts.engine.network)
        validation = _evaluate(parts)
    return _save(job, parts, validation, emit)


def _save_best_so_far(job: TrainingJob, parts: TrainingParts, emit: Emit) -> str:
    """Save the model of the best epoch if there is one, and return a clause that says so."""
    if parts.state.best_score is None or not job.folder.best_weights.is_file():
        return ""
    load_weights(job.folder.best_weights, parts.engine.network)
    validation = _evaluate(parts)
    _save(job, parts, validation, emit)
    return f"; the model of the best epoch so far ({validation.top1:.2%} on val) is saved in {job.folder.model}"


def _save(job: TrainingJob, parts: TrainingParts, validation: Evaluation, emit: Emit) -> Model:
    """Write the engine's network as the finished model, together with its evaluation and its answers on val."""
    evaluation, calibration = calibrated(validation)
    model = finished_model(job, parts, evaluation)
    store_evaluation(job.folder, evaluation, calibration)
    save_model(model, job.folder.model)
    emit(ModelSaved(job.folder.model, model.about.scores))
    return model
