"""What users call DATA, and what training asks of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from googlenet.dataset import EMBEDDED, Dataset, SplitRule, check_for_training, open_dataset, relabel
from googlenet.errors import DataError, InputError, MissingExtraError
from googlenet.images import BadImage

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
        "the model does not know the class(es) 'Dog' of these pictures; "
        "its 1,000 classes are 'cat', 'dog', '0', '1', '2' and 995 more"
    )


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
        'The embedded set `digits` needs scikit-learn, which is not installed: pip install "googlenet[train]"'
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
