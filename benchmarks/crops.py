"""Seconds per picture with 1, 10 and 144 crops, compared with that multiple of the cost of one crop.

A network of the paper's size with starting weights (they do not change the time) and photographs of 500 x 375 px, made
by formula and stored as JPEG, go the whole road: decoding, cutting, the network. Protocols take turns, so that a
machine that slows down does so for all of them; medians of the rounds are printed.
Run: make bench-crops
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from machine import describe_machine

from googlenet.architecture import ArchitectureSpec, build_architecture
from googlenet.classifier import Classifier
from googlenet.engines.torch_engine import TorchEngine
from googlenet.images import CROPS, DEFAULT_PREPROCESSING, crop_views
from googlenet.model import ClassLabel
from googlenet.network import GoogLeNet

WIDTH, HEIGHT = 500, 375


def photographs(count: int) -> list[bytes]:
    """JPEG files of realistic size: smooth colours with fine noise."""
    generator = np.random.default_rng(0)
    files = []
    for _ in range(count):
        coarse = Image.fromarray(generator.integers(0, 256, (12, 16, 3), np.uint8))
        pixels = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)).astype(np.int16)
        noisy = np.clip(pixels + generator.integers(-16, 17, pixels.shape), 0, 255).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(noisy).save(file, "JPEG", quality=90)
        files.append(file.getvalue())
    return files


def seconds_a_picture(classifier: Classifier, files: list[bytes], *, crops: int, batch: int) -> float:
    """Predict all files at once and divide."""
    start = time.perf_counter()
    for prediction in classifier.predict(files, crops=crops, batch=batch):
        assert prediction.error is None
    return (time.perf_counter() - start) / len(files)


def main() -> None:
    """Measure each protocol in alternating rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--squares", type=int, default=288, help="approximate number of squares per protocol and round")
    parser.add_argument("--batch", type=int, nargs="+", default=[16], help="squares per batch")
    arguments = parser.parse_args()
    network = GoogLeNet(build_architecture(ArchitectureSpec("paper")), auxiliaries=False)
    classes = tuple(ClassLabel(str(number), str(number)) for number in range(1000))
    classifier = Classifier(TorchEngine(network, DEFAULT_PREPROCESSING), DEFAULT_PREPROCESSING, classes)
    files = photographs(max(2, arguments.squares))
    print(describe_machine())
    for batch in arguments.batch:
        times: dict[int, list[float]] = {crops: [] for crops in CROPS}
        for round_ in range(arguments.rounds + 1):
            for crops in CROPS:
                chosen = files[: max(2, arguments.squares // crops)]
                seconds = seconds_a_picture(classifier, chosen, crops=crops, batch=batch)
                if round_:  # the first one warms up
                    times[crops].append(seconds)
        single = statistics.median(times[1])
        for crops, measured in times.items():
            different = len(set(crop_views(WIDTH, HEIGHT, DEFAULT_PREPROCESSING, crops)))
            seconds = statistics.median(measured)
            print(
                f"batch {batch:3}  crops {crops:3} ({different:3} different)  {seconds:7.4f} s a picture  "
                f"{seconds / (crops * single):.3f} of {crops} x one crop",
                flush=True,
            )


if __name__ == "__main__":
    main()
