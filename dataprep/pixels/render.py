"""Renders the passes of a plan."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from dataprep.geometry import Affine, Rect, Size
from dataprep.passes import Fill, Pass, Sides, Warp
from dataprep.pixels import Pixels
from dataprep.pixels.resampling import resample
from dataprep.pixels.sampling import sample

cv2.setNumThreads(1)  # the workers are the parallelism

_BORDERS = {"constant": cv2.BORDER_CONSTANT, "edge": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT_101}


def render(pixels: Pixels, passes: Sequence[Pass | Warp], scale: int = 1) -> Pixels:
    """Renders one output.

    Args:
        pixels: the upright source.
        passes: of a view that was planned for the source's size.
        scale: the source was decoded at 1 / scale; see `dataprep.pixels.shrink`.

    Returns:
        Pixels of the last pass's output size, contiguous; the source itself when nothing changes.
    """
    for index, one in enumerate(passes):
        if index == 0 and scale > 1:
            one = one.shrunk(scale)
        pixels = _warp(pixels, one) if isinstance(one, Warp) else _render(pixels, one)
    return np.ascontiguousarray(pixels)


def _render(pixels: Pixels, one: Pass) -> Pixels:
    domain, around = one.domain, one.box.outward()
    pixels = _cut(pixels, domain)
    border = Sides(
        max(int(domain.x0 - around.x0), 0),
        max(int(domain.y0 - around.y0), 0),
        max(int(around.x1 - domain.x1), 0),
        max(int(around.y1 - domain.y1), 0),
    )
    fill = one.fill or Fill()
    if one.filter is None:
        pixels = _extend(pixels, border, fill)
    else:
        x, y = domain.x0, domain.y0
        box = Rect(one.box.x0 - x, one.box.y0 - y, one.box.x1 - x, one.box.y1 - y)
        pixels = resample(pixels, border, box, one.size, one.filter, fill)
    pixels = _extend(pixels, one.frame, fill)
    return pixels[:: -1 if one.flip_y else 1, :: -1 if one.flip_x else 1]


def _cut(pixels: Pixels, part: Rect) -> Pixels:
    return pixels[int(part.y0) : int(part.y1), int(part.x0) : int(part.x1)]


# Input pixels beyond the ones shown that a cubic sampler reads, and one for rounding.
_REACH = 3


def _warp(pixels: Pixels, one: Warp) -> Pixels:
    forward = one.affine
    # Where a step becomes shorter, shrink with antialiasing first.
    across, down = one.steps()
    scale = (min(1.0, across), min(1.0, down))
    shown = forward.inverse().hull(Rect.of(one.output))
    reach = (_REACH / scale[0], _REACH / scale[1])
    domain = Rect(shown.x0 - reach[0], shown.y0 - reach[1], shown.x1 + reach[0], shown.y1 + reach[1])
    height, width = pixels.shape[:2]
    domain = domain.outward().intersect(Rect(0, 0, width, height))
    if domain.empty:
        return np.full((one.output.height, one.output.width, 3), one.color, np.uint8)
    part = _cut(pixels, domain)
    small = Size(math.ceil(domain.width * scale[0]), math.ceil(domain.height * scale[1]))
    if small != (domain.width, domain.height):
        whole = Rect(0, 0, domain.width, domain.height)
        part = resample(part, Sides(), whole, small, one.filter, Fill())
    # Output to the shrunken part.
    back = forward.inverse().then(Affine.translate(-domain.x0, -domain.y0))
    back = back.then(Affine.scale(small.width / domain.width, small.height / domain.height))
    # The filters differ in how they shrink, and the shrinking is done.
    return sample(part, back, one.output, one.color, cubic=one.filter in ("bicubic", "lanczos"))


def _extend(pixels: Pixels, sides: Sides, fill: Fill) -> Pixels:
    if not any(sides):
        return pixels
    border = _BORDERS[fill.mode]
    result = cv2.copyMakeBorder(pixels, sides.top, sides.bottom, sides.left, sides.right, border, value=fill.color)
    return np.asarray(result, np.uint8)
