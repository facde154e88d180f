"""Detects heads whose loss stays at chance level while another head learns.

Other implementations have had this for whole trainings (BVLC/caffe#1598: two heads at ln 1000 for 2.4 million
iterations).
"""

from __future__ import annotations

import math

from googlenet.runs import HeadStuck, HeadValues

GUESSING_MARGIN = 0.01  # a loss within this relative distance of ln(classes) is chance level
LEARNING_MARGIN = 0.10  # a loss this far below it, relatively, is learning
EPOCHS = 2  # a head may stay at chance level for this long

ADVICE = (
    "lower learning_rate by a factor of 3 or lengthen warmup, and restart: a head that is at chance level after this "
    "long rarely recovers. The variant `batchnorm` is hardly ever affected."
)


def stuck_heads(epoch: int, losses: HeadValues, classes: int) -> list[HeadStuck]:
    """The heads still at chance level after `epoch` epochs (from 1) while another learns, by their mean losses."""
    guessing = math.log(classes)
    if epoch < EPOCHS or not any(loss < (1 - LEARNING_MARGIN) * guessing for loss in losses.values()):
        return []
    return [
        HeadStuck(epoch, head, loss, ADVICE)
        for head, loss in losses.items()
        if abs(loss - guessing) <= GUESSING_MARGIN * guessing
    ]
