"""Scaled JPEG decoding: only where it changes no more than rounding."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from dataprep.geometry import Affine, Size
from dataprep.passes import Fill, Sides
from dataprep.pixels.decode import open_image
from dataprep.pixels.shrink import shrinkage
from dataprep.plan import View
from tests.effort import effort
from tests.pictures import decode, render
from tests.property.test_render import blob, centroid
from tests.strategies import FILTERS


def jpeg(image: Image.Image, quality: int = 95, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling=0, **options)
    return out.getvalue()


def scaled(content: bytes, view: View) -> tuple[Image.Image, int]:
    """A view as a build renders it, and the scale it decoded at."""
    opened = open_image(content)
    scale = shrinkage(opened.size, [view], upright=opened.orientation == 1)
    return render(decode(content, scale), view.passes, scale), scale


def full(content: bytes, view: View) -> Image.Image:
    return render(decode(content), view.passes)


def photo(size: Size, seed: int) -> Image.Image:
    """Photo-like: shapes at every scale, softer the finer, and a little noise."""
    rng = np.random.default_rng(seed)
    total = np.zeros((size.height, size.width, 3))
    for detail in (4, 8, 16, 32, 64, 128):
        coarse = rng.normal(
            0, 255 / detail, (max(2, size.height * detail // 512), max(2, size.width * detail // 512), 3)
        )
        for channel in range(3):
            layer = Image.fromarray(coarse[:, :, channel].astype(np.float32))
            total[:, :, channel] += np.asarray(layer.resize(size, Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(127.5 + total + rng.normal(0, 2, total.shape), 0, 255).astype(np.uint8))


def psnr(a: Image.Image, b: Image.Image) -> float:
    error = float(np.mean((np.asarray(a, np.float64) - np.asarray(b, np.float64)) ** 2))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("size", [Size(1600, 1200), Size(1001, 747), Size(803, 1311)])
def test_photos_stay_photos(filter: str, size: Size) -> None:
    content = jpeg(photo(size, 3), 90)
    view = View.start(size).resample(Size(96, 72), filter)  # type: ignore[arg-type]
    found, scale = scaled(content, view)
    assert scale >= 4
    assert psnr(found, full(content, view)) >= 40


@pytest.mark.parametrize("filter", FILTERS)
@effort(share=0.25)
@given(st.data(), st.integers(500, 900), st.integers(500, 900), st.integers(24, 110), st.integers(24, 110))
def test_things_stay_where_they_are(
    filter: str, data: st.DataObject, width: int, height: int, target_x: int, target_y: int
) -> None:
    size = Size(width, height)
    view = View.start(size).resample(Size(target_x, target_y), filter)  # type: ignore[arg-type]
    sigma = (2.5 * width / target_x, 2.5 * height / target_y)
    x = data.draw(st.floats(4.5 * sigma[0], width - 4.5 * sigma[0]))
    y = data.draw(st.floats(4.5 * sigma[1], height - 4.5 * sigma[1]))
    found, scale = scaled(jpeg(blob(size, x, y, sigma)), view)
    assume(scale > 1)
    wanted, place = view.affine.apply([(x, y)])[0], centroid(found)
    # A faint JPEG background of one level would pull the centroid of the whole picture: hence the wide blob.
    assert max(abs(place[0] - wanted[0]), abs(place[1] - wanted[1])) <= 0.05


def turned(size: Size, degrees: float, scale: float, filter: str = "bicubic") -> View:
    """Turned about the centre and shrunk, into 100 x 90."""
    step = Affine.translate(-size.width / 2, -size.height / 2).then(Affine.scale(scale, scale))
    step = step.then(Affine.rotate(degrees)).then(Affine.translate(50, 45))
    return View.start(size).warp(step, Size(100, 90), filter, (0, 0, 0))  # type: ignore[arg-type]


@pytest.mark.parametrize("filter", FILTERS)
@effort(share=0.1)
@given(st.data(), st.integers(90, 130), st.integers(90, 130), st.floats(-180, 180), st.floats(0.07, 0.25))
def test_turned_things_are_where_they_belong(
    filter: str, data: st.DataObject, width: int, height: int, degrees: float, scale: float
) -> None:
    size = Size(8 * width, 8 * height)
    view = turned(size, degrees, scale, filter)
    sigma = 2.5 / scale
    x = size.width / 2 + data.draw(st.floats(-7, 7)) / scale
    y = size.height / 2 + data.draw(st.floats(-7, 7)) / scale
    assume(4.5 * sigma < min(x, y, size.width - x, size.height - y))
    content = jpeg(blob(size, x, y, (sigma, sigma)))
    found, shrunk = scaled(content, view)
    assume(shrunk > 1)
    wanted, place = view.affine.apply([(x, y)])[0], centroid(found)
    assert max(abs(place[0] - wanted[0]), abs(place[1] - wanted[1])) <= 0.05
    assert psnr(found, full(content, view)) >= 40


def start(width: int, height: int) -> View:
    return View.start(Size(width, height))


@pytest.mark.parametrize(
    ("view", "upright", "scale"),
    [
        (start(1600, 1200).resample(Size(100, 75), "bicubic"), True, 8),
        (start(1599, 1200).resample(Size(99, 75), "bicubic"), True, 8),
        (start(1599, 1200).resample(Size(99, 75), "bicubic"), False, 1),
        (start(1600, 1200).resample(Size(101, 75), "bicubic"), True, 4),
        (start(1600, 1200).resample(Size(900, 700), "bicubic"), True, 1),
        (start(1600, 1200).cut(16, 8, Size(1200, 800)).resample(Size(50, 50), "bicubic"), True, 8),
        (start(1600, 1200).cut(17, 8, Size(1200, 800)).resample(Size(50, 50), "bicubic"), True, 1),
        (start(1600, 1200).cut(20, 8, Size(1200, 800)).resample(Size(50, 50), "bicubic"), True, 4),
        (start(1600, 1200).pad(Sides(0, 200, 0, 200), Fill()).resample(Size(64, 64), "bicubic"), True, 8),
        (start(1601, 1200).pad(Sides(0, 0, 1, 0), Fill()).resample(Size(64, 64), "bicubic"), True, 1),
        (start(1600, 1200), True, 1),
        (turned(Size(1600, 1200), 30, 1 / 16), True, 8),
        (turned(Size(1600, 1200), 30, 1 / 15), True, 4),
        (turned(Size(1596, 1200), 30, 1 / 16), True, 4),
        (turned(Size(1599, 1201), 30, 1 / 16), True, 1),
        (turned(Size(1600, 1200), 30, 1 / 3), True, 1),
    ],
)
def test_the_scale_is_the_largest_that_is_exact(view: View, upright: bool, scale: int) -> None:
    assert shrinkage(view.placement.source, [view], upright=upright) == scale


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_file_is_the_turned_picture(orientation: int) -> None:
    size = Size(1600, 1200) if orientation < 5 else Size(1200, 1600)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = jpeg(photo(Size(1600, 1200), 1), 95, exif=exif)
    view = View.start(size).pad(Sides(0, 8, 16, 24), Fill("constant", (9, 9, 9))).resample(Size(70, 70), "bicubic")
    found, scale = scaled(content, view)
    assert scale == 8
    assert psnr(found, full(content, view)) >= 40


def test_one_view_that_needs_all_pixels_decides_for_all() -> None:
    size = Size(1600, 1200)
    small, large = (View.start(size).resample(target, "bicubic") for target in (Size(50, 40), Size(800, 600)))
    assert shrinkage(size, [small], upright=True) == 8
    assert shrinkage(size, [small, large], upright=True) == 1
