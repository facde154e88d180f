"""`exclude.txt`, and datasets without the pictures that it lists."""

from __future__ import annotations

from pathlib import Path

import pytest

from googlenet.dataset import (
    Dataset,
    ExcludeSection,
    check_for_training,
    describe_exclusion,
    open_dataset,
    read_exclude,
    write_exclude,
)
from googlenet.errors import DataError, InputError
from tests.dataset.conftest import MakeFolder

HOSTILE = (
    "cat/1.jpg",
    "cat/# not a comment.jpg",
    "# not a comment/1.jpg",
    " spaces around .jpg ",
    '"quoted".jpg',
    "cat/line\nbreak.jpg",
    "cat/\x1b[2J.jpg",
    "cat/\udcff not UTF-8.jpg",
    "cat/\u2028 \u202e.jpg",
    "./cat/2.jpg",
    "고양이/사진 1.jpg",
)


def named(dataset: Dataset) -> dict[str, list[str]]:
    return {split: [item.name for item in samples.items] for split, samples in dataset.splits.items()}


def test_names_are_read_without_comments_blank_lines_and_spaces(tmp_path: Path) -> None:
    file = tmp_path / "exclude.txt"
    file.write_bytes("\ufeff# bad ones\r\n\r\n  cat/1.jpg \r\n./cat/2.jpg\n#cat/3.jpg\n\ncat/a b.jpg".encode())
    assert read_exclude(file) == {"cat/1.jpg", "cat/2.jpg", "cat/a b.jpg"}


def test_names_that_are_not_utf8_are_read_as_a_folder_gives_them(tmp_path: Path) -> None:
    (tmp_path / "exclude.txt").write_bytes(b"cat/\xe9.jpg\n")
    assert read_exclude(tmp_path / "exclude.txt") == {"cat/\udce9.jpg"}


def test_every_name_that_is_written_is_read_back(tmp_path: Path) -> None:
    write_exclude(
        tmp_path / "exclude.txt", [ExcludeSection("bad", HOSTILE), ExcludeSection("maybe", ("cat/9.jpg",), True)]
    )
    assert read_exclude(tmp_path / "exclude.txt") == set(HOSTILE)
    assert "\n# cat/9.jpg\n" in (tmp_path / "exclude.txt").read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "cannot read .*exclude.txt: No such file"), (b'cat/1.jpg\n"cat/2.jpg', "exclude.txt, line 2: a name that")],
)
def test_a_file_that_cannot_be_used_is_an_error_in_a_sentence(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "exclude.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_exclude(tmp_path / "exclude.txt")


def test_no_other_picture_moves_to_another_split(make_folder: MakeFolder) -> None:
    folder = make_folder(*(f"{pet}/{number}.png" for pet in ("cat", "dog") for number in range(30)))
    whole = open_dataset(folder)
    out = {"cat/3.png", "dog/0.png", "dog/1.png"}
    rest = whole.without(out)
    assert named(rest) == {split: [one for one in names if one not in out] for split, names in named(whole).items()}
    assert rest.classes == whole.classes
    assert rest.fingerprint == whole.fingerprint


def test_a_split_without_pictures_is_omitted_and_a_dataset_without_any_is_an_error(make_folder: MakeFolder) -> None:
    dataset = open_dataset(make_folder("train/cat/1.png", "train/dog/1.png", "val/cat/2.png"))
    assert set(dataset.without({"val/cat/2.png"}).splits) == {"train"}
    with pytest.raises(DataError, match="all pictures of pets are excluded"):
        dataset.without(dataset.names)


def test_a_class_whose_held_back_pictures_are_all_excluded_is_named_with_the_reason(make_folder: MakeFolder) -> None:
    dataset = open_dataset(make_folder(*(f"{pet}/{number}.png" for pet in ("cat", "dog") for number in range(5))))
    held = {name for name in named(dataset)["val"] if name.startswith("cat/")}
    with pytest.raises(
        DataError, match=r"'cat' has no pictures in val/ but excluded ones: exclude fewer, .*split-seed"
    ):
        check_for_training(dataset.without(held))


def test_names_that_are_not_in_the_data_are_said(make_folder: MakeFolder) -> None:
    dataset = open_dataset(make_folder("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"))
    names = {"cat/1.png", "cat/gone.png"}
    assert len(dataset.without(names).names) == 3
    assert describe_exclusion(dataset, names) == (
        "excluded 1 of 4 pictures; 1 listed name is not in pets: 'cat/gone.png'"
    )
    assert describe_exclusion(dataset, {"cat/1.png"}) == "excluded 1 of 4 pictures"
    with pytest.raises(
        DataError, match=r"not in pets: '/home/cat/1.png', 'x'; names must be relative to DATA, such as"
    ):
        dataset.without({"/home/cat/1.png", "x"})
