"""Evaluation: exact counts over pictures, confidence intervals, and the gain from more crops and networks."""

from googlenet.evaluation.answers import Answers
from googlenet.evaluation.counts import ClassScore, Counts, Evaluation
from googlenet.evaluation.evaluate import PreparedSquares, evaluate, prepare_squares
from googlenet.evaluation.intervals import paired_interval, wilson_interval
from googlenet.evaluation.protocols import ErrorRate, ProtocolComparison, ProtocolRow, compare_protocols

__all__ = [
    "Answers",
    "ClassScore",
    "Counts",
    "ErrorRate",
    "Evaluation",
    "PreparedSquares",
    "ProtocolComparison",
    "ProtocolRow",
    "compare_protocols",
    "evaluate",
    "paired_interval",
    "prepare_squares",
    "wilson_interval",
]
