"""Kernels of our own: a graph run by compiled code, in float32, on the CPU.

steps      a graph -> steps (a convolution with its bias and ReLU is one)
layout     the shapes of values, the zeros around them, their places in memory
schedule   steps -> tasks in phases
packing    weights as the kernels read them
program    tasks -> the records that the library runs
library    the compiled library (source/) and its records
network    a graph, its programs and their threads
"""

from googlenet.native.library import is_best_here, load_library
from googlenet.native.network import Network

__all__ = ["Network", "is_best_here", "load_library"]
