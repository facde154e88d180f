"""Class-activation maps (Zhou et al. 2016), which are exact for a network that ends in an average and one linear layer.

The logit of class c is bias_c + sum_f weight_cf * mean(feature map f). The mean and the sum may be exchanged: the logit
is the bias plus the mean of the map sum_f weight_cf * (feature map f), whose values say what each place contributes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def class_activation_maps(
    feature_maps: NDArray[np.float32], weight: NDArray[np.float32], classes: ArrayLike
) -> NDArray[np.float32]:
    """The maps (N, K, h, w) float32 of K classes, from `feature_maps` (N, F, h, w) and the `weight` (C, F).

    `classes`: indices (K,), or (N, K) for other classes in each picture. The mean of a map over h and w is the class's
    logit less its bias.
    """
    chosen = np.asarray(weight)[np.asarray(classes, np.int64)]  # (K, F) or (N, K, F)
    pictures, features, height, width = feature_maps.shape
    flat = feature_maps.reshape(pictures, features, height * width)
    maps = np.matmul(chosen, flat)  # (N, K, h * w)
    return np.asarray(maps, np.float32).reshape(pictures, -1, height, width)
