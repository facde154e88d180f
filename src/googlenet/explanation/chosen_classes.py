"""The classes of a model that a person names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.model import ClassLabel
from googlenet.suggestions import did_you_mean


def find_classes(classes: Sequence[ClassLabel], names: Sequence[str]) -> NDArray[np.int64]:
    """The indices (K,) of classes by id or name, each once, in the order of `names`.

    Where no id and no name is exactly the same, letter case does not matter, and one of several synonyms is enough:
    ImageNet's "tabby, tabby cat" is also "Tabby". Raises InputError, with a suggestion, for an unknown name, for one
    that several classes have, and for no names at all.
    """
    if isinstance(names, str) or not names:
        raise InputError("name the classes to explain in a list, for example ['cat']")
    return np.array(list(dict.fromkeys(_find(classes, name) for name in names)), np.int64)


def _find(classes: Sequence[ClassLabel], name: str) -> int:
    wanted = name.strip().casefold()
    ways = (
        lambda label: name == label.id,
        lambda label: name == label.name,
        lambda label: wanted in (label.id.casefold(), label.name.casefold()),
        lambda label: wanted in (word.strip() for word in label.name.casefold().split(",")),
    )
    for fits in ways:
        found = [index for index, label in enumerate(classes) if fits(label)]
        if len(found) > 1:
            ids = ", ".join(classes[index].id for index in found)
            raise InputError(f"{len(found)} classes of the model are called {name!r}; give one of their ids: {ids}")
        if found:
            return found[0]
    known = dict.fromkeys(word for label in classes for word in (label.name, *label.name.split(", "), label.id))
    hint = did_you_mean(name, known, otherwise=f"it has {len(classes):,}, such as {classes[0].name!r}")
    raise InputError(f"the model has no class {name!r}; {hint}")
