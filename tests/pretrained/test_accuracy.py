"""BVLC's weights on 500 pictures of ImageNet: as right as they are in every other program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from googlenet.dataset import open_dataset, relabel
from googlenet.engines import open_engine
from googlenet.evaluation import Evaluation, evaluate
from googlenet.formats import Origin, import_file
from googlenet.model import Model, load_model
from googlenet.pretrained import find_model

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
CAFFEMODEL, PICTURES = SHARED / "bvlc_googlenet.caffemodel", SHARED / "imagenet-sample.tar"

pytestmark = [
    pytest.mark.skipif(not PICTURES.is_file(), reason=f"needs {PICTURES}"),
    pytest.mark.skipif(not CAFFEMODEL.is_file(), reason=f"needs {CAFFEMODEL}"),
]

Rows = dict[str, NDArray[np.float32]]
MODELS: dict[str, Callable[[], Model]] = {
    "imported": lambda: import_file(CAFFEMODEL, Origin()).model,
    "shipped": lambda: load_model(find_model("bvlc")),
}


@pytest.fixture(scope="module")
def evaluations() -> dict[str, tuple[Evaluation, Rows]]:
    """Both models on all pictures, squashed to 256 with the centre 224 cut, with each picture's probabilities."""
    dataset = open_dataset(str(PICTURES), split_rule=None)
    found = {}
    for name, make in MODELS.items():
        model, rows = make(), Rows()

        def keep(image: str, _: str, probabilities: NDArray[np.float32], rows: Rows = rows) -> None:
            rows[image] = probabilities.copy()

        evaluation = evaluate(
            open_engine(model),
            model.preprocessing,
            relabel(dataset.splits["all"], [one.id for one in model.classes]),
            split="all",
            batch_size=25,
            on_row=keep,
        )
        found[name] = evaluation, rows
    return found


@pytest.mark.parametrize("name", MODELS)
def test_top_1_and_top_5_are_those_of_another_implementation(
    name: str, evaluations: dict[str, tuple[Evaluation, Rows]]
) -> None:
    """78.6 % and 93.6 %, within one point: decoders and ways of scaling differ a little."""
    evaluation, _ = evaluations[name]
    assert evaluation.pictures == 500
    assert evaluation.top1 == pytest.approx(0.786, abs=0.01)
    assert evaluation.top5 == pytest.approx(0.936, abs=0.01)


def test_half_precision_changes_no_probability_by_more_than_rounding(
    evaluations: dict[str, tuple[Evaluation, Rows]],
) -> None:
    imported, shipped = evaluations["imported"][1], evaluations["shipped"][1]
    assert imported.keys() == shipped.keys()
    assert len(imported) == 500
    worst = max(float(np.abs(imported[image] - shipped[image]).max()) for image in imported)
    assert 0 < worst < 2e-3
