"""Compiles the kernels of the engine `native` when the package is built or installed; also `python hatch_build.py`.

Where there is no C compiler, or the machine is none that the kernels are written for, the package is complete without
them: other engines run the same models. So what goes wrong here is said and is no error, but for a wheel that is to
be published: GOOGLENET_KERNELS=required makes it one.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

ROOM = Path(__file__).parent / "src" / "googlenet" / "native"
LIBRARY = ROOM / "kernels.so"
FLAGS = ("-std=gnu11", "-O3", "-fPIC", "-fno-math-errno", "-fno-trapping-math", "-pthread")
SOURCES = {
    "avx2.c": ("-mavx2", "-mfma"),
    "avx512.c": ("-mavx2", "-mfma", *(f"-mavx512{part}" for part in ("f", "bw", "vl", "dq", "vnni"))),
    "threads.c": (),
}
"""What is compiled, and with which flags beside those for all."""


def compile_kernels() -> str | None:
    """Write the library; give None, or why it could not be written, as a sentence."""
    if platform.machine().lower() not in ("x86_64", "amd64") or os.name != "posix":
        return "the kernels are written for Linux and macOS on x86-64"
    compiler = os.environ.get("CC") or "cc"
    with tempfile.TemporaryDirectory(dir=ROOM) as folder:
        objects = []
        for source, flags in SOURCES.items():
            objects.append(str(Path(folder) / f"{source}.o"))
            command = [*compiler.split(), *FLAGS, *flags, "-c", str(ROOM / "src" / source), "-o", objects[-1]]
            if said := _run(command):
                return said
        built = Path(folder) / LIBRARY.name
        if said := _run([*compiler.split(), "-shared", "-pthread", *objects, "-o", str(built)]):
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
    print(f"the engine native is left out: {problem}", file=sys.stderr)
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
