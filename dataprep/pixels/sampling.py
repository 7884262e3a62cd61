"""Sampling under an affine, linearly or by Catmull-Rom's cubic.

Pillow's `transform` cuts values off instead of rounding them: where the map meets the pixels' centres but for float
noise, one side of every edge loses a level, and things move by 0.05 px. Its cubic is one of a = -1, which bends
straight ramps, and so moves things by up to 0.1 px wherever its phase stays the same over an object; Catmull-Rom's
(a = -1/2) reproduces ramps. OpenCV's cubic has a = -3/4, rounds places to 1/32 px, and changes with the processor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from dataprep.geometry import Affine, Size
from dataprep.passes import Color
from dataprep.pixels import Pixels

_Numbers = npt.NDArray[np.floating[Any]]
_Kernel = Callable[[_Numbers], tuple[_Numbers, ...]]

# Output pixels computed at once: their places and weights fit into a processor's cache.
_BAND = 1 << 12
# Input pixels beyond the image that a cubic reads for a place at its edge.
_BORDER = 2


def sample(pixels: Pixels, back: Affine, size: Size, color: Color, *, cubic: bool) -> Pixels:
    """Samples an image; where the map shrinks, it must have been shrunk before.

    Args:
        pixels: the image.
        back: from the result to the image, in continuous coordinates.
        size: of the result.
        color: RGB of the pixels whose centre lies outside the image.
        cubic: by four times four pixels instead of two times two.
    """
    weigh = _cubic if cubic else _linear
    height, width = pixels.shape[:2]
    bordered = np.pad(pixels, ((_BORDER, _BORDER), (_BORDER, _BORDER), (0, 0)), mode="edge")
    planes = np.ascontiguousarray(bordered.transpose(2, 0, 1))
    result = np.empty((size.height, size.width, 3), np.uint8)
    x = np.arange(size.width) + 0.5
    rows = max(1, _BAND // size.width)
    for top in range(0, size.height, rows):
        y = np.arange(top, min(top + rows, size.height))[:, None] + 0.5
        places_x, places_y = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
        inside = (places_x >= 0) & (places_x < width) & (places_y >= 0) & (places_y < height)
        band = result[top : top + rows]
        band[~inside] = color
        band[inside] = _sample(planes, places_x[inside], places_y[inside], weigh)
    return result


def _sample(planes: Pixels, x: _Numbers, y: _Numbers, weigh: _Kernel) -> Pixels:
    """The values of all channels at some places, (n, 3)."""
    column, row = np.floor(x - 0.5), np.floor(y - 0.5)
    across, down = weigh(x - 0.5 - column), weigh(y - 0.5 - row)
    width, taps = planes.shape[2], len(across)
    # The first of the pixels of each place, counted in the image with its border: half of the taps lie before it.
    lead = _BORDER - taps // 2 + 1
    first = ((row + lead) * width + column + lead).astype(np.intp)
    values = np.empty((len(x), 3), np.uint8)
    for channel, plane in enumerate(planes.reshape(3, -1)):
        total = np.zeros(len(x), np.float32)
        for line in range(taps):
            part = np.zeros(len(x), np.float32)
            for step in range(taps):
                part += plane[line * width + step :].take(first) * across[step]
            total += part * down[line]
        values[:, channel] = np.clip(np.rint(total), 0, 255)
    return values


def _linear(share: _Numbers) -> tuple[_Numbers, ...]:
    """The weights of the pixels at 0 and 1 for places between them."""
    t = share.astype(np.float32)
    return 1 - t, t


def _cubic(share: _Numbers) -> tuple[_Numbers, ...]:
    """The weights of the pixels at -1, 0, 1 and 2 for places between 0 and 1 (Keys 1981, a = -1/2)."""
    t = share.astype(np.float32)
    return (
        ((2 - t) * t - 1) * t / 2,
        ((3 * t - 5) * t * t + 2) / 2,
        ((4 - 3 * t) * t + 1) * t / 2,
        (t - 1) * t * t / 2,
    )
