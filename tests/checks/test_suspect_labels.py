"""Suspect labels: ranked by hand-made answers, and on real features where the data is there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from googlenet.artifacts import open_model
from googlenet.checks import Pictures, exclude_sections, find, rank_suspects, read_features
from googlenet.dataset import open_dataset
from googlenet.evaluation import out_of_fold_probabilities
from googlenet.pretrained import find_model
from tests.checks.conftest import put

CLOTHING = Path(__file__).parents[3] / "shared" / "data" / "clothing10.tar"


def test_as_many_as_are_confidently_of_another_class_the_least_probable_labels_first() -> None:
    probabilities = np.array(
        [
            [0.9, 0.1],
            [0.8, 0.2],
            [0.7, 0.3],
            [0.05, 0.95],
            [0.1, 0.9],
            [0.2, 0.8],
            [0.3, 0.7],
            [0.02, 0.98],
            [0.99, 0.01],
        ],
        np.float32,
    )
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 0, 1])
    assert rank_suspects(probabilities, labels) == [8, 7, 3]


def test_right_answers_and_doubtful_ones_are_not_suspect() -> None:
    probabilities = np.array([[0.9, 0.1], [0.45, 0.55], [0.1, 0.9], [0.2, 0.8]], np.float32)
    assert rank_suspects(probabilities, np.array([0, 0, 1, 1])) == []


def test_a_wrong_label_is_found_and_only_suggested_for_exclusion(tmp_path: Path) -> None:
    """Textures that the untrained eye tells apart, two of them in the wrong folder."""
    pytest.importorskip("sklearn")
    generator = np.random.default_rng(0)
    for number in range(14):
        for name, step in (("columns", (1, 8)), ("rows", (8, 1))):
            coarse = generator.integers(0, 256, (64 // step[0], 64 // step[1], 1), np.uint8)
            image = Image.fromarray(np.repeat(np.repeat(coarse, step[0], 0), step[1], 1).repeat(3, 2))
            place = put(tmp_path / "stripes" / name / f"{number:02}.png", b"")
            image.save(place)
    (tmp_path / "stripes" / "rows" / "13.png").rename(tmp_path / "stripes" / "columns" / "wrong.png")
    result = find(open_dataset(tmp_path / "stripes", split_rule=None), model=open_model(find_model("bvlc")))
    (one, *_) = result.by_kind()["suspect_label"]
    assert one.paths == ("columns/wrong.png",)
    assert one.detail.startswith("'rows' rather than 'columns': ")
    sections = exclude_sections(result)
    assert all(section.suggested for section in sections)
    assert "columns/wrong.png" in {name for section in sections for name in section.names}


@pytest.mark.skipif(not CLOTHING.is_file(), reason="../shared/data/clothing10.tar is missing")
def test_shuffled_labels_of_photographs_are_among_the_first() -> None:
    pytest.importorskip("sklearn")
    whole = open_dataset(CLOTHING, split_rule=None)
    pictures = Pictures(replace(whole, splits={"test": whole.splits["test"]}))  # 372: all would take a minute
    features, _ = read_features(pictures, np.arange(len(pictures)), open_model(find_model("bvlc")))
    generator, labels = np.random.default_rng(0), pictures.labels
    shuffled = generator.choice(len(labels), round(0.03 * len(labels)), replace=False)
    labels[shuffled] = (labels[shuffled] + generator.integers(1, 10, len(shuffled))) % 10
    ranked = rank_suspects(out_of_fold_probabilities(features, labels, 10), labels)
    assert len(set(ranked[: round(0.05 * len(labels))]) & set(shuffled.tolist())) >= 0.7 * len(shuffled)
