"""Records the events of a training in the files of its run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from googlenet.architecture import HEADS
from googlenet.errors import InputError
from googlenet.runs.events import BadPictureFound, EpochDone, Event
from googlenet.runs.run_folder import BAD_PICTURES, METRICS, NAMES, STEP, RunFolder, cell_number, read_rows
from googlenet.runs.sentences import describe


class RunWriter:
    """Records the events of a run in its files.

    A resumed run keeps the rows up to its checkpoint; later ones, written before it was interrupted, are dropped.
    A full disk does not end a training: what could not be written is written with the next event.
    """

    def __init__(self, folder: RunFolder, *, step: int = 0) -> None:
        """`step` is where the training resumes; rows of `metrics.csv` beyond it are dropped."""
        self.folder = folder
        self.rows = [row for row in read_rows(folder.metrics, METRICS) if int(row[STEP]) <= step]
        self.bad = dict(read_rows(folder.bad_pictures, BAD_PICTURES)) if step else {}
        self._lines: list[str] = []  # of the log, not yet written
        self._write_metrics()
        self._write_bad_pictures()
        self._due: list[Callable[[], None]] = []

    def __call__(self, event: Event) -> None:
        """Record one event."""
        match event:
            case EpochDone():
                self.rows.append([cell_number(value) for value in _metrics_row(event)])
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
