"""The watch on the heads."""

from __future__ import annotations

import math

import pytest

from googlenet.runs import describe
from googlenet.training.heads import stuck_heads

GUESS = math.log(10)


@pytest.mark.parametrize(
    ("epoch", "losses", "stuck"),
    [
        (2, {"main": 1.0, "auxiliary_4a": GUESS, "auxiliary_4d": 1.0}, ["auxiliary_4a"]),
        (2, {"main": GUESS, "auxiliary_4a": 1.0, "auxiliary_4d": GUESS}, ["main", "auxiliary_4d"]),
        (9, {"main": GUESS, "auxiliary_4a": 1.0}, ["main"]),
        (1, {"main": 1.0, "auxiliary_4a": GUESS}, []),  # too early to say
        (2, {"main": GUESS, "auxiliary_4a": GUESS, "auxiliary_4d": GUESS}, []),  # nothing learns: hard pictures
        (2, {"main": 0.91 * GUESS, "auxiliary_4a": GUESS}, []),  # main does not yet learn
        (2, {"main": 0.89 * GUESS, "auxiliary_4a": GUESS}, ["auxiliary_4a"]),
        (2, {"main": 1.0, "auxiliary_4a": 1.0099 * GUESS}, ["auxiliary_4a"]),
        (2, {"main": 1.0, "auxiliary_4a": 0.9901 * GUESS}, ["auxiliary_4a"]),
        (2, {"main": 1.0, "auxiliary_4a": 1.0101 * GUESS}, []),  # a head that explodes is no guesser
        (2, {"main": 1.0, "auxiliary_4a": 0.9899 * GUESS}, []),
        (2, {"main": GUESS}, []),
        (2, {}, []),
    ],
)
def test_a_head_is_stuck_where_it_guesses_while_another_learns(
    epoch: int, losses: dict[str, float], stuck: list[str]
) -> None:
    told = [(event.head, event.epoch, event.loss) for event in stuck_heads(epoch, losses, 10)]
    assert told == [(head, epoch, losses[head]) for head in stuck]


def test_the_warning_names_the_head_and_its_loss_and_says_what_to_do() -> None:
    (event,) = stuck_heads(2, {"main": 1.0, "auxiliary_4a": GUESS}, 10)
    warning = describe(event)
    assert warning is not None
    assert warning.startswith("warning: the head auxiliary_4a has learnt nothing yet (loss 2.303): ")
    for part in ("lower learning_rate by a factor of 3", "lengthen warmup", "batchnorm"):
        assert part in warning
