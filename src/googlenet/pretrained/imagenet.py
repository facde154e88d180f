"""ImageNet's 1,000 classes, in the usual order of a network's outputs and in that of Google's inception5h."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from googlenet.model import ClassLabel

CLASSES_FILE = Path(__file__).with_name("imagenet_classes.txt")
INCEPTION5H_FILE = Path(__file__).with_name("inception5h_classes.txt")


@cache
def imagenet_classes() -> tuple[ClassLabel, ...]:
    """The 1,000 classes; an id is a synset ("n01440764"), a name lists its lemmas ("tench, Tinca tinca")."""
    lines = CLASSES_FILE.read_text(encoding="utf-8").splitlines()
    return tuple(ClassLabel(*line.split(" ", 1)) for line in lines)


@cache
def inception5h_classes() -> tuple[ClassLabel, ...]:
    """The 1,008 outputs of inception5h: ImageNet's classes in another order, between a dummy and seven unused ones."""
    names = {label.id: label.name for label in imagenet_classes()}
    lines = (line.partition(" ") for line in INCEPTION5H_FILE.read_text(encoding="utf-8").splitlines())
    return tuple(ClassLabel(synset, name or names[synset]) for synset, _, name in lines)
