"""Walks a user's folders, in the same way for every command: finds pictures by name, and skips other files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from googlenet.images import PICTURE_SUFFIXES

EntryKind = Literal["file", "folder", "link", "closed"]

LINKS_DEEP = 3
"""The most links to folders in one path: folders that link to each other have a path for every order of them."""

_HIDDEN = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_EXAMPLES = 3
_SUFFIXES_SHOWN = 5
_LONGEST_SUFFIX = 10  # characters; longer ones are not suffixes


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry below a folder: `name` is its path relative to the folder ("train/cat/1.jpg").

    A "link" leads back or crosses too many links, or is a special file without a picture's suffix; a "closed" folder
    cannot be listed, for the reason `error`.
    """

    kind: EntryKind
    name: str
    error: OSError | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """How many files were ignored, and why; a hidden folder counts once, whatever it contains.

    `not_pictures`: (suffix, files), the most frequent first.
    """

    hidden: int = 0
    not_pictures: tuple[tuple[str, int], ...] = ()
    loose: int = 0
    links: int = 0
    examples: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        hidden: Sequence[str] = (),
        not_pictures: Sequence[str] = (),
        loose: Sequence[str] = (),
        links: Sequence[str] = (),
    ) -> Ignored:
        """Count names."""
        suffixes = Counter(map(_suffix, sorted(not_pictures)))
        examples = [name for names in (hidden, not_pictures, loose, links) for name in sorted(names)[:_EXAMPLES]]
        return cls(len(hidden), tuple(suffixes.most_common()), len(loose), len(links), tuple(examples[:_EXAMPLES]))

    def sentence(self) -> str | None:
        """A sentence for the user about what was ignored; None if nothing was."""
        others = sum(count for _, count in self.not_pictures)
        kinds = (
            (self.hidden, "hidden file or folder", "hidden files or folders"),
            (self.loose, "picture outside the class folders", "pictures outside the class folders"),
            (self.links, "link or special file", "links or special files"),
            (others, "file that is not a picture", "files that are not pictures"),
        )
        parts = [f"{count:,} {one if count == 1 else many}" for count, one, many in kinds if count]
        if not parts:
            return None
        shown = self.not_pictures[:_SUFFIXES_SHOWN]
        suffixes = [f"{suffix or 'no suffix'} {count:,}" for suffix, count in shown]
        suffixes += ["..."] if len(self.not_pictures) > len(shown) else []
        listed = f": {', '.join(suffixes)}" if suffixes else ""
        return f"ignored {', '.join(parts)}{listed} (such as {', '.join(self.examples)})"


def is_hidden(part: str) -> bool:
    """Whether a file or folder of this name was created by a system or tool, not by the user."""
    return part.startswith(".") or part.lower() in _HIDDEN


def is_picture_name(name: str) -> bool:
    """Whether a file's name has the suffix of a picture."""
    return name.lower().endswith(PICTURE_SUFFIXES)


def walk_folder(root: str | Path) -> Iterator[Entry]:
    """Yield the entries below `root`: a folder's files in order, then each of its folders with its contents.

    Linked folders are followed, except back to a folder that contains them; hidden folders are yielded but not entered.
    Anything with a picture's suffix is a "file", also a broken link or a device: reading it gives the reason it is bad.
    """
    waiting = [("", frozenset({os.path.realpath(root)}), os.path.realpath(root), 0)]
    while waiting:
        above, ancestors, real_above, links = waiting.pop()
        try:
            with os.scandir(os.path.join(root, above)) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield Entry("closed", above.rstrip("/"), error)
            continue
        for entry in entries:
            if not _is_true(entry.is_dir):
                is_file = is_picture_name(entry.name) or _is_true(entry.is_file)
                yield Entry("file" if is_file else "link", above + entry.name)
        below = []
        for entry in entries:
            if not _is_true(entry.is_dir):
                continue
            name = above + entry.name
            is_link = _is_link(entry)
            real = os.path.realpath(entry.path) if is_link else os.path.join(real_above, entry.name)
            if real in ancestors or links + is_link > LINKS_DEEP:
                yield Entry("link", name)
                continue
            yield Entry("folder", name)
            if not is_hidden(entry.name):
                below.append((f"{name}/", ancestors | {real}, real, links + is_link))
        waiting.extend(reversed(below))


def find_pictures(folder: str, left_out: dict[str, list[str]]) -> Iterator[str]:
    """Yield the paths of the pictures below `folder`, and of folders that cannot be listed, which fail as pictures do.

    The paths of other files are added to `left_out`, for `Ignored.of`.
    """
    for entry in walk_folder(folder):
        path = os.path.join(folder, entry.name)
        if entry.kind == "closed" or (entry.kind == "file" and _is_shown_picture(entry.name)):
            yield path
        elif is_hidden(os.path.basename(entry.name)):
            left_out.setdefault("hidden", []).append(path)
        elif entry.kind != "folder":
            left_out.setdefault("links" if entry.kind == "link" else "not_pictures", []).append(path)


def find_folders(folder: str) -> Iterator[str]:
    """Yield the paths of the folders below `folder` ("" for the current one) that are not hidden."""
    for entry in walk_folder(folder or os.curdir):
        if entry.kind == "folder" and not is_hidden(os.path.basename(entry.name)):
            yield os.path.join(folder, entry.name)


def _is_shown_picture(name: str) -> bool:
    return is_picture_name(name) and not is_hidden(os.path.basename(name))


def _is_link(entry: os.DirEntry[str]) -> bool:
    junction = getattr(entry, "is_junction", None)  # on Windows, since Python 3.12
    return entry.is_symlink() or (junction is not None and junction())


def _is_true(question: Callable[[], bool]) -> bool:
    """Call `entry.is_dir` or the like; False for a link in a loop, or one whose target is not accessible."""
    try:
        return question()
    except OSError:
        return False


def _suffix(name: str) -> str:
    suffix = os.path.splitext(name)[1].lower()
    return suffix if len(suffix) <= _LONGEST_SUFFIX else "..."
