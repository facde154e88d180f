"""Threads that run programs, and the memory they run them in."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Collection
from threading import Lock
from typing import Any
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from googlenet.graph import Graph, fuse_lrn
from googlenet.native.library import INSTRUCTIONS, Instructions, Job, Output, instructions_here, load_library
from googlenet.native.numbers import Floats, Numbers
from googlenet.native.program import Program, write_program
from googlenet.native.steps import read_graph

MOST_SIZES = 3
"""Sizes of pictures whose programs are kept; each keeps some twenty MB for each thread."""


class Network:
    """A graph's network, run by threads of its own: all of them on one picture, or each on one of many."""

    def __init__(self, graph: Graph, threads: int, instructions: Instructions | None = None) -> None:
        """`instructions`: left out, the fastest that this processor has.

        Raises InputError where there is no library that runs here, and for a graph that it cannot run.
        """
        self.library = load_library()
        self.instructions = instructions or instructions_here()[-1]
        self.numbers = _numbers_of(graph, self.instructions)
        self.threads = threads
        self._gather()
        self.programs: dict[tuple[int, int], tuple[Program, NDArray[np.float32]]] = {}
        self.lock = Lock()

    def _gather(self) -> None:
        """Make the threads, which are this process's: a fork has none of them."""
        team = self.library.googlenet_gather(self.threads, INSTRUCTIONS.index(self.instructions))
        if not team:
            raise MemoryError("no memory for the threads of the engine native")
        self.team, self.process = ctypes.c_void_p(team), os.getpid()
        self.disband = finalize(self, _disband, self.library, self.team, self.process)

    def run(self, images: NDArray[np.uint8], outputs: Collection[str]) -> dict[str, NDArray[np.float32]]:
        """(N, H, W, 3) uint8 RGB -> the outputs named, each (N, height, width, channels); before any softmax.

        Raises InputError for pictures that are too small.
        """
        count, height, width, _ = images.shape
        pixels = np.ascontiguousarray(images)
        with self.lock:  # the arenas are shared
            if self.process != os.getpid():
                self._gather()
            program, arenas = self._program(height, width)
            results = {}
            records = (Output * len(outputs))()
            for record, name in zip(records, outputs, strict=True):
                first, shape = program.outputs[name]
                values = np.empty((count, shape.height, shape.width, shape.channels), np.float32)
                record.first, record.count, record.to = first, values[0].size, values.ctypes.data
                results[name] = values
            job = Job(
                operations=program.operations,
                phases=program.phases,
                phase_count=len(program.phases),
                output_count=len(records),
                outputs=records,
                arenas=arenas.ctypes.data,
                arena_size=program.arena_size,
                image_size=height * width * 3,
                images=pixels.ctypes.data,
                image_count=count,
            )
            self.library.googlenet_run(self.team, ctypes.byref(job))
        return results

    def _program(self, height: int, width: int) -> tuple[Program, NDArray[np.float32]]:
        """The program for a size and its arenas; the one that was made first is given up for a new one."""
        key = height, width
        if key not in self.programs:
            if len(self.programs) >= MOST_SIZES:
                del self.programs[next(iter(self.programs))]
            program = write_program(self.numbers, height, width)
            self.programs[key] = program, program.arenas(self.threads)
        return self.programs[key]


def _disband(library: Any, team: ctypes.c_void_p, process: int) -> None:
    if process == os.getpid():
        library.googlenet_disband(team)


def _numbers_of(graph: Graph, instructions: Instructions) -> Numbers:
    if all(node.operator != "QuantizeLinear" for node in graph.nodes):
        return Floats(read_graph(fuse_lrn(graph)), instructions.panel)
    from googlenet.native.codes import WholeNumbers
    from googlenet.quantization import without_rounding  # where it is needed alone: a start counts milliseconds

    plain = without_rounding(graph)
    computation = read_graph(fuse_lrn(plain.graph))
    return WholeNumbers.from_grids(computation, instructions, plain.grids, plain.codes)
