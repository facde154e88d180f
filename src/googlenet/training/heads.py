"""A watch on each head: a head that stays at the loss of guessing while another one learns is named.

Seen for whole trainings in other implementations (BVLC/caffe#1598: two heads at ln 1000 for 2.4 million iterations).
"""

from __future__ import annotations

import math

from googlenet.runs import HeadStuck, HeadValues

GUESSING_MARGIN = 0.01  # a loss this close to ln(classes), relatively, is guessing
LEARNING_MARGIN = 0.10  # a loss this far below it is learning
EPOCHS = 2  # a head may guess for so long

ADVICE = (
    "lower learning_rate by a factor of 3, or lengthen warmup; the variant `batchnorm` hardly ever shows this. "
    "Start again: a head that guesses after this long seldom recovers."
)


def stuck_heads(epoch: int, losses: HeadValues, classes: int) -> list[HeadStuck]:
    """The heads that still guess after `epoch` epochs (from 1) while another one learns, from their mean losses."""
    guessing = math.log(classes)
    if epoch < EPOCHS or not any(loss < (1 - LEARNING_MARGIN) * guessing for loss in losses.values()):
        return []
    return [
        HeadStuck(epoch, head, loss, ADVICE)
        for head, loss in losses.items()
        if abs(loss - guessing) <= GUESSING_MARGIN * guessing
    ]
