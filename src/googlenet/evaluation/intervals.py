"""How sure an accuracy is that was counted on a number of pictures."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist


def wilson_interval(correct: int, total: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval (low, high) of a share counted as `correct` of `total`; (0, 1) where nothing was counted.

    Source: E. B. Wilson, 1927, JASA 22, without continuity correction. It stays within 0 ... 1, also for 0 and `total`.
    """
    if total == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = correct / total
    centre = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    # Rounding may leave the ends of 0 and of `total` a last bit beside where they are exactly.
    low = 0.0 if correct == 0 else (centre - spread) / scale
    high = 1.0 if correct == total else (centre + spread) / scale
    return low, high
