"""A run: its events and its folder."""

from googlenet.runs.duration import duration
from googlenet.runs.events import (
    BadPictureFound,
    CheckpointFailed,
    CheckpointSaved,
    Emit,
    EpochDone,
    Event,
    FolderRecreated,
    HeadStuck,
    HeadValues,
    LengthEstimated,
    MembersEvaluated,
    ModelSaved,
    ProbeFitted,
    StepDone,
    TrainingDiverged,
    TrainingStarted,
    TrainingStopped,
)
from googlenet.runs.run_folder import RunFolder, new_run_path
from googlenet.runs.run_writer import RunWriter
from googlenet.runs.sentences import describe

__all__ = [
    "BadPictureFound",
    "CheckpointFailed",
    "CheckpointSaved",
    "Emit",
    "EpochDone",
    "Event",
    "FolderRecreated",
    "HeadStuck",
    "HeadValues",
    "LengthEstimated",
    "MembersEvaluated",
    "ModelSaved",
    "ProbeFitted",
    "RunFolder",
    "RunWriter",
    "StepDone",
    "TrainingDiverged",
    "TrainingStarted",
    "TrainingStopped",
    "describe",
    "duration",
    "new_run_path",
]
