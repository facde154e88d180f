"""Prediction files, with one row per picture: written so that they can be resumed, read, searched by similarity."""

from googlenet.predictions.features import FeatureChunk, Neighbour, nearest, read_features
from googlenet.predictions.formats import read_predictions
from googlenet.predictions.layer_files import check_layer_file, open_layer_file
from googlenet.predictions.merging import Merged, merge_shards
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
from googlenet.predictions.shards import Listing, Shard, remove_shard_note, take_shard, write_shard_note
from googlenet.predictions.table import Columns

__all__ = [
    "Columns",
    "ExistingOutput",
    "FeatureChunk",
    "Listing",
    "Merged",
    "ModelIdentity",
    "Neighbour",
    "Note",
    "PredictionRow",
    "Shard",
    "Write",
    "check_layer_file",
    "check_output",
    "identity_of",
    "json_line",
    "merge_shards",
    "nearest",
    "note_path",
    "open_layer_file",
    "open_predictions",
    "partial_path",
    "read_existing",
    "read_features",
    "read_predictions",
    "remove_shard_note",
    "take_shard",
    "write_shard_note",
    "written_name",
]
