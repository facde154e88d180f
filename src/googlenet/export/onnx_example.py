"""Classify pictures with an exported model; needs only onnxruntime, numpy and Pillow. Change it as you like.

python THIS_FILE photo.jpg ...

Preprocessing follows the model's metadata and is the same as in `googlenet predict`: EXIF orientation is applied,
transparency becomes white, grey with more than 8 bits is scaled to 8, large JPEGs are decoded at reduced size.
"""

from __future__ import annotations

import json
import math
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # opts out of telemetry; read when the library is loaded
import onnxruntime

MODEL = "model.onnx"
"""The exported file, in the same folder as this one."""

TOP = 5
ROOM = 3  # pixels of a reduced JPEG per pixel that is needed
UPRIGHT = {  # EXIF orientation -> the transpose that makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
warnings.filterwarnings("ignore", module=r"PIL\.")  # about odd EXIF
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY  # allow PNGs with long texts


def main(paths: list[str]) -> int:
    """Print the best classes of each picture; returns 1 if a picture could not be read."""
    session = onnxruntime.InferenceSession(str(Path(__file__).with_name(MODEL)), providers=["CPUExecutionProvider"])
    model = json.loads(session.get_modelmeta().custom_metadata_map["googlenet"])
    failed = 0
    for path in paths:
        try:
            square = read_square(path, model["preprocessing"])
        except Exception as error:  # Pillow raises many types of exceptions for damaged files
            print(f"{printable(path)}: cannot be read: {printable(str(error))}", file=sys.stderr)
            failed = 1
            continue
        (probabilities,) = session.run(["probabilities"], {"images": square[np.newaxis]})[0]
        probabilities = at_temperature(probabilities, model.get("temperature", 1))
        print(printable(path))
        for place in np.argsort(-probabilities, kind="stable")[:TOP]:
            print(f"  {probabilities[place]:.6f}  {printable(model['classes'][place]['name'])}")
    return failed


def at_temperature(probabilities: Any, temperature: float) -> Any:
    """What the probabilities would be with the logits divided by the temperature, which the model's maker fitted."""
    powers = (probabilities / probabilities.max()) ** (1 / temperature)
    return powers / powers.sum()


def read_square(path: str, preprocessing: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The square (S, S, 3) uint8 RGB that is the network's input; mean, scale and channel order are in the model."""
    size, scaled_to, fit = (preprocessing[key] for key in ("input_size", "resize_size", "fit"))
    picture = open_upright(path, scaled_to, fit)
    sizes, box, shown = picture.size, [0.0] * 4, [0, 0]
    for axis, (length, scaled) in enumerate(zip(sizes, scaled_size(*sizes, scaled_to, fit), strict=True)):
        shown[axis] = min(scaled, size)  # the centre; a letterboxed picture fills only part of the square
        first = (scaled - shown[axis]) // 2
        box[axis], box[axis + 2] = first * length / scaled, (first + shown[axis]) * length / scaled
    square = Image.new("RGB", (size, size), border(preprocessing))
    square.paste(resize(picture, box, shown), ((size - shown[0]) // 2, (size - shown[1]) // 2))
    return np.asarray(square)


def scaled_size(width: int, height: int, scaled_to: int, fit: str) -> tuple[int, int]:
    """(width, height) of the whole scaled picture, before its centre is cropped."""
    if fit == "squash":
        return scaled_to, scaled_to
    length = min(width, height) if fit == "crop" else max(width, height)
    return max(1, round(width * scaled_to / length)), max(1, round(height * scaled_to / length))


def resize(picture: Image.Image, box: list[float], size: list[int]) -> Image.Image:
    """Resize the part `box` of a picture; it is cropped first, which keeps float32 boxes exact in long pictures."""
    near = []
    for axis in (0, 1):
        reach = 3 * max(1.0, (box[axis + 2] - box[axis]) / size[axis]) + 1
        near.append(max(0, math.floor(box[axis] - reach)))
        near.append(min(picture.size[axis], math.ceil(box[axis + 2] + reach)))
    left, right, top, bottom = near
    moved = (box[0] - left, box[1] - top, box[2] - left, box[3] - top)
    return picture.crop((left, top, right, bottom)).resize((size[0], size[1]), Image.Resampling.BILINEAR, box=moved)


def border(preprocessing: dict[str, Any]) -> tuple[int, int, int]:
    """The mean as an RGB colour, which is 0 after preprocessing."""
    mean = preprocessing["mean"] * (3 if preprocessing["channel_order"] == "GREY" else 1)
    ordered = mean[::-1] if preprocessing["channel_order"] == "BGR" else mean
    red, green, blue = (round(min(max(value, 0.0), 255.0)) for value in ordered)
    return red, green, blue


def open_upright(path: str, scaled_to: int, fit: str) -> Image.Image:
    """The upright picture in RGB."""
    with Image.open(path) as picture:
        if picture.format in ("JPEG", "MPO") and picture.mode in ("RGB", "L"):
            turned = orientation(picture) in (5, 6, 7, 8)
            width, height = picture.size[::-1] if turned else picture.size
            least = [math.ceil(ROOM * length) for length in scaled_size(width, height, scaled_to, fit)]
            picture.draft(picture.mode, (least[1], least[0]) if turned else (least[0], least[1]))
        picture.load()
        upright = UPRIGHT.get(orientation(picture))
        rgb = to_rgb(picture)
        return rgb if upright is None else rgb.transpose(upright)


def orientation(picture: Image.Image) -> int:
    """The EXIF orientation; 0 if there is none or EXIF is broken."""
    try:
        return int(picture.getexif().get(0x0112, 0))
    except Exception:
        return 0


def to_rgb(picture: Image.Image) -> Image.Image:
    """The picture in RGB; transparency becomes white."""
    if picture.mode.startswith(("I", "F")) or (picture.mode == "L" and tag(picture, 339) == 2):
        return Image.fromarray(to_8_bits(picture)).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    transparent = (picture.convert("LA") if picture.mode == "La" else picture).convert("RGBA")
    white = Image.new("RGB", picture.size, "white")
    white.paste(transparent, mask=transparent)
    return white


def to_8_bits(picture: Image.Image) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Grey with more than 8 bits or a sign, scaled to 8 bits; black and white depend on the type of its values."""
    values: Any = np.asarray(picture)
    signed = tag(picture, 339) == 2  # TIFF's SampleFormat, 258: BitsPerSample, 262: PhotometricInterpretation
    if picture.mode == "L":
        values = values.view(np.int8)
    elif picture.mode == "I" and (tag(picture, 258), tag(picture, 339)) == (32, 1):
        values = values.view(np.uint32)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if picture.mode.startswith("I;16"):
        black, white = 0.0, 4095.0 if tag(picture, 258) == 12 else 65535.0
    elif low < 0 or signed:
        black, white = low, high
    else:
        whites = (1.0, 255.0, 65535.0) if picture.mode == "F" else (65535.0,)
        black, white = 0.0, next((one for one in whites if high <= one), high)
    known = np.nan_to_num(values.astype(np.float64), nan=black, posinf=white, neginf=black)
    scaled = (known - black) / ((white - black) or 1.0)
    grey: np.ndarray[Any, np.dtype[np.uint8]] = (scaled.clip(0, 1) * 255).round().astype(np.uint8)
    if tag(picture, 262) == 0:  # white is zero
        grey = 255 - grey
    if isinstance(transparent := picture.info.get("transparency"), int):
        grey[values == transparent] = 255
    return grey


def tag(picture: Image.Image, number: int) -> int | None:
    """The first value of a TIFF tag; None for other files."""
    value: Any = getattr(picture, "tag_v2", {}).get(number)
    first: int | None = value[0] if isinstance(value, tuple) and value else value
    return first


def printable(text: str) -> str:
    """The text without control characters."""
    return "".join(character if character.isprintable() else "?" for character in text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
