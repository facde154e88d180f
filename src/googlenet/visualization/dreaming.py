"""Dreams: a picture changed so that a layer sees more of what it sees, from coarse to fine.

After Mordvintsev, Olah and Tyka, "Inceptionism: Going Deeper into Neural Networks" (2015): octaves of growing size,
steps of equal length along the gradient, a random shift before each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from googlenet.architecture.layer_names import LayerInfo
from googlenet.images import Preprocessing, resize_image
from googlenet.network import GoogLeNet, to_network_input
from googlenet.network.tapping import tap
from googlenet.visualization.aims import Aim
from googlenet.visualization.making import Making, OnProgress, _generator
from googlenet.visualization.objectives import channel, strength

OCTAVES = 4
OCTAVE_SCALE = 1.4
STEP = 1.5  # of 255, mean change of a value
SHIFT = 32  # px
