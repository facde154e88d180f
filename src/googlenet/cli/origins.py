"""The model that a command was given, as the rows of its features name it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from googlenet.errors import InputError

if TYPE_CHECKING:
    from googlenet.predictions import Origin


def model_origin(model: str) -> Origin:
    """MODEL by its name in the catalogue or its whole path, with the sum of its file; of an ensemble, of its members'.

    Raises InputError where there is none.
    """
    from googlenet.artifacts import model_files
    from googlenet.model import member_paths
    from googlenet.predictions import origin_of
    from googlenet.pretrained import CATALOGUE, find_model

    path = find_model(model)
    shipped = model in CATALOGUE and path == CATALOGUE[model].shipped_path
    files = (file for member in member_paths(path) for file in model_files(member))
    return origin_of(model if shipped else str(Path(model).resolve()), *files)


def check_has_features(model: str) -> None:
    """Raise InputError for an ensemble, whose members have features of their own."""
    from googlenet.model import member_paths
    from googlenet.pretrained import find_model

    members = member_paths(find_model(model))
    if len(members) > 1:
        raise InputError(
            f"{model} is an ensemble of {len(members)} networks, which have no features in common; "
            f"name one of them: {members[0]}"
        )
