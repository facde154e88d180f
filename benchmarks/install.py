"""Size of an installation without torch, time to the first label, and peak memory.

For the bare package and for its extra `openvino`: a fresh environment with the wheel of this tree, the size of its
site-packages without pip and setuptools, the seconds of `googlenet predict bvlc PICTURE` as a whole process with warm
files, and the peak memory while it predicts a folder, one picture at a time.
Run: make bench-install
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "examples" / "cat.jpg"
ROUNDS, PICTURES, LARGEST = 7, 50, 8
ENGINES = {"": ("native", "onnx"), "openvino": ("openvino",)}
"""Extra of an installation -> the engines that it is measured with."""
NOT_COUNTED = ("pip", "setuptools", "_distutils_hack", "pkg_resources")

# Run in the new environment, because only there importlib.metadata knows what belongs to which distribution.
WEIGH = """
import importlib.metadata, json, pathlib, site
folder = pathlib.Path(site.getsitepackages()[0])
sizes = {}
for one in importlib.metadata.distributions():
    files = [file.locate() for file in one.files or ()]
    inside = [file for file in files if file.is_file() and folder in file.parents]
    sizes[one.name] = sum(file.stat().st_size for file in inside)
whole = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
print(json.dumps({"distributions": sizes, "whole": whole}))
"""

ONE_BY_ONE = """
import sys, googlenet
classifier = googlenet.load(sys.argv[1], engine=sys.argv[2])
for path in sys.argv[3:]:
    assert classifier.predict(path).error is None
"""

# Runs a command as its only child, so that the peak of its children is that of the command.
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def output_of(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def install(folder: Path, wheel: Path, extra: str) -> Path:
    """Make an environment in `folder` with the wheel and give its folder of programs."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    programs = folder / "bin"
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    quiet = ("--quiet", "--disable-pip-version-check")
    subprocess.run([programs / "pip", "install", *quiet, "-c", ROOT / "constraints.txt", wanted], check=True)
    return programs


def print_weight(programs: Path) -> None:
    """Megabytes (10^6 bytes) of what was installed, the largest first, as files lie there and without bytecode."""
    weighed = json.loads(output_of(programs / "python", "-c", WEIGH))
    sizes = {name: size for name, size in weighed["distributions"].items() if name not in NOT_COUNTED}
    assert "torch" not in sizes
    counted = weighed["whole"] - sum(weighed["distributions"].get(name, 0) for name in NOT_COUNTED)
    print(f"  installed: {counted / 1e6:.1f} MB")
    for name, size in sorted(sizes.items(), key=lambda item: -item[1])[:LARGEST]:
        print(f"    {size / 1e6:7.1f} MB  {name}")


def print_start(programs: Path, picture: Path, model: str, engine: str) -> None:
    """Seconds from the start of the process to its end, which is right behind the label."""
    command = [programs / "googlenet", "predict", model, picture, "--engine", engine]
    seconds = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        output_of(*command)
        seconds.append(time.perf_counter() - start)
    warm = seconds[1:]  # the first one compiles Python's bytecode and fills the system's cache
    spread = f"{min(warm):.3f} to {max(warm):.3f}"
    print(f"  first label, {engine}, {Path(model).name}: {statistics.median(warm):.3f} s ({spread})")


def print_peak(programs: Path, picture: Path, model: str, engine: str) -> None:
    """Peak resident megabytes for copies of a picture: run one at a time, and as the command runs a folder."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(PICTURES):
            Path(folder, f"{number:02}{picture.suffix}").write_bytes(picture.read_bytes())
        paths = sorted(Path(folder).iterdir())
        commands = {
            "one at a time": (programs / "python", "-c", ONE_BY_ONE, model, engine, *paths),
            "as a folder": (programs / "googlenet", "predict", model, folder, "--engine", engine),
        }
        for how, command in commands.items():
            peak = int(output_of(programs / "python", "-c", PEAK, *command))
            print(f"  peak memory, {engine}, {Path(model).name}, {PICTURES} pictures {how}: {peak / 1e6:.0f} MB")


def main() -> None:
    """Measure both installations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path, default=PICTURE)
    parser.add_argument(
        "--keep", type=Path, help="a folder for the environments, which are used again if they are there"
    )
    parser.add_argument(
        "--exported", nargs=2, metavar=("ONNX", "OPENVINO"), help="exported files, which are measured, too"
    )
    arguments = parser.parse_args()
    exported = [[path] for path in arguments.exported or ()] or [[], []]
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        command = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
        subprocess.run(command, check=True)
        (wheel,) = folder.glob("googlenet-*.whl")
        for (extra, engines), files in zip(ENGINES.items(), exported, strict=True):
            place = folder / (extra or "bare")
            programs = place / "bin" if place.exists() else install(place, wheel, extra)
            print(f"googlenet{f'[{extra}]' if extra else ''}:", flush=True)
            print_weight(programs)
            for engine, model in product(engines, ("bvlc", *files)):
                print_start(programs, arguments.picture, model, engine)
                print_peak(programs, arguments.picture, model, engine)


if __name__ == "__main__":
    main()
