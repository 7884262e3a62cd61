"""The samplers, against their kernels written out and against what they must reproduce."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dataprep.geometry import Affine, Size
from dataprep.pixels.sampling import sample
from tests.strategies import sizes

maps = st.builds(
    lambda turn, x, y: Affine.translate(-x, -y).then(Affine.rotate(turn)).then(Affine.translate(y, x)),
    st.floats(-180, 180),
    st.floats(-20, 20),
    st.floats(-20, 20),
)


def kernel(distance: float, cubic: bool) -> float:
    """Keys's cubic of a = -1/2, or the triangle."""
    t = abs(distance)
    if not cubic:
        return max(0.0, 1 - t)
    if t <= 1:
        return 1.5 * t**3 - 2.5 * t**2 + 1
    return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t < 2 else 0.0


def by_the_book(pixels: np.ndarray, x: float, y: float, cubic: bool) -> np.ndarray:
    """One place, from all pixels within two of it; beyond the edge the outermost pixel repeats."""
    height, width = pixels.shape[:2]
    total = np.zeros(3)
    for row in range(int(np.floor(y)) - 3, int(np.floor(y)) + 4):
        for column in range(int(np.floor(x)) - 3, int(np.floor(x)) + 4):
            weight = kernel(column + 0.5 - x, cubic) * kernel(row + 0.5 - y, cubic)
            total += weight * pixels[min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
    return np.clip(total, 0, 255)


@given(sizes(1, 12), sizes(1, 9), maps, st.integers(0, 99), st.booleans())
def test_each_pixel_is_the_kernels_sum(size: Size, target: Size, back: Affine, seed: int, cubic: bool) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (size.height, size.width, 3), np.uint8)
    found = np.asarray(sample(pixels, back, target, (1, 2, 3), cubic=cubic))
    for row in range(target.height):
        for column in range(target.width):
            x, y = back.apply([(column + 0.5, row + 0.5)])[0]
            if 0 <= x < size.width and 0 <= y < size.height:
                assert np.abs(found[row, column] - by_the_book(pixels, x, y, cubic)).max() <= 0.51
            else:
                assert tuple(found[row, column]) == (1, 2, 3)


@given(maps, st.floats(-2, 2), st.floats(-2, 2), st.booleans())
def test_a_ramp_stays_a_ramp(back: Affine, across: float, down: float, cubic: bool) -> None:
    size = Size(50, 50)
    x, y = np.meshgrid(np.arange(50) + 0.5, np.arange(50) + 0.5)
    plane = 127.5 + across * (x - 25) + down * (y - 25)
    pixels = np.stack([np.rint(plane).astype(np.uint8)] * 3, axis=2)
    found = np.asarray(sample(pixels, back, size, (0, 0, 0), cubic=cubic), np.float64)[:, :, 0]
    places = back.apply(np.stack([x.ravel(), y.ravel()], axis=1))
    inner = ((places > 3) & (places < 47)).all(axis=1)
    wanted = 127.5 + (places - 25) @ [across, down]
    # The source is rounded to half a level, which the kernel's overshoot may make 0.8; then the result is rounded.
    assert np.abs(found.ravel() - wanted)[inner].max(initial=0) <= 1.4


@given(sizes(3, 30), st.floats(-1e-9, 1e-9), st.floats(-1e-9, 1e-9), st.booleans(), st.integers(0, 99))
def test_float_noise_changes_nothing(size: Size, x: float, y: float, cubic: bool, seed: int) -> None:
    """Pixels that are met but for noise stay what they are: a sampler that cuts off makes some of them darker."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size.height, size.width, 3), np.uint8)
    found = sample(pixels, Affine.translate(x, y), size, (0, 0, 0), cubic=cubic)
    assert np.array_equal(found, pixels)
