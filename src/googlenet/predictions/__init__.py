"""Files of rows, a row a picture: written so that they can be gone on with, read back, searched by likeness."""

from googlenet.predictions.features import FeatureChunk, Neighbour, nearest, read_features
from googlenet.predictions.formats import read_rows
from googlenet.predictions.origin import Origin, origin_of
from googlenet.predictions.output import Begun, note_path, open_rows, partial_path, read_begun
from googlenet.predictions.row import Note, PredictionRow, Write, json_line, written_name

__all__ = [
    "Begun",
    "FeatureChunk",
    "Neighbour",
    "Note",
    "Origin",
    "PredictionRow",
    "Write",
    "json_line",
    "nearest",
    "note_path",
    "open_rows",
    "origin_of",
    "partial_path",
    "read_begun",
    "read_features",
    "read_rows",
    "written_name",
]
