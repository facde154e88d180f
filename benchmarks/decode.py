"""Milliseconds from a JPEG's bytes to the network's square, decoded whole and reduced, and the labels it changes.

The originals of a .tar as they are, and pictures of another one made larger, with grain as a camera's, because few
originals are large enough to be reduced. A row is a size; whole and reduced take turns, medians of the rounds.
Run: make bench-decode
"""

from __future__ import annotations

import argparse
import io
import math
import statistics
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from machine import describe_machine

from googlenet.engines import Engine, open_engine
from googlenet.images import BadImage, Enough, Preprocessing, decode_image, least_size, take_crops
from googlenet.images.crops import ROOM
from googlenet.model import load_model
from googlenet.pretrained import find_model

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
GRAIN = 6.0  # standard deviation, of 255


def main() -> None:
    """Print a row for the originals by their size, and one for each enlargement, for each room."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--originals", type=Path, default=DATA / "imagenet-originals.tar")
    parser.add_argument("--sample", type=Path, default=DATA / "imagenet-sample.tar")
    parser.add_argument("--pictures", type=int, default=100, help="pictures of the sample that are made larger")
    parser.add_argument("--shorter", type=int, nargs="+", default=[640, 1024, 2048], help="their shorter side, in px")
    parser.add_argument("--rooms", type=float, nargs="+", default=[ROOM], help="least pixels for a pixel of the square")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    model = load_model(find_model("bvlc"))
    engine = open_engine(model, device="cpu")
    print(describe_machine())
    originals = list(read_pictures(arguments.originals))
    large = [data for data in originals if min(Image.open(io.BytesIO(data)).size) >= 512]
    groups = {"originals": originals, "originals from 512 px": large}
    sample = list(read_pictures(arguments.sample))
    chosen = sample[:: max(1, len(sample) // arguments.pictures)]
    for shorter in arguments.shorter:
        groups[f"made {shorter} px"] = [enlarged(data, shorter, seed=number) for number, data in enumerate(chosen)]
    for room in arguments.rooms:
        for name, files in groups.items():
            print_row(name, files, engine, model.preprocessing, room=room, rounds=arguments.rounds)


def read_pictures(path: Path) -> Iterator[bytes]:
    """The files of a .tar, in its order."""
    with tarfile.open(path) as tar:
        for member in tar:
            if (file := tar.extractfile(member)) is not None:
                yield file.read()


def enlarged(data: bytes, shorter: int, *, seed: int) -> bytes:
    """The picture as a JPEG whose shorter side is `shorter` px, with detail down to the pixel: grain."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    factor = shorter / min(picture.size)
    size = (round(picture.width * factor), round(picture.height * factor))
    pixels = np.asarray(picture.resize(size, Image.Resampling.LANCZOS), np.float32)
    grain = np.random.default_rng(seed).normal(0, GRAIN, pixels.shape[:2])[:, :, np.newaxis]
    file = io.BytesIO()
    Image.fromarray((pixels + grain).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


def print_row(
    name: str, files: list[bytes], engine: Engine, preprocessing: Preprocessing, *, room: float, rounds: int
) -> None:
    """Time both ways on all files of a group, and compare what the network says of their squares."""

    def enough(width: int, height: int) -> tuple[int, int]:
        columns, rows = least_size(width, height, preprocessing, 1)
        return math.ceil(columns * room / ROOM), math.ceil(rows * room / ROOM)

    ways: dict[str, Enough | None] = {"whole": None, "reduced": enough}
    times: dict[str, list[float]] = {way: [] for way in ways}
    squares: dict[str, list[np.ndarray]] = {}
    for _ in range(rounds):
        for way, limit in ways.items():
            start = time.perf_counter()
            squares[way] = [square_of(data, preprocessing, limit) for data in files]
            times[way].append((time.perf_counter() - start) / len(files))
    whole, reduced = (
        np.concatenate([engine.run(np.stack(one[i : i + 16])).probabilities for i in range(0, len(files), 16)])
        for one in squares.values()
    )
    changed = int((whole.argmax(axis=1) != reduced.argmax(axis=1)).sum())
    milliseconds = {way: 1000 * statistics.median(measured) for way, measured in times.items()}
    print(
        f"room {room:3.1f}  {name:<22} {len(files):4} pictures  whole {milliseconds['whole']:7.2f} ms  "
        f"reduced {milliseconds['reduced']:7.2f} ms  labels changed {changed} ({changed / len(files):.1%})  "
        f"mean difference of the best probability {np.abs(whole.max(1) - reduced.max(1)).mean():.4f}",
        flush=True,
    )


def square_of(data: bytes, preprocessing: Preprocessing, enough: Enough | None) -> np.ndarray:
    """The network's square of a picture file."""
    image = decode_image(data, enough=enough)
    assert not isinstance(image, BadImage), image
    return take_crops(image, preprocessing, 1).squares[0]


if __name__ == "__main__":
    main()
