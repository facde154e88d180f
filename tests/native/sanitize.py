"""The kernels under sanitizers: python tests/native/sanitize.py (make sanitize). CC names the compiler, gcc or clang.

Address and undefined behaviour: a library built with both runs the tests of the kernels and of bad graphs. Threads: the
pool runs in a C program of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

import hatch_build  # noqa: E402

ADDRESS = ("-g", "-O0", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
THREAD = ("-g", "-O0", "-fsanitize=thread")
SUITE = ("tests/native/test_kernels.py", "tests/native/test_bounds.py")


def compiler() -> list[str]:
    """The compiler that the package is built with."""
    return (os.environ.get("CC") or "cc").split()


def is_clang() -> bool:
    """Whether it is clang, whose sanitizers are static unless they are asked for."""
    return "clang" in subprocess.run([*compiler(), "--version"], capture_output=True, text=True, check=True).stdout


def run_suite(folder: Path) -> None:
    """The tests on a library with the address sanitizer, which must be in the process before Python is."""
    clang = is_clang()
    library = folder / "kernels.so"
    for command in hatch_build.commands(folder, library, (*ADDRESS, *(("-shared-libsan",) if clang else ()))):
        subprocess.run(command, check=True)
    runtime = f"libclang_rt.asan-{os.uname().machine}.so" if clang else "libasan.so"
    found = subprocess.run([*compiler(), f"-print-file-name={runtime}"], capture_output=True, text=True, check=True)
    environment = {
        "LD_PRELOAD": found.stdout.strip(),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python keeps what it has until it ends
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "GOOGLENET_TEST_KERNELS": str(library),
    }
    suite = [sys.executable, "-m", "pytest", "-q", "-x", "-s", "-p", "no:cacheprovider", *SUITE]
    subprocess.run(suite, check=True, cwd=ROOT, env=os.environ | environment)


def run_pool(folder: Path) -> None:
    """The thread pool's program, with the thread sanitizer."""
    commands = hatch_build.commands(folder, folder / "unused.so", THREAD)[:-1]
    for command in commands:
        subprocess.run(command, check=True)
    objects = [command[-1] for command in commands]
    source, program = HERE / "thread_pool_test.c", folder / "thread_pool_test"
    include = f"-I{hatch_build.ROOM / 'src'}"
    subprocess.run(
        [*compiler(), *hatch_build.FLAGS, *THREAD, include, str(source), *objects, "-lm", "-o", str(program)],
        check=True,
    )
    subprocess.run([str(program)], check=True, env=os.environ | {"TSAN_OPTIONS": "halt_on_error=1"})


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        try:
            run_pool(Path(made))
            run_suite(Path(made))
        except subprocess.CalledProcessError as error:
            sys.exit(error.returncode)
