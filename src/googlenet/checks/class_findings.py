"""What the names and the numbers of pictures of the classes tell."""

from __future__ import annotations

import posixpath

from googlenet.checks.class_names import alike_classes
from googlenet.checks.finding import Finding
from googlenet.checks.kinds import finding
from googlenet.checks.pictures import SPLIT_ORDER
from googlenet.dataset import Dataset, Samples, quote_names

IMBALANCE = 5  # times as many pictures as the smallest class


def class_findings(dataset: Dataset) -> list[Finding]:
    """The findings that cost nothing but the list of pictures."""
    return [*_missing_classes(dataset), *_confusable_names(dataset), *_imbalance(dataset)]


def _missing_classes(dataset: Dataset) -> list[Finding]:
    """Classes that a split lacks, and those with a single picture, which cannot be both learnt and validated."""
    counts = {split: dataset.splits[split].counts for split in SPLIT_ORDER if split in dataset.splits}
    found = []
    if len(dataset.classes) == 1:
        detail = f"'{dataset.classes[0]}' is the only class: training needs at least 2"
        found.append(finding("missing_class", _folders(dataset, dataset.classes[0]), detail))
    for class_name in dataset.classes:
        having = [split for split, count in counts.items() if count[class_name]]
        lacking = [split for split, count in counts.items() if not count[class_name]]
        folders = _folders(dataset, class_name)
        if having and lacking:
            where = f"is in {' and '.join(having)}, but not in {' and '.join(lacking)}"
            found.append(finding("missing_class", folders, f"the class '{class_name}' {where}"))
        elif having == ["all"] and counts["all"][class_name] == 1:
            detail = f"the class '{class_name}' has 1 picture: training needs one more, to hold one back"
            found.append(finding("missing_class", folders, detail))
    return found


def _confusable_names(dataset: Dataset) -> list[Finding]:
    found = []
    for names, how in alike_classes(dataset.classes):
        counts = [sum(samples.counts[name] for samples in dataset.splits.values()) for name in names]
        listed = " and ".join(f"'{name}' ({count:,})" for name, count in zip(names, counts, strict=True))
        folders = [folder for name in names for folder in _folders(dataset, name)]
        found.append(finding("confusable_name", folders, f"the classes {listed} differ only in {how}"))
    return found


def _imbalance(dataset: Dataset) -> list[Finding]:
    """One finding about all classes that have far fewer pictures than the largest."""
    samples = _learnt(dataset)
    counts = sorted((count, name) for name, count in samples.counts.items() if count)
    if not counts or counts[-1][0] < IMBALANCE * counts[0][0]:
        return []
    most, largest = counts[-1]
    small = [(count, name) for count, name in counts if most >= IMBALANCE * count]
    listed = quote_names([name for _, name in small])
    detail = (
        f"'{largest}' has {most:,} pictures, {most / small[0][0]:.0f} times as many as '{small[0][1]}' with "
        f"{small[0][0]:,}; at least {IMBALANCE} times fewer than it: {listed}"
    )
    return [finding("imbalance", (path for _, name in small for path in _folders(dataset, name)), detail)]


def _learnt(dataset: Dataset) -> Samples:
    """The pictures that a training learns from, or else the first split."""
    return next(dataset.splits[split] for split in ("train", "all", *dataset.splits) if split in dataset.splits)


def _folders(dataset: Dataset, class_name: str) -> list[str]:
    """The folders of a class, one in each split that has it."""
    label = dataset.classes.index(class_name)
    splits = [dataset.splits[split] for split in SPLIT_ORDER if split in dataset.splits]
    firsts = (next((item.name for item in samples.items if item.label == label), None) for samples in splits)
    return list(dict.fromkeys(posixpath.dirname(name) for name in firsts if name is not None))
