"""Derives splits, classes and ignored files from file names; the one place that knows how users arrange pictures."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from googlenet.dataset.class_names import normal_name, quote_names
from googlenet.dataset.samples import Sample
from googlenet.dataset.walking import Ignored, is_hidden, is_picture_name
from googlenet.errors import DataError
from googlenet.images import PICTURE_SUFFIXES

Split = Literal["train", "val", "test", "all"]  # "all": pictures that no folder or rule assigns to a split

SPLIT_WORDS: dict[str, Split] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "devel", "development"), "val"),
    **dict.fromkeys(("test", "tests", "testing", "eval", "evaluation", "holdout"), "test"),
}
"""Common names of splits, case-insensitive; a hold-out set is not used in training, so it is a test set."""

EXPECTED = "expected DATA/CLASS/picture.jpg, or DATA/train/CLASS/picture.jpg and DATA/val/CLASS/picture.jpg"

DEEPEST = 4
"""The number of folder levels that are searched for classes."""

_FILLERS = "dataset|data|set|images|image|imgs|img|pictures|photos|samples|split"
_FILLER = re.compile(rf"(?:{_FILLERS})")
_FILLER_END = re.compile(rf"(?:{_FILLERS})$")


@dataclass(frozen=True, slots=True)
class Layout:
    """Classes (sorted) and the samples of each split (sorted by name); labels are positions in `classes`.

    `wrapper` ("mydata/") is a single folder around everything, omitted from the samples' names; "" if there is none.
    """

    classes: tuple[str, ...]
    splits: dict[Split, tuple[Sample, ...]]
    ignored: Ignored
    wrapper: str = ""


@dataclass(frozen=True, slots=True)
class LayoutHint:
    """What is known about a layout in advance.

    `levels`: the class folders are this many levels below DATA, whatever their names. `classes`: an ambiguous layout is
    resolved to the one whose classes are all among these.
    """

    levels: int | None = None
    classes: frozenset[str] = frozenset()


NO_HINT = LayoutHint()

_Prefixes = Mapping[str, Split]  # folders that hold class folders ("train/", "" for DATA itself), and their split


def classify_names(
    files: Iterable[str],
    *,
    folders: Iterable[str] = (),
    links: Sequence[str] = (),
    data: str,
    hint: LayoutHint = NO_HINT,
) -> Layout:
    """Sort the names of files and folders below DATA ("train/cat/1.jpg") into splits and classes.

    A folder with the name of a split is one if it contains class folders. A single folder around everything, or inside
    each split, is skipped. Class names are in Unicode form NFC. `links` are names that the reader skips. Raises
    `DataError`, naming `data`, if there are no pictures, a class folder is empty, or the layout is ambiguous.
    """
    visible_files, hidden_files = _separate_hidden(files)
    visible_folders, hidden_folders = _separate_hidden(folders)
    hidden = sorted(hidden_files | hidden_folders)
    pictures = [name for name in visible_files if is_picture_name(name)]
    others = [name for name in visible_files if not is_picture_name(name)]

    # A class folder has an entry of its own, except in a tar without folder entries, where it is part of file names.
    paths = [*visible_files, *(f"{folder}/" for folder in visible_folders)]
    tree = _Tree(pictures, paths)
    wrapper, prefixes = _resolve(tree, data, hint)
    placed: dict[Split, list[tuple[str, str]]] = defaultdict(list)
    loose: list[str] = []
    for name in pictures:
        place = _place(name, prefixes)
        if place is None:
            loose.append(name)
        else:
            placed[place[0]].append((place[1], name.removeprefix(wrapper)))

    ignored = Ignored.of(hidden=hidden, not_pictures=others, loose=loose, links=links)
    if not placed:
        tops = sorted(name for name in tree.folders[""] if tree.direct[f"{name}/"])
        pattern = f"or, if {quote_names(tops)} are classes, type {_typed(data, 1)}" if tops else None
        parts = (f"{data} contains no pictures in class folders", ignored.sentence(), EXPECTED, pattern)
        raise DataError("; ".join(filter(None, parts)))
    classes = tuple(sorted({class_name for rows in placed.values() for class_name, _ in rows}))
    known = {place[1] for path in paths if (place := _place(path, prefixes)) is not None}
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
    return Layout(classes, splits, ignored, wrapper)


def _separate_hidden(names: Iterable[str]) -> tuple[list[str], set[str]]:
    """Visible names, and the hidden files and folders, each once and truncated after its hidden part."""
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


class _Tree:
    """The upper levels of the folders below DATA; a folder is a path ending in "/", DATA itself is "".

    `folders`: the names of the folders in each; `filled`: those that contain a picture at any depth; `direct`: the
    number of pictures directly in each folder.
    """

    def __init__(self, pictures: Iterable[str], paths: Iterable[str]) -> None:
        self.direct = Counter(map(_folder_of, pictures))
        self.folders: dict[str, set[str]] = defaultdict(set)
        self.filled: dict[str, set[str]] = defaultdict(set)
        for record, found in ((self.folders, set(map(_folder_of, paths))), (self.filled, self.direct)):
            for folder in found:
                above = ""
                for part in folder.split("/", DEEPEST + 1)[: folder.count("/")][: DEEPEST + 1]:
                    record[above].add(part)
                    above = f"{above}{part}/"

    def walk(self, levels: int) -> list[str]:
        """The folders `levels` levels below DATA that contain pictures."""
        found = [""]
        for _ in range(levels):
            found = [f"{above}{name}/" for above in found for name in sorted(self.filled[above])]
        return found


def _folder_of(name: str) -> str:
    return name[: name.rfind("/") + 1]


def _place(name: str, prefixes: _Prefixes) -> tuple[Split, str] | None:
    """(split, class) of a name below one of the prefixes; None outside the class folders."""
    above = ""
    for part in name.split("/", DEEPEST + 2)[:-1]:
        if above in prefixes:
            return prefixes[above], normal_name(part)
        above = f"{above}{part}/"
    return None


def _resolve(tree: _Tree, data: str, hint: LayoutHint) -> tuple[str, _Prefixes]:
    """The wrapper and the folders that contain class folders, by the hint or else by names and levels."""
    if hint.levels is not None:
        return "", _at_level(tree, hint.levels)
    wrapper = _wrapper(tree)
    try:
        suggested = _suggested(tree, wrapper, data)
        if not hint.classes or _classes(tree, suggested) <= hint.classes:
            return wrapper, suggested
    except DataError:
        if not hint.classes:
            raise
        suggested = None
    for levels in range(1, DEEPEST):
        prefixes = _at_level(tree, levels)
        if (classes := _classes(tree, prefixes)) and classes <= hint.classes:
            return "", prefixes
    return wrapper, suggested if suggested is not None else _suggested(tree, wrapper, data)


def _classes(tree: _Tree, prefixes: _Prefixes) -> set[str]:
    return {normal_name(name) for prefix in prefixes for name in tree.filled[prefix]}


def _at_level(tree: _Tree, levels: int) -> _Prefixes:
    """Class folders at a given level; the folders above them are splits if all have names of splits."""
    above = tree.walk(levels - 1)
    splits = [next((split for part in folder.split("/") if (split := _split_of(part))), None) for folder in above]
    return {folder: split if split and all(splits) else "all" for folder, split in zip(above, splits, strict=True)}


def _wrapper(tree: _Tree) -> str:
    """The folders ("mydata/") around all others that are neither splits nor classes; "" if there are none."""
    top = ""
    while (below := _lone_folder(tree, top)) and top.count("/") < DEEPEST - 2:
        is_split = _split_of(below.removeprefix(top)[:-1])
        if is_split and not all(map(_split_of, tree.folders[below])):
            break
        top = below
    return top


def _lone_folder(tree: _Tree, top: str) -> str | None:
    """The only folder in a folder that has no pictures of its own, if that too has no pictures directly inside."""
    if len(tree.folders[top]) != 1 or tree.direct[top]:
        return None
    below = f"{top}{next(iter(tree.folders[top]))}/"
    return below if tree.filled[below] and not tree.direct[below] else None


def _suggested(tree: _Tree, wrapper: str, data: str) -> _Prefixes:
    """The folders that contain class folders, judging by names and levels; raises `DataError` if ambiguous."""
    splits = _splits_in(tree.folders[wrapper])
    holding = [name for name in splits if tree.filled[f"{wrapper}{name}/"]]
    if not holding and (not splits or len(splits) < len(tree.folders[wrapper])):
        prefixes: _Prefixes = {wrapper: "all"}
    else:
        _check_splits(tree, wrapper, splits, data)
        prefixes = {f"{wrapper}{name}/": split for name, split in splits.items()}
        inner = {_lone_folder(tree, prefix): split for prefix, split in prefixes.items()}
        if None not in inner:  # one folder around the classes of each split
            prefixes = {str(prefix): split for prefix, split in inner.items()}
    _check_levels(tree, prefixes, data)
    return prefixes


def split_of_words(name: str) -> Split | None:
    """The split that one of the words of a name stands for ("imagenet-train"); None if none does, or several do."""
    found = {split for split, _ in _split_words(name)}
    return found.pop() if len(found) == 1 else None


def _split_of(name: str) -> Split | None:
    return next((split for split, rest in _split_words(name) if not rest), None)


def _split_words(name: str) -> Iterator[tuple[Split, str]]:
    """The split that a name stands for ("Training Set", "train2017", "seg_train"), and its other words ("seg")."""
    words = [word for word in re.findall(r"[^\W\d_]+", name.casefold()) if not _FILLER.fullmatch(word)]
    words = [_FILLER_END.sub("", word) if _FILLER_END.sub("", word) in SPLIT_WORDS else word for word in words]
    if (whole := "".join(words)) in SPLIT_WORDS:  # "hold-out"
        yield SPLIT_WORDS[whole], ""
    elif len(found := [word for word in words if word in SPLIT_WORDS]) == 1:
        yield SPLIT_WORDS[found[0]], " ".join(word for word in words if word not in SPLIT_WORDS)


def _splits_in(names: Iterable[str]) -> dict[str, Split]:
    """Which of these folders are splits; a name with other words is one only if another split has the same words."""
    candidates = {name: found for name in sorted(names) for found in _split_words(name)}
    of_rest: dict[str, set[Split]] = defaultdict(set)
    for split, rest in candidates.values():
        of_rest[rest].add(split)
    return {name: split for name, (split, rest) in candidates.items() if not rest or len(of_rest[rest]) > 1}


def _check_splits(tree: _Tree, wrapper: str, splits: Mapping[str, Split], data: str) -> None:
    """Raise `DataError` for two folders of one split, and for one that may be a class beside other classes."""
    for split in sorted(set(splits.values())):
        same = [name for name in splits if splits[name] == split]
        if len(same) > 1:
            raise DataError(
                f"{data} contains {quote_names(same)}, which are the same split ({split}): keep one, or merge them"
            )
    if len(splits) > 1:
        return
    (name,) = splits
    inner = tree.filled[f"{wrapper}{name}/"]
    others = sorted(tree.filled[wrapper] - {name})
    if beside := [other for other in others if not tree.filled[f"{wrapper}{other}/"] & inner]:
        raise DataError(
            f"{data}: is '{name}' a split or a class? It contains the folders {quote_names(sorted(inner))}, but there "
            f"are also pictures in {quote_names(beside)}. If all of these are classes, type "
            f"{_typed(data, wrapper.count('/') + 1)}; if '{name}' is a split, move the others away"
        )


def _check_levels(tree: _Tree, prefixes: _Prefixes, data: str) -> None:
    """Raise `DataError` if all pictures are in folders inside the class folders, which may then be the classes."""
    upper = [f"{prefix}{name}/" for prefix in prefixes for name in sorted(tree.filled[prefix])]
    lower = {folder: tree.filled[folder] for folder in upper}
    names = sorted({name for inner in lower.values() for name in inner})
    if any(tree.direct[folder] for folder in upper) or len(names) < 2:
        return
    levels = upper[0].count("/")
    shown = ", ".join(f"{folder}{name}" for folder, inner in list(lower.items())[:3] for name in sorted(inner)[:2])
    if all(map(_split_of, names)):
        raise DataError(
            f"{data}: the splits are inside the class folders ({shown}), which is not supported. Move them up, as in "
            f"{names[0]}/CLASS; or, to use all pictures of a class together, type {_typed(data, levels)}"
        )
    classes = sorted(_classes(tree, prefixes))
    raise DataError(
        f"{data}: folders are nested ({shown}). If the classes are the upper ones, {quote_names(classes)}, "
        f"type {_typed(data, levels)}; if they are the lower ones, {quote_names(names)}, "
        f"type {_typed(data, levels + 1)}"
    )


def _typed(data: str, levels: int) -> str:
    """DATA with the level of the class folders, quoted for the shell."""
    return f"'{data}{'/*' * levels}' instead of {data}, with the quotes"
