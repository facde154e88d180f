"""`open_dataset`: opens DATA (a folder, a plain tar, an embedded set) as a `Dataset` with its splits."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from googlenet.argument_types import PathArgument, as_path
from googlenet.dataset.class_names import alike_hint, normal_name, quote_names
from googlenet.dataset.embedded import EMBEDDED
from googlenet.dataset.folder import read_folder
from googlenet.dataset.layout import Layout, LayoutHint, Split
from googlenet.dataset.samples import Sample, Samples, Source
from googlenet.dataset.shard_names import find_shards, is_shard_pattern
from googlenet.dataset.shards import read_shards
from googlenet.dataset.split import SplitRule, split_samples
from googlenet.dataset.walking import Ignored
from googlenet.errors import DataError, InputError
from googlenet.files import check_not_special
from googlenet.images import BadImage
from googlenet.notebook import quoted, table
from googlenet.parallel import map_in_order
from googlenet.suggestions import did_you_mean

_CLASSES_SHOWN = 20
_LOG = logging.getLogger(__name__)

DEFAULT_SPLIT_RULE = SplitRule(seed=0, share=0.2)


@dataclass(frozen=True, slots=True, repr=False)
class Dataset:
    """Pictures with classes, in splits; labels mean the same class in each split.

    `split_rule` is the rule that held back "val"; None if val/ is a folder or nothing is held back. `fingerprint` is
    the sha256 of all names, in hex: the same pictures in a folder and in a tar have the same one.
    """

    name: str
    classes: tuple[str, ...]
    splits: dict[Split, Samples]
    split_rule: SplitRule | None
    ignored: Ignored
    fingerprint: str

    def to_dict(self) -> dict[str, Any]:
        """A summary as JSON values: the classes, and how many pictures of each are in each split."""
        rule = self.split_rule
        return {
            "name": self.name,
            "classes": list(self.classes),
            "pictures": {split: samples.counts for split, samples in self.splits.items()},
            "held_back": None if rule is None else {"seed": rule.seed, "share": rule.share},
            "ignored": self.ignored.sentence(),
            "fingerprint": self.fingerprint,
        }

    def __repr__(self) -> str:
        pictures = ", ".join(f"{len(samples):,} {split}" for split, samples in self.splits.items())
        return f"<Dataset {quoted(self.name)}: {len(self.classes):,} classes, pictures: {pictures}>"

    def _repr_html_(self) -> str:
        counts = [samples.counts for samples in self.splits.values()]
        rows = [[name, *(f"{count[name]:,}" for count in counts)] for name in self.classes[:_CLASSES_SHOWN]]
        rows.append(["all classes", *(f"{len(samples):,}" for samples in self.splits.values())])
        left = len(self.classes) - _CLASSES_SHOWN
        notes = [f"and {left:,} more classes" if left > 0 else None, self.ignored.sentence()]
        return table(self.name, ["class", *self.splits], rows, note="; ".join(filter(None, notes)) or None)

    @property
    def names(self) -> frozenset[str]:
        """The names of all pictures, relative to DATA."""
        return frozenset(item.name for samples in self.splits.values() for item in samples.items)

    def without(self, names: Collection[str]) -> Dataset:
        """Leave out the pictures called `names`; all others stay in their split, and classes keep their labels.

        A split that becomes empty is omitted. The fingerprint stays that of all pictures, so that `evaluate` recognizes
        the data. Names that are not in the dataset are ignored (`describe_exclusion` tells the user), but raises
        `DataError` if none of them is, or if nothing remains.
        """
        if names and not self.names.intersection(names):
            what = (
                f"the excluded pictures are not in {self.name}" if len(names) > 1 else f"no such picture in {self.name}"
            )
            raise DataError(
                f"{what}: {quote_names(sorted(names))}; names must be relative to DATA, such as '{min(self.names)}'"
            )
        splits = {
            split: samples.select([at for at, item in enumerate(samples.items) if item.name not in names])
            for split, samples in self.splits.items()
        }
        kept = {split: samples for split, samples in splits.items() if len(samples)}
        if not kept:
            raise DataError(f"all pictures of {self.name} are excluded")
        return replace(self, splits=kept)


def open_dataset(
    data: PathArgument, *, split_rule: SplitRule | None = DEFAULT_SPLIT_RULE, classes: Collection[str] = ()
) -> Dataset:
    """Open a folder, tars or an embedded set; an existing path takes precedence over an embedded set's name.

    Tars are one (`photos.tar`), a pattern (`shards/{000000..000123}.tar`, `shards/*.tar`), a folder of shards, or
    addresses (`https://...`): with class folders inside, or in WebDataset's layout.

    If there is no folder for validation, `split_rule` holds pictures back; without a rule, classes outside any split
    are in the split "all". If the layout is ambiguous, it is resolved by `classes` (those of a model), or by DATA
    itself: `photos/*/*` means that the class folders are two levels below `photos`.
    Raises `InputError` if DATA cannot be opened, `DataError` if it cannot be used.
    """
    what = "a folder, a .tar (str or Path) or the name of an embedded set"
    path, levels = class_level(as_path(data, "data", what=what))
    hint = LayoutHint(levels, frozenset(map(normal_name, classes)))
    shards = None if levels else find_shards(os.fspath(data))
    layout, source = _read(path, hint) if shards is None else read_shards(os.fspath(data), shards, hint)
    dataset = Dataset(
        name=_name(os.fspath(data), path),
        classes=layout.classes,
        splits={split: Samples(layout.classes, items, source) for split, items in layout.splits.items()},
        split_rule=None,
        ignored=layout.ignored,
        fingerprint=_fingerprint(item.name for items in layout.splits.values() for item in items),
    )
    counts = ", ".join(f"{len(samples):,} {split}" for split, samples in dataset.splits.items())
    _LOG.info("data: %s, %d classes, pictures: %s", path, len(dataset.classes), counts)
    return dataset if split_rule is None else hold_back(dataset, split_rule)


def hold_back(dataset: Dataset, rule: SplitRule) -> Dataset:
    """Split off "val" by `rule`, from "all" or from "train"; a dataset that already has a "val" is unchanged."""
    whole: Split = "all" if "all" in dataset.splits else "train"
    if "val" in dataset.splits or whole not in dataset.splits:
        return dataset
    kept, held = split_samples(dataset.splits[whole], rule)
    others = {split: samples for split, samples in dataset.splits.items() if split != whole}
    splits: dict[Split, Samples] = {"train": kept, "val": held, **others}
    return replace(dataset, splits=splits, split_rule=rule)


def check_for_training(dataset: Dataset) -> None:
    """Raise `DataError` if there are fewer than 2 classes, or a class has no readable pictures in train or val.

    Pictures of each class are decoded until one can be read: a class without any would never be learnt.
    """
    if len(dataset.classes) < 2:
        raise DataError(f"{dataset.name} has only the class {quote_names(dataset.classes)}: training needs at least 2")
    needed: tuple[Split, ...] = ("train", "val")
    for split in needed:
        samples = dataset.splits.get(split)
        if samples is None:
            raise DataError(f"{dataset.name} has no pictures in {split}/, which training needs")
        missing = [class_name for class_name, count in samples.counts.items() if count == 0]
        if missing:
            what, have = ("class", "has") if len(missing) == 1 else (f"{len(missing)} classes", "have")
            hint = alike_hint(missing, [name for name, count in samples.counts.items() if count])
            if dataset.split_rule is not None:  # the split was right, and pictures were excluded from it since
                hint = " but excluded ones: exclude fewer, add pictures, or hold back others (--split-seed)"
            raise DataError(f"{dataset.name}: {what} {quote_names(missing)} {have} no pictures in {split}/{hint}")
    for split in needed:
        check_readable(dataset.splits[split], _first_bad_pictures(dataset.splits[split]), where=split)


def check_readable(samples: Samples, reasons: Mapping[str, str], *, where: str) -> None:
    """Raise `DataError` for a class whose pictures are all bad; `reasons` maps the name of each bad picture to why."""
    if not reasons:
        return
    bad: dict[int, list[str]] = defaultdict(list)
    for item in samples.items:
        if item.name in reasons:
            bad[item.label].append(item.name)
    of_class = np.bincount(samples.labels)
    for label, names in bad.items():
        if len(names) == of_class[label]:
            folder, _, first = names[0].rpartition("/")
            place = f"folder {folder}; " if folder else ""
            of_them = f"class '{samples.classes[label]}' in {where}"
            problem = f"the only picture of the {of_them} cannot be read"
            if len(names) > 1:
                problem = f"none of the {len(names):,} pictures of the {of_them} can be read"
            raise DataError(
                f"{problem} ({place}{first}: {reasons[names[0]]}): replace {'it' if len(names) == 1 else 'them'}, "
                "or remove the class"
            )


def relabel(samples: Samples, classes: Sequence[str]) -> Samples:
    """Give the samples the labels of a model's `classes`, by name; some classes may have no samples.

    Names are compared in Unicode form NFC. Raises `DataError` for pictures of a class that the model does not have.
    """
    labels = {normal_name(class_name): label for label, class_name in enumerate(classes)}
    unknown = [name for name, count in samples.counts.items() if count and normal_name(name) not in labels]
    if unknown:
        raise DataError(
            f"the model does not have the class(es) {quote_names(unknown)} of these pictures; "
            f"its {len(classes):,} classes are {quote_names(classes)}{alike_hint(unknown, classes)}"
        )
    items = tuple(Sample(item.name, labels[normal_name(samples.classes[item.label])]) for item in samples.items)
    return replace(samples, classes=tuple(classes), items=items)


def class_level(data: PathArgument) -> tuple[Path, int | None]:
    """`photos/*/*` -> `photos`, 2: the level of the class folders that DATA states; None if it does not."""
    path, levels = Path(data), 0
    while path.name == "*" and not path.exists():
        path, levels = path.parent, levels + 1
    return path, levels or None


def _name(data: str, path: Path) -> str:
    """The name of DATA: its folder's or tar's; that of the folder for a pattern of tars."""
    if is_shard_pattern(data):
        folder, _, file = data.rstrip("/").rpartition("/")
        return folder.rpartition("/")[2] or Path.cwd().name if file.endswith(".tar") else file
    return path.resolve().name.removesuffix(".tar")


def _read(path: Path, hint: LayoutHint) -> tuple[Layout, Source]:
    if path.is_dir():
        return read_folder(path, hint)
    check_not_special(path)
    if path.exists():
        return read_shards(str(path), (str(path),), hint)
    if str(path) in EMBEDDED:
        return EMBEDDED[str(path)]()
    sets = ", ".join(EMBEDDED)
    advice = did_you_mean(str(path), EMBEDDED, otherwise=f"give a folder, a .tar, or an embedded set: {sets}")
    raise InputError(f"{path} does not exist; {advice}")


def _first_bad_pictures(samples: Samples) -> dict[str, str]:
    """The bad pictures before the first good one of each class, with the reasons."""
    indices: dict[int, list[int]] = defaultdict(list)
    for index, item in enumerate(samples.items):
        indices[item.label].append(index)

    def read(of_class: list[int]) -> dict[str, str]:
        reasons = {}
        for index in of_class:
            image = samples.decode(index, shortest_side=1)
            if not isinstance(image, BadImage):
                break
            reasons[samples.items[index].name] = image.reason
        return reasons

    return {name: reason for found in map_in_order(read, indices.values()) for name, reason in found.items()}


def _fingerprint(names: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(name.encode(errors="surrogateescape") + b"\0")
    return digest.hexdigest()
