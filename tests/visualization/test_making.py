"""Made images excite what they were made for, and are the same for a seed."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from googlenet.architecture import build_architecture, layer_names
from googlenet.errors import InputError
from googlenet.images import Preprocessing
from googlenet.model import Model, load_model
from googlenet.network import GoogLeNet, read_weights
from googlenet.pretrained import find_model
from googlenet.visualization import Aim, MadeImage, Making, Request, draw_made_images, dream, make_images, visualize
from tests.artifacts.exported_models import small_model

STEPS = 12
QUICK = Request("3a:1,5", steps=STEPS, size=32)


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model(input_size=48)


@pytest.fixture(scope="module")
def bvlc() -> Model:
    return load_model(find_model("bvlc"))


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "cat.png"
    pixels = np.random.default_rng(1).integers(0, 256, (6, 9, 3), np.uint8)
    Image.fromarray(pixels).resize((90, 60), Image.Resampling.BICUBIC).save(path)
    return path


def made(model: Model, request: Request) -> list[MadeImage]:
    return list(visualize(model, request)[1])


def untouched(model: Model, request: Request) -> list[MadeImage]:
    """The faint noise that the images begin with, after one step."""
    return made(model, replace(request, steps=1))


@pytest.mark.parametrize("text", ["conv1:0,7", "4c:3,200", "4c/3x3:11", "linear:tabby"])
def test_a_made_image_excites_its_unit(bvlc: Model, text: str) -> None:
    request = Request(text, steps=6, size=64)
    for before, after in zip(untouched(bvlc, request), made(bvlc, request), strict=True):
        assert after.highest > before.highest
        assert after.mean > before.mean


def test_a_neuron_is_excited_more_at_its_peak_than_its_channel_is(bvlc: Model) -> None:
    neuron, channel = (made(bvlc, Request("4a:9", neuron=flag, steps=10, size=64))[0] for flag in (True, False))
    assert neuron.highest > neuron.mean * 4
    assert neuron.mean < channel.mean


def test_negative_silences_the_unit(bvlc: Model) -> None:
    (image,) = made(bvlc, Request("conv2:8", negative=True, steps=12, size=48))
    (other,) = made(bvlc, Request("conv2:8", steps=12, size=48))
    assert image.mean < other.mean / 10


def test_a_seed_decides_the_image_whatever_else_is_made(model: Model) -> None:
    first, again, alone = made(model, QUICK), made(model, QUICK), made(model, replace(QUICK, layer="3a:5"))
    assert [(one.pixels == other.pixels).all() for one, other in zip(first, again, strict=True)] == [True, True]
    assert np.abs(first[1].pixels.astype(int) - alone[0].pixels).mean() < 2
    assert np.abs(first[0].pixels.astype(int) - made(model, replace(QUICK, seed=1))[0].pixels).mean() > 5


def test_diversity_makes_several_images_less_alike(bvlc: Model) -> None:
    request = Request("3b:40", diversity=3, steps=14, size=48)
    several = made(bvlc, request)
    assert [one.number for one in several] == [0, 1, 2]
    assert len({one.aim.name for one in several}) == 1
    for one, other in combinations(several, 2):
        assert np.abs(one.pixels.astype(int) - other.pixels).mean() > 5


def test_a_direction_is_excited(model: Model, tmp_path: Path) -> None:
    direction = np.random.default_rng(2).normal(size=40).astype(np.float32)
    np.save(tmp_path / "mine.npy", direction)
    request = Request("3a", direction=tmp_path / "mine.npy", steps=STEPS, size=32)
    (before,), (after,) = untouched(model, request), made(model, request)
    assert after.aim.name == "mine"
    assert after.mean > before.mean


def test_a_caricature_is_like_its_picture_for_the_layer(model: Model, picture: Path) -> None:
    request = Request("3a", caricature=picture, steps=STEPS)
    (before,), (after,) = untouched(model, request), made(model, request)
    assert after.pixels.shape == (48, 48, 3)
    assert after.mean > before.mean


@pytest.mark.parametrize("text", ["3a", "3a:2"])
def test_a_dream_keeps_the_picture_and_adds_what_the_layer_sees(model: Model, picture: Path, text: str) -> None:
    faint, strong = (made(model, Request(text, dream=picture, steps=steps))[0] for steps in (1, 12))
    original = np.asarray(Image.open(picture)).astype(int)
    assert strong.pixels.shape == original.shape
    assert 3 < np.abs(strong.pixels - original).mean() < 80
    assert np.corrcoef(strong.pixels.ravel(), original.ravel())[0, 1] > 0.5
    assert strong.mean > faint.mean


def test_what_a_picture_is_for_a_layer_does_not_depend_on_dropout(model: Model, picture: Path) -> None:
    (one,), (other,) = (made(model, Request("linear", caricature=picture, steps=1)) for _ in range(2))
    assert (one.aim.direction == other.aim.direction).all()


def test_the_sheet_of_a_dream_keeps_its_aspect_ratio() -> None:
    pixels = np.zeros((200, 400, 3), np.uint8)
    pixels[:, 200:] = 255
    sheet = np.asarray(draw_made_images([MadeImage(Aim("4c", np.ones(1, np.float32)), 0, pixels, 1.0, 1.0)]))
    rows, columns = np.nonzero((sheet == 0).all(2))
    assert [int(np.ptp(places)) + 1 for places in (rows, columns)] == [200, 200]


@pytest.mark.parametrize("text", ["4a", "linear"])
def test_a_network_is_as_it_was_after_it_was_looked_at(model: Model, picture: Path, text: str) -> None:
    network = GoogLeNet(build_architecture(model.spec), auxiliaries=False).train()
    network.get_submodule("conv1").eval()
    network.get_parameter("linear.weight").requires_grad_(False)
    modes = [module.training for module in network.modules()]
    state = {name: value.clone() for name, value in network.state_dict().items()}
    layer = layer_names(network.architecture)[text]
    aim = Aim("one", np.ones(layer.shape[2], np.float32))
    assert list(make_images(network, model.preprocessing, layer, [aim], Making(steps=1, size=48)))
    dream(network, model.preprocessing, layer, np.asarray(Image.open(picture)), steps=2)
    assert [module.training for module in network.modules()] == modes
    assert [name for name, one in network.named_parameters() if not one.requires_grad] == ["linear.weight"]
    assert all(value.equal(state[name]) for name, value in network.state_dict().items())


def test_a_dream_of_a_large_picture_is_as_large_as_asked(model: Model, picture: Path) -> None:
    (image,) = made(model, Request("3a", dream=picture, steps=1, size=72))
    assert image.pixels.shape == (48, 72, 3)


def test_progress_ends_at_the_last_step(model: Model) -> None:
    told: list[tuple[int, int]] = []
    many = Request("3a:0-19", steps=2, size=32)
    images = visualize(model, many, on_progress=lambda done, total: told.append((done, total)))[1]
    assert len(list(images)) == 20
    assert told == [(step, 4) for step in (1, 2, 3, 4)]  # two batches


def test_a_grey_network_has_images_too() -> None:
    spec = replace(small_model().spec, channels=1)
    weights = read_weights(GoogLeNet(build_architecture(spec)), auxiliaries=False)
    preprocessing = Preprocessing(32, 32, "squash", "GREY", (33.0,), (0.02,))
    grey = replace(small_model(), spec=spec, weights=weights, preprocessing=preprocessing)
    assert made(grey, Request("conv1:0", steps=1))[0].pixels.shape == (32, 32, 3)


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (Request("3a:1", neuron=True, dream=Path("x.png")), "--from and --neuron contradict each other"),
        (Request("3a", caricature=Path("x.png"), dream=Path("x.png")), "--from and --caricature contradict"),
        (Request("3a:1", size=100_000), "--size can be at most 2,048 px, not 100,000"),
        (Request("3a:1", diversity=1000), "--diversity can be at most 64, not 1,000"),
        (Request("3a:1", caricature=Path("x.png")), "--caricature is about a whole layer"),
        (Request("3a:1", direction=Path("x.npy")), "--direction is about a whole layer"),
        (Request("3a", caricature=Path("missing.png")), "missing.png: cannot be read"),
        (Request("3a", direction=Path("missing.npy")), "cannot read missing.npy"),
    ],
)
def test_what_cannot_be_made_is_said(model: Model, request_: Request, sentence: str) -> None:
    with pytest.raises(InputError) as refusal:
        made(model, request_)
    assert sentence in str(refusal.value)


def test_a_sheet_has_every_image_and_its_name(model: Model) -> None:
    images = made(model, Request("conv1:0-2", steps=1, size=32))
    sheet = np.asarray(draw_made_images(images))
    enlarged = np.asarray(Image.fromarray(images[0].pixels).resize((128, 128), Image.Resampling.BICUBIC))
    assert (sheet[20:148, 20:148] == enlarged).all()
    below = sheet[148:170, 20:148]
    assert (below < 128).any()  # the name
    assert (sheet[:20] == 255).all()
