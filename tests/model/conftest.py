"""A small model with every part: 3 classes, 32 px, batch normalisation, auxiliary classifiers, a known answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from googlenet.architecture import ArchitectureSpec, build_architecture, weight_shapes
from googlenet.images import Preprocessing
from googlenet.model import About, ClassLabel, KnownAnswer, Model, known_answer_images


def make_model(**changes: Any) -> Model:
    spec = ArchitectureSpec(variant="small-32", classes=3, width=0.01)
    generator = np.random.default_rng(7)
    fields: dict[str, Any] = {
        "spec": spec,
        "weights": {
            name: generator.normal(size=shape).astype(np.float32)
            for name, shape in weight_shapes(build_architecture(spec)).items()
        },
        "classes": (ClassLabel("n01", "tench"), ClassLabel("n02", "cassette player"), ClassLabel("n03", "Straße")),
        "preprocessing": Preprocessing(32, 36, "crop", "RGB", (124.0, 117.0, 104.0), (1 / 58,) * 3),
        "known_answer": KnownAnswer(
            known_answer_images(32), np.array([[0.5, 0.25, 0.25], [0, 1, 0], [0.2, 0.2, 0.6]], np.float32)
        ),
        "about": About(
            recipe={"name": "quick", "epochs": 3},
            data={"name": "fish", "fingerprint": "ab12", "pictures": {"train": 80, "val": 20}},
            scores={"split": "val", "top1": 0.75, "top1_interval": [0.5, 0.9]},
            licence="MIT",
            source="trained",
            versions={"googlenet": "0.1"},
            created="2026-11-23T08:00:00+00:00",
        ),
    }
    return Model(**(fields | changes))


@pytest.fixture
def model() -> Model:
    return make_model()


@pytest.fixture
def model_with() -> Callable[..., Model]:
    return make_model
