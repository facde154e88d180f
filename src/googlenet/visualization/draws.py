"""Random numbers by what they are for, so that nothing depends on what else is made."""

from __future__ import annotations

import numpy as np
import torch


def generator_for(*key: int) -> torch.Generator:
    """A generator for a seed and whatever tells one use from another; each number from 0 to 2^32 - 1."""
    state = int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0])
    return torch.Generator().manual_seed(state >> 1)
