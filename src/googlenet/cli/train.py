"""`googlenet train`: from a folder of pictures to a trained, measured model."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

from googlenet.cli.arguments import Argument, Option
from googlenet.cli.display import TrainingDisplay
from googlenet.cli.stop_signals import StopSignals
from googlenet.cli.terminal import is_quiet, report, report_result
from googlenet.workflow import TrainingStoppedError, train


def train_command(
    data: Annotated[
        str | None,
        Argument(help="A folder of class folders, tars ('shards/*.tar'), or an embedded set (digits).", metavar="DATA"),
    ] = None,
    recipe: Annotated[
        str | None,
        Option(help="A recipe (`googlenet recipes`); default: finetune, or scratch or small from random weights."),
    ] = None,
    out: Annotated[
        Path | None, Option(help="Folder for the new run; default: runs/DATA-RECIPE.", metavar="RUN")
    ] = None,
    start: Annotated[
        str | None,
        Option(
            help="Start from this model's weights, with a new classifier (fine-tuning); default: bvlc, the shipped "
            "ImageNet weights, except for embedded sets and pictures below 96 px.",
            metavar="MODEL",
        ),
    ] = None,
    from_scratch: Annotated[bool, Option(help="Start from random weights.")] = False,
    settings: Annotated[
        list[str] | None, Option(name="--set", help="Override a setting; repeatable.", metavar="KEY=VALUE")
    ] = None,
    minutes: Annotated[
        float | None, Option(help="Train for this long instead of the recipe's epochs, then evaluate.")
    ] = None,
    epochs: Annotated[float | None, Option(help="Passes over the training pictures.")] = None,
    batch_size: Annotated[int | None, Option(least=1, help="Pictures per update.")] = None,
    learning_rate: Annotated[float | None, Option(help="Initial learning rate, after any warm-up.")] = None,
    workers: Annotated[int | None, Option(least=1, help="Threads that load and augment pictures.")] = None,
    resume: Annotated[
        Path | None, Option(help="Resume a run; a finished one is left unchanged.", metavar="RUN")
    ] = None,
    fit: Annotated[str | None, Option(help="How a picture is made square: crop, squash or letterbox.")] = None,
    exclude: Annotated[
        Path | None,
        Option(help="Leave out the pictures listed in this file, one path relative to DATA a line.", metavar="FILE"),
    ] = None,
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

    Example: googlenet train photos/ --minutes 30
    """
    from googlenet.recipes import parse_overrides

    with StopSignals() as stop, TrainingDisplay() as display:

        def tell(line: str) -> None:
            stop.watch()  # the first line comes when the run's folder exists, so that there is something to resume
            report(line)

        try:
            result = train(
                data,
                start=start,
                from_scratch=from_scratch,
                recipe=recipe,
                minutes=minutes,
                epochs=epochs,
                batch_size=batch_size,
                learning_rate=learning_rate,
                workers=workers,
                fit=fit,
                settings=parse_overrides(settings or ()),
                exclude=exclude,
                val_share=val_share,
                split_seed=split_seed,
                out=out,
                resume=resume,
                seed=seed,
                device=device,
                members=members,
                tensorboard=tensorboard,
                on_event=display,
                on_line=tell,
                should_stop=stop,
            )
        except TrainingStoppedError as stopped:
            display.close()
            how = (
                "and saved; resume with:" if stopped.saved else "without saving; resume from the last checkpoint with:"
            )
            report_result(f"stopped {how}", f"  googlenet train --resume {shlex.quote(str(stopped.folder))}")
            raise SystemExit(stop.exit_code) from None
    if is_quiet():
        report_result(*result.lines)
