import pytest
from hypothesis import given
from hypothesis import strategies as st

from googlenet.errors import SettingsError
from googlenet.recipes import ScheduleName
from googlenet.training.schedule import SCHEDULES, Position, Schedule, learning_rate_at


@pytest.mark.parametrize(
    ("schedule", "epoch", "progress", "expected"),
    [
        (Schedule("paper", 0.01), 0, 0.0, 0.01),
        (Schedule("paper", 0.01), 7, 0.99, 0.01),
        (Schedule("paper", 0.01), 8, 0.1, 0.0096),
        (Schedule("paper", 0.01), 15, 0.1, 0.0096),
        (Schedule("paper", 0.01), 16, 0.1, 0.009216),
        (Schedule("paper", 0.01, warmup=0.5), 8, 0.25, 0.0048),
        (Schedule("polynomial", 0.01), 0, 0.0, 0.01),
        (Schedule("polynomial", 0.01), 0, 0.75, 0.005),
        (Schedule("polynomial", 0.01), 0, 1.0, 0.0),
        (Schedule("polynomial", 0.01, power=2), 0, 0.5, 0.0025),
        (Schedule("polynomial", 0.01, final_fraction=0.5), 0, 0.75, 0.0075),
        (Schedule("linear", 1.0), 0, 0.25, 0.75),
        (Schedule("linear", 1.0, final_fraction=0.1), 0, 0.5, 0.55),
        (Schedule("linear", 1.0, final_fraction=0.1), 0, 1.0, 0.1),
        (Schedule("cosine", 2.0), 0, 0.0, 2.0),
        (Schedule("cosine", 2.0), 0, 0.5, 1.0),
        (Schedule("cosine", 2.0), 0, 1 / 3, 1.5),
        (Schedule("cosine", 2.0, final_fraction=0.5), 0, 1.0, 1.0),
        (Schedule("constant", 0.3), 99, 1.0, 0.3),
        (Schedule("constant", 0.3, warmup=0.2), 0, 0.0, 0.0),
        (Schedule("constant", 0.3, warmup=0.2), 0, 0.1, 0.15),
        (Schedule("constant", 0.3, warmup=0.2), 0, 0.2, 0.3),
        (Schedule("linear", 1.0, warmup=0.2), 0, 0.1, 0.5),
        (Schedule("linear", 1.0, warmup=0.2), 0, 0.2, 1.0),
        (Schedule("linear", 1.0, warmup=0.2), 0, 0.6, 0.5),
        (Schedule("polynomial", 0.01), 0, 1.001, 0.0),
    ],
)
def test_learning_rates_are_the_ones_computed_by_hand(
    schedule: Schedule, epoch: int, progress: float, expected: float
) -> None:
    assert learning_rate_at(schedule, Position(epoch, progress)) == pytest.approx(expected, abs=1e-12)


@given(
    name=st.sampled_from(sorted(SCHEDULES)),
    warmup=st.floats(0, 0.9),
    progress=st.floats(0, 1),
    epoch=st.integers(0, 300),
)
def test_no_schedule_leaves_the_range_from_zero_to_its_rate(
    name: ScheduleName, warmup: float, progress: float, epoch: int
) -> None:
    assert 0 <= learning_rate_at(Schedule(name, 0.01, warmup=warmup), Position(epoch, progress)) <= 0.01


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"name": "step"}, 'schedule is "step": give one of paper, polynomial, linear, cosine, constant'),
        ({"learning_rate": 0.0}, "learning_rate is 0.0: give a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan: give a number above 0"),
        ({"warmup": 1.0}, "warmup is 1.0: give a share of the training of at least 0 and below 1"),
        ({"power": -1.0}, "power is -1.0: give a number above 0"),
        ({"final_fraction": 1.5}, "final_fraction is 1.5: give a share of the learning rate from 0 to 1"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_with_a_sentence(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Schedule(**{"name": "linear", "learning_rate": 0.01, **settings})  # type: ignore[arg-type]
    assert str(refusal.value) == sentence
