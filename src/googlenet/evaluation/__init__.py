"""Evaluation: exact counts over pictures, confidence intervals, and the gain from more crops and networks."""

from googlenet.evaluation.answers import Answers
from googlenet.evaluation.calibration import (
    TOO_FEW,
    Calibration,
    Reliability,
    calibrate,
    fit_temperature,
    reliability,
)
from googlenet.evaluation.confusion import ConfusedPair, confused_pairs, ranked_pairs
from googlenet.evaluation.counts import ClassScore, Counts, Evaluation
from googlenet.evaluation.evaluate import PreparedSquares, evaluate, prepare_squares
from googlenet.evaluation.halves import halves, name_hash
from googlenet.evaluation.intervals import paired_interval, wilson_interval
from googlenet.evaluation.labelled import open_labelled
from googlenet.evaluation.linear_probe import LinearProbe, fit_linear_probe, out_of_fold_probabilities
from googlenet.evaluation.protocols import ErrorRate, ProtocolComparison, ProtocolRow, compare_protocols
from googlenet.evaluation.storing import store_evaluation

__all__ = [
    "TOO_FEW",
    "Answers",
    "Calibration",
    "ClassScore",
    "ConfusedPair",
    "Counts",
    "ErrorRate",
    "Evaluation",
    "LinearProbe",
    "PreparedSquares",
    "ProtocolComparison",
    "ProtocolRow",
    "Reliability",
    "calibrate",
    "compare_protocols",
    "confused_pairs",
    "evaluate",
    "fit_linear_probe",
    "fit_temperature",
    "halves",
    "name_hash",
    "open_labelled",
    "out_of_fold_probabilities",
    "paired_interval",
    "prepare_squares",
    "ranked_pairs",
    "reliability",
    "store_evaluation",
    "wilson_interval",
]
