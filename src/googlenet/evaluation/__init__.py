"""Evaluation: exact counts over pictures, confidence intervals, and the gain from more crops and networks."""

from googlenet.evaluation.counts import ClassScore, Counts, Evaluation
from googlenet.evaluation.evaluate import PreparedSquares, evaluate, prepare_squares
from googlenet.evaluation.intervals import paired_interval, wilson_interval
from googlenet.evaluation.linear_probe import LinearProbe, fit_linear_probe, out_of_fold_probabilities
from googlenet.evaluation.protocols import ErrorRate, ProtocolComparison, ProtocolRow, compare_protocols

__all__ = [
    "ClassScore",
    "Counts",
    "ErrorRate",
    "Evaluation",
    "LinearProbe",
    "PreparedSquares",
    "ProtocolComparison",
    "ProtocolRow",
    "compare_protocols",
    "evaluate",
    "fit_linear_probe",
    "out_of_fold_probabilities",
    "paired_interval",
    "prepare_squares",
    "wilson_interval",
]
