"""The command `googlenet`: one thin module per verb. A verb imports what it needs when it runs."""

import atexit
import gc
import os

# A command creates hundreds of thousands of objects at startup, and they live until it exits. Scanning them for garbage
# at the default rate, and again at exit, took a fifth of the time to the first label.
gc.set_threshold(50_000)
atexit.register(gc.freeze)

# numpy multiplies only small matrices here; its threads keep spinning afterwards and slow down the network's threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
