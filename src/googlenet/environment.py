"""The environment variables that this package reads or sets, as one table (`googlenet help environment`)."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable: what it does, and what applies where it is not set."""

    does: str
    default: str


CACHE = "GOOGLENET_CACHE"
ENGINE = "GOOGLENET_ENGINE"
INSTRUCTION_SET = "GOOGLENET_INSTRUCTION_SET"
THREADS = "GOOGLENET_THREADS"

VARIABLES: dict[str, Variable] = {
    CACHE: Variable("the folder that downloaded weights are kept in", "the user's cache folder"),
    ENGINE: Variable("the default of --engine", "the faster of native and onnx"),
    THREADS: Variable("the default of --threads", "one thread per available core"),
    INSTRUCTION_SET: Variable(
        "the instruction set of the native engine, to test and compare: scalar, avx2, avx512vnni",
        "the fastest that the processor has",
    ),
    "GOOGLENET_KERNELS": Variable(
        "when the package is built: required makes kernels that cannot be compiled an error",
        "a warning; the package then works without the native engine",
    ),
    "CC": Variable("when the package is built: the compiler of the kernels", "gcc, clang or cc"),
    "NO_COLOR": Variable("no colours, whatever its value", "no colours either: nothing is coloured so far"),
    "TERM": Variable("dumb: no live line of progress, no escape sequences", "as the terminal sets it"),
    "COLUMNS": Variable("the width of help, at most 80 columns", "the terminal's width"),
    "OMP_WAIT_POLICY": Variable("how torch's threads wait for each other", "PASSIVE"),
    "OPENBLAS_NUM_THREADS": Variable("numpy's threads, which are not the engines'", "1"),
    "ORT_DISABLE_TELEMETRY": Variable("switches off ONNX Runtime's telemetry", "always 1"),
}


def read_variable(name: str) -> str | None:
    """The value of a variable; None if it is unset or empty."""
    return os.environ.get(name) or None
