"""A dataset from lists: every picture with its class, read as often as it is needed, split as folders are."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from googlenet.dataset import dataset_from_lists
from googlenet.errors import DataError, InputError
from googlenet.images import BadImage

RED = np.full((6, 5, 3), (200, 0, 0), np.uint8)


def png() -> bytes:
    file = io.BytesIO()
    Image.fromarray(RED).save(file, "PNG")
    return file.getvalue()


def test_pictures_of_every_kind_can_be_read_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "red.png"
    path.write_bytes(png())
    images: list[Any] = [path, str(path), png(), io.BytesIO(png()), RED, Image.fromarray(RED)]
    dataset = dataset_from_lists(images, ["a", "b"] * 3, split_rule=None)
    samples = dataset.splits["all"]
    for _ in range(2):
        for index in range(len(samples)):
            image = samples.decode(index)
            assert not isinstance(image, BadImage)
            np.testing.assert_array_equal(image, RED)
            image[:] = 0  # what a training does to its copy
    assert [item.label for item in samples.items] == [0, 1] * 3
    assert [item.name for item in samples.items][:3] == [str(path), f"{path} (picture 1)", "picture 2"]


def test_a_share_of_each_class_is_held_back_and_bad_pictures_are_values() -> None:
    dataset = dataset_from_lists([RED] * 9 + [b"no picture"], ["cat", "dog"] * 5)
    assert {split: len(samples) for split, samples in dataset.splits.items()}.keys() == {"train", "val"}
    assert all(min(samples.counts.values()) >= 1 for samples in dataset.splits.values())
    whole = dataset_from_lists([b"no picture"], ["cat"], split_rule=None).splits["all"]
    assert whole.decode(0) == BadImage("not a picture")


def test_classes_may_be_given_in_an_order_of_their_own() -> None:
    dataset = dataset_from_lists([RED] * 2, ["10", "9"], classes=["9", "10"], split_rule=None)
    assert dataset.classes == ("9", "10")
    assert [item.label for item in dataset.splits["all"].items] == [1, 0]


@pytest.mark.parametrize(
    ("images", "labels", "refusal"),
    [
        ("red.png", ["a"], "images must be a list of pictures, not 'red.png'"),
        ({"a": 1}, ["a"], "images must be a picture or a list of pictures .* not a dict"),
        ([RED, 7], ["a", "b"], "a picture must be .* not 7"),
        ([RED], ["a", "b"], "there are 1 pictures and 2 labels"),
        ([RED], [3], "a label must be the name of a class, not 3"),
    ],
)
def test_what_is_no_list_of_pictures_with_labels_is_refused(images: Any, labels: Any, refusal: str) -> None:
    with pytest.raises(InputError, match=refusal):
        dataset_from_lists(images, labels)


def test_a_class_that_is_too_small_to_be_split_is_named() -> None:
    with pytest.raises(DataError, match="a class needs at least 2 pictures to hold one back: 'b' has 1"):
        dataset_from_lists([RED] * 3, ["a", "a", "b"])
    with pytest.raises(InputError, match="the label 'c' is not one of the 2 classes"):
        dataset_from_lists([RED], ["c"], classes=["a", "b"])
