"""What users call DATA, and what training asks of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from googlenet.dataset import EMBEDDED, Dataset, Source, SplitRule, check_for_training, open_dataset, relabel
from googlenet.errors import DataError, InputError, MissingExtraError
from googlenet.images import BadImage, Enough, Rgb

MakeFolder = Callable[..., Path]
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def sizes(dataset: Dataset) -> dict[str, int]:
    return {split: len(samples) for split, samples in dataset.splits.items()}


def many(*folders: str) -> list[str]:
    return [f"{folder}/{number}.png" for folder in folders for number in range(10)]


def test_folders_give_the_splits(make_folder: MakeFolder) -> None:
    dataset = open_dataset(make_folder("train/cat/1.png", "valid/cat/2.png", "test/cat/3.png"))
    assert sizes(dataset) == {"train": 1, "val": 1, "test": 1}
    assert dataset.split_rule is None
    assert dataset.name == "pets"


def test_without_split_folders_the_rule_holds_pictures_back(make_folder: MakeFolder) -> None:
    root = make_folder(*many("cat", "dog"))
    dataset = open_dataset(root, split_rule=SplitRule(3, 0.5))
    assert set(dataset.splits) == {"train", "val"}
    assert sum(sizes(dataset).values()) == 20
    assert dataset.split_rule == SplitRule(3, 0.5)
    whole = open_dataset(root, split_rule=None)
    assert sizes(whole) == {"all": 20}
    assert whole.split_rule is None
    assert whole.fingerprint == dataset.fingerprint


def test_without_val_the_rule_takes_it_from_train(make_folder: MakeFolder) -> None:
    root = make_folder(*many("train/cat", "train/dog"), "test/cat/1.png")
    dataset = open_dataset(root)
    assert set(dataset.splits) == {"train", "val", "test"}
    assert dataset.split_rule == SplitRule(0, 0.2)
    assert len(dataset.splits["train"]) + len(dataset.splits["val"]) == 20
    assert len(dataset.splits["test"]) == 1
    assert sizes(open_dataset(root, split_rule=None)) == {"train": 20, "test": 1}


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_lone_val_or_test_is_fine(make_folder: MakeFolder, split: str) -> None:
    dataset = open_dataset(make_folder(f"{split}/cat/1.png"))
    assert sizes(dataset) == {split: 1}
    assert dataset.split_rule is None


def test_names_decide_the_fingerprint(make_folder: MakeFolder) -> None:
    one, other = (
        open_dataset(make_folder("cat/1.png", name, root=name[:3]), split_rule=None)
        for name in ("dog/1.png", "owl/1.png")
    )
    assert len(one.fingerprint) == 64
    assert one.fingerprint != other.fingerprint


def test_ready_data_passes_the_check(make_folder: MakeFolder) -> None:
    check_for_training(open_dataset(make_folder(*many("cat", "dog"))))


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (many("cat"), "pets has only the class 'cat': training needs at least 2"),
        (many("train/cat", "train/dog", "val/dog"), "pets: class 'cat' has no pictures in val/"),
        (many("train/dog", "val/cat", "val/dog"), "pets: class 'cat' has no pictures in train/"),
        (many("train/a", "train/b", "train/c", "val/b"), "pets: 2 classes 'a', 'c' have no pictures in val/"),
        (many("val/cat", "val/dog"), "pets has no pictures in train/, which training needs"),
    ],
)
def test_what_training_lacks_is_named(make_folder: MakeFolder, names: list[str], sentence: str) -> None:
    with pytest.raises(DataError) as caught:
        check_for_training(open_dataset(make_folder(*names)))
    assert str(caught.value) == sentence


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_class_of_which_no_picture_can_be_read_is_refused(make_folder: MakeFolder, split: str) -> None:
    root = make_folder(*many("train/cat", "train/dog", "val/cat", "val/dog"))
    for number in range(9):
        (root / split / "dog" / f"{number}.png").write_bytes(b"")
    check_for_training(open_dataset(root))
    (root / split / "dog" / "9.png").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        check_for_training(open_dataset(root))
    assert str(caught.value) == (
        f"none of the 10 pictures of the class 'dog' in {split} can be read (folder {split}/dog; 0.png: empty file): "
        "replace them, or remove the class"
    )


@dataclass
class NotedSource:
    """A source that notes which pictures are decoded."""

    source: Source
    decoded: list[str] = field(default_factory=list)

    def decode(
        self, name: str, shortest_side: int | None, enough: Enough | None = None, notes: list[str] | None = None
    ) -> Rgb | BadImage:
        self.decoded.append(name)
        return self.source.decode(name, shortest_side, enough)


def test_before_a_training_no_more_pictures_are_read_than_it_takes(make_folder: MakeFolder) -> None:
    root = make_folder(*many("train/cat", "train/dog", "val/cat", "val/dog"))
    (root / "val/dog/0.png").write_bytes(b"")
    dataset = open_dataset(root)
    noted = {split: NotedSource(samples.source) for split, samples in dataset.splits.items()}
    splits = {split: replace(samples, source=noted[split]) for split, samples in dataset.splits.items()}
    check_for_training(replace(dataset, splits=splits))
    assert sorted(noted["train"].decoded) == ["train/cat/0.png", "train/dog/0.png"]
    assert sorted(noted["val"].decoded) == ["val/cat/0.png", "val/dog/0.png", "val/dog/1.png"]


def test_training_without_a_rule_or_val_is_told(make_folder: MakeFolder) -> None:
    root = make_folder(*many("train/cat", "train/dog"))
    with pytest.raises(DataError, match="pets has no pictures in val/"):
        check_for_training(open_dataset(root, split_rule=None))


def test_labels_become_those_of_a_model(make_folder: MakeFolder) -> None:
    samples = open_dataset(make_folder("cat/1.png", "dog/1.png"), split_rule=None).splits["all"]
    again = relabel(samples, ["dog", "cow", "cat"])
    assert again.classes == ("dog", "cow", "cat")
    assert again.labels.tolist() == [2, 0]
    assert again.counts == {"dog": 1, "cow": 0, "cat": 1}
    assert np.array_equal(again.decode(1), samples.decode(1))  # type: ignore[arg-type]


def test_a_class_that_the_model_does_not_know_is_named(make_folder: MakeFolder) -> None:
    samples = open_dataset(make_folder("cat/1.png", "Dog/1.png"), split_rule=None).splits["all"]
    with pytest.raises(DataError) as caught:
        relabel(samples, ["cat", "dog", *map(str, range(998))])
    assert str(caught.value) == (
        "the model does not have the class(es) 'Dog' of these pictures; "
        "its 1,000 classes are 'cat', 'dog', '0', '1', '2' and 995 more; "
        "'Dog' and 'dog' differ only in case, spaces or invisible characters: give the folders the same name"
    )


CAFE_NFC, CAFE_NFD = "caf\u00e9", "cafe\u0301"


def test_names_in_two_forms_of_unicode_are_one_class(make_folder: MakeFolder) -> None:
    dataset = open_dataset(
        make_folder(f"train/{CAFE_NFD}/1.png", f"val/{CAFE_NFC}/2.png", "train/b/1.png", "val/b/2.png")
    )
    assert dataset.classes == ("b", CAFE_NFC)
    check_for_training(dataset)
    assert all(not isinstance(samples.decode(1), BadImage) for samples in dataset.splits.values())


def test_a_model_that_spells_a_class_in_the_other_form_knows_it(make_folder: MakeFolder) -> None:
    samples = open_dataset(make_folder(f"{CAFE_NFD}/1.png", "b/1.png"), split_rule=None).splits["all"]
    for spelt in (CAFE_NFC, CAFE_NFD):
        assert relabel(samples, [spelt, "b"]).labels.tolist() == [1, 0]


def test_a_class_name_in_another_form_holds_the_same_pictures_back_as_ever(make_folder: MakeFolder) -> None:
    """Or pictures that a model was trained on would come into its validation."""
    dataset = open_dataset(make_folder(*many(CAFE_NFD)), split_rule=SplitRule(0, 0.3))
    held = {item.name for item in dataset.splits["val"].items}
    assert held == {f"{CAFE_NFD}/{number}.png" for number in (6, 8)}


@pytest.mark.parametrize(
    ("train", "val"),
    [("Cat", "cat"), ("cat ", "cat"), ("cat", "c\u200bat"), ("big cat", "big_cat ".replace("_", "  "))],
)
def test_names_that_differ_by_case_or_blanks_are_set_side_by_side(
    make_folder: MakeFolder, train: str, val: str
) -> None:
    dataset = open_dataset(make_folder(*many(f"train/{train}", f"val/{val}", "train/b", "val/b")))
    with pytest.raises(DataError, match=f"no pictures in train/; '{val}' and '{train}' differ only in case, spaces or"):
        check_for_training(dataset)


def test_the_classes_of_a_model_decide_between_two_layouts(make_folder: MakeFolder) -> None:
    """As for a model that was trained when folders of splits with other names were taken for classes."""
    names = ("animals/cat/1.png", "animals/dog/1.png", "plants/rose/1.png")
    for classes in (("animals", "plants"), ("cat", "dog", "rose", "lily")):
        dataset = open_dataset(make_folder(*names), split_rule=None, classes=classes)
        assert set(dataset.classes) <= set(classes)
        assert len(dataset.splits["all"]) == 3
    with pytest.raises(DataError, match="folders are nested"):
        open_dataset(make_folder(*names), classes=("animals", "stones"))
    old = make_folder("Training/cat/1.png", "Testing/cat/1.png", root="old")
    assert open_dataset(old, split_rule=None, classes=("Testing", "Training")).classes == ("Testing", "Training")


def test_stars_say_at_which_level_the_classes_are(make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_folder("animals/cat/1.png", "animals/dog/1.png", "plants/rose/1.png")
    assert open_dataset(f"{root}/*", split_rule=None).classes == ("animals", "plants")
    lower = open_dataset(f"{root}/*/*", split_rule=None)
    assert lower.classes == ("cat", "dog", "rose")
    assert lower.name == "pets"
    monkeypatch.chdir(root)
    assert open_dataset("*", split_rule=None).classes == ("animals", "plants")
    with pytest.raises(InputError, match=r"^nowhere does not exist"):
        open_dataset("nowhere/*")


def test_a_folder_around_all_is_looked_through(make_folder: MakeFolder) -> None:
    inner = ("train/cat/1.png", "val/cat/2.png")
    wrapped = make_folder(*(f"mydata/{name}" for name in inner), "__MACOSX/._x.png", ".DS_Store.png", root="around")
    (wrapped / "README.txt").write_text("pets")
    dataset = open_dataset(wrapped)
    assert sizes(dataset) == {"train": 1, "val": 1}
    assert dataset.fingerprint == open_dataset(make_folder(*inner)).fingerprint
    assert not any(isinstance(samples.decode(0), BadImage) for samples in dataset.splits.values())


def test_an_unknown_class_without_pictures_does_not_matter(make_folder: MakeFolder) -> None:
    dataset = open_dataset(make_folder("val/cat/1.png", "test/cow/1.png"))
    assert relabel(dataset.splits["val"], ["cat"]).labels.tolist() == [0]


def test_digits_come_with_scikit_learn() -> None:
    dataset = open_dataset("digits")
    assert dataset.name == "digits"
    assert dataset.classes == tuple("0123456789")
    assert sum(sizes(dataset).values()) == 1797
    assert dataset.split_rule == SplitRule(0, 0.2)
    check_for_training(dataset)
    samples = open_dataset("digits", split_rule=None).splits["all"]
    image = samples.decode(0, shortest_side=4)
    assert not isinstance(image, BadImage)
    assert samples.items[0].name == "digits/0/0000.png"
    assert image.shape == (8, 8, 3)
    assert image.dtype == np.uint8
    assert image[0, :, 0].tolist() == [0, 0, 80, 207, 143, 16, 0, 0]  # round(v * 255 / 16) of 0 0 5 13 9 1 0 0
    image[:] = 0
    assert np.any(samples.decode(0)), "a change to a picture must not reach the set"  # type: ignore[arg-type]


def test_digits_without_scikit_learn_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError) as caught:
        open_dataset("digits")
    assert str(caught.value) == (
        'the embedded set `digits` needs scikit-learn, which is not installed: pip install "googlenet[train]"'
    )


def test_a_folder_wins_over_an_embedded_name(make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(make_folder("cat/1.png", root="digits").parent)
    assert open_dataset("digits", split_rule=None).classes == ("cat",)


def test_a_misspelt_name_is_put_right() -> None:
    with pytest.raises(InputError, match=r"^digit does not exist; did you mean 'digits'\?$"):
        open_dataset("digit")


def test_a_missing_path_lists_what_can_be_given() -> None:
    with pytest.raises(InputError) as caught:
        open_dataset("no/such/folder")
    assert str(caught.value) == (
        f"no/such/folder does not exist; give a folder, a .tar, or an embedded set: {', '.join(EMBEDDED)}"
    )


def test_opening_a_folder_imports_no_scikit_learn() -> None:
    code = "import sys, googlenet.dataset; print('sklearn' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.skipif(not (SHARED / "clothing10.tar").exists(), reason="shared/data/clothing10.tar is not here")
def test_clothing10_is_as_described() -> None:
    dataset = open_dataset(SHARED / "clothing10.tar")
    assert sizes(dataset) == {"train": 3068, "val": 341, "test": 372}
    assert len(dataset.classes) == 10
    counts = dataset.splits["train"].counts.values()
    assert (min(counts), max(counts)) == (112, 795)
    check_for_training(dataset)
    image = dataset.splits["val"].decode(7)
    assert not isinstance(image, BadImage)
    assert min(image.shape[:2]) == 176
