"""The paper's Table 3 on the same pictures: every row as if it had been evaluated alone, in one pass."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from googlenet.dataset import Sample, Samples, open_dataset
from googlenet.engines import EnsembleEngine, FunctionEngine, Member
from googlenet.errors import DataError, InputError
from googlenet.evaluation import compare_protocols, evaluate, paired_interval, prepare_squares, wilson_interval
from googlenet.images import BadImage, Enough, Preprocessing, Rgb

PREPROCESSING = Preprocessing(14, 16, "crop", "RGB", (0.0,) * 3, (1.0,) * 3)
OTHER = Preprocessing(10, 10, "squash", "RGB", (0.0,) * 3, (1.0,) * 3)
CLASSES = tuple("abcdefgh")


def guess(seed: int) -> FunctionEngine:
    """A network without sense: eight classes by a random projection of the colours of corner and centre."""
    projection = np.random.default_rng(seed).normal(size=(6, 8))

    def answer(squares: NDArray[np.uint8]) -> NDArray[np.float64]:
        third = squares.shape[1] // 3
        corner, centre = squares[:, :third, :third], squares[:, third:-third, third:-third]
        colours = np.concatenate([corner.mean(axis=(1, 2)), centre.mean(axis=(1, 2))], axis=1)
        logits = np.exp((colours - 128) @ projection / 20)
        return np.asarray(logits / logits.sum(axis=1, keepdims=True))

    return FunctionEngine(answer)


@dataclass
class CountingSource:
    """Pictures by name that count how often they are decoded."""

    images: dict[str, Rgb]
    decoded: Counter[str] = field(default_factory=Counter)

    def decode(
        self, name: str, shortest_side: int | None, enough: Enough | None = None, notes: list[str] | None = None
    ) -> Rgb | BadImage:
        self.decoded[name] += 1
        return self.images[name] if name in self.images else BadImage("truncated file")


@pytest.fixture
def samples() -> Samples:
    """40 pictures of coarse noise, wide and upright, and a bad one among them."""
    generator = np.random.default_rng(0)
    images = {}
    for number in range(40):
        coarse = generator.integers(0, 256, (3, 4, 3), np.uint8)
        images[f"{number}.png"] = np.kron(coarse, np.ones((9, 9, 1), np.uint8))[:: 1 if number % 2 else -1]
    names = [*list(images)[:7], "bad.png", *list(images)[7:]]
    items = tuple(Sample(name, number % 8) for number, name in enumerate(names))
    return Samples(CLASSES, items, CountingSource(images))


ENSEMBLE = EnsembleEngine((Member(guess(1), PREPROCESSING), Member(guess(2), OTHER), Member(guess(3), PREPROCESSING)))


def test_every_row_is_what_its_protocol_gives_alone(samples: Samples) -> None:
    comparison = compare_protocols(ENSEMBLE, PREPROCESSING, samples, crops=(144, 1, 10), split="val", batch_size=50)
    assert [(row.models, row.crops, row.cost) for row in comparison.rows] == [
        *((1, 1, 1), (1, 10, 10), (1, 144, 144), (3, 1, 3), (3, 10, 30), (3, 144, 432))
    ]
    for row in comparison.rows:
        engine = ENSEMBLE if row.models == 3 else ENSEMBLE.members[0].engine
        alone = evaluate(engine, PREPROCESSING, samples, split="val", crops=row.crops)
        assert (alone.models, alone.crops) == (row.models, row.crops)
        assert row.top1.share == pytest.approx(1 - alone.top1)
        assert row.top5.share == alone.top5_error
        assert row.top5.interval == wilson_interval(round(row.top5.share * 40), 40)
    last = evaluate(ENSEMBLE, PREPROCESSING, samples, split="val", crops=144)
    assert comparison.evaluation.confusion.tolist() == last.confusion.tolist()
    assert comparison.evaluation.loss == pytest.approx(last.loss)
    assert comparison.evaluation.bad_pictures == (("bad.png", "truncated file"),)
    assert len({row.top5.share for row in comparison.rows}) > 2  # so that the rows are told apart


def test_a_difference_is_paired_picture_by_picture(samples: Samples) -> None:
    def misses(crops: int) -> list[bool]:
        missed: list[bool] = []

        def look(_: str, label: str, probabilities: NDArray[np.float32]) -> None:
            missed.append(CLASSES.index(label) not in np.argsort(-probabilities, kind="stable")[:5])

        evaluate(guess(1), PREPROCESSING, samples, split="val", crops=crops, on_row=look)
        return missed

    base, ten = misses(1), misses(10)
    table = Counter(zip(ten, base, strict=True))
    expected = paired_interval(table[True, True], table[True, False], table[False, True], table[False, False])
    rows = compare_protocols(guess(1), PREPROCESSING, samples, crops=(1, 10), split="val").rows
    assert rows[0].difference is None
    assert rows[0].difference_interval is None
    assert rows[1].difference == pytest.approx((sum(ten) - sum(base)) / 40)
    assert rows[1].difference_interval == expected
    assert table[True, False] + table[False, True] > 0


def test_one_network_has_one_row_a_protocol(samples: Samples) -> None:
    rows = compare_protocols(guess(1), PREPROCESSING, samples, crops=(10, 1, 10), split="val").rows
    assert [(row.models, row.crops) for row in rows] == [(1, 1), (1, 10)]


def test_every_picture_is_decoded_once_and_no_square_is_run_twice(samples: Samples) -> None:
    run: Counter[bytes] = Counter()
    plain = guess(1)

    def watched(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
        run.update(square.tobytes() for square in squares)
        return plain.run(squares).probabilities

    few = samples.select(range(16))
    compare_protocols(FunctionEngine(watched), PREPROCESSING, few, crops=(1, 10, 144), split="val")
    assert isinstance(samples.source, CountingSource)
    assert samples.source.decoded == {item.name: 1 for item in few.items}
    alone: Counter[bytes] = Counter(run)
    run.clear()
    evaluate(FunctionEngine(watched), PREPROCESSING, few, crops=144, split="val")
    assert run.total() == alone.total()


def test_the_json_has_a_list_of_rows_beside_the_evaluation_of_the_last(samples: Samples) -> None:
    comparison = compare_protocols(ENSEMBLE, PREPROCESSING, samples, crops=(1, 10), split="val")
    fields = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert fields["cost"] == 30
    assert fields["top5_error"] == fields["table"][-1]["top5_error"]
    assert list(fields["table"][0]) == [
        *("models", "crops", "cost", "top1_error", "top1_error_interval", "top5_error", "top5_error_interval"),
        *("difference", "difference_interval"),
    ]


@pytest.mark.parametrize("batch_size", [1, 30, 1000])
def test_progress_and_rows_are_those_of_all_pictures_once(samples: Samples, batch_size: int) -> None:
    steps: list[tuple[int, int]] = []
    names: list[str] = []
    compare_protocols(
        ENSEMBLE,
        PREPROCESSING,
        samples,
        crops=(1, 10),
        split="val",
        batch_size=batch_size,
        on_progress=lambda done, total: steps.append((done, total)),
        on_row=lambda name, label, probabilities: names.append(name),
    )
    assert steps[-1] == (41, 41)
    assert steps == sorted(steps)
    assert names == [item.name for item in samples.items if item.name != "bad.png"]


def test_no_picture_left_is_an_error(samples: Samples) -> None:
    with pytest.raises(DataError, match=r"val: there are no pictures to evaluate on \(1 could not be read\)"):
        compare_protocols(ENSEMBLE, PREPROCESSING, samples.select([7]), crops=(1, 10), split="val")


def test_prepared_squares_are_for_one_crop_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Image.new("RGB", (20, 20)).save(tmp_path / "a" / "1.png")
    (split,) = open_dataset(tmp_path, split_rule=None).splits.values()
    squares = prepare_squares(split, PREPROCESSING, limit_bytes=10**6)
    with pytest.raises(InputError, match="one crop and one preprocessing"):
        evaluate(guess(1), PREPROCESSING, split, split="val", crops=10, images=squares)
