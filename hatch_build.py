"""Compiles the kernels of the engine `native` when the package is built or installed; also `python hatch_build.py`.

Without a C compiler, the package works without them: other engines run the same models. So a failure here is only a
warning, unless GOOGLENET_KERNELS=required makes it an error, as for a wheel that is to be published.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOM = Path(__file__).parent / "src" / "googlenet" / "native"
LIBRARY = ROOM / "kernels.so"
FLAGS = ("-std=c11", "-O3", "-fPIC", "-fno-math-errno", "-fno-trapping-math", "-pthread")
"""Compiler flags for all files."""

SOURCES = ("dispatch.c", "thread_pool.c")
"""Files that are compiled once."""

X86_64, ANY_PROCESSOR = ("x86_64", "amd64"), ()
INSTRUCTION_SETS = {
    "scalar": (ANY_PROCESSOR, ("-O2",)),
    "avx2": (X86_64, ("-mavx2", "-mfma")),
    "avx512vnni": (X86_64, ("-mavx2", "-mfma", *(f"-mavx512{part}" for part in ("f", "bw", "vl", "dq", "vnni")))),
}
"""kernels.c is compiled once for each: header in simd/ -> the processors that it is for, and compiler flags."""


def commands(folder: Path, library: Path, extra: tuple[str, ...] = ()) -> list[list[str]]:
    """The commands that compile the library, with object files in `folder`; `extra`: additional flags."""
    compiler = [*(os.environ.get("CC") or "cc").split(), *FLAGS]
    processor = platform.machine().lower()
    sets = {
        name: flags
        for name, (processors, flags) in INSTRUCTION_SETS.items()
        if not processors or processor in processors
    }
    listed = f"-DSIMD_SETS(SET)={' '.join(f'SET({name})' for name in sets)}"
    units: list[tuple[str, str, tuple[str, ...]]] = [(source, source, (listed,)) for source in SOURCES]
    for name, flags in sets.items():
        units.append(("kernels.c", name, (*flags, f'-DSIMD_HEADER="simd/{name}.h"', f"-DSIMD_SET=simd_{name}")))
    objects = [str(folder / f"{name}.o") for _, name, _ in units]
    compiled = [
        [*compiler, *flags, *extra, "-c", str(ROOM / "src" / source), "-o", made]
        for (source, _, flags), made in zip(units, objects, strict=True)
    ]
    return [*compiled, [*compiler, *extra, "-shared", *objects, "-lm", "-o", str(library)]]


def compile_kernels() -> str | None:
    """Build the library; returns None, or a sentence that says why it could not be built."""
    if os.name != "posix":
        return "the kernels only support Linux and macOS"
    with tempfile.TemporaryDirectory(dir=LIBRARY.parent) as folder:
        built = Path(folder) / LIBRARY.name
        *compiling, linking = commands(Path(folder), built)
        with ThreadPoolExecutor() as together:
            if problem := next(filter(None, together.map(_run, compiling)), None) or _run(linking):
                return problem
        built.replace(LIBRARY)
    return None


def _run(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"the C compiler {command[0]} cannot be run: {error}"
    return f"{' '.join(command)} failed:\n{done.stderr}" if done.returncode else None


def build_or_say_why_not() -> bool:
    """Whether the library was built; exits with an error if it is required and could not be built."""
    problem = compile_kernels()
    if problem is None:
        return True
    LIBRARY.unlink(missing_ok=True)  # an older one would not fit the package
    print(f"installed without the engine native: {problem}", file=sys.stderr)
    if os.environ.get("GOOGLENET_KERNELS") == "required":
        raise SystemExit(1)
    return False


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run by hand
    pass
else:

    class KernelsHook(BuildHookInterface[Any]):  # type: ignore[misc]
        """Adds the library to a wheel and tags the wheel with its platform."""

        PLUGIN_NAME = "custom"

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Called before a wheel, or an editable install, is built."""
            if self.target_name == "wheel" and build_or_say_why_not():
                build_data["artifacts"].append(str(LIBRARY.relative_to(Path(__file__).parent)))
                build_data["pure_python"] = False
                build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"


if __name__ == "__main__":
    sys.exit(0 if build_or_say_why_not() else 1)
