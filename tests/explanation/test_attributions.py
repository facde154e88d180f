"""Occlusion and gradients as methods of explaining: what their maps say, with every engine, and what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from googlenet.architecture import ReceptiveField, build_architecture
from googlenet.artifacts import LastLayer, write_exported
from googlenet.classifier import Classifier
from googlenet.engines import ENGINES, Outputs
from googlenet.errors import InputError, MissingExtraError
from googlenet.explanation import occlusion_maps
from googlenet.model import Model
from googlenet.network import network_with_weights, to_network_input
from tests.artifacts.exported_models import exported, small_model

FILL = (0, 0, 0)


class RedCorner:
    """An engine whose only feature is the mean red of the upper left 8 x 8 px of a square."""

    name = "red corner"

    def run(self, images: NDArray[np.uint8], *, also: object = ()) -> Outputs:
        features = images[:, :8, :8, 0].mean((1, 2), keepdims=False)[:, np.newaxis].astype(np.float32)
        return Outputs(np.full((len(images), 2), 0.5, np.float32), features)


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model()


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 256, (60, 80, 3), np.uint8)


def test_occlusion_says_what_the_logit_loses_where_it_is_covered() -> None:
    layer = LastLayer(np.array([[2.0], [-1.0]], np.float32), np.zeros(2, np.float32), ReceptiveField(1, 1, 0.5))
    squares = np.full((1, 32, 32, 3), 100, np.uint8)
    (for_first, for_second) = occlusion_maps(RedCorner(), layer, squares, np.array([[0, 1]]), FILL)[0]
    assert for_first.shape == (8, 8)  # cells of 4 px
    assert for_first[0, 0] == pytest.approx(200)  # a cover of 8 x 8 px at the corner takes all
    assert for_first[1, 1] == pytest.approx(200)  # one of 12 x 12 px, too
    assert for_first[1, 2] == pytest.approx(100)  # half of it
    assert for_first[2, 2] == pytest.approx(50)
    assert (for_first[3:] == 0).all()
    np.testing.assert_allclose(for_second, for_first / -2)


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "openvino"])
def test_occlusion_gives_the_same_with_every_engine(engine: str, model: Model, picture: NDArray[np.uint8]) -> None:
    one = Classifier.load(model, engine=engine, device="cpu", threads=1).explain(picture, method="occlusion")
    other = Classifier.load(model, engine="torch", device="cpu", threads=1).explain(picture, method="occlusion")
    assert [found.label for found in one.classes] == [found.label for found in other.classes]
    np.testing.assert_allclose(one[0].map, other[0].map, atol=1e-3)
    assert np.ptp(one[0].map) > 0.01


def test_other_methods_keep_the_answer_and_say_what_their_maps_are(model: Model, picture: NDArray[np.uint8]) -> None:
    classifier = Classifier.load(model, threads=1)
    cam, occlusion = classifier.explain(picture), classifier.explain(picture, method="occlusion")
    assert [(one.label, one.probability, one.logit) for one in occlusion.classes] == [
        (one.label, one.probability, one.logit) for one in cam.classes
    ]
    assert "method" not in cam.to_dict()
    assert json.loads(json.dumps(occlusion.to_dict()))["method"] == "occlusion"
    assert occlusion.overlay().size == (80, 60)
    assert occlusion.draw(boxes=True).width > 900


def test_an_exported_file_can_be_occluded_but_has_no_gradients(
    model: Model, picture: NDArray[np.uint8], tmp_path: Path
) -> None:
    pytest.importorskip("captum", reason="no captum: pip install captum")
    path = tmp_path / "model.onnx"
    write_exported(exported("onnx", [model]), path)
    classifier = Classifier.load(path, threads=1)
    assert classifier.explain(picture, method="occlusion")[0].map.shape == (8, 8)
    with pytest.raises(InputError, match="an exported file has no gradients: explain the model that it was made from"):
        classifier.explain(picture, method="gradient")


def test_gradients_are_those_of_the_logit_times_the_input(
    model: Model, picture: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("captum", reason="no captum: pip install captum")
    monkeypatch.setattr("googlenet.visualization.attribution.NOISE", 0.0)
    monkeypatch.setattr("googlenet.visualization.attribution.CELLS", 8)
    explained = Classifier.load(model, threads=1).explain(picture, ["tench"], method="gradient")
    assert explained.seen is not None
    network = network_with_weights(build_architecture(model.spec), model.weights).eval()
    x = to_network_input(torch.from_numpy(explained.seen.square[np.newaxis]), model.preprocessing).requires_grad_()
    network(x).main[0, 0].backward()
    assert x.grad is not None
    pixels = (x * x.grad).detach().sum(1)[0].abs().numpy()
    np.testing.assert_allclose(explained[0].map, pixels.reshape(8, 4, 8, 4).sum((1, 3)), rtol=1e-3, atol=1e-4)


def test_the_noise_of_gradients_is_the_same_each_time_and_leaves_torchs_own_alone(
    model: Model, picture: NDArray[np.uint8]
) -> None:
    pytest.importorskip("captum", reason="no captum: pip install captum")
    classifier = Classifier.load(model, threads=1)
    before = torch.random.get_rng_state()
    alone = classifier.explain(picture, ["tench"], method="gradient")
    assert torch.equal(torch.random.get_rng_state(), before)
    *_, last = classifier.explain([picture[::-1], picture], ["n03", "tench"], method="gradient")
    np.testing.assert_allclose(last["tench"].map, alone["tench"].map, rtol=1e-4, atol=1e-5)


def test_without_captum_a_sentence_says_how_to_install_it(
    model: Model, picture: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "captum", None)
    with pytest.raises(
        MissingExtraError, match=r'needs captum, which is not installed: pip install "googlenet\[captum\]"'
    ):
        Classifier.load(model, threads=1).explain([picture], method="gradient")


def test_an_unknown_method_is_refused_with_a_suggestion(model: Model, picture: NDArray[np.uint8]) -> None:
    with pytest.raises(InputError, match="there is no method 'oclusion'; did you mean 'occlusion'"):
        Classifier.load(model, threads=1).explain(picture, method="oclusion")  # type: ignore[call-overload]
