"""Kernels of our own: a graph run by compiled code, in float32 or int8, on the CPU.

lowering       a graph -> steps (a convolution with its bias and ReLU is one)
steps          what the kernels can do: a record for each kind of step
memory_plan    the shapes of tensors, the zeros around them, their places in memory
task_schedule  steps -> tasks in phases
arithmetic     what differs between float32.py and int8.py; pack: weights as the kernels read them
operations     tasks -> the records that the library runs; bounds: that none of them leaves its memory
library        the compiled library (src/) and its records
executor       a graph, its executables and their threads
"""

from googlenet.native.executor import Network
from googlenet.native.library import is_best_here, load_library

__all__ = ["Network", "is_best_here", "load_library"]
