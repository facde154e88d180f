"""Ensembles: the folder of one, and whether its members are compatible.

A RUN folder of an ensemble holds `ensemble.json`, {"schema_version": 1, "members": ["members/1", ...]}: paths below
the folder, each a run folder or a model file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Protocol, TypeVar

import msgspec

from googlenet.errors import InputError, ModelFileError
from googlenet.files import ENSEMBLE_FILE, cannot_read, write_atomically
from googlenet.json_text import parse_json
from googlenet.model.container import what_is_wrong
from googlenet.model.model import ClassLabel

LARGEST_LIST = 2**20  # bytes


class _Ensemble(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The JSON in the file."""

    schema_version: Literal[1] = 1
    members: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=4096)], ...], msgspec.Meta(min_length=1, max_length=1000)
    ]


def save_ensemble(folder: Path, members: Sequence[str]) -> None:
    """Make `folder` the RUN folder of an ensemble; `members` are paths below it ("members/1").

    Raises InputError for an empty list, for duplicates and for paths outside of the folder.
    """
    try:
        listed = _checked(tuple(members), folder / ENSEMBLE_FILE)
    except ModelFileError as error:
        raise InputError(str(error)) from error
    text = msgspec.json.format(msgspec.json.encode(_Ensemble(members=listed)), indent=2) + b"\n"
    write_atomically(folder / ENSEMBLE_FILE, text)


def member_paths(path: Path) -> tuple[Path, ...]:
    """The models at a path: the members of an ensemble's RUN folder, in order, or just `path` itself.

    Whether they exist is not checked here. Raises ModelFileError for an invalid list.
    """
    listing = path / ENSEMBLE_FILE
    if not listing.is_file():
        return (path,)
    try:
        with listing.open("rb") as file:
            text = file.read(LARGEST_LIST + 1)
    except OSError as error:
        raise cannot_read(listing, error) from error
    try:
        if len(text) > LARGEST_LIST:
            raise ValueError
        fields = parse_json(text)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{listing} is damaged: it is not the JSON of an ensemble") from error
    version = fields.get("schema_version") if isinstance(fields, dict) else None
    if type(version) is int and version > 1:
        raise ModelFileError(f"{listing} was written by a newer googlenet (schema {version}): upgrade")
    try:
        members = msgspec.convert(fields, _Ensemble).members
    except msgspec.ValidationError as error:
        raise ModelFileError(
            f"{listing} is not a valid list of an ensemble's members: {what_is_wrong(error)}"
        ) from error
    return tuple(path / member for member in _checked(members, listing))


class _WithClasses(Protocol):
    @property
    def classes(self) -> tuple[ClassLabel, ...]: ...


M = TypeVar("M", bound=_WithClasses)


def load_models(paths: Sequence[Path], load: Callable[[Path], M]) -> tuple[M, ...]:
    """Load the models at all paths, including the members of ensembles; `load` reads one of them (`load_model`).

    Raises InputError if there are none or if they do not have the same classes in the same order, and as `load` does.
    """
    files = [file for path in paths for file in member_paths(path)]
    if not files:
        raise InputError("name at least one model")
    models: list[M] = []
    for file in files:
        models.append(load(file))
        check_same_classes(models[0].classes, models[-1].classes, names=(str(files[0]), str(file)))
    return tuple(models)


def check_same_classes(one: Sequence[ClassLabel], other: Sequence[ClassLabel], *, names: tuple[str, str]) -> None:
    """Raise InputError, stating the difference, if two models do not have the same class ids in the same order."""
    first, second = [label.id for label in one], [label.id for label in other]
    if first == second:
        return
    alone = (
        (names[0], [label for label in first if label not in set(second)]),
        (names[1], [label for label in second if label not in set(first)]),
    )
    differences = [f"only {name} has {_quoted(labels)}" for name, labels in alone if labels]
    if not differences:
        place = next(place for place, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1])
        differences = [f"class {place} is {first[place]!a} in one and {second[place]!a} in the other"]
    raise InputError(
        f"{names[0]} and {names[1]} cannot form an ensemble, their classes differ: {'; '.join(differences)}"
    )


def _checked(members: tuple[str, ...], listing: Path) -> tuple[str, ...]:
    """Check that each member is listed once and lies below the folder: a list must not access files elsewhere."""
    for member in members:
        parts = PurePosixPath(member.replace("\\", "/")).parts
        if not parts or parts[0].startswith("/") or ".." in parts or ":" in parts[0] or "\0" in member:
            raise ModelFileError(f"{listing}: the member {member!a} is not a path below the ensemble's folder")
    if len(set(map(PurePosixPath, members))) < len(members):
        raise ModelFileError(f"{listing}: a member is listed twice")
    if not members:
        raise ModelFileError(f"{listing}: an ensemble needs at least one member")
    return members


def _quoted(labels: Sequence[str], *, most: int = 3) -> str:
    shown = ", ".join(f"{label!a}" for label in labels[:most])
    return shown if len(labels) <= most else f"{shown} and {len(labels) - most} more"
