"""Resampling along the axes: against the kernels written out, and whole numbers against the library that adds them."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.geometry import Rect, Size
from dataprep.passes import Fill, Filter, Sides
from dataprep.pixels import Pixels, resampling
from dataprep.pixels.resampling import resample
from tests.strategies import FILTERS, colors, fills, sizes

borders = st.builds(Sides, *[st.integers(0, 9)] * 4)
shares = st.floats(0, 1)


def noise(size: Size, seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (size.height, size.width, 3), np.uint8)


def extended(pixels: Pixels, border: Sides, fill: Fill) -> Pixels:
    sides = ((border.top, border.bottom), (border.left, border.right), (0, 0))
    if fill.mode == "constant":
        whole = np.empty((len(pixels) + sum(sides[0]), pixels.shape[1] + sum(sides[1]), 3), np.uint8)
        whole[:] = fill.color
        whole[border.top : border.top + len(pixels), border.left : border.left + pixels.shape[1]] = pixels
        return whole
    return np.pad(pixels, sides, mode="edge" if fill.mode == "edge" else "reflect")


def cubic(x: float) -> float:
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def lanczos(x: float) -> float:
    if x == 0:
        return 1.0
    return 3 * math.sin(math.pi * x) * math.sin(math.pi * x / 3) / (math.pi * x) ** 2 if x < 3 else 0.0


KERNELS: dict[str, Callable[[float], float]] = {
    "bilinear": lambda x: max(0.0, 1 - x),
    "bicubic": cubic,
    "lanczos": lanczos,
}


def weight(filter: Filter, place: int, center: float, step: float) -> float:
    """What the pixel [place, place + 1) weighs in the output pixel around a centre."""
    if filter == "area":
        return max(0.0, min(place + 1, center + step / 2) - max(place, center - step / 2))
    return KERNELS[filter](abs(place + 0.5 - center) / max(1.0, step))


def by_the_book(line: np.ndarray, start: float, stop: float, count: int, filter: Filter) -> np.ndarray:
    """One axis, the first, in floating point: each output pixel from every input pixel."""
    step = (stop - start) / count
    result = np.zeros((count, *line.shape[1:]))
    for index in range(count):
        weights = [weight(filter, place, start + (index + 0.5) * step, step) for place in range(len(line))]
        result[index] = np.tensordot(np.array(weights) / sum(weights), line, axes=1)
    return result


def exact(pixels: Pixels, box: Rect, target: Size, filter: Filter) -> npt.NDArray[np.float64]:
    """Both axes, not rounded."""
    rows = by_the_book(pixels.astype(np.float64), box.y0, box.y1, target.height, filter)
    columns = by_the_book(rows.transpose(1, 0, 2), box.x0, box.x1, target.width, filter)
    result: npt.NDArray[np.float64] = np.clip(columns.transpose(1, 0, 2), 0, 255)
    return result


@st.composite
def boxes(draw: st.DrawFn, size: Size, border: Sides) -> Rect:
    """A part of an image with its border, which shows some of the image."""
    width, height = size.width + border.left + border.right, size.height + border.top + border.bottom
    x0, y0 = draw(st.floats(0, border.left + size.width - 0.5)), draw(st.floats(0, border.top + size.height - 0.5))
    x1 = draw(st.floats(max(x0, border.left) + 0.5, width))
    y1 = draw(st.floats(max(y0, border.top) + 0.5, height))
    return Rect(x0 - border.left, y0 - border.top, x1 - border.left, y1 - border.top)


@given(sizes(1, 40), borders, fills, sizes(1, 30), st.sampled_from(FILTERS), st.integers(0, 99), st.data())
def test_each_pixel_is_the_kernels_sum(
    size: Size, border: Sides, fill: Fill, target: Size, filter: Filter, seed: int, data: st.DataObject
) -> None:
    pixels, box = noise(size, seed), data.draw(boxes(size, border))
    found = resample(pixels, border, box, target, filter, fill)
    moved = Rect(box.x0 + border.left, box.y0 + border.top, box.x1 + border.left, box.y1 + border.top)
    wanted = exact(extended(pixels, border, fill), moved, target, filter)
    assert found.shape == (target.height, target.width, 3) and found.dtype == np.uint8
    # Half a level of rounding; an eighth between the axes, which negative weights make a quarter at most; and the
    # weights across, up to 40 of them, each off by up to 1 of 8192: 128 times 40 of that, were all off to one side.
    assert np.abs(found - wanted).max() <= 0.5 + 0.25 + 0.6


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("target", [Size(37, 31), Size(60, 21), Size(149, 97)], ids=str)
def test_rounding_is_nearly_all_that_errs(filter: Filter, target: Size) -> None:
    """On noise, where every pixel errs by chance of its own, rounding alone gives a quarter of a level on average."""
    pixels = noise(Size(91, 80), 0)
    found = resample(pixels, Sides(), Rect(0, 0, 91, 80), target, filter, Fill())
    wanted = exact(pixels, Rect(0, 0, 91, 80), target, filter)
    assert np.abs(found - wanted).mean() <= 0.27


@given(sizes(1, 40), borders, fills, sizes(1, 30), st.sampled_from(FILTERS), st.integers(0, 99), st.data())
def test_a_border_need_not_be_there(
    size: Size, border: Sides, fill: Fill, target: Size, filter: Filter, seed: int, data: st.DataObject
) -> None:
    """Fill that is only reckoned with gives the same bytes as fill that is there."""
    pixels, box = noise(size, seed), data.draw(boxes(size, border))
    found = resample(pixels, border, box, target, filter, fill)
    moved = Rect(box.x0 + border.left, box.y0 + border.top, box.x1 + border.left, box.y1 + border.top)
    whole = resample(extended(pixels, border, fill), Sides(), moved, target, filter, Fill())
    assert np.array_equal(found, whole)


@given(sizes(1, 60), colors, sizes(1, 60), st.sampled_from(FILTERS), st.data())
def test_one_colour_stays(
    size: Size, color: tuple[int, int, int], target: Size, filter: Filter, data: st.DataObject
) -> None:
    pixels = np.full((size.height, size.width, 3), color, np.uint8)
    border = data.draw(borders)
    box = data.draw(boxes(size, border))
    assert (resample(pixels, border, box, target, filter, Fill("constant", color)) == color).all()


@pytest.mark.parametrize("filter", FILTERS)
def test_its_own_size_changes_nothing(filter: Filter) -> None:
    pixels = noise(Size(33, 20), 0)
    assert np.array_equal(resample(pixels, Sides(), Rect(0, 0, 33, 20), Size(33, 20), filter, Fill()), pixels)


def dense(length: int, start: float, stop: float, count: int, filter: Filter, one: int) -> np.ndarray:
    """The module's own weights along an axis, (count, length)."""
    weights = resampling._weights(length, 0, 0, start, stop, count, filter, "constant", one)
    matrix = np.zeros((count, length), np.int64)
    for first, read, block in weights.blocks(0, count):
        matrix[first : first + block.shape[1], read : read + len(block)] += (block.T / resampling._UNITS[one]).astype(
            np.int64
        )
    return matrix


@given(sizes(1, 600), sizes(1, 40), st.sampled_from(FILTERS), st.data())
def test_no_sum_is_rounded(size: Size, target: Size, filter: Filter, data: st.DataObject) -> None:
    """64-bit integers give the same bytes, on black and white pixels, which make the largest sums that there can be."""
    pixels = noise(size, data.draw(st.integers(0, 99))) // 128 * 255
    box = data.draw(boxes(size, Sides()))
    down = dense(size.height, box.y0, box.y1, target.height, filter, resampling._DOWN)
    across = dense(size.width, box.x0, box.x1, target.width, filter, resampling._ACROSS)
    assert (down.sum(axis=1) == resampling._DOWN).all() and (across.sum(axis=1) == resampling._ACROSS).all()
    assert 128 * np.abs(down).sum(axis=1).max() <= 2**24
    rows = np.tensordot(down, pixels.astype(np.int64) - 128, axes=1)
    between = np.rint(rows * (resampling._LEVEL / resampling._DOWN)).astype(np.int64)
    assert np.abs(between).max() * np.abs(across).sum(axis=1).max() <= 2**24
    sums = np.tensordot(across, between.transpose(1, 0, 2), axes=1).transpose(1, 0, 2)
    wanted = np.clip(np.rint(sums / (resampling._LEVEL * resampling._ACROSS)) + 128, 0, 255)
    assert np.array_equal(resample(pixels, Sides(), box, target, filter, Fill()), wanted)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 99))
def test_area_is_exact_coverage(width: int, target: int, seed: int) -> None:
    pixels = noise(Size(width, 1), seed)
    found = resample(pixels, Sides(), Rect(0, 0, width, 1), Size(target, 1), "area", Fill())
    for index in range(target):
        low, high = Fraction(index * width, target), Fraction((index + 1) * width, target)
        for channel in range(3):
            total = sum(
                max(Fraction(0), min(Fraction(place + 1), high) - max(Fraction(place), low)) * int(value)
                for place, value in enumerate(pixels[0, :, channel])
            )
            assert abs(total / (high - low) - int(found[0, index, channel])) <= Fraction(6, 10)


@pytest.mark.parametrize("away", [Rect(-4, 0, -1, 5), Rect(0, -4, 6, -1), Rect(-4, -4, -1, -1)])
def test_a_part_without_any_image_is_fill(away: Rect) -> None:
    fill = Fill("constant", (1, 2, 3))
    found = resample(noise(Size(6, 5), 0), Sides(9, 9, 0, 0), away, Size(2, 2), "area", fill)
    assert (found == fill.color).all()


def test_a_large_picture_takes_little_memory_besides() -> None:
    """A result of few pixels is made of all input pixels at once, were they not read in parts."""
    pixels = np.full((4000, 5000, 3), 200, np.uint8)
    tracemalloc.start()
    found = resample(pixels, Sides(), Rect(0, 0, 5000, 4000), Size(8, 6), "bicubic", Fill())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found == 200).all()
    assert peak < 16 << 20, f"{peak >> 20} MiB"
