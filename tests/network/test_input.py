"""uint8 squares become the network's input by the model's own record, as numpy says."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from googlenet.images import ChannelOrder, Preprocessing
from googlenet.network import to_network_input

IMAGES: NDArray[np.uint8] = np.random.default_rng(3).integers(0, 256, (2, 5, 5, 3), np.uint8)
MEAN = (10.0, 20.0, 30.0)
SCALE = (1.0, 0.5, 0.25)


def record(order: ChannelOrder, mean: tuple[float, ...] = MEAN, scale: tuple[float, ...] = SCALE) -> Preprocessing:
    return Preprocessing(5, 5, "crop", order, mean, scale)


@pytest.mark.parametrize(("order", "channels"), [("RGB", [0, 1, 2]), ("BGR", [2, 1, 0])])
def test_mean_and_scale_are_in_the_order_of_the_networks_channels(order: ChannelOrder, channels: list[int]) -> None:
    x = to_network_input(torch.from_numpy(IMAGES), record(order))
    expected = (IMAGES[..., channels].astype(np.float64) - MEAN) * SCALE
    np.testing.assert_allclose(x.numpy(), expected.transpose(0, 3, 1, 2), rtol=1e-6)


def test_grey_is_the_weighted_sum_that_pillow_takes() -> None:
    from PIL import Image

    x = to_network_input(torch.from_numpy(IMAGES), record("GREY", (100.0,), (0.1,)))
    expected = (IMAGES @ np.array([0.299, 0.587, 0.114]) - 100) * 0.1
    assert x.shape == (2, 1, 5, 5)
    np.testing.assert_allclose(x[:, 0].numpy(), expected, rtol=1e-4, atol=1e-5)
    pillow = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in IMAGES])
    np.testing.assert_allclose(x[:, 0].numpy() * 10 + 100, pillow, atol=1)


def test_the_input_is_float32_with_channels_last_in_memory() -> None:
    x = to_network_input(torch.from_numpy(IMAGES), record("RGB"))
    assert x.dtype == torch.float32
    assert x.is_contiguous(memory_format=torch.channels_last)


def test_the_squares_are_left_as_they_were() -> None:
    images = torch.from_numpy(IMAGES.copy())
    to_network_input(images, record("BGR"))
    np.testing.assert_array_equal(images.numpy(), IMAGES)


def test_building_a_network_takes_no_scipy() -> None:
    """torchvision's truncated normal does, and takes minutes to start with it."""
    code = (
        "import sys, torch\n"
        "from googlenet.architecture import PAPER\n"
        "from googlenet.network import GoogLeNet\n"
        "GoogLeNet(PAPER)\n"
        "print([name for name in ('scipy', 'sklearn', 'pandas', 'torchvision') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
