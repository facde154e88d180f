"""Names of files -> splits, classes and what is ignored; the one place that knows how users lay out their pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from googlenet.dataset.samples import Sample, quote_names
from googlenet.dataset.walking import Ignored, is_hidden, is_picture_name
from googlenet.errors import DataError
from googlenet.images import PICTURE_SUFFIXES

Split = Literal["train", "val", "test", "all"]  # "all": pictures that no folder or rule assigns to a split

SPLIT_FOLDERS: dict[str, Split] = {"train": "train", "val": "val", "validation": "val", "valid": "val", "test": "test"}
EXPECTED = "expected DATA/CLASS/picture.jpg, or DATA/train/CLASS/picture.jpg beside DATA/val/CLASS/picture.jpg"


@dataclass(frozen=True, slots=True)
class Layout:
    """Classes (sorted) and the samples of each split (sorted by name); labels are positions in `classes`."""

    classes: tuple[str, ...]
    splits: dict[Split, tuple[Sample, ...]]
    ignored: Ignored


def classify_names(
    files: Iterable[str], *, folders: Iterable[str] = (), links: Sequence[str] = (), data: str
) -> Layout:
    """Sort the names of files and folders below DATA ("train/cat/1.jpg") into splits and classes.

    A folder called train, val, validation, valid or test is a split where it holds class folders. `links` are names
    that the reader leaves out. Raises `DataError`, naming `data`, where there is no picture or a class folder is empty.
    """
    visible_files, hidden_files = _set_hidden_apart(files)
    visible_folders, hidden_folders = _set_hidden_apart(folders)
    hidden = sorted(hidden_files | hidden_folders)
    pictures = [name for name in visible_files if is_picture_name(name)]
    others = [name for name in visible_files if not is_picture_name(name)]

    # A class folder shows as a folder, or, in a tar without entries for folders, as part of a file's name.
    paths = [*visible_files, *(f"{folder}/" for folder in visible_folders)]
    depth = 1 if _has_splits(paths, pictures, data) else 0
    placed: dict[Split, list[tuple[str, str]]] = defaultdict(list)
    loose: list[str] = []
    for name in pictures:
        place = _place(name, depth)
        if place is None:
            loose.append(name)
        else:
            placed[place[0]].append((place[1], name))

    ignored = Ignored.of(hidden=hidden, not_pictures=others, loose=loose, links=links)
    if not placed:
        said = (f"{data} holds no pictures that belong to a class", ignored.sentence(), EXPECTED)
        raise DataError("; ".join(filter(None, said)))
    classes = tuple(sorted({class_name for rows in placed.values() for class_name, _ in rows}))
    known = {place[1] for path in paths if (place := _place(path, depth)) is not None}
    if empty := sorted(known - set(classes)):
        raise DataError(
            f"{data}: no pictures in the class folder(s) {quote_names(empty)}: add some or remove the folder "
            f"(pictures end in {' '.join(PICTURE_SUFFIXES)})"
        )
    labels = {class_name: label for label, class_name in enumerate(classes)}
    splits = {
        split: tuple(Sample(name, labels[class_name]) for class_name, name in sorted(rows, key=lambda row: row[1]))
        for split, rows in sorted(placed.items())
    }
    return Layout(classes, splits, ignored)


def _set_hidden_apart(names: Iterable[str]) -> tuple[list[str], set[str]]:
    """Visible names, and the hidden files and folders, each once and cut at its hidden part."""
    visible: list[str] = []
    hidden: set[str] = set()
    for name in names:
        parts = name.split("/")
        first = next((at for at, part in enumerate(parts) if is_hidden(part)), None)
        if first is None:
            visible.append(name)
        else:
            hidden.add("/".join(parts[: first + 1]))
    return visible, hidden


def _has_splits(paths: Sequence[str], pictures: Sequence[str], data: str) -> bool:
    """Whether the top folders are splits: one holds class folders, or there are no others (`train` may be a class)."""
    tops = sorted({path.split("/")[0] for path in paths if "/" in path})
    splits = {top: SPLIT_FOLDERS[top.lower()] for top in tops if top.lower() in SPLIT_FOLDERS}
    nested = any(name.count("/") >= 2 and _split_of(name) is not None for name in pictures)
    if not nested and not (tops and len(splits) == len(tops)):
        return False
    if len(set(splits.values())) < len(splits):
        raise DataError(f"{data} holds {', '.join(splits)}: two of them mean the same split, keep one")
    return True


def _split_of(name: str) -> Split | None:
    return SPLIT_FOLDERS.get(name.split("/")[0].lower())


def _place(name: str, depth: int) -> tuple[Split, str] | None:
    """(split, class) of a name with `depth` levels above the class folder, or None outside the class folders."""
    parts = name.split("/")
    split = _split_of(name) if depth else "all"
    return None if split is None or len(parts) < depth + 2 else (split, parts[depth])
