"""The compiled part: the records of src/records.h in ctypes, and the library that reads them.

The library is built when the package is installed (hatch_build.py). Where that was not possible `load_library` says so,
and another engine runs the model.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_float, c_int32, c_int64, c_void_p
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from googlenet.environment import INSTRUCTION_SET, read_variable
from googlenet.errors import InputError
from googlenet.machine import read_machine

LIBRARY = Path(__file__).with_name("kernels.so")

MAX_TILES = 32
"""Winograd's tiles of an item: what they are computed from stays in a second cache of 512 KiB."""

SCRATCH_BYTES = 36 * MAX_TILES * 32 * 4
"""A thread's scratch memory; both as in src/records.h."""


class TensorView(ctypes.Structure):
    """Where a tensor lies in the arena: its first pixel, and how far apart rows and pixels are; in bytes."""

    _fields_ = [
        *((name, c_int64) for name in ("first", "row", "pixel")),
        *((name, c_int32) for name in ("height", "width", "channels", "_padding")),
    ]


class Panel(ctypes.Structure):
    """Output channels that are computed at once, and where they go."""

    _fields_ = [*((name, c_int64) for name in ("first", "row", "pixel")), ("channels", c_int32), ("qmax", c_float)]


class Operation(ctypes.Structure):
    """A kernel and its settings; see src/records.h."""

    _fields_ = [
        *((name, c_int32) for name in ("kernel", "items", "pixel_groups", "panel_groups")),
        ("in_", TensorView),
        ("out", TensorView),
        ("panels", POINTER(Panel)),
        ("weights", c_void_p),
        ("biases", c_void_p),
        ("scales", c_void_p),
        *((name, c_int32) for name in ("panel_count", "relu", "taps", "row_bytes")),
        *((name, c_int32) for name in ("stride", "kernel_size", "padding", "window")),
        *((name, c_int32) for name in ("tiles_down", "tiles_across", "tile")),
        *((name, c_int32) for name in ("group", "float_output", "squared_input", "squared_output")),
        *((name, c_float) for name in ("qmax", "factor", "alpha", "k", "beta")),
        ("mean", c_float * 3),
    ]


class Phase(ctypes.Structure):
    """Operations `first` to `last` - 1 that do not read each other, with `items` pieces of work."""

    _fields_ = [(name, c_int32) for name in ("first", "last", "items", "_padding")]


class Output(ctypes.Structure):
    """A tensor that is copied out after each picture: `bytes` from `first`."""

    _fields_ = [("first", c_int64), ("bytes", c_int64), ("to", c_void_p)]


class Job(ctypes.Structure):
    """An executable and the pictures that it is run on."""

    _fields_ = [
        ("operations", POINTER(Operation)),
        ("phases", POINTER(Phase)),
        ("phase_count", c_int32),
        ("output_count", c_int32),
        ("outputs", POINTER(Output)),
        ("arenas", c_void_p),
        ("arena_bytes", c_int64),
        ("image_bytes", c_int64),
        ("images", c_void_p),
        ("image_count", c_int64),
    ]


class _InstructionSet(ctypes.Structure):
    """The beginning of the library's own record; its kernels follow."""

    _fields_ = [("name", c_char_p), ("panel", c_int32), ("exact_int8", c_int32)]


@dataclass(frozen=True, slots=True)
class InstructionSet:
    """A set of the processor's instructions that the kernels were compiled for.

    `panel`: output channels that a block computes at once. `exact_int8`: products of bytes are added in 32 bits, which
    nothing overflows; else in 16. `is_here`: whether this processor has it.
    """

    number: int
    name: str
    panel: int
    exact_int8: bool
    is_here: bool


RECORD_BYTES = (*map(ctypes.sizeof, (TensorView, Panel, Operation, Phase, Output, Job)), SCRATCH_BYTES)
"""In the order in which the library gives them."""

FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "record_bytes": (c_int32, [c_int32]),
    "kernel_name": (c_char_p, [c_int32]),
    "instruction_set": (POINTER(_InstructionSet), [c_int32]),
    "can_run": (c_int32, [c_int32]),
    "pool_create": (c_void_p, [c_int32, c_int32]),
    "pool_run": (None, [c_void_p, POINTER(Job)]),
    "pool_destroy": (None, [c_void_p]),
}
"""What each function of the library gives and takes; their names begin with googlenet_."""


@cache
def load_library() -> Any:
    """The library, its functions declared. Raises InputError, saying why, where there is none that fits."""
    if not LIBRARY.is_file():
        raise InputError(
            "the engine native is not part of this installation: its kernels were not compiled, because there was no "
            "C compiler; --engine onnx runs the same models"
        )
    library = ctypes.CDLL(str(LIBRARY))
    other = f"{LIBRARY} was compiled for another version of this package: install the package again"
    try:
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(library, f"googlenet_{name}")
            function.restype, function.argtypes = result, arguments
    except AttributeError:
        raise InputError(other) from None
    if tuple(map(library.googlenet_record_bytes, range(len(RECORD_BYTES)))) != RECORD_BYTES:
        raise InputError(other)
    return library


@cache
def kernel_number(name: str) -> int:
    """The place of a kernel in the library."""
    library, number = load_library(), 0
    while (found := library.googlenet_kernel_name(number)) is not None:
        if found == name.encode():
            return number
        number += 1
    raise AssertionError(f"the library has no kernel {name}")


def instruction_sets() -> tuple[InstructionSet, ...]:
    """All that the library was compiled for, the fastest last. Raises InputError as `load_library` does."""
    library = load_library()
    found: list[InstructionSet] = []
    while record := library.googlenet_instruction_set(len(found)):
        name, panel, exact_int8 = record.contents.name.decode(), record.contents.panel, bool(record.contents.exact_int8)
        number = len(found)
        found.append(InstructionSet(number, name, panel, exact_int8, bool(library.googlenet_can_run(number))))
    return tuple(found)


def choose_instruction_set(name: str | None = None) -> InstructionSet:
    """The one called `name`, by default what the environment names, else the fastest that this processor has.

    Raises InputError for a name that does not exist, and for instructions that this processor lacks.
    """
    sets = {each.name: each for each in instruction_sets() if each.is_here}
    wanted = name or read_variable(INSTRUCTION_SET) or next(reversed(sets))
    if wanted not in sets:
        raise InputError(
            f"the engine native has no instruction set {wanted!r} for this processor, only {', '.join(sets)}"
        )
    return sets[wanted]


def is_best_here() -> bool:
    """Whether the kernels run here and are known to beat ONNX Runtime: not with AVX-512 that lacks VNNI, not scalar."""
    try:
        name = choose_instruction_set().name
    except InputError:
        return False
    return name == "avx512vnni" or (name == "avx2" and "avx512f" not in read_machine().features)
