"""The maps are exact: their means plus the biases are the logits of the very engine that gave the probabilities."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from googlenet.artifacts import ExportedModel, Target, describe_content, last_layer, open_model
from googlenet.engines import open_engine
from googlenet.explanation import class_activation_maps, explain_squares
from googlenet.explanation.placement import upsample, whole_square
from googlenet.export import EXPORT_TARGETS
from googlenet.export.int8 import to_int8
from googlenet.graph import build_graph
from googlenet.images import read_picture, to_square
from googlenet.model import TOLERANCE, Model, load_model
from googlenet.pretrained import find_model
from tests.artifacts.exported_models import exported, small_model
from tests.engines.opened_models import WAYS, Way

CAT = Path(__file__).parents[2] / "examples" / "cat.jpg"

SINGLE = [way for way in WAYS if way.members == 1]


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    powers = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def random_squares(count: int, size: int) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (count, size, size, 3), np.uint8)


def test_a_map_computed_by_hand() -> None:
    feature_maps = np.array([[[[1, 2], [3, 4]], [[0, 10], [0, 0]]]], np.float32)  # one picture, two features
    weight = np.array([[1, 0], [2, -1], [0, 0.5]], np.float32)
    maps = class_activation_maps(feature_maps, weight, [1, 2])
    assert maps.tolist() == [[[[2, -6], [6, 8]], [[0, 5], [0, 0]]]]
    assert maps.dtype == np.float32


def test_each_picture_may_ask_for_its_own_classes() -> None:
    generator = np.random.default_rng(0)
    feature_maps = generator.normal(size=(3, 5, 2, 4)).astype(np.float32)
    weight = generator.normal(size=(7, 5)).astype(np.float32)
    own = np.array([[0, 6], [3, 3], [5, 1]])
    maps = class_activation_maps(feature_maps, weight, own)
    for row, classes in enumerate(own):
        np.testing.assert_allclose(maps[row], class_activation_maps(feature_maps[row : row + 1], weight, classes)[0])


@pytest.mark.parametrize("way", SINGLE, ids=str)
def test_the_softmax_of_mean_and_bias_is_what_the_engine_answers(way: Way, tmp_path: Path) -> None:
    path = way.write(tmp_path)
    path = path if way.target else path / "model.safetensors"
    model = open_model(path)
    engine = open_engine(model, name=way.engine, device="cpu", threads=1)
    explained = explain_squares(engine, last_layer(model), random_squares(3, 32), [0, 1, 2])
    np.testing.assert_allclose(softmax(explained.logits), explained.probabilities, atol=TOLERANCE)
    assert np.ptp(explained.logits, axis=1).min() > 0.01  # so that equal probabilities are no accident
    assert explained.maps.shape == (3, 3, 4, 4)


def quantized(target: Target, model: Model) -> ExportedModel:
    """The model in int8, as it is exported, without the gate."""
    squares = random_squares(8, model.preprocessing.input_size)
    graph = to_int8(build_graph(model), squares, quantize_all_outputs=target == "onnx")
    described = exported(target, [model])
    content = EXPORT_TARGETS[target].encode(graph, [model])
    return describe_content(content, msgspec.structs.replace(described.description, precision="int8"))


@pytest.mark.parametrize(("target", "engine"), [("onnx", "native"), ("onnx", "onnx"), ("openvino", "openvino")])
def test_int8_is_explained_with_its_own_weights(target: Target, engine: str) -> None:
    """To what is left by the engine's rounding of the features to 8 bits: at most 2 % of the range of the logits."""
    if target == "openvino":
        pytest.importorskip("openvino")
    model = small_model()
    rounded = quantized(target, model)
    opened = open_engine(rounded, name=engine, threads=1)
    explained = explain_squares(opened, last_layer(rounded), random_squares(4, 32), [0, 1, 2])
    answered = np.log(explained.probabilities)  # the logits, but for a constant
    off = (explained.logits - answered) - (explained.logits - answered).mean(1, keepdims=True)
    assert np.abs(off).max() < 0.02 * np.ptp(explained.logits, axis=1).min()


@pytest.mark.parametrize("engine", ["native", "onnx"])
def test_the_published_network_is_explained_exactly(engine: str) -> None:
    model = load_model(find_model("bvlc"))
    assert model.known_answer is not None
    squares = model.known_answer.images[:1]
    opened = open_engine(model, name=engine, threads=1)
    every = explain_squares(opened, last_layer(model), squares, np.arange(1000))
    np.testing.assert_allclose(softmax(every.logits), every.probabilities, atol=TOLERANCE)
    best = explain_squares(opened, last_layer(model), squares, top=3)
    np.testing.assert_array_equal(best.classes[0], np.argsort(-every.probabilities[0])[:3])
    assert every.maps.shape == (1, 1000, 7, 7)


def test_a_mirrored_picture_has_the_mirrored_map() -> None:
    """Spread evenly over the square, both maps would lie too far left, by 14.5 px in theory."""
    model = load_model(find_model("bvlc"))
    picture = read_picture(CAT)
    assert isinstance(picture, np.ndarray)
    square = to_square(picture, model.preprocessing)
    layer = last_layer(model)
    squares = np.stack([square, square[:, ::-1]])
    maps = explain_squares(open_engine(model, threads=1), layer, squares, top=1).maps[:, 0]
    placement = whole_square(224, 224, input_size=224)
    shifts = []
    for field in (layer.field, None):
        one, other = (upsample(values, 224, 224, placement=placement, field=field).clip(0) for values in maps)
        centres = [
            float(columns @ np.arange(0.5, 224) / columns.sum()) for columns in (one.sum(0), other[:, ::-1].sum(0))
        ]
        shifts.append((centres[0] - centres[1]) / 2)
    by_field, evenly = shifts
    assert abs(by_field) < 4
    assert evenly < -8
