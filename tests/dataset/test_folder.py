"""Folders of pictures as users have them."""

from __future__ import annotations

import inspect
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from googlenet.dataset import Samples, find_pictures, open_dataset, read_folder
from googlenet.errors import InputError
from googlenet.images import BadImage

MakeFolder = Callable[..., Path]


def names(root: Path) -> list[str]:
    return [item.name for items in read_folder(root)[0].splits.values() for item in items]


def samples(root: Path) -> Samples:
    return open_dataset(root, split_rule=None).splits["all"]


def test_pictures_are_found_and_read(make_folder: MakeFolder) -> None:
    found = samples(make_folder("cat/1.png", "dog/b/2.PNG", "dog/1.png"))
    assert [item.name for item in found.items] == ["cat/1.png", "dog/1.png", "dog/b/2.PNG"]
    assert found.labels.tolist() == [0, 1, 1]
    assert found.labels.dtype == np.int64
    assert found.counts == {"cat": 1, "dog": 2}
    assert len(found) == 3
    image = found.decode(1)
    assert not isinstance(image, BadImage)
    assert (image == 2).all()
    assert image.shape == (4, 6, 3)
    small = found.decode(1, shortest_side=2)
    assert not isinstance(small, BadImage)
    assert small.shape == (2, 3, 3)


def test_selecting_keeps_classes_and_order(make_folder: MakeFolder) -> None:
    found = samples(make_folder("cat/1.png", "dog/1.png")).select([1])
    assert found.counts == {"cat": 0, "dog": 1}


def test_hidden_folders_are_not_entered_and_not_classes(make_folder: MakeFolder) -> None:
    layout, _ = read_folder(make_folder("cat/1.png", ".cache/1.png", ".cache/deep/2.png", "cat/.x.png"))
    assert layout.classes == ("cat",)
    assert layout.ignored.hidden == 2


def test_a_linked_folder_counts(make_folder: MakeFolder) -> None:
    root, other = make_folder("cat/1.png"), make_folder("1.png", root="elsewhere")
    (root / "dog").symlink_to(other, target_is_directory=True)
    (root / "cat" / "2.png").symlink_to(other / "1.png")
    assert names(root) == ["cat/1.png", "cat/2.png", "dog/1.png"]


def test_links_in_a_circle_and_special_files_are_ignored(make_folder: MakeFolder) -> None:
    root = make_folder("cat/1.png")
    (root / "cat" / "again").symlink_to(root, target_is_directory=True)
    (root / "cat" / "self").symlink_to(root / "cat", target_is_directory=True)
    (root / "cat" / "itself").symlink_to(root / "cat" / "itself")
    os.mkfifo(root / "cat" / "pipe")
    layout, _ = read_folder(root)
    assert names(root) == ["cat/1.png"]
    assert layout.ignored.links == 4


def test_what_has_a_pictures_name_and_is_no_file_is_a_bad_picture(make_folder: MakeFolder) -> None:
    root = make_folder("cat/1.png")
    (root / "cat" / "2.png").symlink_to(root / "nothing.png")
    (root / "cat" / "3.png").symlink_to("/dev/zero")
    os.mkfifo(root / "cat" / "4.png")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "cat" / "5.png"))
    (root / "cat" / "6.png").write_bytes(png := (root / "cat" / "1.png").read_bytes())
    os.truncate(root / "cat" / "6.png", 40 * 10**9)  # sparse: it takes no room
    (root / "cat" / "7.png").write_bytes(b"")
    os.truncate(root / "cat" / "7.png", 40 * 10**9)
    (root / "cat" / "8.png").symlink_to("8.png")
    found = samples(root)
    assert len(png) < 1000
    assert [found.decode(index) for index in range(1, 8)] == [
        BadImage("cannot be read (No such file or directory)"),
        BadImage("cannot be read (a device, not a regular file)"),
        BadImage("cannot be read (a named pipe, not a regular file)"),
        BadImage("cannot be read (a socket, not a regular file)"),
        BadImage("too large: a file of 40.0 GB, the limit is 1.1 GB"),
        BadImage("not a picture"),
        BadImage("cannot be read (Too many levels of symbolic links)"),
    ]


def test_folders_that_link_to_each_other_come_to_an_end(make_folder: MakeFolder) -> None:
    root = make_folder(*(f"{one}/1.png" for one in "abcde"))
    for one in "abcde":
        for other in "abcde":
            (root / one / f"to_{other}").symlink_to(root / other, target_is_directory=True)
    found = samples(root)
    assert found.counts["a"] == 1 + 4 + 4 * 3 + 4 * 3 * 2  # a path crosses three links at most


def test_the_depth_of_folders_is_not_that_of_the_interpreters_stack(make_folder: MakeFolder) -> None:
    root = make_folder(f"cat/{'a/' * 99}1.png")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 60)
    try:
        found = list(find_pictures(str(root), {}))
    finally:
        sys.setrecursionlimit(before)
    assert found == [f"{root}/cat/{'a/' * 99}1.png"]


def test_a_vanished_file_is_a_bad_picture(make_folder: MakeFolder) -> None:
    root = make_folder("cat/1.png")
    found = samples(root)
    (root / "cat/1.png").unlink()
    assert found.decode(0) == BadImage("cannot be read (No such file or directory)")


def test_an_empty_file_is_a_bad_picture(make_folder: MakeFolder) -> None:
    root = make_folder("cat/1.png")
    (root / "cat/1.png").write_bytes(b"")
    assert samples(root).decode(0) == BadImage("empty file")


def test_a_name_that_is_not_utf8_is_read_and_split(make_folder: MakeFolder) -> None:
    root = make_folder("cat/1.png", "dog/1.png", "dog/2.png")
    try:
        os.rename(root / "cat/1.png", os.fsencode(root) + b"/cat/\xff.png")
    except OSError:
        pytest.skip("this file system stores UTF-8 names only")
    (root / "cat/2.png").write_bytes((root / "dog/1.png").read_bytes())
    dataset = open_dataset(root)
    assert all(not isinstance(s.decode(i), BadImage) for s in dataset.splits.values() for i in range(len(s)))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_named(make_folder: MakeFolder) -> None:
    root = make_folder("cat/1.png")
    (root / "cat").chmod(0)
    with pytest.raises(InputError, match="cat cannot be read: Permission denied"):
        read_folder(root)
    (root / "cat").chmod(0o700)


def test_a_folder_that_vanishes_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone cannot be read: No such file or directory"):
        read_folder(tmp_path / "gone")
