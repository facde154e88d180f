"""The model that a command was given, as the rows of its features name it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from googlenet.errors import InputError

if TYPE_CHECKING:
    from googlenet.rows import Origin


def model_origin(model: str) -> Origin:
    """MODEL by its name in the catalogue or its whole path, with the sum of its file.

    Raises InputError for an ensemble, whose members have features of their own.
    """
    from googlenet.model import member_paths, resolve_model_path
    from googlenet.pretrained import CATALOGUE, find_model
    from googlenet.rows import origin_of

    path = find_model(model)
    members = member_paths(path)
    if len(members) > 1:
        raise InputError(
            f"{model} is an ensemble of {len(members)} networks, which have no features in common; "
            f"name one of them: {members[0]}"
        )
    shipped = model in CATALOGUE and path == CATALOGUE[model].shipped_path
    return origin_of(model if shipped else str(Path(model).resolve()), resolve_model_path(members[0]))
