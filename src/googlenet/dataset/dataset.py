"""`open_dataset`: what a user calls DATA (a folder, a plain tar, an embedded set) -> a `Dataset` with its splits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from googlenet.dataset.embedded import EMBEDDED
from googlenet.dataset.folder import read_folder
from googlenet.dataset.layout import Ignored, Layout, Split
from googlenet.dataset.samples import Sample, Samples, Source, quote_names
from googlenet.dataset.split import SplitRule, split_samples
from googlenet.dataset.tar import read_tar
from googlenet.errors import DataError, InputError
from googlenet.suggestions import did_you_mean

DEFAULT_SPLIT_RULE = SplitRule(seed=0, share=0.2)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Pictures with classes, in splits; labels mean the same class in each split.

    `split_rule` is the rule that held back "val", or None where folders did or nothing is held back. `fingerprint` is
    the sha256 of all names, in hex: the same pictures in a folder and in a tar have the same one.
    """

    name: str
    classes: tuple[str, ...]
    splits: dict[Split, Samples]
    split_rule: SplitRule | None
    ignored: Ignored
    fingerprint: str


def open_dataset(data: str | Path, *, split_rule: SplitRule | None = DEFAULT_SPLIT_RULE) -> Dataset:
    """Open a folder, a plain tar or an embedded set; a path that exists wins over an embedded name.

    Where no folder says what is for validation, `split_rule` holds pictures back; without a rule, classes that lie in
    no split are the split "all". Raises `InputError` where DATA cannot be opened, `DataError` where it cannot be used.
    """
    layout, source = _read(data)
    dataset = Dataset(
        name=Path(data).resolve().name.removesuffix(".tar"),
        classes=layout.classes,
        splits={split: Samples(layout.classes, items, source) for split, items in layout.splits.items()},
        split_rule=None,
        ignored=layout.ignored,
        fingerprint=_fingerprint(item.name for items in layout.splits.values() for item in items),
    )
    return dataset if split_rule is None else hold_back(dataset, split_rule)


def hold_back(dataset: Dataset, rule: SplitRule) -> Dataset:
    """Split "val" off by `rule`, from "all" or from "train"; data that have a val of their own stay as they are."""
    whole: Split = "all" if "all" in dataset.splits else "train"
    if "val" in dataset.splits or whole not in dataset.splits:
        return dataset
    kept, held = split_samples(dataset.splits[whole], rule)
    others = {split: samples for split, samples in dataset.splits.items() if split != whole}
    splits: dict[Split, Samples] = {"train": kept, "val": held, **others}
    return replace(dataset, splits=splits, split_rule=rule)


def check_for_training(dataset: Dataset) -> None:
    """Raise `DataError` where there are fewer than 2 classes, or a class lacks pictures in train or val."""
    if len(dataset.classes) < 2:
        raise DataError(f"{dataset.name} has only the class {quote_names(dataset.classes)}: training needs at least 2")
    for split in ("train", "val"):
        samples = dataset.splits.get(split)
        if samples is None:
            raise DataError(f"{dataset.name} has no pictures in {split}/, which training needs")
        missing = [class_name for class_name, count in samples.counts.items() if count == 0]
        if missing:
            what, have = ("class", "has") if len(missing) == 1 else (f"{len(missing)} classes", "have")
            raise DataError(f"{dataset.name}: {what} {quote_names(missing)} {have} no pictures in {split}/")


def relabel(samples: Samples, classes: Sequence[str]) -> Samples:
    """Give the samples the labels of a model's `classes`, by exact name; some classes may have no samples.

    Raises `DataError` for pictures of a class that the model does not know.
    """
    labels = {class_name: label for label, class_name in enumerate(classes)}
    unknown = [name for name, count in samples.counts.items() if count and name not in labels]
    if unknown:
        raise DataError(
            f"the model does not know the class(es) {quote_names(unknown)} of these pictures; "
            f"its {len(classes):,} classes are {quote_names(classes)}"
        )
    items = tuple(Sample(item.name, labels[samples.classes[item.label]]) for item in samples.items)
    return replace(samples, classes=tuple(classes), items=items)


def _read(data: str | Path) -> tuple[Layout, Source]:
    path = Path(data)
    if path.is_dir():
        return read_folder(path)
    if path.exists():
        return read_tar(path)
    if data in EMBEDDED:
        return EMBEDDED[str(data)]()
    sets = ", ".join(EMBEDDED)
    hint = did_you_mean(str(data), EMBEDDED, otherwise=f"give a folder, a .tar, or an embedded set: {sets}")
    raise InputError(f"{data} does not exist; {hint}")


def _fingerprint(names: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(name.encode(errors="surrogateescape") + b"\0")
    return digest.hexdigest()
