"""Files of rows, a row a picture: written so that they can be gone on with, read back, searched by likeness."""

from googlenet.rows.features import FeatureChunk, Neighbour, nearest, read_features
from googlenet.rows.kinds import read_rows
from googlenet.rows.origin import Origin, origin_of
from googlenet.rows.output import Begun, note_path, open_rows, partial_path, read_begun
from googlenet.rows.row import Note, Row, Write, json_line, written_name

__all__ = [
    "Begun",
    "FeatureChunk",
    "Neighbour",
    "Note",
    "Origin",
    "Row",
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
