"""Whether class-activation maps point at the right place: their peaks, compared with boxes around heads of pets.

The pointing game: how often the peak of the best class's map lies in the box around the head, compared with the centre
of the picture, and with the same maps spread evenly over the square. Also how far peaks lie from the centres of the
heads on average, in px of the square, to the right and down. A breed is not seen by the head alone, so that peaks lie
towards the body; turned upside down, they do so in the other direction, while an error of the maps' placement stays.
Run: make bench-pointing
"""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from machine import describe_machine

from googlenet.artifacts import LastLayer, last_layer, open_model
from googlenet.engines import Engine, open_engine
from googlenet.explanation import explain_squares, place_square
from googlenet.explanation.boxes import find_peak
from googlenet.images import BadImage, Preprocessing, Rgb, decode_image, take_crops
from googlenet.pretrained import find_model

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "pets370.tar"

TURNS: dict[str, Callable[[Rgb], Rgb]] = {
    "upright": lambda picture: picture,
    "mirrored": lambda picture: picture[:, ::-1],
    "upside down": lambda picture: picture[::-1],
}

Head = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of the picture."""


def main() -> None:
    """Print a row for each way to turn the pictures and to place the maps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    model = open_model(find_model("bvlc"))
    layer, engine = last_layer(model), open_engine(model)
    pictures = read_heads(arguments.data)
    print(describe_machine())
    print(f"{len(pictures)} pictures, engine {engine.name}")
    centre = np.mean([holds(head, 0.5, 0.5) for _, head in pictures])
    print(f"centre of the picture in the head: {centre:.1%}")
    for name, turn in TURNS.items():
        turned = [(np.ascontiguousarray(turn(picture)), turned_head(name, head)) for picture, head in pictures]
        print_rows(name, turned, engine, layer, model.preprocessing)


def print_rows(
    name: str, pictures: list[tuple[Rgb, Head]], engine: Engine, layer: LastLayer, preprocessing: Preprocessing
) -> None:
    """Print the pointing game with the maps placed by receptive field, and spread evenly."""
    squares = np.concatenate([take_crops(picture, preprocessing, 1).squares for picture, _ in pictures])
    maps = explain_squares(engine, layer, squares, top=1).maps[:, 0]
    for way, field in (("by receptive field", layer.field), ("spread evenly", None)):
        hits, off = 0, []
        for values, (picture, head) in zip(maps, pictures, strict=True):
            height, width = picture.shape[:2]
            x, y = find_peak(values, placement=place_square(width, height, preprocessing), field=field)
            hits += holds(head, x / width, y / height)
            off.append((x / width - (head[0] + head[2]) / 2, y / height - (head[1] + head[3]) / 2))
        right, down = np.mean(off, axis=0) * preprocessing.resize_size
        share = hits / len(pictures)
        print(f"{name:12} {way:19} peak in the head {share:.1%}, {right:+.1f} px right, {down:+.1f} px down")


def read_heads(path: Path) -> list[tuple[Rgb, Head]]:
    """The pictures, and the box around the head in each."""
    with tarfile.open(path) as archive:

        def read(name: str) -> bytes:
            file = archive.extractfile(name)
            assert file is not None
            return file.read()

        listing = json.loads(read("val.json"))
        names = {image["id"]: image["file_name"] for image in listing["images"]}
        found = []
        for row in listing["annotations"]:
            picture = decode_image(read(f"val/{names[row['image_id']].removeprefix('val/')}"))
            if isinstance(picture, BadImage):
                raise SystemExit(f"{path}: {picture.reason}")
            (left, top, wide, high), (height, width) = row["bbox"], picture.shape[:2]
            found.append((picture, (left / width, top / height, (left + wide) / width, (top + high) / height)))
        return found


def turned_head(turn: str, head: Head) -> Head:
    """The box in the turned picture."""
    left, top, right, bottom = head
    if turn == "mirrored":
        return 1 - right, top, 1 - left, bottom
    return (left, 1 - bottom, right, 1 - top) if turn == "upside down" else head


def holds(head: Head, x: float, y: float) -> bool:
    """Whether a place lies in the box."""
    return head[0] <= x <= head[2] and head[1] <= y <= head[3]


if __name__ == "__main__":
    main()
