"""Settings of the whole suite."""

from __future__ import annotations

import os

# The suite's networks are so small that a second thread only costs; the setting also reaches the commands it runs.
os.environ["OMP_NUM_THREADS"] = "1"
