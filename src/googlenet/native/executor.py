"""Threads that run executables, and the memory they run them in."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Collection
from threading import Lock
from typing import Any
from weakref import WeakSet, finalize

import numpy as np
from numpy.typing import NDArray

from googlenet.errors import InputError
from googlenet.graph import Graph, fuse_lrn
from googlenet.native.arithmetic import Arithmetic
from googlenet.native.float32 import FLOAT_BYTES, Float32
from googlenet.native.library import InstructionSet, Job, Output, choose_instruction_set, load_library
from googlenet.native.lowering import lower
from googlenet.native.operations import Executable, OutputPlace, build_executable

MAX_SIZES = 3
"""Sizes of pictures whose executables are kept; each keeps some twenty MB for each thread."""

MAX_THREADS = 1024
"""More than any processor runs at once; each keeps its own memory."""

_networks: WeakSet[Network] = WeakSet()


class Network:
    """A graph's network, run by threads of its own: all of them on one picture, or each on one of many.

    `run` may be called from several threads, which then take turns, and in a process that was forked.
    """

    def __init__(self, graph: Graph, threads: int, instruction_set: str | None = None) -> None:
        """`instruction_set`: by default the fastest that this processor has; see `choose_instruction_set`.

        Raises InputError for a number of threads that cannot be, where there is no library that runs here, and for a
        graph that it cannot run; ModelFileError for a graph that contradicts itself.
        """
        if not 1 <= threads <= MAX_THREADS:
            raise InputError(f"the engine native runs with 1 to {MAX_THREADS} threads, not with {threads}")
        self.library = load_library()
        self.instruction_set = choose_instruction_set(instruction_set)
        self.arithmetic = _arithmetic_of(graph, self.instruction_set)
        self.threads = threads
        self.executables: dict[tuple[int, int], tuple[Executable, NDArray[np.uint8]]] = {}
        self.lock = Lock()
        self.pool: ctypes.c_void_p | None = self._make_pool()
        _networks.add(self)

    def _make_pool(self) -> ctypes.c_void_p:
        pool = self.library.googlenet_pool_create(self.threads, self.instruction_set.number)
        if not pool:
            raise MemoryError("no memory for the threads of the engine native")
        handle = ctypes.c_void_p(pool)
        finalize(self, _destroy_pool, self.library, handle, os.getpid())
        return handle

    def leave_parent(self) -> None:
        """After a fork: the child has none of the threads, and nobody who would release the lock."""
        self.lock, self.pool = Lock(), None

    def run(self, images: NDArray[np.uint8], outputs: Collection[str]) -> dict[str, NDArray[np.float32]]:
        """(N, H, W, 3) uint8 RGB -> the outputs named, each (N, height, width, channels); before any softmax.

        Raises InputError for pictures that are too small or too large.
        """
        count, height, width, _ = images.shape
        with self.lock:  # the arenas are shared
            self.pool = self.pool or self._make_pool()
            executable, arenas = self._executable(height, width)
            pixels = np.ascontiguousarray(images)
            results = {}
            records = (Output * len(outputs))()
            for record, name in zip(records, outputs, strict=True):
                place = executable.outputs[name]
                copied = np.empty((count, place.length), np.uint8)
                record.first, record.bytes, record.to = place.first, place.length, copied.ctypes.data
                results[name] = _in_rows(copied, place)
            job = Job(
                operations=executable.operations,
                phases=executable.phases,
                phase_count=len(executable.phases),
                output_count=len(records),
                outputs=records,
                arenas=arenas.ctypes.data,
                arena_bytes=executable.arena_bytes,
                image_bytes=height * width * 3,
                images=pixels.ctypes.data,
                image_count=count,
            )
            self.library.googlenet_pool_run(self.pool, ctypes.byref(job))
        return results

    def _executable(self, height: int, width: int) -> tuple[Executable, NDArray[np.uint8]]:
        """What is run for a size, and its arenas; the one that was made first is given up for a new one."""
        key = height, width
        if key not in self.executables:
            if len(self.executables) >= MAX_SIZES:
                del self.executables[next(iter(self.executables))]
            executable = build_executable(self.arithmetic, height, width)
            self.executables[key] = executable, executable.arenas(self.threads)
        return self.executables[key]


def _in_rows(copied: NDArray[np.uint8], place: OutputPlace) -> NDArray[np.float32]:
    """The values of an output (N, height, width, channels) among the bytes that were copied for each picture."""
    shape = place.shape
    return np.ndarray(
        (len(copied), shape.height, shape.width, shape.channels),
        np.float32,
        buffer=copied,
        strides=(place.length, place.row, place.pixel, FLOAT_BYTES),
    )


def _leave_parent() -> None:
    for network in list(_networks):
        network.leave_parent()


os.register_at_fork(after_in_child=_leave_parent)


def _destroy_pool(library: Any, pool: ctypes.c_void_p, process: int) -> None:
    if process == os.getpid():
        library.googlenet_pool_destroy(pool)


def _arithmetic_of(graph: Graph, instruction_set: InstructionSet) -> Arithmetic:
    if all(node.operator != "QuantizeLinear" for node in graph.nodes):
        return Float32(lower(fuse_lrn(graph)), instruction_set.panel)
    from googlenet.native.int8 import Int8
    from googlenet.quantization import dequantize  # only where it is needed: it slows the start

    plain = dequantize(graph)
    return Int8.from_quantized(lower(fuse_lrn(plain.graph)), instruction_set, plain.grids, plain.weights)
