"""The classifier: pictures in, ranked classes out. Public names are imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from googlenet.lazy import lazy_exports

if TYPE_CHECKING:
    from googlenet.classifier.classifier import Classifier
    from googlenet.classifier.prediction import Prediction, Ranked, rank_classes

__all__ = ["Classifier", "Prediction", "Ranked", "rank_classes"]

__getattr__ = lazy_exports(
    __name__, {"classifier": ("Classifier",), "prediction": ("Prediction", "Ranked", "rank_classes")}
)
