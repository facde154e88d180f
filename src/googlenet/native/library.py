"""The compiled part: the records of source/program.h and source/threads.c in ctypes, and the library that reads them.

The library is built when the package is installed (hatch_build.py). Where that was not possible, or the processor
lacks the instructions, `load_library` says so and another engine runs the model.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_float, c_int32, c_int64, c_void_p
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from googlenet.errors import InputError
from googlenet.machine import read_machine

LIBRARY = Path(__file__).with_name("kernels.so")


class View(ctypes.Structure):
    """Where a value lies in the arena: its first pixel, and how far apart rows and pixels are; in floats or bytes."""

    _fields_ = [
        *((name, c_int64) for name in ("first", "row", "pixel")),
        *((name, c_int32) for name in ("height", "width", "channels", "_padding")),
    ]


class Panel(ctypes.Structure):
    """Output channels that are computed at once, and where they go."""

    _fields_ = [*((name, c_int64) for name in ("first", "row", "pixel")), ("channels", c_int32), ("top", c_int32)]


class Operation(ctypes.Structure):
    """A kernel and its settings; see source/program.h."""

    _fields_ = [
        *((name, c_int32) for name in ("kind", "items", "pixel_groups", "panel_groups")),
        ("in_", View),
        ("out", View),
        ("panels", POINTER(Panel)),
        ("weights", c_void_p),
        ("biases", c_void_p),
        *((name, c_int32) for name in ("panel_count", "relu", "taps", "run", "stride", "kernel", "padding", "window")),
        *((name, c_int32) for name in ("tiles_down", "tiles_across", "tile")),
        *((name, c_int32) for name in ("group", "top", "floats", "rooted", "in_rooted")),
        ("scales", c_void_p),
        ("factor", c_float),
        *((name, c_float) for name in ("alpha", "k", "beta")),
        ("mean", c_float * 3),
    ]


class Phase(ctypes.Structure):
    """Operations `first` to `last` - 1 that do not read each other, with `items` pieces of work."""

    _fields_ = [(name, c_int32) for name in ("first", "last", "items", "_padding")]


class Output(ctypes.Structure):
    """A value that is copied out after each picture."""

    _fields_ = [("first", c_int64), ("count", c_int64), ("to", c_void_p)]


class Job(ctypes.Structure):
    """A program and the pictures that it is run on."""

    _fields_ = [
        ("operations", POINTER(Operation)),
        ("phases", POINTER(Phase)),
        ("phase_count", c_int32),
        ("output_count", c_int32),
        ("outputs", POINTER(Output)),
        ("arenas", c_void_p),
        ("arena_size", c_int64),
        ("image_size", c_int64),
        ("images", c_void_p),
        ("image_count", c_int64),
    ]


@dataclass(frozen=True, slots=True)
class Instructions:
    """A set of the processor's instructions that kernels are compiled for.

    `panel`: output channels that a micro-kernel computes at once. `wide_sums`: products of bytes are added in 32 bits,
    which nothing overflows; else in 16.
    """

    name: str
    panel: int
    wide_sums: bool


INSTRUCTIONS = (Instructions("avx2", panel=16, wide_sums=False), Instructions("avx512", panel=32, wide_sums=True))
"""The slower first; as source/threads.c numbers them. The second is AVX-512 with VNNI."""

RECORDS = (View, Panel, Operation, Phase, Output, Job)
"""In the order in which the library gives their sizes."""


@cache
def load_library() -> Any:
    """The library, its functions declared. Raises InputError, saying why, where there is none that runs here."""
    if not LIBRARY.is_file():
        raise InputError(
            "the engine native is not part of this installation: its kernels were not compiled, because there was no "
            "C compiler for Linux or macOS on x86-64; --engine onnx runs the same models"
        )
    library = ctypes.CDLL(str(LIBRARY))
    library.googlenet_gather.restype = c_void_p
    library.googlenet_gather.argtypes = [c_int32, c_int32]
    library.googlenet_disband.argtypes = [c_void_p]
    library.googlenet_disband.restype = None
    library.googlenet_run.argtypes = [c_void_p, POINTER(Job)]
    library.googlenet_run.restype = None
    sizes = tuple(library.googlenet_sizes(number) for number in range(len(RECORDS)))
    if sizes != tuple(map(ctypes.sizeof, RECORDS)):
        raise InputError(f"{LIBRARY} was compiled for another version of this package: install the package again")
    if not any(map(library.googlenet_can_run, range(len(INSTRUCTIONS)))):
        raise InputError("the engine native needs a processor with AVX2 and FMA; --engine onnx runs the same models")
    return library


def instructions_here() -> tuple[Instructions, ...]:
    """Those that this processor has, the fastest last. Raises InputError as `load_library` does."""
    library = load_library()
    return tuple(one for number, one in enumerate(INSTRUCTIONS) if library.googlenet_can_run(number))


def is_best_here() -> bool:
    """Whether the kernels run here and are known to beat ONNX Runtime: not with AVX-512 that lacks VNNI."""
    try:
        fastest = instructions_here()[-1]
    except InputError:
        return False
    return fastest.wide_sums or "avx512f" not in read_machine().features
