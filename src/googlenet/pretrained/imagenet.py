"""ImageNet's 1,000 classes, in the usual order of a network's outputs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from googlenet.model import ClassLabel

CLASSES_FILE = Path(__file__).with_name("imagenet_classes.txt")


@cache
def imagenet_classes() -> tuple[ClassLabel, ...]:
    """The 1,000 classes; an id is a synset ("n01440764"), a name lists its lemmas ("tench, Tinca tinca")."""
    lines = CLASSES_FILE.read_text(encoding="utf-8").splitlines()
    return tuple(ClassLabel(*line.split(" ", 1)) for line in lines)
