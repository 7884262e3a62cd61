"""Decoding, a test for every row of docs/decoding.md: each judged by bytes made by hand, or by OpenCV.

`covers` names the rows that a test proves; the last test compares them with the page.
"""

from __future__ import annotations

import ast
import re
import struct
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dataprep.errors import DecodeError
from dataprep.geometry import Size
from dataprep.pixels.decode import decode, open_image
from tests.image_files import (
    SRGB_CURVE,
    Order,
    Samples,
    adobe,
    chunk,
    exif,
    flat_jpeg,
    matrix_profile,
    png,
    samples,
    save,
    segment,
    tiff,
)
from tests.strategies import colors, sizes

Color = tuple[int, int, int]
Test = TypeVar("Test", bound=Callable[..., None])

ROOT = Path(__file__).parents[2]
ODD = Size(13, 11)

# How a format keeps pixels best.
BEST: dict[str, dict[str, object]] = {
    "WEBP": {"lossless": True, "exact": True},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
}

needs_avif = pytest.mark.skipif(find_spec("PIL.AvifImagePlugin") is None, reason="this Pillow has no AVIF")
needs_heic = pytest.mark.skipif(find_spec("pillow_heif") is None, reason="the extra heic is not installed")


def covers(*rows: str) -> Callable[[Test], Test]:
    """Names rows of the page as ``format | variant``."""
    assert all(row.count(" | ") == 1 for row in rows)
    return lambda test: test


def image_of(values: Samples) -> Image.Image:
    """(height, width, channels) to an image of mode L, RGB or RGBA."""
    return Image.fromarray((values[..., 0] if values.shape[2] == 1 else values).astype(np.uint8))


def picture(size: Size, seed: int = 0, channels: int = 3) -> Image.Image:
    return image_of(samples(size, channels, seed=seed))


def patches(mode: str = "RGB") -> Image.Image:
    """6 x 4 patches of 16 pixels, which lossy codecs keep within 2 levels at their best."""
    return image_of(np.kron(samples(Size(6, 4), len(mode), seed=3), np.ones((16, 16, 1), int)))


def pixels(content: bytes, background: Color = (0, 0, 0)) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    opened = open_image(content)
    found, notes = decode(opened, background)
    assert found.dtype == np.uint8
    assert found.shape == (opened.size.height, opened.size.width, 3)
    return found.astype(np.int64), notes


def opencv(content: bytes) -> npt.NDArray[np.int64]:
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None
    return found[:, :, ::-1].astype(np.int64)


def rejection(content: bytes) -> tuple[str, str]:
    with pytest.raises(DecodeError) as error:
        pixels(content)
    return error.value.reason, str(error.value)


def over(rgba: npt.NDArray[np.float64], background: Color) -> npt.NDArray[np.float64]:
    """Colours with alpha (…, 4), 0…255, over a background."""
    share = rgba[..., 3:] / 255
    return np.asarray(rgba[..., :3] * share + np.array(background) * (1 - share))


def eight(values: Samples, most: int) -> npt.NDArray[np.float64]:
    """Values 0…most to the nearest of 0…255, in floats."""
    return np.floor(values.astype(np.float64) * 255 / most + 0.5)


# --- JPEG ---


@covers("JPEG | baseline", "JPEG | progressive")
@given(sizes(1, 40), st.integers(50, 100), st.booleans(), st.sampled_from(["4:4:4", "4:2:2", "4:2:0"]))
def test_jpeg_is_opencvs(size: Size, quality: int, progressive: bool, subsampling: str) -> None:
    content = save(picture(size), "JPEG", quality=quality, progressive=progressive, subsampling=subsampling)
    found, notes = pixels(content)
    assert np.array_equal(found, opencv(content)) and notes == ()


@covers("JPEG | grayscale", "JPEG | RGB (Adobe transform 0)")
def test_jpeg_components_are_what_the_file_holds() -> None:
    gray, rgb = samples(Size(3, 2), 1), samples(Size(3, 2), 3)
    for blocks, marker in ((gray, b""), (rgb, adobe(0))):
        found, notes = pixels(flat_jpeg(blocks, marker=marker))
        assert np.array_equal(found, np.broadcast_to(np.kron(blocks, np.ones((8, 8, 1), int)), found.shape))
        assert notes == ()


def inked(ink: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Ink (…, 4), 0…255, on white paper without a profile."""
    return np.asarray((255 - ink[..., :3]) * (255 - ink[..., 3:]) / 255)


@covers("JPEG | CMYK, Adobe", "JPEG | YCCK, Adobe")
def test_adobes_cmyk_is_ink_turned_over() -> None:
    stored = samples(Size(9, 7), 4, seed=1)
    found, notes = pixels(flat_jpeg(stored, marker=adobe(0)))
    assert np.abs(found[::8, ::8] - inked(255 - stored.astype(np.float64))).max() <= 1
    assert notes == ("cmyk_converted",)

    y, cb, cr, k = np.moveaxis(stored.astype(float), -1, 0)
    cb, cr = cb - 128, cr - 128
    cmy = np.clip(np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], -1), 0, 255)
    found, notes = pixels(flat_jpeg(stored, marker=adobe(2)))
    # YCbCr in whole numbers, then the product of colour and black: half a level each, and their rounding.
    assert np.abs(found[::8, ::8] - inked(np.concatenate([cmy, 255 - k[..., None]], -1))).max() <= 2
    assert notes == ("cmyk_converted",)


@covers("JPEG | CMYK, no Adobe marker", "JPEG | 12-bit")
def test_jpegs_that_can_be_read_two_ways_or_none_are_rejected() -> None:
    assert rejection(flat_jpeg(samples(Size(2, 2), 4)))[0] == "cmyk_ambiguous"
    reason, sentence = rejection(flat_jpeg(samples(Size(2, 2), 3), precision=12))
    assert reason == "unsupported_mode" and "12 bits" in sentence


@covers("JPEG | several images (MPF)")
def test_a_phones_preview_behind_the_picture_is_left_out() -> None:
    first, second = picture(ODD), picture(Size(4, 4), 1)
    content = save(first, "MPO", save_all=True, append_images=[second], quality=90)
    found, notes = pixels(content)
    assert np.array_equal(found, opencv(content)) and notes == ("extra_images_ignored",)
    assert open_image(content).image.format == "JPEG"  # so that it is decoded smaller like any other


# --- PNG ---


@covers(
    "PNG | gray 1, 2, 4, 8 bit",
    "PNG | RGB, RGBA 8 bit",
    "PNG | gray + alpha 8 bit",
    "PNG | 16 bit, any colour",
    "PNG | interlaced",
)
@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("depth", "color", "channels"),
    [(depth, 0, 1) for depth in (1, 2, 4, 8, 16)]
    + [(depth, color, channels) for depth in (8, 16) for color, channels in ((2, 3), (4, 2), (6, 4))],
)
def test_png_of_every_depth_and_colour(depth: int, color: int, channels: int, interlaced: bool) -> None:
    most = 2**depth - 1
    values = samples(ODD, channels, most)
    found, notes = pixels(png(values, depth, color, interlaced=interlaced), (10, 200, 30))
    wanted = eight(values, most)
    if channels in (2, 4):
        gray_to_rgb = [0, 0, 0, 1] if channels == 2 else [0, 1, 2, 3]
        wanted = over(wanted[..., gray_to_rgb], (10, 200, 30))
    # Without alpha exact; with alpha Pillow composites in whole numbers.
    assert np.abs(found - wanted).max() <= (0.501 if channels in (2, 4) else 0)
    assert notes == (("depth_reduced",) if depth == 16 else ())


def test_every_16_bit_value_is_rounded_not_cut_nor_clipped() -> None:
    values = np.arange(65536).reshape(256, 256, 1)
    wanted = np.broadcast_to(eight(values, 65535), (256, 256, 3))
    assert (wanted != values >> 8).mean() > 0.2  # the high byte alone would be seen
    for content in (
        png(values, 16, 0),
        png(np.repeat(values, 3, 2), 16, 2),
        tiff(values.astype(np.uint16), 1),
        tiff(np.repeat(values, 3, 2).astype(np.uint16), 2),
    ):
        found, notes = pixels(content)
        assert np.array_equal(found, wanted) and notes == ("depth_reduced",)


@covers("PNG | tRNS on gray or RGB")
@pytest.mark.parametrize(
    ("depth", "color"), [(1, 0), (2, 0), (4, 0), (8, 0), (16, 0), (8, 2), (16, 2)], ids=lambda value: str(value)
)
def test_the_one_colour_that_stands_for_transparent(depth: int, color: int) -> None:
    channels = 3 if color == 2 else 1
    values = samples(ODD, channels, 2**depth - 1)
    values[0, 1] = values[0, 0] ^ 1  # a neighbour in the last bit stays opaque
    key = values[0, 0]
    content = png(values, depth, color, before=chunk(b"tRNS", key.astype(">u2").tobytes()))
    clear = (values == key).all(-1, keepdims=True)
    assert np.array_equal(pixels(content, (9, 8, 7))[0], np.where(clear, [9, 8, 7], eight(values, 2**depth - 1)))


@covers("PNG | palette 1, 2, 4, 8 bit", "PNG | palette with transparency")
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_png_palettes(depth: int) -> None:
    palette = samples(Size(2**depth, 1), 3, seed=1)[0]
    opacity = samples(Size(2**depth, 1), 1, seed=2)[0]
    values = samples(ODD, 1, 2**depth - 1)
    table = chunk(b"PLTE", palette.astype(np.uint8).tobytes())
    assert np.array_equal(pixels(png(values, depth, 3, before=table))[0], palette[values[..., 0]])
    content = png(values, depth, 3, before=table + chunk(b"tRNS", opacity.astype(np.uint8).tobytes()))
    wanted = over(np.concatenate([palette, opacity], -1)[values[..., 0]].astype(float), (250, 0, 99))
    assert np.abs(pixels(content, (250, 0, 99))[0] - wanted).max() <= 0.501


@covers("PNG | gAMA unlike 1/2.2", "PNG | gAMA beside sRGB or ICC")
def test_a_png_gamma_is_noted_not_applied() -> None:
    values = samples(ODD, 3)
    linear, usual = chunk(b"gAMA", struct.pack(">I", 100000)), chunk(b"gAMA", struct.pack(">I", 45455))
    profile = save(picture(ODD), "PNG", icc_profile=matrix_profile("display-p3", b"curv" + bytes(8)))
    for before, wanted in (
        (linear, ("gamma_ignored",)),
        (usual, ()),
        (linear + chunk(b"sRGB", b"\0"), ()),
    ):
        found, notes = pixels(png(values, 8, 2, before=before))
        assert np.array_equal(found, values) and notes == wanted
    assert "gamma_ignored" not in pixels(profile.replace(profile[33:], linear + profile[33:]))[1]


@covers("PNG | cICP", "PNG | cICP of PQ or HLG")
def test_code_points_of_colour_in_a_png() -> None:
    values = samples(ODD, 3)

    def with_cicp(primaries: int, transfer: int) -> bytes:
        return png(values, 8, 2, before=chunk(b"cICP", bytes([primaries, transfer, 0, 1])))

    assert pixels(with_cicp(1, 13))[1] == ()
    found, notes = pixels(with_cicp(12, 13))
    assert np.array_equal(found, values) and notes == ("color_coding_ignored",)
    for transfer in (16, 18):
        assert rejection(with_cicp(9, transfer))[0] == "unsupported_color"


# --- WebP, GIF, BMP ---


@covers("WebP | lossy", "WebP | lossless")
@given(sizes(1, 40), st.integers(0, 100), st.booleans())
def test_webp_is_opencvs_or_exact(size: Size, quality: int, lossless: bool) -> None:
    image = picture(size)
    content = save(image, "WEBP", quality=quality, lossless=lossless, method=0)
    found, notes = pixels(content)
    assert np.array_equal(found, np.asarray(image) if lossless else opencv(content)) and notes == ()


@covers("WebP | alpha", "PNG | RGB, RGBA 8 bit")
@given(sizes(1, 20), colors, st.sampled_from(["PNG", "WEBP"]))
def test_alpha_is_composited_over_the_background(size: Size, background: Color, format: str) -> None:
    image = picture(size, channels=4)
    content = save(image, format, **BEST.get(format, {}))
    # Pillow composites in whole numbers: half a level up or down.
    assert np.abs(pixels(content, background)[0] - over(np.asarray(image, np.float64), background)).max() <= 0.501


@covers("PNG | animated", "WebP | animated", "GIF | animated")
@pytest.mark.parametrize("format", ["PNG", "WEBP", "GIF"])
def test_animations_are_rejected(format: str) -> None:
    content = save(picture(ODD), format, save_all=True, append_images=[picture(ODD, 1)], duration=100)
    reason, sentence = rejection(content)
    assert reason == "animated" and "2 frames" in sentence


def indexed() -> tuple[Image.Image, Samples, Samples]:
    values, palette = samples(ODD, 1, 15), samples(Size(16, 1), 3, seed=1)[0]
    image = Image.fromarray(values[..., 0].astype(np.uint8), "L").copy()
    image.putpalette(palette.astype(np.uint8).tobytes())
    return image, values[..., 0], palette


@covers("GIF | one frame", "GIF | transparency", "GIF | frame smaller than the canvas")
def test_gif() -> None:
    image, values, palette = indexed()
    content = save(image, "GIF")
    assert np.array_equal(pixels(content)[0], palette[values])
    content = save(image, "GIF", transparency=5)
    wanted = np.where(values[..., None] == 5, [1, 2, 3], palette[values])
    assert np.array_equal(pixels(content, (1, 2, 3))[0], wanted)
    # A larger canvas around a frame with transparency shows the background, without transparency nobody knows what.
    wider = content[:6] + struct.pack("<HH", ODD.width + 2, ODD.height + 1) + content[10:]
    found = pixels(wider, (1, 2, 3))[0]
    assert np.array_equal(found[: ODD.height, : ODD.width], wanted)
    assert (found[ODD.height :] == [1, 2, 3]).all() and (found[:, ODD.width :] == [1, 2, 3]).all()
    opaque = save(image, "GIF")
    wider = opaque[:6] + struct.pack("<HH", ODD.width + 2, ODD.height + 1) + opaque[10:]
    assert rejection(wider)[0] == "unsupported_mode"


def bitmap(header: int, bits: int, rows: bytes, size: Size, masks: bytes = b"") -> bytes:
    body = struct.pack("<IiiHHIIiiII", header, size.width, size.height, 1, bits, 3, len(rows), 0, 0, 0, 0) + masks
    body = body.ljust(max(header, 52), b"\0")
    return b"BM" + struct.pack("<IHHI", 14 + len(body) + len(rows), 0, 0, 14 + len(body)) + body + rows


@covers("BMP | 1, 4, 8-bit palette, 24 bit", "BMP | 16 bit, 32 bit with alpha")
def test_bmp() -> None:
    image, values, palette = indexed()
    assert np.array_equal(pixels(save(image, "BMP"))[0], palette[values])
    bits = picture(ODD, channels=1).point(lambda value: 255 * (value > 99)).convert("1")
    assert np.array_equal(pixels(save(bits, "BMP"))[0][..., 0], np.asarray(bits) * 255)
    content = save(picture(ODD), "BMP")
    assert np.array_equal(pixels(content)[0], np.asarray(picture(ODD)))

    even = Size(4, 3)  # rows of whole words, so that nothing needs padding
    red, green, blue = np.moveaxis(samples(even, 3, 31), -1, 0)
    words = (red << 11 | green << 6 | blue)[::-1].astype("<u2").tobytes()
    found, _ = pixels(bitmap(40, 16, words, even, struct.pack("<III", 0xF800, 0x07E0, 0x001F)))
    # 5 and 6 bits to 8: readers scale or shift, within one step of 5 bits.
    assert np.abs(found - np.stack([red, green, blue], -1) * 255 / 31).max() <= 8

    rgba = samples(even, 4)
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    content = bitmap(108, 32, rgba[::-1, :, [2, 1, 0, 3]].astype(np.uint8).tobytes(), even, masks)
    assert np.abs(pixels(content, (5, 6, 7))[0] - over(rgba.astype(float), (5, 6, 7))).max() <= 0.501


# --- TIFF ---


@covers("TIFF | gray, RGB 8 bit", "TIFF | LZW, Deflate, PackBits", "TIFF | 1 bit, palette")
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_tiff_8_bit(compression: str | None) -> None:
    options = {"compression": compression} if compression else {}
    for channels in (1, 3):
        image = picture(ODD, channels=channels)
        found, notes = pixels(save(image, "TIFF", **options))
        assert np.array_equal(found, np.asarray(image.convert("RGB"))) and notes == ()
    image, values, palette = indexed()
    assert np.array_equal(pixels(save(image, "TIFF", **options))[0], palette[values])
    bits = picture(ODD, channels=1).point(lambda value: 255 * (value > 99)).convert("1")
    assert np.array_equal(pixels(save(bits, "TIFF", **options))[0][..., 0], np.asarray(bits) * 255)


@covers("TIFF | gray, RGB 8 bit")
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_by_hand(order: Order) -> None:
    gray, rgb = samples(ODD, 1).astype(np.uint8), samples(ODD, 3).astype(np.uint8)
    assert np.array_equal(pixels(tiff(gray, 1, order))[0], np.repeat(gray, 3, 2))
    assert np.array_equal(pixels(tiff(gray, 0, order))[0], np.repeat(255 - gray, 3, 2))  # white is zero
    assert np.array_equal(pixels(tiff(rgb, 2, order))[0], rgb)


@covers("TIFF | alpha")
def test_tiff_alpha_straight_and_premultiplied() -> None:
    rgba = samples(ODD, 4).astype(np.uint8)
    found = pixels(tiff(rgba, 2, t338=[2]), (5, 6, 7))[0]
    assert np.abs(found - over(rgba.astype(float), (5, 6, 7))).max() <= 0.501
    rgba[..., :3] = rgba[..., :3] * (rgba[..., 3:] / 255)
    found = pixels(tiff(rgba, 2, t338=[1]), (5, 6, 7))[0]
    wanted = rgba[..., :3] + np.array([5, 6, 7]) * (1 - rgba[..., 3:] / 255)
    assert np.abs(found - wanted).max() <= 1.5  # divided by alpha and multiplied again
    gray = samples(ODD, 2).astype(np.uint8)
    found = pixels(tiff(gray, 1, t338=[2]), (5, 6, 7))[0]
    assert np.abs(found - over(gray[..., [0, 0, 0, 1]].astype(float), (5, 6, 7))).max() <= 0.501


@covers("TIFF | 16 bit", "TIFF | CMYK 8, 16 bit")
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_16_bit(order: Order) -> None:
    for channels, photometric in ((1, 1), (3, 2)):
        values = samples(ODD, channels, 65535)
        found, notes = pixels(tiff(values.astype(np.uint16), photometric, order))
        assert np.array_equal(found, np.broadcast_to(eight(values, 65535), found.shape))
        assert notes == ("depth_reduced",)
    values = samples(ODD, 4, 65535)
    found, _ = pixels(tiff(values.astype(np.uint16), 2, order, t338=[2]), (5, 6, 7))
    assert np.abs(found - over(eight(values, 65535), (5, 6, 7))).max() <= 0.501
    for most, dtype, wanted in ((255, np.uint8, ()), (65535, np.uint16, ("depth_reduced",))):
        ink = samples(ODD, 4, most)
        found, notes = pixels(tiff(ink.astype(dtype), 5, order))
        assert np.abs(found - inked(eight(ink, most))).max() <= 1
        assert notes == (*wanted, "cmyk_converted")


@covers("TIFF | 16 bit")
@pytest.mark.parametrize("compression", [1, 5, 8, 32773])
def test_tiff_16_bit_as_opencv_writes_it(compression: int) -> None:
    for channels in (1, 3):
        values = samples(ODD, channels, 65535).astype(np.uint16)
        done, content = cv2.imencode(".tiff", values[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, compression])
        assert done
        found, notes = pixels(content.tobytes())
        assert np.array_equal(found, np.broadcast_to(eight(values, 65535), found.shape))
        assert notes == ("depth_reduced",)


@covers("TIFF | JPEG inside")
def test_tiff_with_jpeg_inside() -> None:
    image = patches()
    for mode in ("RGB", "YCbCr"):
        content = save(image.convert(mode), "TIFF", compression="jpeg", quality=100)
        assert np.abs(pixels(content)[0] - np.asarray(image)).max() <= 2


@covers("TIFF | several pages", "TIFF | float", "TIFF | signed, 32 bit, 12 bit, Lab, YCbCr")
@covers("TIFF | 16 bit, white is zero or planes", "TIFF | camera raw (DNG, NEF, ARW …)")
@pytest.mark.parametrize(
    ("content", "reason", "word"),
    [
        (save(picture(ODD), "TIFF", save_all=True, append_images=[picture(ODD)]), "multi_page", "2 pages"),
        (tiff(samples(ODD, 1).astype(np.float32), 1), "unsupported_mode", "float"),
        (tiff(samples(ODD, 3).astype(np.float32), 2), "unsupported_mode", ""),
        (tiff(samples(ODD, 1).astype(np.int16), 1), "unsupported_mode", "signed"),
        (tiff(samples(ODD, 1, 127).astype(np.int8), 1), "unsupported_mode", "signed"),
        (tiff(samples(ODD, 1).astype(np.uint32), 1), "unsupported_mode", ""),
        (tiff(samples(ODD, 1).astype(np.uint16), 1, t258=[12]), "unsupported_mode", "12 bits"),
        (tiff(samples(ODD, 3).astype(np.uint8), 8), "unsupported_mode", "LAB"),
        (tiff(samples(ODD, 3).astype(np.uint8), 6), "unsupported_mode", "YCbCr"),
        (save(picture(ODD).convert("YCbCr"), "TIFF", compression="tiff_lzw"), "unsupported_mode", "YCbCr"),
        (tiff(samples(ODD, 1).astype(np.uint16), 0), "unsupported_mode", ""),
        (tiff(samples(ODD, 1).astype(np.uint16), 0, ">"), "unsupported_mode", ""),
        (tiff(samples(ODD, 3).astype(np.uint16), 2, t284=[2]), "unsupported_mode", "planes"),
        (tiff(samples(ODD, 4).astype(np.uint16), 2, t338=[1]), "unsupported_mode", ""),
        (tiff(samples(ODD, 3).astype(np.uint8), 2, t254=[1]), "unsupported_format", "raw"),
        (tiff(samples(ODD, 3).astype(np.uint8), 2, t50706=[1, 4]), "unsupported_format", "raw"),
    ],
)
def test_tiffs_that_are_rejected(content: bytes, reason: str, word: str) -> None:
    found, sentence = rejection(content)
    assert found == reason and word in sentence


# --- AVIF and HEIC ---


@covers("any | cut or damaged")
def test_a_tiff_that_lacks_a_part_is_truncated() -> None:
    long = tiff(samples(ODD, 3).astype(np.uint8), 2)
    # One strip of a single row, where there are eleven rows.
    rows = struct.pack("<HHII", 278, 4, 1, ODD.height)
    assert rows in long
    assert rejection(long.replace(rows, struct.pack("<HHII", 278, 4, 1, 1)))[0] == "truncated"
    # Its profile stands at the end, where a cut takes it away.
    whole = save(picture(ODD), "TIFF", compression="tiff_lzw", icc_profile=matrix_profile("display-p3", SRGB_CURVE))
    place = whole.index(b"acsp")
    assert place > len(whole) // 2
    assert rejection(whole[: place + 9])[0] == "truncated"


@needs_avif
@covers("AVIF | 8 bit", "AVIF | alpha")
def test_avif() -> None:
    image = patches()
    found, notes = pixels(save(image, "AVIF", **BEST["AVIF"]))
    assert np.abs(found - np.asarray(image)).max() <= 2 and notes == ()
    image = patches("RGBA")
    found, notes = pixels(save(image, "AVIF", **BEST["AVIF"]), (5, 6, 7))
    assert np.abs(found - over(np.asarray(image, np.float64), (5, 6, 7))).max() <= 3 and notes == ()


@needs_avif
@covers("AVIF | 10, 12 bit")
@pytest.mark.skipif(not cv2.haveImageWriter("a.avif"), reason="this OpenCV writes no AVIF")
@pytest.mark.parametrize("depth", [10, 12])
def test_deep_avif(depth: int) -> None:
    image = np.asarray(patches()).astype(np.uint16) << (depth - 8)
    options = [cv2.IMWRITE_AVIF_DEPTH, depth, cv2.IMWRITE_AVIF_QUALITY, 100]
    done, content = cv2.imencode(".avif", image[..., ::-1], options)
    assert done
    found, notes = pixels(content.tobytes())
    assert np.abs(found - np.asarray(patches())).max() <= 3 and notes == ("depth_reduced",)


@needs_avif
@covers("AVIF | code points of colour", "AVIF | PQ or HLG", "AVIF | animated")
def test_avif_that_says_more_than_pixels() -> None:
    content = save(patches(), "AVIF")
    srgb = b"nclx" + struct.pack(">HH", 1, 13)
    assert content.count(srgb) == 1
    assert pixels(content.replace(srgb, b"nclx" + struct.pack(">HH", 12, 13)))[1] == ("color_coding_ignored",)
    assert rejection(content.replace(srgb, b"nclx" + struct.pack(">HH", 9, 16)))[0] == "unsupported_color"
    moving = save(patches(), "AVIF", save_all=True, append_images=[patches().transpose(Image.Transpose.ROTATE_180)])
    assert rejection(moving)[0] == "animated"


def heic(image: Image.Image, **options: object) -> bytes:
    import_module("pillow_heif").register_heif_opener()
    return save(image, "HEIF", **{"quality": -1, "chroma": 444, "matrix_coefficients": 0, **options})


@needs_heic
@covers("HEIC | with the extra `heic`", "HEIC | several images", "HEIC | sequence")
def test_heic() -> None:
    image = patches()
    found, notes = pixels(heic(image))
    assert np.abs(found - np.asarray(image)).max() <= 1 and notes == ()
    found, notes = pixels(heic(patches("RGBA")), (5, 6, 7))
    assert np.abs(found - over(np.asarray(patches("RGBA"), np.float64), (5, 6, 7))).max() <= 2 and notes == ()
    both = heic(picture(Size(64, 64), 1), save_all=True, append_images=[image], primary_index=1)
    found, notes = pixels(both)
    assert np.abs(found - np.asarray(image)).max() <= 1 and notes == ("extra_images_ignored",)
    still = heic(image)
    assert still[8:12] in (b"heic", b"heix")
    assert rejection(still[:8] + b"hevc" + still[12:])[0] == "animated"


@covers("AVIF | this Pillow has no AVIF", "HEIC | without the extra")
@pytest.mark.parametrize(
    ("brand", "module", "word"),
    [(b"heic", "pillow_heif", "dataprep[heic]"), (b"avif", "PIL.AvifImagePlugin", "pillow")],
)
def test_what_this_installation_lacks_is_said(
    brand: bytes, module: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    reason, sentence = rejection(struct.pack(">I", 20) + b"ftyp" + brand + bytes(4) + b"mif1")
    assert reason == "unsupported_format" and word in sentence


# --- Orientation ---

UPRIGHT: dict[int, Callable[[Samples], Samples]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


def turned(format: str, orientation: int, image: Image.Image) -> bytes:
    """A file of that orientation; lossless where the format can."""
    block = b"Exif\0\0" + exif(orientation)
    if format == "PNG, EXIF behind the pixels":
        return png(np.asarray(image), 8, 2, after=chunk(b"eXIf", exif(orientation, ">")))
    if format == "PNG, 16 bit":
        return png(np.asarray(image).astype(int) * 257, 16, 2, before=chunk(b"eXIf", exif(orientation)))
    if format.startswith("TIFF"):
        values = np.asarray(image)
        return tiff(values.astype(np.uint16) * 257 if "16" in format else values, 2, t274=[orientation])
    if format == "HEIC":
        return heic(image, exif=block)
    if format == "JPEG":
        content = save(image, "JPEG", quality=100, subsampling=0)
        return content[:2] + segment(0xE1, block) + content[2:]
    return save(image, format, exif=block, **BEST.get(format, {}))


@covers("any | EXIF orientation 1…8")
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "format",
    [
        *("JPEG", "PNG", "PNG, EXIF behind the pixels", "PNG, 16 bit", "WEBP", "TIFF", "TIFF, 16 bit"),
        *(pytest.param("AVIF", marks=needs_avif), pytest.param("HEIC", marks=needs_heic)),
    ],
)
def test_every_orientation_is_the_upright_picture(format: str, orientation: int) -> None:
    image = patches()
    content = turned(format, orientation, image)
    wanted = UPRIGHT[orientation](np.asarray(image).astype(int))
    opened = open_image(content)
    assert opened.size == Size(wanted.shape[1], wanted.shape[0])
    found, notes = pixels(content)
    assert found.shape == wanted.shape
    # Patches of one colour survive the lossy formats at their best quality within 2 levels.
    assert np.abs(found - wanted).max() <= (2 if format in ("JPEG", "AVIF", "HEIC") else 0)
    assert "exif_broken" not in notes


@given(st.integers(1, 8), st.sampled_from("<>"), st.sampled_from([1, 3, 4]), st.booleans())
def test_the_orientation_of_any_byte_order_and_type(orientation: int, order: Order, kind: int, prefix: bool) -> None:
    block = (b"Exif\0\0" if prefix else b"") + exif(orientation, order, kind)
    values = samples(Size(5, 3), 3)
    content = png(values, 8, 2, before=chunk(b"eXIf", block))
    assert np.array_equal(pixels(content)[0], UPRIGHT[orientation](values))


@covers("any | EXIF block broken", "any | EXIF orientation none of 1…8")
def test_a_broken_exif_block_is_a_note() -> None:
    values = samples(Size(5, 4), 3)

    def found(block: bytes) -> tuple[str, ...]:
        pixels_found, notes = pixels(png(values, 8, 2, before=chunk(b"eXIf", block)))
        assert np.array_equal(pixels_found, values)
        return notes

    assert found(b"II*\0\xff\xff\xff\x7f") == ("exif_broken",)
    assert found(b"nonsense") == ("exif_broken",)
    assert found(exif(1)[:8]) == ("exif_broken",)
    assert found(exif(1)[:20]) == ("exif_broken",)
    assert found(exif(9)) == ("exif_orientation_unknown",)
    assert found(exif(0)) == ("exif_orientation_unknown",)
    jpeg = save(picture(Size(5, 4)), "JPEG")
    broken = jpeg[:2] + segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f") + jpeg[2:]
    assert np.array_equal(pixels(broken)[0], pixels(jpeg)[0]) and pixels(broken)[1] == ("exif_broken",)
    assert pixels(tiff(values.astype(np.uint8), 2, t274=[9]))[1] == ("exif_orientation_unknown",)
    # Cut behind the orientation: what can be read is used, and the damage is said.
    cut = exif(6)[:8] + struct.pack("<H", 3) + exif(6)[10:22]
    content = png(values, 8, 2, before=chunk(b"eXIf", cut))
    assert np.array_equal(pixels(content)[0], UPRIGHT[6](values)) and pixels(content)[1] == ("exif_broken",)


# --- Damage, limits, names ---


def damaged() -> Iterator[tuple[str, bytes]]:
    image = picture(Size(23, 17))
    for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"):
        yield format, save(image, format)
    yield "PNG, 16 bit, interlaced", png(samples(Size(23, 17), 3, 65535), 16, 2, interlaced=True)
    yield "TIFF, 16 bit", tiff(samples(Size(23, 17), 3, 65535).astype(np.uint16), 2)
    yield "TIFF, LZW", save(image, "TIFF", compression="tiff_lzw")
    yield "JPEG, progressive", save(image, "JPEG", progressive=True)
    yield "JPEG, CMYK", flat_jpeg(samples(Size(3, 2), 4), marker=adobe(0))


@covers("any | cut or damaged")
@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in damaged()])
def test_a_file_cut_anywhere_is_rejected_whole_or_decoded_whole(content: bytes) -> None:
    reject_or_whole(content)


@covers("any | cut or damaged")
@pytest.mark.parametrize("format", [pytest.param("AVIF", marks=needs_avif), pytest.param("HEIC", marks=needs_heic)])
def test_a_modern_file_cut_anywhere_as_well(format: str) -> None:
    image = picture(Size(64, 64))
    content = save(image, "AVIF", quality=20) if format == "AVIF" else heic(image, quality=20, chroma=420)
    reject_or_whole(content)


def reject_or_whole(content: bytes) -> None:
    whole = pixels(content)[0]
    for length in range(len(content)):
        try:
            found = pixels(content[:length])[0]
        except DecodeError as error:
            assert error.reason in ("empty_file", "not_an_image", "unsupported_mode", "broken", "truncated")
            assert length > 20 or error.reason != "unsupported_mode"
        else:
            # Some formats end in bytes that no pixel needs; what decodes must be all of it.
            assert np.array_equal(found, whole)


PROFILED = {
    format: save(picture(ODD), format, icc_profile=matrix_profile("display-p3", SRGB_CURVE), exif=b"Exif\0\0" + exif(6))
    for format in ("JPEG", "PNG", "WEBP")
}


@covers("any | cut or damaged")
@given(
    st.sampled_from([*PROFILED.values(), *(content for _, content in damaged())]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(1, 8),
)
def test_damage_anywhere_gives_pixels_or_a_reason(whole: bytes, damage: list[tuple[float, int]], front: int) -> None:
    content = bytearray(whole)
    for place, value in damage:
        content[int(place * len(content) / front)] = value  # headers are at the front, and hold more to break
    try:
        opened = open_image(bytes(content), memory_mb=64)
        found, _ = decode(opened, (0, 0, 0))
    except DecodeError as error:
        assert re.fullmatch("[a-z_]+", error.reason)
    else:
        assert found.shape == (opened.size.height, opened.size.width, 3)


def header(width: int, height: int, color: int = 2) -> bytes:
    """A PNG that promises a size, and holds a few bytes of pixels."""
    small = png(samples(Size(2, 2), 3), 8, color)
    return small[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)) + small[33:]


@covers("any | empty", "any | too large", "any | not an image")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (b"hello", "not_an_image"),
        (b"BM is how this text begins, and no bitmap", "not_an_image"),
        (struct.pack(">I", 20) + b"ftypisom" + bytes(4) + b"mp41", "not_an_image"),
        (header(60_000, 60_000), "too_large"),
        (header(16_000, 11_200, color=6), "too_large"),
    ],
)
def test_what_can_be_no_picture_has_a_reason(content: bytes, reason: str) -> None:
    assert rejection(content)[0] == reason


@covers("other | JPEG 2000, JPEG XL, PSD, ICO, PNM, EXR, PDF …")
@pytest.mark.parametrize(
    ("content", "name"),
    [
        (save(picture(ODD), "PPM"), "Netpbm"),
        (save(picture(ODD), "ICO"), "ICO"),
        (save(picture(ODD), "JPEG2000"), "JPEG 2000"),
        (save(picture(ODD), "DDS"), "DirectDraw"),
        (b"8BPS\0\1", "Photoshop"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL"),
        (b"%PDF-1.7", "PDF"),
        (b"II+\0\x08\0\0\0", "BigTIFF"),
    ],
)
def test_other_formats_are_rejected_by_name(content: bytes, name: str) -> None:
    reason, sentence = rejection(content)
    assert reason == "unsupported_format" and name in sentence


def test_the_page_has_a_test_for_every_row_and_every_code() -> None:
    page = (ROOT / "docs" / "decoding.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|[^|]*\|$", page, re.M)
    table = {f"{format} | {variant}" for format, variant in rows} - {"format | variant", "--- | ---"}
    trees = [ast.parse(path.read_text("utf-8")) for path in (ROOT / "tests" / "unit").glob("test_*.py")]
    covered = {
        row.value
        for tree in trees
        for test in ast.walk(tree)
        if isinstance(test, ast.FunctionDef)
        for call in test.decorator_list
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "covers"
        for row in call.args
        if isinstance(row, ast.Constant)
    }
    assert table - covered == set() and covered - table == set()

    source = "".join(path.read_text("utf-8") for path in (ROOT / "dataprep" / "pixels").glob("*.py"))
    codes = set(re.findall(r'DecodeError\(\s*"(\w+)"', source))
    codes |= set(re.findall(r'"(\w+_(?:ignored|reduced|converted|broken|unknown))"', source)) | {"truncated", "broken"}
    assert codes - set(re.findall(r"`(\w+)`", page)) == set()
