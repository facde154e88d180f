"""An ensemble answers with the mean of its members, each of which sees the squares that it was made for."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from googlenet.engines import EnsembleEngine, FunctionEngine, Member, members_of
from googlenet.errors import InputError
from googlenet.images import Preprocessing

SMALL = Preprocessing(4, 4, "squash", "RGB", (0.0,) * 3, (1.0,) * 3)
LARGE = Preprocessing(6, 7, "crop", "RGB", (0.0,) * 3, (1.0,) * 3)
SQUARES: NDArray[np.uint8] = np.random.default_rng(1).integers(0, 256, (5, 4, 4, 3), np.uint8)


def brightness(power: int) -> FunctionEngine:
    def answer(squares: NDArray[np.uint8]) -> NDArray[np.float64]:
        colours = squares.mean(axis=(1, 2)) ** power
        return np.asarray(colours / colours.sum(axis=1, keepdims=True))

    return FunctionEngine(answer, name=f"power {power}")


def test_the_answer_is_the_mean_of_the_members() -> None:
    one, other = brightness(1), brightness(4)
    ensemble = EnsembleEngine((Member(one, SMALL), Member(other, SMALL)))
    answer = ensemble.run(SQUARES).probabilities
    expected = (one.run(SQUARES).probabilities + other.run(SQUARES).probabilities) / 2
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, expected, rtol=1e-6)
    assert ensemble.name == "ensemble of 2: power 1, power 4"


def test_squares_of_one_member_are_not_put_before_another() -> None:
    ensemble = EnsembleEngine((Member(brightness(1), SMALL), Member(brightness(1), LARGE)))
    with pytest.raises(InputError, match="members of this ensemble have different preprocessing"):
        ensemble.run(SQUARES)


def test_an_ensemble_has_members() -> None:
    with pytest.raises(InputError, match="at least one member"):
        EnsembleEngine(())


def test_a_single_engine_is_one_member() -> None:
    engine = brightness(1)
    assert members_of(engine, SMALL) == (Member(engine, SMALL),)
    members = (Member(engine, LARGE), Member(engine, LARGE))
    assert members_of(EnsembleEngine(members), SMALL) == members
