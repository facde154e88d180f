"""How names of files become splits and classes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.dataset import Ignored, Layout, classify_names
from googlenet.errors import DataError


def placed(layout: Layout) -> dict[str, dict[str, str]]:
    """Name -> class of each split."""
    return {split: {item.name: layout.classes[item.label] for item in items} for split, items in layout.splits.items()}


def classify(*names: str) -> Layout:
    return classify_names(names, data="pets")


def test_class_folders_alone_are_no_split() -> None:
    layout = classify("dog/2.jpg", "cat/1.jpg")
    assert layout.classes == ("cat", "dog")
    assert placed(layout) == {"all": {"cat/1.jpg": "cat", "dog/2.jpg": "dog"}}
    assert layout.ignored == Ignored()
    assert layout.ignored.sentence() is None


@pytest.mark.parametrize("folder", ["val", "validation", "valid", "Valid"])
def test_split_folders_are_recognised(folder: str) -> None:
    layout = classify("train/cat/1.jpg", f"{folder}/cat/1.jpg", "test/dog/1.jpg")
    assert placed(layout) == {
        "train": {"train/cat/1.jpg": "cat"},
        "val": {f"{folder}/cat/1.jpg": "cat"},
        "test": {"test/dog/1.jpg": "dog"},
    }
    assert layout.classes == ("cat", "dog")


def test_pictures_in_folders_below_a_class_belong_to_it() -> None:
    assert placed(classify("cat/a/b/1.jpg", "dog/2.jpg"))["all"]["cat/a/b/1.jpg"] == "cat"
    assert placed(classify("train/cat/a/1.jpg", "val/cat/1.jpg"))["train"] == {"train/cat/a/1.jpg": "cat"}


def test_train_may_be_the_name_of_a_class() -> None:
    assert classify("train/1.jpg", "car/2.jpg").classes == ("car", "train")


def test_the_order_is_that_of_the_names() -> None:
    names = [item.name for item in classify("b/2.jpg", "a/10.jpg", "a/1.jpg", "a-b/1.jpg").splits["all"]]
    assert names == ["a-b/1.jpg", "a/1.jpg", "a/10.jpg", "b/2.jpg"]


def test_known_suffixes_are_pictures_in_any_case() -> None:
    suffixes: tuple[str, ...] = ("jpg", "JPG", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "TIFF", "ppm")
    suffixes += ("pgm", "pnm", "pbm", "avif", "heic", "HEIF")
    assert len(classify(*(f"cat/1.{suffix}" for suffix in suffixes), "cat/1.jp2").splits["all"]) == len(suffixes)


def test_what_is_ignored_is_counted_and_told() -> None:
    layout = classify_names(
        [
            "cat/1.jpg",
            "cat/.ipynb_checkpoints/1-checkpoint.jpg",
            "cat/.ipynb_checkpoints/2-checkpoint.jpg",
            "__MACOSX/cat/._1.jpg",
            "cat/Thumbs.db",
            "dog/desktop.ini",
            "dog/notes.txt",
            "dog/1.jpg",
            "cover.png",
        ],
        folders=["cat", "dog", ".git"],
        links=["cat/latest.jpg"],
        data="pets",
    )
    assert layout.classes == ("cat", "dog")
    assert layout.ignored == Ignored(5, ((".txt", 1),), 1, 1, (".git", "__MACOSX", "cat/.ipynb_checkpoints"))
    assert layout.ignored.sentence() == (
        "ignored 5 hidden, 1 picture outside the class folders, 1 link or special file, "
        "1 file that is not a picture: .txt 1 (such as .git, __MACOSX, cat/.ipynb_checkpoints)"
    )


def test_beside_splits_loose_pictures_and_other_folders_are_ignored() -> None:
    layout = classify("train/cat/1.jpg", "train/1.jpg", "extra/cat/1.jpg", "1.jpg", "README.md")
    assert placed(layout) == {"train": {"train/cat/1.jpg": "cat"}}
    assert (layout.ignored.loose, layout.ignored.not_pictures) == (3, ((".md", 1),))


def test_no_pictures_tells_what_was_found_and_expected() -> None:
    with pytest.raises(DataError) as caught:
        classify("1.jpg", "2.jpg", "notes.txt")
    assert str(caught.value) == (
        "pets holds no pictures that belong to a class; ignored 2 pictures outside the class folders, "
        "1 file that is not a picture: .txt 1 (such as notes.txt, 1.jpg, 2.jpg); "
        "expected DATA/CLASS/picture.jpg, or DATA/train/CLASS/picture.jpg beside DATA/val/CLASS/picture.jpg"
    )


def test_splits_without_class_folders_are_not_taken_for_classes() -> None:
    with pytest.raises(DataError, match="pets holds no pictures that belong to a class; ignored 2 pictures outside"):
        classify("train/1.jpg", "val/2.jpg")


def test_nothing_at_all_is_an_error_too() -> None:
    with pytest.raises(DataError, match="pets holds no pictures that belong to a class; expected"):
        classify()


def test_an_empty_class_folder_is_named() -> None:
    with pytest.raises(DataError, match=r"pets: no pictures in the class folder\(s\) 'cow', 'owl': add some or remove"):
        classify_names(["cat/1.jpg", "owl/1.jp2"], folders=["cat", "cow"], data="pets")
    with pytest.raises(DataError, match="'cow'"):
        classify_names(["train/cat/1.jpg"], folders=["train", "train/cat", "train/cow"], data="pets")


def test_many_empty_class_folders_are_shortened() -> None:
    with pytest.raises(DataError, match="'0', '1', '2', '3', '4' and 4 more"):
        classify_names(["cat/1.jpg"], folders=list("012345678"), data="pets")


def test_a_class_folder_may_be_empty_in_one_split() -> None:
    layout = classify_names(["train/cat/1.jpg"], folders=["train/cat", "val", "val/cat"], data="pets")
    assert layout.classes == ("cat",)
    assert list(layout.splits) == ["train"]


def test_two_folders_for_one_split_are_refused() -> None:
    with pytest.raises(DataError, match="pets holds Valid, train, val: two of them mean the same split, keep one"):
        classify("train/cat/1.jpg", "val/cat/1.jpg", "Valid/cat/1.jpg")


part = st.sampled_from(["train", "val", "valid", "test", "cat", "dog", ".git", "Thumbs.db", "1.jpg", "2.PNG", "a.txt"])
names = st.lists(st.lists(part, min_size=1, max_size=4).map("/".join), max_size=12, unique=True)


@given(names, st.randoms())
def test_every_name_is_placed_once_or_counted_whatever_the_order(names: list[str], random: object) -> None:
    try:
        layout = classify_names(names, data="pets")
    except DataError:
        return
    found = [item.name for items in layout.splits.values() for item in items]
    assert len(found) == len(set(found))
    assert set(found) <= set(names)
    ignored = layout.ignored
    hidden = [name for name in names if ".git" in name.split("/") or "Thumbs.db" in name.split("/")]
    assert len(found) + sum(count for _, count in ignored.not_pictures) + ignored.loose + len(hidden) == len(names)
    assert ignored.hidden <= len(hidden)
    assert all(items for items in layout.splits.values())
    assert {item.label for items in layout.splits.values() for item in items} == set(range(len(layout.classes)))
    shuffled = list(names)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert classify_names(shuffled, data="pets") == layout
