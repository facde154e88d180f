"""The program beside an exported ONNX file says what `predict` says, of every kind of picture, without this package."""

from __future__ import annotations

import struct
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import googlenet as package
from googlenet.errors import InputError
from googlenet.export import ExportRequest, GatePictures, export_models
from googlenet.export.onnx_example import read_square
from googlenet.export.pictures import generated_pictures
from googlenet.images import (
    CHANNEL_ORDERS,
    FITS,
    BadImage,
    ChannelOrder,
    Fit,
    Preprocessing,
    decode_image,
    least_size,
    take_crops,
)
from tests.artifacts.exported_models import small_model

ORIENTATION = 0x0112
ALONE = ("googlenet", "simplejpeg", "safetensors", "msgspec", "torch", "openvino")
"""What people who have only onnxruntime, numpy and Pillow do not have."""

PROGRAM = f"""
import runpy, sys
sys.modules.update(dict.fromkeys({ALONE}))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def colours(width: int = 90, height: int = 60) -> Image.Image:
    """A picture whose places and channels all differ."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 255 // width, y * 255 // height, (np.sin(x / 4 + y / 6) * 60 + 128)]
    return Image.fromarray(np.stack(planes, axis=2).astype(np.uint8))


def rotated(orientation: int) -> dict[str, Any]:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return {"exif": exif}


def transparent(mode: str) -> Image.Image:
    image = colours().convert(mode)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def tiff(values: np.ndarray, *, white_is_zero: bool = False) -> bytes:
    """A grey TIFF (H, W) that states whether its values are unsigned, signed or floats."""
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    height, width = values.shape
    entries = [(256, width), (257, height), (258, 8 * values.itemsize), (259, 1), (262, int(not white_is_zero))]
    entries += [(273, 8), (277, 1), (278, height), (279, values.nbytes), (339, kind)]
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return (
        b"II*\0"
        + struct.pack("<I", 8 + values.nbytes)
        + values.tobytes()
        + struct.pack("<H", len(entries))
        + table
        + bytes(4)
    )


def ramp(dtype: str, low: float, high: float) -> np.ndarray:
    return np.linspace(low, high, 40 * 30).reshape(30, 40).astype(dtype)


def odd_pictures() -> dict[str, Image.Image | tuple[Image.Image, dict[str, Any]] | bytes]:
    """Files by name: a picture, one with what its writer is told, or the bytes themselves."""
    found: dict[str, Any] = {
        **{f"turned {number}.jpg": (colours(), rotated(number)) for number in range(1, 9)},
        "turned.png": (colours(), rotated(6)),
        "turned.tif": (colours(), rotated(8)),
        "large.jpg": (colours(1500, 1100), rotated(6)),
        "large grey.jpg": colours(900, 1400).convert("L"),
        "cmyk.jpg": colours(700, 500).convert("CMYK"),
        "alpha.png": transparent("RGB"),
        "alpha.webp": (transparent("RGB"), {"lossless": True}),
        "grey alpha.png": transparent("L"),
        "palette.png": colours().quantize(32),
        "transparent palette.gif": (colours().quantize(8), {"transparency": 3}),
        "bits.png": colours().convert("1"),
        "16 bits.png": Image.fromarray(ramp("uint16", 0, 65535)),
        "16 bits.pgm": b"P5 40 30 65535\n" + ramp(">u2", 900, 60000).tobytes(),
        "floats.tif": Image.fromarray(ramp("float32", 0, 0.9)),
        "large floats.tif": Image.fromarray(ramp("float32", 0, 7000)),
        "one pixel.png": colours().resize((1, 1)),
        "tiny.bmp": colours().resize((3, 2)),
        "wide.png": colours(9000, 7),
        "very wide.png": colours(120_000, 3),
        "tall.png": colours(5, 4000),
    }
    if find_spec("googlenet.images.grey"):  # without it these are read otherwise
        found |= {
            "signed.tif": tiff(ramp("<i2", -3000, 9000)),
            "signed bytes.tif": tiff(ramp("i1", -100, 90)),
            "white is zero.tif": tiff(ramp("<u2", 0, 65535), white_is_zero=True),
            "32 bits.tif": tiff(ramp("<u4", 0, 4e9)),
            "negative.tif": tiff(ramp("<f4", -1, 2)),
        }
    return found


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    for name, content in odd_pictures().items():
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            image, options = content if isinstance(content, tuple) else (content, {})
            image.save(folder / name, **options)
    return sorted(folder.iterdir())


@pytest.mark.parametrize(("fit", "resize_size"), [*((fit, 40) for fit in FITS), ("letterbox", 32)])
def test_its_squares_are_those_of_predict(fit: Fit, resize_size: int, pictures: list[Path]) -> None:
    preprocessing = Preprocessing(32, resize_size, fit, "BGR", (90.0, 120.0, 300.0), (0.02,) * 3)
    for path in pictures:
        image = decode_image(
            path.read_bytes(), enough=lambda width, height: least_size(width, height, preprocessing, 1)
        )
        assert not isinstance(image, BadImage), (path.name, image)
        expected = take_crops(image, preprocessing, 1).squares[0]
        np.testing.assert_array_equal(read_square(str(path), preprocessing.to_dict()), expected, err_msg=path.name)


@pytest.mark.parametrize("order", CHANNEL_ORDERS)
def test_its_borders_are_the_mean_in_the_models_order(order: ChannelOrder, pictures: list[Path]) -> None:
    mean = (90.0,) if order == "GREY" else (90.0, 120.0, 300.0)
    preprocessing = Preprocessing(32, 32, "letterbox", order, mean, (0.02,) * len(mean))
    square = read_square(str(pictures[0].with_name("wide.png")), preprocessing.to_dict())
    assert tuple(square[0, 0]) == preprocessing.mean_rgb


def run_alone(program: Path, *arguments: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in an interpreter that knows onnxruntime, numpy and Pillow alone."""
    command = [sys.executable, "-I", "-c", PROGRAM, str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def exported(folder: Path, *, fit: Fit = "crop", name: str = "net.onnx") -> Path:
    model = small_model()
    model = replace(model, preprocessing=replace(model.preprocessing, fit=fit))
    request = ExportRequest("onnx", with_example=True)
    result = export_models([model], folder / name, request, GatePictures(generated_pictures(32, 4), "made pictures"))
    assert result.example is not None
    assert sorted(folder.iterdir()) == sorted([result.path, result.example])
    return result.example


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("googlenet.export.export.SECONDS", 0.0)


@pytest.mark.parametrize("fit", FITS)
def test_it_says_what_predict_says(fit: Fit, pictures: list[Path], tmp_path: Path) -> None:
    program = exported(tmp_path, fit=fit)
    done = run_alone(program, *pictures)
    assert (done.returncode, done.stderr) == (0, "")
    expected = list(package.load(tmp_path / "net.onnx", threads=1).predict(pictures))
    lines = iter(done.stdout.splitlines())
    for path, prediction in zip(pictures, expected, strict=True):
        assert next(lines) == str(path)
        for one in prediction.ranking:
            probability, name = next(lines).split(maxsplit=1)
            assert name == one.name
            assert float(probability) == pytest.approx(one.probability, abs=1e-4)
    assert not list(lines)
    assert len({prediction.best.name for prediction in expected}) > 1


def test_a_file_that_is_no_picture_is_named_and_the_others_are_classified(tmp_path: Path, pictures: list[Path]) -> None:
    program = exported(tmp_path, name='it\'s "ä".onnx')
    assert program.name == 'it\'s "ä"_example.py'
    bad = tmp_path / "no \x1b[2J picture.jpg"
    bad.write_bytes(b"nothing")
    done = run_alone(program, bad, tmp_path / "missing.png", pictures[0])
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 4
    assert f"{tmp_path / 'missing.png'}: cannot be read: " in done.stderr
    assert "no ?[2J picture.jpg: cannot be read: cannot identify image file" in done.stderr


def test_an_example_goes_with_onnx_alone_and_replaces_nothing(tmp_path: Path) -> None:
    pictures = GatePictures(generated_pictures(32, 4), "made pictures")
    with pytest.raises(
        InputError, match="--with-example writes a program for ONNX Runtime; it needs --to onnx, not openvino"
    ):
        export_models([small_model()], tmp_path / "net", ExportRequest("openvino", with_example=True), pictures)
    mine = tmp_path / "net_example.py"
    mine.write_text("mine")
    with pytest.raises(InputError, match=r"net_example.py already exists; .* or --force to replace it"):
        export_models([small_model()], tmp_path / "net.onnx", ExportRequest("onnx", with_example=True), pictures)
    assert [path.name for path in tmp_path.iterdir()] == ["net_example.py"]
    request = ExportRequest("onnx", with_example=True, force=True)
    export_models([small_model()], tmp_path / "net.onnx", request, pictures)
    assert "MODEL = 'net.onnx'" in mine.read_text()
