"""Evaluation: exact counts over real pictures, and how sure they are."""

from googlenet.evaluation.counts import ClassScore, Counts, Evaluation
from googlenet.evaluation.evaluate import PreparedSquares, evaluate, prepare_squares
from googlenet.evaluation.intervals import wilson_interval

__all__ = [
    "ClassScore",
    "Counts",
    "Evaluation",
    "PreparedSquares",
    "evaluate",
    "prepare_squares",
    "wilson_interval",
]
