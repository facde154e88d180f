"""BVLC's weights on 500 pictures of ImageNet: as right as they are in every other program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from googlenet.dataset import Samples, open_dataset, relabel
from googlenet.engines import open_engine
from googlenet.evaluation import Evaluation, evaluate
from googlenet.importers import Provenance, import_file
from googlenet.model import Model, load_model
from googlenet.pretrained import find_model, imagenet_classes

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
CAFFEMODEL, PICTURES = SHARED / "bvlc_googlenet.caffemodel", SHARED / "imagenet-sample.tar"

pytestmark = [
    pytest.mark.skipif(not PICTURES.is_file(), reason=f"needs {PICTURES}"),
    pytest.mark.skipif(not CAFFEMODEL.is_file(), reason=f"needs {CAFFEMODEL}"),
]

Rows = dict[str, NDArray[np.float32]]


def evaluated(model: Model, samples: Samples) -> tuple[Evaluation, Rows]:
    """What the model says of the samples as it says they are to be prepared, and each picture's probabilities."""
    rows: Rows = {}
    evaluation = evaluate(
        open_engine(model),
        model.preprocessing,
        samples,
        split="all",
        batch_size=25,
        on_row=lambda image, _, probabilities: rows.update({image: probabilities.copy()}),
    )
    return evaluation, rows


@pytest.fixture(scope="module")
def samples() -> Samples:
    samples = open_dataset(str(PICTURES), split_rule=None).splits["all"]
    return relabel(samples, [one.id for one in imagenet_classes()])


@pytest.fixture(scope="module")
def imported(samples: Samples) -> tuple[Evaluation, Rows]:
    return evaluated(import_file(CAFFEMODEL, Provenance()).model, samples)


def test_top_1_and_top_5_are_those_of_another_implementation(imported: tuple[Evaluation, Rows]) -> None:
    """78.6 % and 93.6 %, within one point: decoders and ways of scaling differ a little."""
    evaluation, _ = imported
    assert evaluation.pictures == 500
    assert evaluation.top1 == pytest.approx(0.786, abs=0.01)
    assert evaluation.top5 == pytest.approx(0.936, abs=0.01)


def test_the_shipped_half_precision_says_the_same(imported: tuple[Evaluation, Rows], samples: Samples) -> None:
    """Of every fifth picture: the same class, and no probability that differs by more than 2e-3."""
    fifth = samples.select(range(0, len(samples), 5))
    _, rows = evaluated(load_model(find_model("bvlc")), fifth)
    assert len(rows) == 100
    for image, probabilities in rows.items():
        expected = imported[1][image]
        assert probabilities.argmax() == expected.argmax(), image
        np.testing.assert_allclose(probabilities, expected, rtol=0, atol=2e-3, err_msg=image)
