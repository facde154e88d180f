"""The command `googlenet`: one thin file a verb. A verb imports what it needs when it runs."""

import atexit
import gc
import os

# A command makes objects by the hundred thousand when it starts, and they stay. To look through them for garbage as
# often as is usual, and again at the end, took a fifth of the time to the first label.
gc.set_threshold(50_000)
atexit.register(gc.freeze)

# What numpy multiplies here is small; its threads go on spinning for a while, and are in the way of the network's.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
