"""Datasets made from pictures and labels that a program holds, rather than from a folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from googlenet.argument_types import wrong_type
from googlenet.dataset.class_names import normal_name
from googlenet.dataset.dataset import DEFAULT_SPLIT_RULE, Dataset, hold_back
from googlenet.dataset.samples import Sample, Samples
from googlenet.dataset.split import SplitRule
from googlenet.dataset.walking import Ignored
from googlenet.errors import InputError
from googlenet.images import BadImage, Enough, Picture, Rgb, check_pictures, is_picture, picture_name, read_picture


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PictureSource:
    """Pictures as a caller holds them (paths, bytes, arrays, Pillow pictures), by name; paths are read each time."""

    pictures: Mapping[str, Picture]

    def __repr__(self) -> str:
        return f"<PictureSource: {len(self.pictures):,} pictures>"

    def decode(
        self, name: str, shortest_side: int | None, enough: Enough | None = None, notes: list[str] | None = None
    ) -> Rgb | BadImage:
        """Read and decode the picture `name`; an array is copied at full size."""
        picture = self.pictures[name]
        image = read_picture(picture, shortest_side=shortest_side, enough=enough, notes=notes)
        return image.copy() if image is picture else image


def dataset_from_lists(
    images: Iterable[Picture],
    labels: Iterable[str],
    *,
    classes: Sequence[str] | None = None,
    name: str = "pictures",
    split_rule: SplitRule | None = DEFAULT_SPLIT_RULE,
) -> Dataset:
    """A dataset from pictures (paths, bytes, arrays, Pillow pictures) and the name of the class of each.

    `classes`: all classes, in the order of their labels; by default those of `labels`, sorted. `split_rule` holds
    pictures back for validation, as `open_dataset` does. A path is the name of its picture; others are called
    "picture 7", after their position. Raises InputError for anything but pictures and names, for lists of different
    lengths and for a label that is not in `classes`; DataError for a class that is too small to be split.
    """
    if is_picture(images):
        raise wrong_type("images", "a list of pictures", images)
    held = [_kept(picture) for picture in check_pictures(list(check_pictures(images)))]
    named = [_class_name(label) for label in labels]
    if len(held) != len(named):
        raise InputError(f"there are {len(held):,} pictures and {len(named):,} labels: give one label for each picture")
    known = tuple(sorted(set(named)) if classes is None else map(_class_name, classes))
    if len(set(known)) < len(known):
        raise InputError("two classes have the same name: give each a name of its own")
    positions = {label: position for position, label in enumerate(known)}
    if missing := sorted(set(named) - positions.keys()):
        raise InputError(f"the label {missing[0]!a} is not one of the {len(known):,} classes")
    pictures: dict[str, Picture] = {}
    for index, picture in enumerate(held):
        given = picture_name(picture, index)
        pictures[given if given not in pictures else f"{given} (picture {index})"] = picture
    items = tuple(Sample(given, positions[label]) for given, label in zip(pictures, named, strict=True))
    samples = Samples(known, items, PictureSource(pictures))
    dataset = Dataset(name, known, {"all": samples}, None, Ignored(), _fingerprint(items))
    return dataset if split_rule is None else hold_back(dataset, split_rule)


def _kept(picture: Picture) -> Picture:
    """A picture that can be read many times: the bytes of an open file, which can be read once."""
    if hasattr(picture, "read") and not isinstance(picture, os.PathLike):
        return picture.read()
    return picture


def _class_name(label: object) -> str:
    if not isinstance(label, str) or not label:
        raise wrong_type("a label", "the name of a class", label)
    return normal_name(label)


def _fingerprint(items: Sequence[Sample]) -> str:
    digest = hashlib.sha256()
    for item in items:
        digest.update(f"{item.label} {item.name}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()
