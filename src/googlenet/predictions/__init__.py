"""Prediction files, with one row per picture: written so that they can be resumed, read, searched by similarity."""

from googlenet.predictions.features import FeatureChunk, Neighbour, nearest, read_features
from googlenet.predictions.formats import read_predictions
from googlenet.predictions.layer_files import check_layer_file, open_layer_file
from googlenet.predictions.model_identity import ModelIdentity, identity_of
from googlenet.predictions.output import (
    ExistingOutput,
    check_output,
    note_path,
    open_predictions,
    partial_path,
    read_existing,
)
from googlenet.predictions.row import Note, PredictionRow, Write, json_line, written_name
from googlenet.predictions.table import Columns

__all__ = [
    "Columns",
    "ExistingOutput",
    "FeatureChunk",
    "ModelIdentity",
    "Neighbour",
    "Note",
    "PredictionRow",
    "Write",
    "check_layer_file",
    "check_output",
    "identity_of",
    "json_line",
    "nearest",
    "note_path",
    "open_layer_file",
    "open_predictions",
    "partial_path",
    "read_existing",
    "read_features",
    "read_predictions",
    "written_name",
]
