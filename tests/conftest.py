"""Settings of the whole suite."""

from __future__ import annotations

import os

from hypothesis import settings

# The suite's networks are so small that a second thread only costs; the setting also reaches the commands it runs.
os.environ["OMP_NUM_THREADS"] = "1"

# No test may fail because the machine is busy with something else.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
