"""PNG files of every variant: each judged by bytes made by hand, or by OpenCV.

`covers` names the rows of docs/decoding.md that a test proves; `test_decode` compares them with the page.
"""

from __future__ import annotations

import struct

import numpy as np
import pytest

from dataprep.geometry import Size
from tests.decoding import ODD, covers, eight, over, picture, pixels, rejection
from tests.image_files import chunk, matrix_profile, png, samples, save, tiff


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
