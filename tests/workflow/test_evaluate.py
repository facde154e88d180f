"""`googlenet.evaluate`: one line of Python that gives what the verb gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import googlenet
from googlenet.classifier import Prediction
from googlenet.errors import InputError
from googlenet.model import save_model
from googlenet.workflow import evaluate_models
from tests.artifacts.exported_models import small_model

CLASSES = ("n01", "n02", "n03")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_model(small_model(), path)
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four noisy pictures of each class, and a torn one."""
    root = tmp_path_factory.mktemp("data") / "pictures"
    generator = np.random.default_rng(3)
    for name in CLASSES:
        (root / name).mkdir(parents=True)
        for number in range(4):
            pixels = generator.integers(0, 256, (40, 48, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    (root / "n02" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return root


def test_a_path_a_classifier_and_a_model_give_the_same_figures(model: Path, data: Path) -> None:
    expected = googlenet.load(model).evaluate(data).to_dict()
    assert expected["pictures"] == 12
    for one in (model, str(model), googlenet.load(model), googlenet.load_model(model), [model]):
        assert googlenet.evaluate(one, str(data)).to_dict() == expected
    assert googlenet.evaluate(model, data, "all", batch_size=5).top1 == expected["top1"]


def test_answers_are_kept_where_they_are_asked_for(model: Path, data: Path) -> None:
    assert googlenet.evaluate(model, data).answers is None
    answers = googlenet.evaluate(model, data, keep_answers=True).answers
    assert answers is not None
    assert answers.classes == CLASSES
    assert len(answers) == 12
    assert [name for name, _ in answers.bad_pictures] == ["n02/torn.png"]
    expected = googlenet.load(model).predict_proba([data / name for name in answers.names])
    np.testing.assert_allclose(answers.probabilities, expected, atol=1e-5)


def test_every_picture_is_passed_on_with_its_class_and_the_data_before_them(model: Path, data: Path) -> None:
    seen: list[tuple[str, str, bool]] = []
    names: list[str] = []

    def take(prediction: Prediction, label: str) -> None:
        assert names == ["pictures"]
        seen.append((prediction.image, label, prediction.error is None))

    comparison = evaluate_models(
        [model, model],
        data,
        crops=(1, 10),
        on_data=lambda dataset, samples: names.append(dataset.name),
        on_prediction=take,
    )
    assert len(comparison.rows) == 4
    assert (comparison.evaluation.models, comparison.evaluation.crops) == (2, 10)
    assert len(seen) == 13
    assert seen[-1] == ("n02/torn.png", "n02", False)
    assert {(name.split("/")[0], label) for name, label, _ in seen} == {(name, name) for name in CLASSES}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"model": 3}, "must be a path"),
        ({"data": 3}, "data must be"),
        ({"crops": "ten"}, "crops must be an integer of at least 1, not 'ten'"),
        ({"crops": 7}, "there is no protocol with 7 crops"),
        ({"batch_size": 0}, "batch_size must be an integer of at least 1, not 0"),
        ({"split": "dev"}, "has no split 'dev'"),
        ({"report": 3}, "report must be a path"),
        ({"report": "page.pdf"}, "must end in .html"),
    ],
)
def test_what_cannot_be_is_refused_by_name(changed: dict[str, Any], sentence: str, model: Path, data: Path) -> None:
    with pytest.raises(InputError, match=sentence):
        googlenet.evaluate(**({"model": model, "data": data} | changed))


def test_a_classifier_has_its_engine(model: Path, data: Path) -> None:
    with pytest.raises(InputError, match=r"give engine, device and threads to googlenet\.load"):
        googlenet.evaluate(googlenet.load(model), data, engine="onnx")
