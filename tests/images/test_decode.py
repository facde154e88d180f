"""What users' picture files become: upright RGB, or a reason."""

from __future__ import annotations

import importlib.util
import io
import struct
import sys
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from googlenet.images import BadImage, Rgb, decode_image, decode_picture
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


def encode_heic(image: Image.Image, **options: Any) -> bytes:
    import pillow_heif

    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, **options)
    return buffer.getvalue()


needs_heif = pytest.mark.skipif(importlib.util.find_spec("pillow_heif") is None, reason="pillow-heif is not installed")

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
    "avif": encode(picture(), "AVIF", quality=100, subsampling="4:4:4"),
    "16 bit png": encode(Image.new("I;16", (24, 16), 40_000), "PNG"),
    "float tiff": encode(Image.new("F", (24, 16), 0.5), "TIFF"),
    "cmyk jpeg": encode(picture().convert("CMYK"), "JPEG"),
    **({"heic": encode_heic(picture(), quality=-1)} if importlib.util.find_spec("pillow_heif") else {}),
}


COLOURED = [kind for kind in FILES if kind not in ("16 bit png", "float tiff", "cmyk jpeg")]


@pytest.mark.parametrize("kind", COLOURED)
def test_each_format_gives_the_picture(kind: str) -> None:
    difference = np.abs(decoded(FILES[kind]).astype(int) - np.asarray(picture()))
    # GIF has 256 colours; JPEG is lossy
    assert difference.mean() < {"gif": 12, "jpeg": 4, "progressive jpeg": 4, "avif": 2, "heic": 6}.get(kind, 0.001)


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


def tiff(values: NDArray[Any], *, bits: int = 0, white_is_zero: bool = False) -> bytes:
    """A grey TIFF of one row that states its values as they are: unsigned, signed or floats; packed ones by `bits`."""
    sample_format = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    order, magic = (">", b"MM\0*") if values.dtype.byteorder == ">" else ("<", b"II*\0")
    pixels = values.tobytes() + bytes(values.nbytes % 2)
    width = values.nbytes * 8 // bits if bits else len(values)
    tags = {256: width, 257: 1, 258: bits or 8 * values.itemsize, 259: 1, 262: 0 if white_is_zero else 1}
    tags |= {273: 8, 277: 1, 278: 1, 279: values.nbytes, 339: sample_format}
    entries = b"".join(struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0) for tag, value in tags.items())
    return magic + struct.pack(f"{order}I", 8 + len(pixels)) + pixels + struct.pack(f"{order}H", len(tags)) + entries


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([0, 32_896, 65_535], "<u2"), [0, 128, 255]),
        (np.array([0, 32_896, 65_535], ">u2"), [0, 128, 255]),
        (np.array([-1024, 0, 3071], "<i2"), [0, 64, 255]),  # a CT slice in Hounsfield units
        (np.array([-1024, 0, 3071], ">i2"), [0, 64, 255]),
        (np.array([100, 150, 200], "<i2"), [0, 128, 255]),  # signed is signed, whatever this picture holds
        (np.array([-128, 0, 127], "i1"), [0, 128, 255]),
        (np.array([-2_000_000_000, 0, 2_000_000_000], "<i4"), [0, 128, 255]),
        (np.array([0, 2**31, 2**32 - 1], "<u4"), [0, 128, 255]),
        (np.array([0, 32_896, 65_535], "<u4"), [0, 128, 255]),
        (np.array([-1, 0, 1], "<f4"), [0, 128, 255]),
        (np.array([-2, np.nan, 2], "<f4"), [0, 0, 255]),
        (np.array([-np.inf, 0.5, np.inf, 1.0], "<f4"), [0, 128, 255, 255]),
        (np.array([-3e38, 0, 3e38], "<f4"), [0, 128, 255]),
        (np.array([np.nan, np.nan], "<f4"), [0, 0]),
        (np.array([-7, -7], "<i2"), [0, 0]),
    ],
)
def test_values_of_every_range_keep_their_order_and_fill_the_levels(values: NDArray[Any], expected: list[int]) -> None:
    image = decoded(tiff(values))
    assert image[0, :, 0].tolist() == expected
    assert (image[..., :1] == image).all()


@pytest.mark.parametrize("kind", ["u1", "<u2", "<f4"])
def test_a_tiff_whose_white_is_zero_is_no_negative(kind: str) -> None:
    values = np.array([0, 0.25, 1]) * (1 if kind == "<f4" else np.iinfo(kind).max)
    assert decoded(tiff(values.astype(kind), white_is_zero=True))[0, :, 0].tolist() == pytest.approx(
        [255, 191, 0], abs=1
    )


def test_12_bits_that_a_tiff_states_are_scaled_by_its_own_white() -> None:
    packed = np.array([0xFF, 0xF8, 0x00], np.uint8)  # 4095, 2048
    assert decoded(tiff(packed, bits=12))[0, :, 0].tolist() == [255, 128]


def test_a_kind_of_tiff_that_is_not_read_says_what_to_do() -> None:
    assert reason(tiff(np.array([0.5, 1.0]))) == (
        "damaged, or an unsupported kind of TIFF: save it with 8 or 16 bits per value, or as PNG"
    )


def noted(data: bytes) -> list[str]:
    notes: list[str] = []
    assert not isinstance(decode_image(data, notes=notes), BadImage)
    return notes


def test_few_grey_levels_of_a_deep_picture_are_told_with_their_count() -> None:
    ramp = np.linspace(0, 1, 5000)
    twelve = (ramp * 4095).astype(np.uint16)
    (note,) = noted(encode(Image.fromarray(twelve[np.newaxis]), "PNG"))
    assert note == (
        "its values (from 0 to 4,095, where 0 is black and 65,535 is white) become 17 of 256 levels: "
        "scale them to the full range"
    )
    assert "become 17 of 256 levels" in noted(tiff(twelve))[0]
    (outlier,) = noted(tiff(np.append(-(2**15), ramp * 3000).astype("<i2")))
    assert "from -32,768 to 3,000" in outlier


def test_16_bits_of_colour_that_are_almost_black_are_told() -> None:
    rows = np.repeat(np.linspace(0, 4095, 50).astype(">u2"), 3).tobytes()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50, 1, 16, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" + rows)) + chunk(b"IEND", b"")
    assert noted(data) == [
        "its values (16 bits each, the brightest 15 of 255) become 16 of 256 levels: scale them to the full range"
    ]


def test_pictures_that_fill_their_range_or_hold_few_values_need_no_note() -> None:
    ramp = np.linspace(0, 1, 5000)
    for values in (ramp * 65_535, ramp * 20_000, np.array([0, 20_000, 40_000])):
        assert noted(tiff(values.astype("<u2"))) == []
    assert noted(tiff(ramp.astype("<f4"))) == []
    assert all(noted(data) == [] for data in FILES.values())


MODES = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB", "HSV")


@pytest.mark.parametrize("mode", [*MODES, "I", "F", "I;16", "I;16L", "I;16B", "I;16N"])
def test_every_mode_that_pillow_knows_keeps_its_brightness(mode: str) -> None:
    grey = Image.fromarray(np.array([[0, 255]], np.uint8))
    for step in {"La": ("LA", "La"), "PA": ("P", "PA"), "RGBa": ("RGBA", "RGBa"), "HSV": ("RGB", "HSV")}.get(
        mode, (mode,)
    ):
        if mode == "LAB":
            to_lab = ImageCms.buildTransform(
                ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
            )
            grey = ImageCms.applyTransform(grey.convert("RGB"), to_lab) or grey
        elif mode.startswith("I;16"):
            order = "<" if mode in ("I;16", "I;16L") or (sys.byteorder == "little" and mode == "I;16N") else ">"
            grey = Image.frombytes(mode, (2, 1), np.array([0, 65_535], f"{order}u2").tobytes())
        else:
            grey = grey.convert(step)
    if mode == "I":
        grey = Image.fromarray(np.array([[0, 65_535]], np.int32))
    image = decode_picture(grey)
    assert not isinstance(image, BadImage), image
    np.testing.assert_allclose(image, [[[0] * 3, [255] * 3]], atol=2)


def test_32_bit_integers_are_scaled_by_their_brightest() -> None:
    image = Image.fromarray(np.array([[0, 1_000_000, 2_000_000]], dtype=np.int32))
    assert decoded(encode(image, "TIFF"))[0, :, 0].tolist() == [0, 128, 255]


def test_a_header_that_breaks_off_is_damage_and_not_another_kind_of_file() -> None:
    for kind in ("jpeg", "png", "gif", "webp"):
        assert reason(FILES[kind][:12]) in ("damaged file", "truncated file")


def test_the_transparent_value_of_a_16_bit_png_becomes_white() -> None:
    data = encode(Image.fromarray(np.array([[0, 300, 65_535]], np.uint16)), "PNG", transparency=300)
    assert decoded(data)[0, :, 0].tolist() == [0, 255, 255]


@pytest.mark.parametrize("place", ["before", "behind"])
@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"iCCP"])
def test_a_png_with_megabytes_of_text_or_colour_profile_is_a_good_picture(kind: bytes, place: str) -> None:
    content = b"x" * 3_000_000
    body = {
        b"tEXt": b"Comment\0" + content,
        b"zTXt": b"Comment\0\0" + zlib.compress(content),
        b"iTXt": b"Comment\0\1\0\0\0" + zlib.compress(content),
        b"iCCP": b"icc\0\0" + zlib.compress(content),
    }[kind]
    at = 33 if place == "before" else len(FILES["png"]) - 12
    data = FILES["png"][:at] + chunk(kind, body) + FILES["png"][at:]
    np.testing.assert_array_equal(decoded(data), decoded(FILES["png"]))


def test_a_tiff_that_lacks_strips_is_a_truncated_file() -> None:
    one_row = tiff(np.arange(9, dtype=np.uint8))
    decoded(one_row)
    two_rows = one_row.replace(struct.pack("<HHIHH", 257, 3, 1, 1, 0), struct.pack("<HHIHH", 257, 3, 1, 2, 0))
    assert reason(two_rows) == "truncated file"


def test_texts_that_hide_damage_leave_it_damage() -> None:
    data = FILES["png"][:33] + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(3_000_000))) + FILES["png"][33:-30]
    assert reason(data) == "truncated file"


@needs_heif
def test_a_heic_picture_comes_upright_and_its_size_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encode_heic(Image.fromarray(np.rot90(np.asarray(picture(64, 48))).copy()), quality=90, exif=exif.tobytes())
    image = decoded(data)
    assert image.shape == (48, 64, 3)
    assert np.abs(image.astype(int) - np.asarray(picture(64, 48))).mean() < 6
    monkeypatch.setattr(decode_module, "PIXEL_LIMIT", 64 * 48 - 1)
    assert reason(data).startswith("too large")


def test_a_heic_picture_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert reason(b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf") == (
        "a HEIC picture: pip install 'googlenet[heic]' to read it, or convert it to JPEG"
    )


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


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG", "AVIF"])
@pytest.mark.parametrize("orientation", STORED)
def test_exif_orientation_is_undone(orientation: int, kind: str) -> None:
    upright = np.asarray(picture())
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    data = encode(stored, kind, exif=exif, lossless=True, quality=95)
    image = decoded(data)
    assert image.shape == upright.shape
    assert np.abs(image.astype(int) - upright).mean() < ({"JPEG": 4, "AVIF": 5}.get(kind, 0.001))
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


def test_a_jpeg_that_the_quick_decoder_refuses_is_decoded_by_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
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
        ((1600, 1200), (10, 10), (200, 150)),
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


@pytest.mark.parametrize("data", [b"hello", b"BM", b"P6x", bytes(1000), b"<xml/>"])
def test_what_is_not_a_picture_is_bad(data: bytes) -> None:
    assert reason(data) == "not a picture"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (encode(picture(), "ICO", sizes=[(16, 16)]), "an ICO icon, which is not supported: convert it to JPEG or PNG"),
        (encode(picture(), "JPEG2000"), "a JPEG 2000 picture, which is not supported: convert it to JPEG or PNG"),
        (encode(picture(), "JPEG2000", no_jp2=True), "a JPEG 2000 picture, which is not supported"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture, which is not supported: convert it to JPEG or PNG"),
        (b"\xff\x0a\xfa\x7f", "a JPEG XL picture, which is not supported"),
        (b"%PDF-1.7", "a PDF document, which is not supported: convert its pages to PNG"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing, which is not supported"),
        (b"<!DOCTYPE html><HTML><body>404", "a web page, which is not supported: download the picture itself"),
        (bytes(128) + b"DICM", "a DICOM file, which is not supported: convert it to PNG or TIFF"),
        (b"PK\3\4", "a zip archive, which is not supported: unpack it and name the folder"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "a video, or an unsupported picture format"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            "a Git LFS pointer, which is not supported: run `git lfs pull`",
        ),
    ],
)
def test_a_format_that_is_not_read_is_named_with_what_to_do(data: bytes, said: str) -> None:
    assert reason(data).startswith(said)


def test_a_bomb_is_refused_by_its_header() -> None:
    assert reason(png(20_000, 20_000)) == "too large: 400 million pixels, the limit is 179 million"


def test_the_limit_is_checked_before_the_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
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
        assert image.reason.isprintable()
