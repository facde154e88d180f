"""Where a training starts if nobody says: from the shipped ImageNet weights, or from random ones, and why."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from googlenet.dataset import EMBEDDED
from googlenet.images import BadImage
from googlenet.model import read_header
from googlenet.pretrained import find_model
from googlenet.recipes import STARTS

if TYPE_CHECKING:
    from googlenet.dataset import Dataset, Samples
    from googlenet.workflow.request import Request

SMALL = 96
"""Pictures whose shorter side is below this, in px, have too little detail for weights that were trained at 224 px."""

LOOKED_AT = 15
"""Pictures that are opened to learn their size, spread over the training pictures."""


def choose_recipe(request: Request, dataset: Dataset) -> tuple[str, str | None]:
    """The recipe's name, and as a clause why the training does not start from shipped weights if nobody asked for that.

    Embedded sets, pictures that are mostly smaller than `SMALL`, and networks other than that of the shipped weights
    start from random weights.
    """
    if request.recipe is not None:
        return request.recipe, None
    if request.start is not None:
        return "finetune", None
    if isinstance(request.data, str) and request.data in EMBEDDED and not Path(request.data).exists():
        return "small", None if request.from_scratch else f"{dataset.name} is an embedded set of small pictures"
    if request.from_scratch:
        return "scratch", None
    reason = _other_network(request) or _small_pictures(dataset)
    return ("finetune" if reason is None else "scratch"), reason


def _other_network(request: Request) -> str | None:
    """A clause for the first setting that makes the network another one than that of the shipped weights."""
    shipped = STARTS["finetune"]
    assert shipped is not None
    spec = read_header(find_model(shipped)).spec
    for key in ("variant", "width", "channels"):
        ours = request.overrides.get(key, theirs := getattr(spec, key))
        if ours != theirs:
            return f"{key} is set to {ours}, and {shipped} has {theirs}"
    return None


def _small_pictures(dataset: Dataset) -> str | None:
    side = median_shorter_side(dataset.splits["train"]) if "train" in dataset.splits else None
    if side is None or side >= SMALL:
        return None
    return f"the pictures are small: a shorter side of {side} px, below {SMALL} px"


def median_shorter_side(samples: Samples) -> int | None:
    """The median of the shorter sides of at most `LOOKED_AT` pictures, in px; `SMALL` for anything from there on.

    None if none of them can be read.
    """
    count = min(LOOKED_AT, len(samples))
    pictures = (samples.decode(number * len(samples) // count, shortest_side=SMALL) for number in range(count))
    sides = [min(picture.shape[:2]) for picture in pictures if not isinstance(picture, BadImage)]
    return statistics.median_low(sides) if sides else None
