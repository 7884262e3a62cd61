"""TIFF files of every variant: each judged by bytes made by hand, or by OpenCV.

`covers` names the rows of docs/decoding.md that a test proves; `test_decode` compares them with the page.
"""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from tests.decoding import ODD, covers, eight, indexed, inked, over, patches, picture, pixels, rejection
from tests.image_files import SRGB_CURVE, Order, matrix_profile, samples, save, tiff


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
