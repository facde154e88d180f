"""Identifies the MODEL of a command, as prediction files record it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from googlenet.errors import InputError

if TYPE_CHECKING:
    from googlenet.predictions import ModelIdentity


def identify_model(model: str) -> ModelIdentity:
    """MODEL's name in the catalogue or absolute path, with the checksum of its file, or its members' for an ensemble.

    Raises InputError if there is no such model.
    """
    from googlenet.artifacts import model_files
    from googlenet.model import member_paths
    from googlenet.predictions import identity_of
    from googlenet.pretrained import CATALOGUE, find_model

    path = find_model(model)
    shipped = model in CATALOGUE and path == CATALOGUE[model].shipped_path
    files = (file for member in member_paths(path) for file in model_files(member))
    return identity_of(model if shipped else str(Path(model).resolve()), *files)


def check_has_features(model: str) -> None:
    """Raise InputError for an ensemble, whose members have different features."""
    from googlenet.model import member_paths
    from googlenet.pretrained import find_model

    members = member_paths(find_model(model))
    if len(members) > 1:
        raise InputError(
            f"{model} is an ensemble of {len(members)} networks, which have no features in common; "
            f"use one of them, such as {members[0]}"
        )
