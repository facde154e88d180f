"""The folder of a run: the names of its files, its settings, and the files that record its events."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from googlenet.architecture import HEADS
from googlenet.argument_types import PathArgument, as_path
from googlenet.errors import InputError
from googlenet.files import ENSEMBLE_FILE, MODEL_FILE, FolderLock, cannot_read, cannot_write, write_atomically
from googlenet.printable import printable
from googlenet.runs.duration import duration
from googlenet.runs.events import (
    BadPictureFound,
    CheckpointFailed,
    EpochDone,
    Event,
    FolderRecreated,
    HeadStuck,
    LengthEstimated,
    ModelSaved,
    ProbeFitted,
    TrainingDiverged,
    TrainingStarted,
    TrainingStopped,
)
from googlenet.spreadsheet import cell_text, safe_cell

NAMES = "surrogateescape"  # file names need not be UTF-8
METRICS = (
    "epoch",
    "step",
    "seconds",
    "input_size",
    "learning_rate",
    "images_per_second",
    "loss",
    *(f"loss_{head}" for head in HEADS),
    *(f"accuracy_{head}" for head in HEADS),
    "validation_top1",
    "validation_loss",
    "best",
)
STEP = METRICS.index("step")
BAD_PICTURES = ("image", "error")
WITHOUT_IT = "remove or rename it to go on without its contents"


@dataclass(frozen=True, slots=True, init=False)
class RunFolder:
    """A run on disk. The names of its files are defined here and nowhere else."""

    path: Path

    def __init__(self, path: PathArgument) -> None:
        """`path`: the folder, which need not exist."""
        object.__setattr__(self, "path", as_path(path, "path"))

    @property
    def model(self) -> Path:
        """The finished model; a run that has one is finished."""
        return self.path / MODEL_FILE

    @property
    def settings(self) -> Path:
        """Everything that was requested: data, recipe, seed, budget, device."""
        return self.path / "settings.json"

    @property
    def metrics(self) -> Path:
        """One line per epoch."""
        return self.path / "metrics.csv"

    @property
    def exclude(self) -> Path:
        """Which pictures `--exclude` left out, for the command that repeats the run."""
        return self.path / "exclude.txt"

    @property
    def split(self) -> Path:
        """Which picture was in which split."""
        return self.path / "split.csv"

    @property
    def bad_pictures(self) -> Path:
        """The pictures that were skipped, with reasons."""
        return self.path / "bad_pictures.csv"

    @property
    def augmented(self) -> Path:
        """A sheet of augmented pictures as the network sees them."""
        return self.path / "augmented.png"

    @property
    def evaluation(self) -> Path:
        """The final evaluation on val, as `googlenet evaluate --json` prints it."""
        return self.path / "evaluation.json"

    @property
    def report(self) -> Path:
        """The page about the run, one HTML file."""
        return self.path / "report.html"

    @property
    def curves(self) -> Path:
        """Loss, accuracy and learning rate as a picture."""
        return self.path / "curves.png"

    @property
    def confusion(self) -> Path:
        """The confusion matrix on val as a picture."""
        return self.path / "confusion.png"

    @property
    def mistakes(self) -> Path:
        """The worst mistakes on val as a picture."""
        return self.path / "mistakes.png"

    @property
    def answers(self) -> Path:
        """The finished model's probabilities for each picture of val (`googlenet.evaluation.Answers`)."""
        return self.path / "answers.npz"

    @property
    def log(self) -> Path:
        """The events as text."""
        return self.path / "log.txt"

    @property
    def checkpoint(self) -> Path:
        """The last checkpoint."""
        return self.path / "checkpoints" / "last.safetensors"

    @property
    def best_weights(self) -> Path:
        """The weights of the epoch with the best validation so far."""
        return self.path / "checkpoints" / "best.safetensors"

    @property
    def tensorboard(self) -> Path:
        """TensorBoard's files."""
        return self.path / "tensorboard"

    @property
    def ensemble(self) -> Path:
        """The list of the members of a finished ensemble."""
        return self.path / ENSEMBLE_FILE

    def member(self, number: int) -> RunFolder:
        """The run of an ensemble's member, counted from 1."""
        return RunFolder(self.path / "members" / str(number))

    @property
    def finished(self) -> bool:
        """Whether the model, or the ensemble's file, exists."""
        return self.model.is_file() or self.ensemble.is_file()

    def lock(self) -> FolderLock:
        """Lock out other trainings during a block; creates the folder. Raises InputError if another one has it."""
        return FolderLock(
            self.path, f"another training is writing into {self.path}; wait for it to finish, or use another folder"
        )

    def create(self) -> None:
        """Create the folder and check that it is writable; raises InputError before any work is lost."""
        try:
            (self.path / "checkpoints").mkdir(parents=True, exist_ok=True)
            probe = self.path / ".writable"
            probe.touch()
            probe.unlink()
            for leftover in (self.path / "checkpoints").glob(".*.tmp"):  # of a run that was killed while writing
                leftover.unlink()
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def write_settings(self, settings: dict[str, Any]) -> None:
        """Store what was requested, so that the run can be resumed."""
        write_atomically(self.settings, (json.dumps(settings, indent=2) + "\n").encode())

    def read_settings(self) -> dict[str, Any] | None:
        """What was requested when the run was started; None if it never was. Raises InputError for a damaged file."""
        if not self.settings.exists():
            return None
        return _read_object(self.settings, "start a new run in another folder")

    def read_evaluation(self) -> dict[str, Any]:
        """The final evaluation on val; raises InputError for a missing or damaged file."""
        return _read_object(self.evaluation, "`googlenet evaluate` computes it again")

    def read_metrics(self) -> list[dict[str, float | None]]:
        """The rows of `metrics.csv`, numbers by column; [] without the file. Raises InputError if it is damaged."""
        rows = _read_rows(self.metrics, METRICS)
        try:
            return [
                {name: float(cell) if cell else None for name, cell in zip(METRICS, row, strict=True)} for row in rows
            ]
        except ValueError:
            raise InputError(f"{self.metrics} is damaged: a cell is not a number") from None

    def read_bad_pictures(self) -> list[tuple[str, str]]:
        """The (name, reason) of `bad_pictures.csv`; [] without the file. Raises InputError if it is damaged."""
        return [(name, reason) for name, reason in _read_rows(self.bad_pictures, BAD_PICTURES)]

    def write_table(self, path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write a whole CSV file at once."""
        lines = [header, *rows]
        text = "".join(",".join(_cell(value) for value in row) + "\r\n" for row in lines)
        write_atomically(path, text.encode(errors=NAMES))


def _read_object(path: Path, what_to_do: str) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())  # from bytes, json detects UTF-8, UTF-16 and a byte-order mark
    except OSError as error:
        raise cannot_read(path, error) from error
    except UnicodeDecodeError:
        raise InputError(f"{path} is damaged: it is not text; {what_to_do}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged: it is not JSON ({error}); {what_to_do}") from None
    if not isinstance(value, dict):
        raise InputError(f"{path} is damaged: it is not a JSON object; {what_to_do}")
    return value


def _text(value: object) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _cell(value: object) -> str:
    text = safe_cell(value) if isinstance(value, str) else _text(value)
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\r\n') else text


class RunWriter:
    """Records the events of a run in its files.

    A resumed run keeps the rows up to its checkpoint; later ones, written before it was interrupted, are dropped.
    A full disk does not end a training: what could not be written is written with the next event.
    """

    def __init__(self, folder: RunFolder, *, step: int = 0) -> None:
        """`step` is where the training resumes; rows of `metrics.csv` beyond it are dropped."""
        self.folder = folder
        self.rows = [row for row in _read_rows(folder.metrics, METRICS) if int(row[STEP]) <= step]
        self.bad = dict(_read_rows(folder.bad_pictures, BAD_PICTURES)) if step else {}
        self._lines: list[str] = []  # of the log, not yet written
        self._write_metrics()
        self._write_bad_pictures()
        self._due: list[Callable[[], None]] = []

    def __call__(self, event: Event) -> None:
        """Record one event."""
        match event:
            case EpochDone():
                self.rows.append([_text(value) for value in _metrics_row(event)])
                self._due.append(self._write_metrics)
            case BadPictureFound(image) if image in self.bad:
                return
            case BadPictureFound(image, reason):
                self.bad[image] = reason
                self._due.append(self._write_bad_pictures)
        sentence = describe(event)
        if sentence:
            self._lines.append(sentence + "\n")
            self._due.append(self._write_log)
        with suppress(InputError, OSError):
            while self._due:
                self._due[0]()
                del self._due[0]

    def _write_metrics(self) -> None:
        self.folder.write_table(self.folder.metrics, METRICS, self.rows)

    def _write_bad_pictures(self) -> None:
        self.folder.write_table(self.folder.bad_pictures, BAD_PICTURES, self.bad.items())

    def _write_log(self) -> None:
        with self.folder.log.open("a", encoding="utf-8", errors=NAMES) as log:
            log.writelines(self._lines)
        self._lines.clear()


def _metrics_row(event: EpochDone) -> list[object]:
    return [
        event.epoch,
        event.step,
        event.seconds,
        event.input_size,
        event.learning_rate,
        event.images_per_second,
        event.loss,
        *(event.head_losses.get(head) for head in HEADS),
        *(event.head_accuracies.get(head) for head in HEADS),
        event.validation_top1,
        event.validation_loss,
        int(event.best),
    ]


def _read_rows(path: Path, columns: Sequence[str]) -> list[list[str]]:
    """The rows of one of the run's CSV files; raises InputError if it is damaged."""
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8", errors=NAMES) as file:
            header, *rows = [row for row in csv.reader(file) if row] or [list(columns)]
    except OSError as error:
        raise cannot_read(path, error) from error
    except csv.Error as error:
        raise InputError(f"{path} is damaged ({error}): {WITHOUT_IT}") from None
    if len(header) != len(columns):
        raise InputError(f"{path} is damaged in row 1: {WITHOUT_IT}")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(columns) or (columns is METRICS and not row[STEP].isdecimal()):
            raise InputError(f"{path} is damaged in row {number}: {WITHOUT_IT}")
    return [[cell_text(cell) for cell in row] for row in rows]


def describe(event: Event) -> str | None:
    """An event as a printable line for the log and the terminal; None for events of every step."""
    sentence = _sentence(event)
    return None if sentence is None else printable(sentence)


def _sentence(event: Event) -> str | None:
    match event:
        case TrainingStarted():
            where = f"resuming at step {event.step}" if event.step else "starting"
            return (
                f"{where}: {event.training_pictures:,} training pictures, "
                f"{event.validation_pictures:,} validation pictures, "
                f"{event.steps_per_epoch:,} {'step' if event.steps_per_epoch == 1 else 'steps'} per epoch, "
                f"{event.parameters:,} parameters, on {event.device}"
            )
        case LengthEstimated():
            later = f", then slower at {' and '.join(map(str, event.later_sizes))} px" if event.later_sizes else ""
            return (
                f"about {duration(event.seconds)} from here: {event.updates:,} updates, "
                f"{event.updates_per_second:.2g} a second at {event.input_size} px{later}"
            )
        case ProbeFitted():
            return f"linear probe: the classifier was fitted to {event.pictures:,} pictures in {event.seconds:.0f} s"
        case EpochDone():
            heads = "  ".join(
                f"{head} {loss:.3f} ({event.head_accuracies[head]:.1%})" for head, loss in event.head_losses.items()
            )
            validation = "" if event.validation_top1 is None else f"  validation {event.validation_top1:.2%}"
            best = " (best)" if event.best and event.validation_top1 is not None else ""
            return (
                f"epoch {event.epoch}  {event.input_size} px  {event.images_per_second:.0f} images/s  "
                f"rate {event.learning_rate:.4g}  loss {event.loss:.3f} = {heads}{validation}{best}"
            )
        case HeadStuck():
            return f"warning: the head {event.head} has learnt nothing yet (loss {event.loss:.3f}): {event.advice}"
        case BadPictureFound():
            return f"skipped {event.image}: {event.reason}"
        case CheckpointFailed():
            return f"warning: no checkpoint at step {event.step}: {event.reason}"
        case FolderRecreated():
            return f"warning: {event.path} was deleted; it was created again, but the best weights so far are lost"
        case TrainingDiverged():
            return f"error: {event.reason}"
        case TrainingStopped():
            steps = "1 step" if event.step == 1 else f"{event.step} steps"
            return f"stopped after {steps} and {event.seconds:.0f} s: {event.reason}"
        case ModelSaved():
            return f"saved {event.path}"
    return None


def new_run_path(root: Path, name: str) -> Path:
    """A path below `root` that does not exist yet: NAME, NAME-2, NAME-3 ..."""
    number = 1
    while (path := root / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return path
