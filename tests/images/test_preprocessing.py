"""The record of preprocessing: what it refuses, how it is written, what it does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from googlenet.errors import InputError
from googlenet.images import DEFAULT_PREPROCESSING, IMAGENET_MEAN_RGB, Preprocessing, fit_square, to_square

GREY = Preprocessing(32, 32, "letterbox", "GREY", (100.4,), (0.5,))


@pytest.mark.parametrize("preprocessing", [DEFAULT_PREPROCESSING, GREY])
def test_a_record_survives_json(preprocessing: Preprocessing) -> None:
    assert Preprocessing.from_dict(json.loads(json.dumps(preprocessing.to_dict()))) == preprocessing


def test_channels_follow_the_order() -> None:
    assert (DEFAULT_PREPROCESSING.channels, GREY.channels) == (3, 1)


def test_the_mean_is_a_colour_red_first() -> None:
    assert DEFAULT_PREPROCESSING.mean_rgb == (124, 117, 104)
    assert replace(DEFAULT_PREPROCESSING, channel_order="BGR", mean=(104.0, 117.0, 124.0)).mean_rgb == (124, 117, 104)
    assert GREY.mean_rgb == (100, 100, 100)
    assert replace(DEFAULT_PREPROCESSING, mean=(-9.0, 300.0, 1.6)).mean_rgb == (0, 255, 2)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"input_size": 0}, r"preprocessing: input_size must be an integer of at least 1 \(pixels\), not 0"),
        ({"input_size": 2.5}, r"input_size must be an integer of at least 1 \(pixels\), not 2.5"),
        ({"input_size": True}, "input_size must be .*, not True"),
        ({"resize_size": "256"}, "resize_size must be .*, not '256'"),
        ({"resize_size": 223}, r"resize_size must be at least input_size \(224\), not 223"),
        ({"fit": "stretch"}, "fit must be one of crop, squash, letterbox, not 'stretch'"),
        ({"fit": ["crop"]}, r"fit must be .*, not \('crop',\)"),
        ({"channel_order": "RBG"}, "channel_order must be one of RGB, BGR, GREY, not 'RBG'"),
        ({"channel_order": "GREY"}, r"mean must be 1 finite number\(s\), because channel_order is GREY, not \("),
        ({"mean": (1.0, 2.0)}, r"mean must be 3 finite number.*, not \(1.0, 2.0\)"),
        ({"mean": 5.0}, "mean must be .*, not 5.0"),
        ({"mean": (1.0, 2.0, float("nan"))}, "mean must be .*, not .*nan"),
        ({"mean": (1.0, 2.0, "3")}, "mean must be .*, not .*'3'"),
        ({"scale": (1.0, 1.0, float("inf"))}, "scale must be .*, not .*inf"),
        ({"scale": (1.0, 1.0, 0.0)}, "scale must be greater than 0, not "),
    ],
)
def test_what_cannot_be_is_refused_by_key(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Preprocessing.from_dict({**DEFAULT_PREPROCESSING.to_dict(), **change})


def test_unknown_and_missing_keys_are_named() -> None:
    record = DEFAULT_PREPROCESSING.to_dict()
    with pytest.raises(InputError, match=r"preprocessing: unknown key\(s\) crop, zoom"):
        Preprocessing.from_dict({**record, "zoom": 1, "crop": 2})
    del record["input_size"], record["mean"]
    with pytest.raises(InputError, match=r"preprocessing: missing key\(s\) input_size, mean"):
        Preprocessing.from_dict(record)


def test_to_square_fits_as_the_record_says() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 90, 3), dtype=np.uint8)
    square = to_square(image, replace(DEFAULT_PREPROCESSING, input_size=24, resize_size=30))
    assert np.array_equal(square, fit_square(image, 24, fit="crop", resize_size=30))
    boxed = to_square(image, GREY)
    assert boxed.shape == (32, 32, 3)
    assert boxed[0, 0].tolist() == [100, 100, 100]


def test_the_default_is_the_papers() -> None:
    assert (DEFAULT_PREPROCESSING.input_size, DEFAULT_PREPROCESSING.resize_size) == (224, 256)
    assert DEFAULT_PREPROCESSING.mean == IMAGENET_MEAN_RGB
