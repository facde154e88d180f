"""Settings of the whole suite."""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# The suite's networks are so small that a second thread only costs; the setting also reaches the commands it runs.
os.environ["OMP_NUM_THREADS"] = "1"

# A shell ignores Ctrl-C for what runs in its background, and children inherit that: tests that send it would wait.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No test may fail because the machine is busy with something else.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
