"""Confidence intervals of accuracies, and of differences between two accuracies on the same pictures."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def wilson_interval(correct: int, total: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval (low, high) of the proportion `correct` / `total`; (0, 1) if `total` is 0.

    Source: E. B. Wilson, 1927, JASA 22, without continuity correction. It stays within 0 ... 1, also for 0 and `total`.
    """
    if total == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = correct / total
    centre = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    # For 0 and `total`, rounding may leave an end one bit away from its exact value.
    low = 0.0 if correct == 0 else (centre - spread) / scale
    high = 1.0 if correct == total else (centre + spread) / scale
    return low, high


def paired_interval(
    both: int, only_first: int, only_second: int, neither: int, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Newcombe's interval (low, high) of a difference of proportions, first minus second, on the same pictures.

    The four counts are how often both happened, only one of them, or neither; (-1, 1) if nothing was counted.
    Source: R. G. Newcombe, 1998, Statistics in Medicine 17, 2635-2650, method 10: Wilson's intervals of the two
    proportions, combined by their correlation with a continuity correction. It stays within -1 ... 1, and has a
    non-zero width even if the two never differ.
    """
    total = both + only_first + only_second + neither
    if total == 0:
        return -1.0, 1.0
    first, second = both + only_first, both + only_second
    share_1, share_2 = first / total, second / total
    low_1, high_1 = wilson_interval(first, total, confidence=confidence)
    low_2, high_2 = wilson_interval(second, total, confidence=confidence)
    covariance = float(both * neither - only_first * only_second)
    if covariance > 0:
        covariance = max(covariance - total / 2, 0.0)
    margins = first * (total - first) * second * (total - second)
    correlation = covariance / sqrt(margins) if margins else 0.0

    def reach(one: float, other: float) -> float:
        return sqrt(max(0.0, one * one - 2 * correlation * one * other + other * other))

    difference = (only_first - only_second) / total
    low = difference - reach(share_1 - low_1, high_2 - share_2)
    high = difference + reach(share_2 - low_2, high_1 - share_1)
    return max(-1.0, low), min(1.0, high)
