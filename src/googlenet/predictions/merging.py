"""Puts the files of all shards of a prediction together: one file, with the rows in the order of the pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import msgspec

from googlenet.errors import InputError
from googlenet.predictions.formats import format_of, read_predictions
from googlenet.predictions.output import open_predictions, partial_path
from googlenet.predictions.row import PredictionRow
from googlenet.predictions.shards import Listing, Shard, ShardNote, shard_note_path

SAME = {
    "model_sha256": "another model",
    "crops": "another number of --crops",
    "embeddings": "another choice of --embeddings",
    "columns": "another --top, or a model with other classes",
    "pictures": "another list of pictures",
    "listing": "another list of pictures",
}
"""What all shards must agree on, and what is said of one that does not: "shard 2/8 was made with ..."."""

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Merged:
    """What was put together: `rows` rows of `shards` shards, `bad` of them errors, made by `model`."""

    rows: int
    bad: int
    shards: int
    model: str
    model_sha256: str


def merge_shards(output: Path) -> Merged:
    """Write `output` from its shards, one row at a time, after checking that they are complete and belong together.

    The names in the rows must give the checksum of the list that every shard noted, so that no picture is missing, none
    is there twice, and the order is that of a run without shards. Raises InputError, and writes nothing, otherwise.
    """
    format_of(output, what="cannot write")
    shards = _find(output)
    notes = [_read_note(shard, shard.path(output)) for shard in shards]
    first = notes[0]
    _check_alike(shards, notes)
    listing, bad = Listing(), 0
    with open_predictions(output, columns=first.columns) as write:
        for row in _interleave(output, shards, notes):
            listing.add(row["image"])
            bad += row["error"] is not None
            write(row)
        if listing.checksum != first.listing:
            raise InputError(
                f"the shards of {output} do not hold the pictures that were listed, or in another order: a file was "
                "changed or replaced; run the shards again with --force"
            )
    return Merged(listing.pictures, bad, len(shards), first.model, first.model_sha256)


def _find(output: Path) -> list[Shard]:
    """The shards of an output in order; raises InputError, naming them, if some are missing or unfinished."""
    pattern = re.compile(rf"{re.escape(output.stem)}-(\d{{5,}})-of-(\d{{5,}}){re.escape(output.suffix)}(\.partial)?")
    folder = output.absolute().parent
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    found = {Shard(int(match[1]), int(match[2])) for match in map(pattern.fullmatch, names) if match}
    counts = sorted({shard.count for shard in found})
    if not counts:
        raise InputError(
            f"there are no shards of {output}: googlenet predict MODEL PATHS --output {output} --shard 1/N writes them"
        )
    if len(counts) > 1:
        raise InputError(f"{output} has shards of {' and of '.join(map(str, counts))}: remove those of one number")
    shards = [Shard(number, counts[0]) for number in range(1, counts[0] + 1)]
    unfinished = [shard for shard in shards if partial_path(shard.path(output)).exists()]
    missing = [shard for shard in shards if shard not in unfinished and not shard.path(output).is_file()]
    problems = [
        *([f"{_names(missing)} missing"] if missing else []),
        *([f"{_names(unfinished)} unfinished"] if unfinished else []),
    ]
    if problems:
        which = (missing or unfinished)[0]
        raise InputError(
            f"{output}: {', '.join(problems)}; run predict with --shard {which} --resume, then merge again"
        )
    return shards


def _names(shards: Sequence[Shard]) -> str:
    more = f" and {len(shards) - _NAMED:,} more" if len(shards) > _NAMED else ""
    verb = "is" if len(shards) == 1 else "are"
    return f"{'shard' if len(shards) == 1 else 'shards'} {', '.join(map(str, shards[:_NAMED]))}{more} {verb}"


def _read_note(shard: Shard, path: Path) -> ShardNote:
    again = f"run predict with --shard {shard} --resume again"
    try:
        note = msgspec.json.decode(shard_note_path(path).read_bytes(), type=ShardNote)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"shard {shard} has no note of its pictures ({shard_note_path(path)}: {reason}); {again}"
        ) from error
    except msgspec.MsgspecError as error:
        raise InputError(f"{shard_note_path(path)} is damaged ({error}); {again}") from error
    if (note.shard, note.shards) != (shard.number, shard.count):
        raise InputError(f"{path} is shard {note.shard}/{note.shards} under another name; {again}")
    return note


def _check_alike(shards: Sequence[Shard], notes: Sequence[ShardNote]) -> None:
    for shard, note in zip(shards, notes, strict=True):
        for key, difference in SAME.items():
            one, other = getattr(notes[0], key), getattr(note, key)
            if one != other:
                values = f" ({other} and {one})" if key in ("crops", "pictures") else ""
                raise InputError(
                    f"shard {shard} was made with {difference} than shard {shards[0]}{values}: run one of them again "
                    "with --force"
                )


def _interleave(output: Path, shards: Sequence[Shard], notes: Sequence[ShardNote]) -> Iterator[PredictionRow]:
    """The rows of all shards in the order of the pictures; raises InputError for a shard with more rows or fewer."""
    pictures = notes[0].pictures
    rows = [read_predictions(shard.path(output)) for shard in shards]
    for _, (shard, of_shard) in zip(range(pictures), cycle(zip(shards, rows, strict=True)), strict=False):
        row = next(of_shard, None)
        if row is None:
            raise InputError(_wrong_size(output, shard, pictures, "fewer"))
        yield row
    for shard, of_shard in zip(shards, rows, strict=True):
        if next(of_shard, None) is not None:
            raise InputError(_wrong_size(output, shard, pictures, "more"))


def _wrong_size(output: Path, shard: Shard, pictures: int, than: str) -> str:
    return (
        f"shard {shard} has {than} than the {shard.size(pictures):,} rows that it must have ({shard.path(output)}): "
        f"run predict with --shard {shard} --force"
    )
