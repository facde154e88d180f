"""Whether each method of `explain` points at the right place: peaks of its maps and boxes around heads of pets.

The pointing game of `pointing.py`, on the first pictures of the same data: how often the peak of the best class's map
lies in the head. A breed is not seen by its head alone, so that no method reaches 100 %. Run: make bench-attribution
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import get_args

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from machine import describe_machine
from pointing import DATA, holds, read_heads

from googlenet.classifier import Classifier
from googlenet.evaluation import wilson_interval
from googlenet.explanation import Method


def main() -> None:
    """Print a row for each method, with the 95 % interval and the seconds a picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--pictures", type=int, default=60)
    arguments = parser.parse_args()
    classifier = Classifier.load("bvlc")
    pictures = read_heads(arguments.data)[: arguments.pictures]
    print(describe_machine())
    print(f"{len(pictures)} pictures, engine {classifier.engine.name}")
    centre = np.mean([holds(head, 0.5, 0.5) for _, head in pictures])
    print(f"centre of the picture in the head: {centre:.1%}")
    for method in get_args(Method):
        started, hits = time.perf_counter(), 0
        for picture, head in pictures:
            x, y = classifier.explain(picture, top=1, method=method)[0].peak
            hits += holds(head, x / picture.shape[1], y / picture.shape[0])
        seconds = (time.perf_counter() - started) / len(pictures)
        low, high = wilson_interval(hits, len(pictures))
        print(f"{method:10} {hits / len(pictures):.1%} ({low:.1%} to {high:.1%}), {seconds:.2f} s a picture")


if __name__ == "__main__":
    main()
