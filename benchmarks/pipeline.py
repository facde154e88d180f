"""From JPEG to label: one picture at a time, and a folder, compared with the time of decoding and of the network.

For one picture: bytes to label against the network alone on a square that is ready. For a folder: the pictures a second
of `Classifier.predict`, against what two cores allow: decoding is divided among them, the network has them all.
Run: make bench-pipeline
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from machine import describe_machine

from googlenet.classifier import Classifier
from googlenet.engines import CropRunner, PreparedCrops, members_of
from googlenet.images import BadImage, decode_image
from googlenet.parallel import available_cpus


def main() -> None:
    """Measure in alternating rounds and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="a .tar of JPEG pictures")
    parser.add_argument("--model", default="bvlc")
    parser.add_argument("--engine")
    parser.add_argument("--pictures", type=int, default=300, help="pictures of the folder; those of DATA come again")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    files = read_files(arguments.data)
    classifier = Classifier.load(arguments.model, engine=arguments.engine)
    print(
        describe_machine(),
        f"\n{len(files)} pictures of {np.mean([len(file) for file in files]) / 1e3:.0f} kB on average",
    )
    one_picture(classifier, files, arguments.rounds)
    many = [files[index % len(files)] for index in range(arguments.pictures)]
    a_folder(classifier, many, arguments.batch, arguments.rounds)


def read_files(path: str) -> list[bytes]:
    """The bytes of every JPEG file of a .tar."""
    with tarfile.open(path) as archive:
        members = [member for member in archive if member.name.lower().endswith((".jpg", ".jpeg"))]
        return [file.read() for member in members if (file := archive.extractfile(member))]


def seconds(work: Callable[[], object]) -> float:
    """What a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def one_picture(classifier: Classifier, files: list[bytes], rounds: int) -> None:
    """Bytes to label against the network alone, a picture at a time."""
    square = np.concatenate([crops.squares for crops in prepare(classifier, files[0])])
    whole, network = [], []
    for round_ in range(rounds + 1):
        for file in files:
            times = seconds(lambda file=file: classifier.predict(file)), seconds(lambda: classifier.engine.run(square))
            if round_:
                whole.append(times[0])
                network.append(times[1])
    ratio = statistics.median(whole) / statistics.median(network)
    print(
        f"one picture: bytes to label {statistics.median(whole) * 1e3:.2f} ms, the network alone "
        f"{statistics.median(network) * 1e3:.2f} ms: {ratio:.2f}x"
    )


def a_folder(classifier: Classifier, files: list[bytes], batch: int, rounds: int) -> None:
    """Pictures a second of a stream against what its two parts allow."""
    some = files[: min(len(files), 4 * batch)]
    squares = np.concatenate([crops.squares for file in some[:batch] for crops in prepare(classifier, file)])
    cores = available_cpus()
    decoding, network, stream = [], [], []
    for round_ in range(rounds + 1):
        times = (
            seconds(lambda: [prepare(classifier, file) for file in some]) / len(some),
            seconds(lambda: classifier.engine.run(squares)) / len(squares),
            seconds(lambda: list(classifier.predict(files, batch=batch))) / len(files),
        )
        if round_:
            for measured, value in zip((decoding, network, stream), times, strict=True):
                measured.append(value)
    decode, run, whole = (statistics.median(times) for times in (decoding, network, stream))
    allowed = decode / cores + run
    print(
        f"a folder: {1 / whole:.1f} pictures/s; decoding {decode * 1e3:.2f} ms on one of {cores} cores and the network "
        f"{run * 1e3:.2f} ms on all of them allow {1 / allowed:.1f}: {allowed / whole:.1%} of that"
    )


def prepare(classifier: Classifier, file: bytes) -> PreparedCrops:
    """The squares of a picture, as the classifier would make them."""
    image = decode_image(file)
    assert not isinstance(image, BadImage)
    return CropRunner(members_of(classifier.engine, classifier.preprocessing)).prepare(image)


if __name__ == "__main__":
    main()
