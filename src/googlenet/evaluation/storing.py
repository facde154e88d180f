"""The evaluation of a finished model in the folder of its run."""

from __future__ import annotations

import json

from googlenet.evaluation.calibration import Calibration
from googlenet.evaluation.counts import Evaluation
from googlenet.files import write_atomically
from googlenet.runs import RunFolder


def store_evaluation(folder: RunFolder, evaluation: Evaluation, calibration: Calibration | None = None) -> None:
    """Write `evaluation.json`, with a `calibration` that may be null, and `answers.npz` if there are answers.

    Raises InputError if a file cannot be written.
    """
    fields = evaluation.to_dict() | {"calibration": None if calibration is None else calibration.to_dict()}
    write_atomically(folder.evaluation, (json.dumps(fields, indent=2) + "\n").encode())
    if evaluation.answers is not None:
        evaluation.answers.save(folder.answers)
