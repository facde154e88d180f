"""Compiles the kernels of the engine `native` when the package is built or installed; also `python hatch_build.py`.

Where there is no C compiler, the package is complete without them: other engines run the same models. So what goes
wrong here is a message and no error, but for a wheel that is to be published: GOOGLENET_KERNELS=required makes it one.
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
"""For all files."""

SOURCES = ("dispatch.c", "thread_pool.c")
"""What is compiled once."""

X86_64, ANY_PROCESSOR = ("x86_64", "amd64"), ()
INSTRUCTION_SETS = {
    "scalar": (ANY_PROCESSOR, ("-O2",)),
    "avx2": (X86_64, ("-mavx2", "-mfma")),
    "avx512vnni": (X86_64, ("-mavx2", "-mfma", *(f"-mavx512{part}" for part in ("f", "bw", "vl", "dq", "vnni")))),
}
"""kernels.c is compiled for each: its header in simd/ -> the processors that it is for, and the compiler's flags."""


def commands(folder: Path, library: Path, extra: tuple[str, ...] = ()) -> list[list[str]]:
    """The commands that compile the library, its parts in `folder`; `extra`: flags beside those for all."""
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
    """Write the library; give None, or why it could not be written, as a sentence."""
    if os.name != "posix":
        return "the kernels are written for Linux and macOS"
    with tempfile.TemporaryDirectory(dir=LIBRARY.parent) as folder:
        built = Path(folder) / LIBRARY.name
        *compiling, linking = commands(Path(folder), built)
        with ThreadPoolExecutor() as together:
            if said := next(filter(None, together.map(_run, compiling)), None) or _run(linking):
                return said
        built.replace(LIBRARY)
    return None


def _run(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"the C compiler {command[0]} does not run: {error}"
    return f"{' '.join(command)} failed:\n{done.stderr}" if done.returncode else None


def build_or_say_why_not() -> bool:
    """Whether there is a library now; exits where it is required and could not be made."""
    problem = compile_kernels()
    if problem is None:
        return True
    LIBRARY.unlink(missing_ok=True)  # an older one would not fit the package
    print(f"this installation is without the engine native: {problem}", file=sys.stderr)
    if os.environ.get("GOOGLENET_KERNELS") == "required":
        raise SystemExit(1)
    return False


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run by hand
    pass
else:

    class KernelsHook(BuildHookInterface[Any]):  # type: ignore[misc]
        """Adds the library to a wheel, whose name then says for which machines it is."""

        PLUGIN_NAME = "custom"

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:
            """Called before a wheel, or an editable install, is put together."""
            if self.target_name == "wheel" and build_or_say_why_not():
                build_data["artifacts"].append(str(LIBRARY.relative_to(Path(__file__).parent)))
                build_data["pure_python"] = False
                build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"


if __name__ == "__main__":
    sys.exit(0 if build_or_say_why_not() else 1)
