"""What users' picture files become: upright RGB, or a reason."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from googlenet.images import BadImage, Rgb, decode_image
from googlenet.images import decode as decode_module

RED, WHITE, BLACK = (255, 0, 0), (255, 255, 255), (0, 0, 0)


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def picture(width: int = 24, height: int = 16) -> Image.Image:
    """A smooth picture that tells left from right and top from bottom, so that lossy formats keep it."""
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(
        np.stack([x * 255 // width, y * 255 // height, np.full_like(x, 60)], axis=2).astype(np.uint8)
    )


def decoded(data: bytes, **options: Any) -> Rgb:
    image = decode_image(data, **options)
    assert not isinstance(image, BadImage), image
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    return image


def reason(data: bytes) -> str:
    image = decode_image(data)
    assert isinstance(image, BadImage)
    return image.reason


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


FILES = {
    "jpeg": encode(picture(), "JPEG", quality=95),
    "progressive jpeg": encode(picture(), "JPEG", quality=95, progressive=True),
    "png": encode(picture(), "PNG"),
    "webp": encode(picture(), "WEBP", lossless=True),
    "gif": encode(picture(), "GIF"),
    "bmp": encode(picture(), "BMP"),
    "tiff": encode(picture(), "TIFF"),
    "lzw tiff": encode(picture(), "TIFF", compression="tiff_lzw"),
    "ppm": encode(picture(), "PPM"),
}


@pytest.mark.parametrize("kind", FILES)
def test_each_format_gives_the_picture(kind: str) -> None:
    difference = np.abs(decoded(FILES[kind]).astype(int) - np.asarray(picture()))
    # GIF has 256 colours; JPEG is lossy
    assert difference.mean() < {"gif": 12, "jpeg": 4, "progressive jpeg": 4}.get(kind, 0.001)


def test_the_array_can_be_written_to() -> None:
    decoded(FILES["png"])[0, 0] = 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "PPM", "TIFF"])
def test_grey_becomes_three_equal_channels(kind: str) -> None:
    image = decoded(encode(Image.new("L", (5, 4), 77), kind))
    assert image.shape == (4, 5, 3)
    assert (image == 77).all()


def test_black_and_white_bits_become_0_and_255() -> None:
    image = decoded(encode(Image.fromarray(np.array([[True, False]])), "PNG"))
    assert image.tolist() == [[[255] * 3, [0] * 3]]


def palette() -> Image.Image:
    image = Image.fromarray(np.array([[0, 1]], dtype=np.uint8)).convert("P")
    image.putpalette([255, 0, 0, 0, 0, 255])
    return image


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_palette_colours_are_looked_up(kind: str) -> None:
    assert decoded(encode(palette(), kind)).tolist() == [[[255, 0, 0], [0, 0, 255]]]


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_the_transparent_colour_of_a_palette_becomes_white(kind: str) -> None:
    assert decoded(encode(palette(), kind, transparency=1)).tolist() == [[[255, 0, 0], [255] * 3]]


def test_a_palette_with_graded_transparency_is_blended_with_white() -> None:
    image = decoded(encode(palette(), "PNG", transparency=bytes([128, 255])))
    assert image.tolist() == [[[255, 127, 127], [0, 0, 255]]]


def test_the_transparent_colour_of_an_rgb_png_becomes_white() -> None:
    image = Image.fromarray(np.array([[RED, BLACK]], dtype=np.uint8))
    assert decoded(encode(image, "PNG", transparency=BLACK)).tolist() == [[[255, 0, 0], [255] * 3]]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_alpha_is_blended_with_white(kind: str) -> None:
    pixels = np.array([[(255, 0, 0, 255), (255, 0, 0, 0), (0, 0, 0, 51)]], dtype=np.uint8)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    assert decoded(encode(Image.fromarray(pixels), kind, **options)).tolist() == [[list(RED), list(WHITE), [204] * 3]]


def test_grey_with_alpha_is_blended_with_white() -> None:
    pixels = np.array([[(0, 255), (0, 0), (100, 255)]], dtype=np.uint8)
    assert decoded(encode(Image.fromarray(pixels, "LA"), "PNG"))[0, :, 0].tolist() == [0, 255, 100]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize(("ink", "colour"), [((0, 255, 255, 0), RED), ((0, 0, 0, 0), WHITE), ((0, 0, 0, 255), BLACK)])
def test_cmyk_ink_becomes_its_colour(kind: str, ink: tuple[int, ...], colour: tuple[int, ...]) -> None:
    image = decoded(encode(Image.new("CMYK", (8, 8), ink), kind))
    assert np.abs(image.astype(int) - colour).max() <= 3


DEEP = np.array([[0, 257, 12_850, 32_896, 65_535]], dtype=np.uint16)
SHALLOW = [0, 1, 50, 128, 255]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bits_are_scaled_not_clipped(kind: str) -> None:
    image = decoded(encode(Image.fromarray(DEEP), kind))
    assert image[0, :, 0].tolist() == SHALLOW
    assert (image[..., :1] == image).all()


def test_16_bits_of_a_big_endian_tiff_are_scaled() -> None:
    image = Image.frombytes("I;16B", (5, 1), DEEP.astype(">u2").tobytes())
    assert decoded(encode(image, "TIFF"))[0, :, 0].tolist() == SHALLOW


def test_a_dark_16_bit_picture_stays_dark() -> None:
    assert decoded(encode(Image.fromarray(np.full((2, 2), 257, dtype=np.uint16)), "PNG")).max() == 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 128.0, 255.0], [0, 128, 255]),
        ([0.0, 32_896.0, 65_535.0], [0, 128, 255]),
        ([-1.0, float("nan"), 1.0], [0, 0, 255]),
        ([0.0, 0.0, 0.0], [0, 0, 0]),
    ],
)
def test_floats_are_scaled_by_the_white_that_holds_them(values: list[float], expected: list[int]) -> None:
    image = decoded(encode(Image.fromarray(np.array([values], dtype=np.float32)), "TIFF"))
    assert image[0, :, 0].tolist() == expected


def test_32_bit_integers_are_scaled_by_their_brightest() -> None:
    image = Image.fromarray(np.array([[0, 1_000_000, 2_000_000]], dtype=np.int32))
    assert decoded(encode(image, "TIFF"))[0, :, 0].tolist() == [0, 128, 255]


# What a camera held that way has stored: the numpy operation that undoes each EXIF orientation, by the standard.
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation_is_undone(orientation: int, kind: str) -> None:
    upright = np.asarray(picture())
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    data = encode(stored, kind, exif=exif, lossless=True, quality=95)
    image = decoded(data)
    assert image.shape == upright.shape
    assert np.abs(image.astype(int) - upright).mean() < (4 if kind == "JPEG" else 0.001)
    assert decoded(data, shortest_side=8).shape == (8, 12, 3)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12"]
)
def test_broken_exif_costs_neither_picture_nor_a_warning(exif: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decoded(encode(picture(), "JPEG", exif=exif)).shape == (16, 24, 3)
    assert capfd.readouterr().err == ""


def test_of_an_animation_the_first_frame_counts() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, WHITE)]
    for kind in ("GIF", "WEBP"):
        data = encode(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
        assert (decoded(data) == RED).all()


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640), (1000, 301), (257, 256), (301, 301)])
def test_shortest_side_reduces_exactly(kind: str, width: int, height: int) -> None:
    image = decoded(encode(picture(width, height), kind, quality=95), shortest_side=100)
    assert min(image.shape[:2]) == 100
    assert image.shape[:2] == (round(height * 100 / min(width, height)), round(width * 100 / min(width, height)))
    expected = np.asarray(picture(width, height).resize((image.shape[1], image.shape[0]), Image.Resampling.BOX))
    assert np.abs(image.astype(int) - expected).mean() < 3


def pillows(data: bytes) -> Rgb:
    with Image.open(io.BytesIO(data)) as image:
        return np.array(ImageOps.exif_transpose(image).convert("RGB"))


def photograph(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Noise, in which every difference between two decoders would show."""
    return Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8)).convert(mode)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 30, "optimize": True}])
def test_a_jpeg_has_to_the_bit_the_pixels_that_pillow_finds(
    orientation: int, mode: str, options: dict[str, Any]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(photograph(67, 41, mode), "JPEG", exif=exif, **options)
    np.testing.assert_array_equal(decoded(data), pillows(data))


def test_a_jpeg_that_the_quick_decoder_refuses_is_judged_by_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = decoded(FILES["jpeg"])

    def refuse(*_: object, **__: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr("simplejpeg.decode_jpeg", refuse)
    np.testing.assert_array_equal(decoded(FILES["jpeg"]), expected)


def test_bytes_behind_a_jpeg_do_no_harm() -> None:
    np.testing.assert_array_equal(decoded(FILES["jpeg"] + b"a video, as phones put there" * 99), decoded(FILES["jpeg"]))


@pytest.mark.parametrize(
    ("size", "least", "reduced"),
    [
        ((800, 600), (256, 256), (400, 300)),
        ((801, 603), (256, 256), (401, 302)),
        ((800, 600), (401, 256), (800, 600)),
        ((800, 600), (256, 301), (800, 600)),
        ((1024, 1024), (256, 256), (256, 256)),
        ((1024, 1024), (257, 256), (512, 512)),
        ((4000, 3000), (10, 10), (500, 375)),
        ((200, 100), (256, 256), (200, 100)),
    ],
)
def test_a_jpeg_is_halved_as_often_as_leaves_enough(
    size: tuple[int, int], least: tuple[int, int], reduced: tuple[int, int]
) -> None:
    data = encode(picture(*size), "JPEG", quality=90)
    image = decoded(data, enough=lambda width, height: least)
    assert image.shape[1::-1] == reduced
    expected = np.asarray(picture(*size).resize(reduced, Image.Resampling.BOX))
    assert np.abs(image.astype(int) - expected).mean() < 3


@pytest.mark.parametrize("orientation", STORED)
def test_enough_is_asked_about_the_upright_picture(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](np.asarray(picture(800, 600)))))
    asked = []

    def enough(width: int, height: int) -> tuple[int, int]:
        asked.append((width, height))
        return 400, 250

    image = decoded(encode(stored, "JPEG", exif=exif, quality=95), enough=enough)
    assert asked == [(800, 600)]
    assert image.shape == (300, 400, 3)
    expected = np.asarray(picture(800, 600).resize((400, 300), Image.Resampling.BOX))
    assert np.abs(image.astype(int) - expected).mean() < 4


def test_other_formats_stay_whole() -> None:
    for kind in ("png", "webp", "bmp"):
        assert decoded(FILES[kind], enough=lambda width, height: (1, 1)).shape == (16, 24, 3)


@pytest.mark.parametrize("shortest_side", [16, 17, 1000])
def test_shortest_side_never_enlarges(shortest_side: int) -> None:
    assert decoded(FILES["png"], shortest_side=shortest_side).shape == (16, 24, 3)


@pytest.mark.parametrize("size", [(5000, 1), (1, 5000), (1, 1)])
def test_very_slim_pictures_are_fine(size: tuple[int, int]) -> None:
    for shortest_side in (None, 1, 224):
        image = decoded(encode(Image.new("RGB", size, RED), "PNG"), shortest_side=shortest_side)
        assert image.shape == (size[1], size[0], 3)


def test_an_empty_file_is_bad() -> None:
    assert reason(b"") == "empty file"


@pytest.mark.parametrize("data", [b"hello", b"BM", b"RIFF1234WEBP", bytes(1000), b"<xml/>"])
def test_what_is_not_a_picture_is_bad(data: bytes) -> None:
    assert reason(data) == "not a picture"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (encode(picture(), "ICO", sizes=[(16, 16)]), "an ICO icon, which is not read: convert it to JPEG or PNG"),
        (encode(picture(), "JPEG2000"), "a JPEG 2000 picture, which is not read: convert it to JPEG or PNG"),
        (encode(picture(), "JPEG2000", no_jp2=True), "a JPEG 2000 picture, which is not read"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture, which is not read: convert it to JPEG or PNG"),
        (b"\xff\x0a\xfa\x7f", "a JPEG XL picture, which is not read"),
        (b"%PDF-1.7", "a PDF document, which is not read: convert its pages to PNG"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing, which is not read"),
        (b"<!DOCTYPE html><HTML><body>404", "a web page, which is not read: download the picture itself"),
        (bytes(128) + b"DICM", "a DICOM file, which is not read: convert it to PNG or TIFF"),
        (b"PK\3\4", "a zip archive, which is not read: unpack it and name the folder"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "a video or another picture that is not read"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "a pointer of Git LFS, which is not read: `git lfs pull`"),
    ],
)
def test_a_format_that_is_not_read_is_named_with_what_to_do(data: bytes, said: str) -> None:
    assert reason(data).startswith(said)


def test_a_bomb_is_refused_by_its_header() -> None:
    assert reason(png(20_000, 20_000)) == "too large: 400 million pixels, the limit is 179 million"


def test_the_limit_is_judged_before_the_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_module, "PIXEL_LIMIT", 24 * 16)
    decoded(FILES["png"])
    monkeypatch.setattr(decode_module, "PIXEL_LIMIT", 24 * 16 - 1)
    assert reason(FILES["png"]).startswith("too large")


def test_a_large_picture_below_the_limit_is_decoded_without_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300)  # Pillow warns from here, and raises from twice as many
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decoded(FILES["png"]).shape == (16, 24, 3)


@pytest.mark.parametrize("kind", ["jpeg", "progressive jpeg", "png", "gif", "bmp", "tiff", "ppm"])
def test_half_a_picture_is_a_truncated_file(kind: str) -> None:
    assert reason(FILES[kind][: len(FILES[kind]) * 2 // 3]) == "truncated file"


@pytest.mark.parametrize("kind", FILES)
def test_no_picture_loses_pixels_in_silence(kind: str) -> None:
    data = FILES[kind]
    whole = decoded(data)
    for length in range(0, len(data), 7):
        image = decode_image(data[:length])
        assert isinstance(image, BadImage) or np.array_equal(image, whole)


def test_other_damage_is_named() -> None:
    broken = png(4, 4, chunk(b"IDAT", b"not a zlib stream"))
    assert reason(broken).startswith("damaged file (")


def test_a_picture_without_pixels_is_bad() -> None:
    assert isinstance(decode_image(b"P6 0 0 255\n"), BadImage)
    assert isinstance(decode_image(png(0, 5)), BadImage)


def test_threads_decode_alike_and_in_silence() -> None:
    data = encode(picture(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(decoded, [data] * 200))
    assert all(np.array_equal(image, images[0]) for image in images)


@given(st.binary(max_size=300))
def test_random_bytes_never_raise(data: bytes) -> None:
    decode_image(data)


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(sorted(FILES)),
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=8),
    cut=st.integers(0, 10_000),
    shortest_side=st.sampled_from([None, 1, 8, 12]),
    least=st.sampled_from([None, (3, 2), (12, 8)]),
)
@example(kind="png", flips=[(16, 0xFF)], cut=10_000, shortest_side=None, least=None)
def test_damaged_pictures_never_raise(
    kind: str, flips: list[tuple[int, int]], cut: int, shortest_side: int | None, least: tuple[int, int] | None
) -> None:
    data = bytearray(FILES[kind])
    for position, mask in flips:
        data[position % len(data)] ^= mask
    enough = None if least is None else lambda width, height: least
    image = decode_image(bytes(data[: cut % (2 * len(data))]), shortest_side=shortest_side, enough=enough)
    assert isinstance(image, BadImage) or (image.shape[2] == 3 and image.size > 0)
    if isinstance(image, BadImage):
        assert 0 < len(image.reason) < 140
        assert "\n" not in image.reason
