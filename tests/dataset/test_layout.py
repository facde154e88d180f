"""How names of files become splits and classes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.dataset import Ignored, Layout, LayoutHint, classify_names
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


@pytest.mark.parametrize(
    "folder",
    ["val", "validation", "valid", "Valid", "dev", "VAL", "val_set", "Validation Set", "valid-images", "val2017"],
)
def test_split_folders_are_recognised(folder: str) -> None:
    layout = classify("train/cat/1.jpg", f"{folder}/cat/1.jpg", "test/dog/1.jpg")
    assert placed(layout) == {
        "train": {"train/cat/1.jpg": "cat"},
        "val": {f"{folder}/cat/1.jpg": "cat"},
        "test": {"test/dog/1.jpg": "dog"},
    }
    assert layout.classes == ("cat", "dog")


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Training", "Testing"),
        ("train", "holdout"),
        ("TRAIN", "eval"),
        ("trainset", "testset"),
        ("train_data", "Hold-Out"),
        ("training_images", "test_images"),
        ("seg_train", "seg_test"),
        ("train-flowers", "test-flowers"),
        ("train2017", "test2017"),
    ],
)
def test_splits_have_many_names(train: str, test: str) -> None:
    layout = classify(f"{train}/cat/1.jpg", f"{train}/dog/1.jpg", f"{test}/cat/1.jpg")
    assert layout.classes == ("cat", "dog")
    assert {split: len(items) for split, items in layout.splits.items()} == {"test": 1, "train": 2}


@pytest.mark.parametrize("name", ["test_tube", "train_station", "evaluations of art", "validator", "contest", "strain"])
def test_a_class_whose_name_holds_the_word_of_a_split_is_a_class(name: str) -> None:
    assert classify(f"{name}/1.jpg", f"{name}/a/2.jpg", "b/1.jpg").classes == tuple(sorted((name, "b")))


def test_a_folder_around_the_classes_of_each_split_is_looked_through() -> None:
    """As in the widely used set of scenes by Intel, which has seg_pred/ beside them."""
    names = [f"seg_{split}/seg_{split}/{kind}/1.jpg" for split in ("train", "test") for kind in ("sea", "street")]
    layout = classify(*names, "seg_pred/seg_pred/1.jpg")
    assert layout.classes == ("sea", "street")
    assert {split: len(items) for split, items in layout.splits.items()} == {"test": 2, "train": 2}
    assert layout.ignored.loose == 1


@pytest.mark.parametrize("wrapper", ["mydata", "a/b", "test"])
def test_a_folder_around_all_is_left_out_of_the_names(wrapper: str) -> None:
    layout = classify(f"{wrapper}/train/cat/1.jpg", f"{wrapper}/val/cat/1.jpg", "README.md", "__MACOSX/x/._1.jpg")
    assert layout.wrapper == f"{wrapper}/"
    assert placed(layout) == {"train": {"train/cat/1.jpg": "cat"}, "val": {"val/cat/1.jpg": "cat"}}


@pytest.mark.parametrize(
    ("names", "upper", "lower"),
    [
        (("animals/cat/1.jpg", "plants/rose/1.jpg"), 1, ("cat", "rose")),
        (("animals/cat/1.jpg", "animals/dog/1.jpg", "plants/rose/1.jpg"), 1, ("cat", "dog", "rose")),
        (("site1/cat/1.jpg", "site1/dog/1.jpg", "site2/cat/1.jpg"), 1, ("cat", "dog")),
        (("x/animals/cat/1.jpg", "x/plants/rose/1.jpg"), 2, ("cat", "rose")),
        (("train/animals/cat/1.jpg", "train/plants/rose/1.jpg", "val/animals/cat/1.jpg"), 2, ("cat", "rose")),
    ],
)
def test_nested_classes_are_asked_about_and_stars_answer(
    names: tuple[str, ...], upper: int, lower: tuple[str, ...]
) -> None:
    with pytest.raises(DataError) as caught:
        classify(*names)
    said = str(caught.value)
    assert f"'pets{'/*' * upper}'" in said
    assert f"'pets{'/*' * (upper + 1)}'" in said
    layouts = [classify_names(names, data="pets", hint=LayoutHint(levels)) for levels in (upper, upper + 1)]
    assert layouts[1].classes == lower
    assert not set(layouts[0].classes) & set(lower)
    assert all(sum(map(len, layout.splits.values())) == len(names) for layout in layouts)
    assert ("val" in layouts[1].splits) == any(name.startswith("val") for name in names)


def test_folders_of_one_name_in_each_class_are_no_classes() -> None:
    assert classify("cat/images/1.jpg", "dog/images/1.jpg").classes == ("cat", "dog")


def test_splits_inside_the_classes_are_not_mixed() -> None:
    with pytest.raises(DataError, match=r"the splits are inside the class folders \(cat/test, cat/train, dog/train\)"):
        classify("cat/train/1.jpg", "cat/test/1.jpg", "dog/train/1.jpg")


def test_a_folder_that_may_be_a_split_or_a_class_is_asked_about() -> None:
    names = ("train/steam/1.jpg", "train/electric/1.jpg", "car/1.jpg", "bus/1.jpg")
    with pytest.raises(DataError) as caught:
        classify(*names)
    assert str(caught.value) == (
        "pets: is 'train' a split or a class? It contains the folders 'electric', 'steam', but there are also pictures "
        "in 'bus', 'car'. If all of these are classes, type 'pets/*' instead of pets, with the quotes; if 'train' is a "
        "split, move the others away"
    )
    assert classify_names(names, data="pets", hint=LayoutHint(1)).classes == ("bus", "car", "train")


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
        "ignored 5 hidden files or folders, 1 picture outside the class folders, 1 link or special file, "
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
        "pets contains no pictures in class folders; ignored 2 pictures outside the class folders, "
        "1 file that is not a picture: .txt 1 (such as notes.txt, 1.jpg, 2.jpg); "
        "expected DATA/CLASS/picture.jpg, or DATA/train/CLASS/picture.jpg and DATA/val/CLASS/picture.jpg"
    )


def test_splits_without_class_folders_are_not_taken_for_classes() -> None:
    with pytest.raises(DataError, match="pets contains no pictures in class folders; ignored 2 pictures outside") as no:
        classify("train/1.jpg", "val/2.jpg")
    assert "if 'train', 'val' are classes, type 'pets/*'" in str(no.value)
    assert classify_names(["train/1.jpg", "val/2.jpg"], data="pets", hint=LayoutHint(1)).classes == ("train", "val")


def test_nothing_at_all_is_an_error_too() -> None:
    with pytest.raises(DataError, match="pets contains no pictures in class folders; expected"):
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
    with pytest.raises(DataError, match=r"pets contains 'Valid', 'val', which are the same split \(val\): keep one"):
        classify("train/cat/1.jpg", "val/cat/1.jpg", "Valid/cat/1.jpg")


part = st.sampled_from(
    ["train", "val", "Testing", "seg_train", "test", "cat", "dog", ".git", "Thumbs.db", "1.jpg", "2.PNG", "a.txt"]
)
names = st.lists(st.lists(part, min_size=1, max_size=4).map("/".join), max_size=12, unique=True)


@given(names, st.randoms())
def test_every_name_is_placed_once_or_counted_whatever_the_order(names: list[str], random: object) -> None:
    try:
        layout = classify_names(names, data="pets")
    except DataError:
        return
    found = [item.name for items in layout.splits.values() for item in items]
    assert len(found) == len(set(found))
    assert {f"{layout.wrapper}{name}" for name in found} <= set(names)
    ignored = layout.ignored
    hidden = [name for name in names if ".git" in name.split("/") or "Thumbs.db" in name.split("/")]
    assert len(found) + sum(count for _, count in ignored.not_pictures) + ignored.loose + len(hidden) == len(names)
    assert ignored.hidden <= len(hidden)
    assert all(items for items in layout.splits.values())
    assert {item.label for items in layout.splits.values() for item in items} == set(range(len(layout.classes)))
    shuffled = list(names)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert classify_names(shuffled, data="pets") == layout
