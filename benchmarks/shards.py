"""100,000 pictures in shards and in a folder: seconds to open, pictures read and decoded in random order, peak memory.

The pictures are 200 JPEGs of noise over a gradient, 96 px, under 100,000 names in 10 classes. Each measurement is a
process of its own; folder, shards, and shards without their index take turns, so that other work on the machine
slows all of them alike.
Run: python benchmarks/shards.py (about 3 minutes; --pictures 10000 for a short one)
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from googlenet.benchmarking.timing_process import peak_bytes
from googlenet.dataset import open_dataset
from googlenet.images import BadImage
from googlenet.machine import read_machine
from googlenet.parallel import map_in_order

DISTINCT = 200
CLASSES = 10
PIXELS = 96


def make_folder(folder: Path, count: int) -> None:
    """Write the pictures, a thousand in a folder."""
    generator = np.random.default_rng(0)
    ramp = np.linspace(0, 200, PIXELS)[:, np.newaxis, np.newaxis]
    contents = []
    for _ in range(DISTINCT):
        pixels = ramp + generator.normal(20, 15, (PIXELS, PIXELS, 3))
        file = io.BytesIO()
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
        contents.append(file.getvalue())
    for number in range(count):
        path = folder / f"class{number % CLASSES}" / f"{number // 10_000}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents[number % DISTINCT])


def measure(data: str, reads: int) -> dict[str, float]:
    """Open DATA, read `reads` of its pictures in random order with as many threads as in a training."""
    empty = peak_bytes()
    start = time.perf_counter()
    samples = open_dataset(data, split_rule=None).splits["all"]
    opened = time.perf_counter()
    chosen = np.random.default_rng(1).permutation(len(samples))[:reads].tolist()
    for image in map_in_order(samples.decode, chosen):
        if isinstance(image, BadImage):
            raise SystemExit(f"{data}: {image.reason}")
    seconds = time.perf_counter() - opened
    megabytes = (peak_bytes() - empty) / 1e6
    return {"open_s": opened - start, "images_per_s": len(chosen) / seconds, "memory_mb": megabytes}


def measured(data: Path | str, reads: int) -> dict[str, Any]:
    """`measure` in a process of its own."""
    command = [sys.executable, __file__, "--measure", str(data), "--reads", str(reads)]
    result: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return result


def main() -> None:
    """Make the pictures, pack them, measure in turns, print medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--reads", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.reads)))
        return
    with tempfile.TemporaryDirectory() as place:
        folder, shards, bare = (Path(place) / name for name in ("folder", "shards", "bare"))
        make_folder(folder, options.pictures)
        start = time.perf_counter()
        pack = ("pack", str(folder) + "/*", str(shards), "--shard-size", "64MB")
        subprocess.run([sys.executable, "-m", "googlenet", *pack], check=True)
        print(f"packed in {time.perf_counter() - start:.0f} s; {read_machine()}")
        bare.mkdir()
        for tar in shards.glob("*.tar"):
            (bare / tar.name).hardlink_to(tar)
        kinds = {"folder": f"{folder}/*", "shards": shards, "shards without index": bare}
        rounds = [{kind: measured(data, options.reads) for kind, data in kinds.items()} for _ in range(options.rounds)]
        print(f"{'':22}{'open s':>9}{'images/s':>10}{'of folder':>11}{'memory MB':>11}")
        for kind in kinds:
            opened, rate, memory = (
                statistics.median(one[kind][key] for one in rounds) for key in ("open_s", "images_per_s", "memory_mb")
            )
            ratio = statistics.median(one[kind]["images_per_s"] / one["folder"]["images_per_s"] for one in rounds)
            print(f"{kind:22}{opened:9.2f}{rate:10,.0f}{ratio:11.2f}{memory:11,.0f}")


if __name__ == "__main__":
    main()
