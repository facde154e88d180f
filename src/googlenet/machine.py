"""Describes the machine that figures were measured on: processor, vector extensions, cores; package versions."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from googlenet.parallel import available_cpus

CPU_INFO = Path("/proc/cpuinfo")

FEATURES = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx_vnni": "AVX-VNNI",
    "avx512_vnni": "AVX-512 VNNI",
    "avx512_bf16": "AVX-512 bf16",
    "amx_int8": "AMX int8",
    "amx_bf16": "AMX bf16",
}
"""The processor features that matter for speed: name in /proc/cpuinfo -> common name."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor; `cores` are all of its cores, `usable` those available to this process, `features` FEATURES keys."""

    processor: str
    cores: int
    usable: int
    features: tuple[str, ...]

    def __str__(self) -> str:
        """One line for people."""
        named = ", ".join(FEATURES[feature] for feature in self.features) or "vector features unknown"
        bound = "" if self.usable == self.cores else f", {self.usable} of them usable"
        return f"{self.processor}, {self.cores} cores{bound}; {named}"


def installed_version(distribution: str) -> str:
    """The version of an installed distribution; "not installed" for a package that runs from source."""
    from importlib.metadata import PackageNotFoundError, version  # imported here to keep startup fast

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"


def read_machine(cpu_info: Path = CPU_INFO) -> Machine:
    """Describe this machine; features are empty if the system does not list them (other than Linux)."""
    text = cpu_info.read_text(encoding="utf-8", errors="replace") if cpu_info.is_file() else ""
    pairs = (line.partition(":")[::2] for line in text.splitlines())
    fields = {key.strip(): value.strip() for key, value in pairs}
    flags = fields.get("flags", "").split()
    return Machine(
        processor=fields.get("model name") or platform.processor() or "unknown processor",
        cores=os.cpu_count() or 1,
        usable=available_cpus(),
        features=tuple(feature for feature in FEATURES if feature in flags),
    )
