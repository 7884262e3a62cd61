"""Renders the passes of a plan."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from dataprep.geometry import Rect
from dataprep.pixels.area import resize_area
from dataprep.plan import Fill, Filter, Pass, Sides

# Pillow widens each of these filters when it shrinks (antialiasing), and computes the same bits on every processor.
_FILTERS: dict[Filter, Image.Resampling] = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_BORDERS = {"edge": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT_101}


def render(image: Image.Image, passes: Sequence[Pass]) -> Image.Image:
    """Renders one output.

    Args:
        image: the oriented source, RGB.
        passes: of a view that was planned for this image's size.

    Returns:
        A new RGB image of the last pass's output size.
    """
    for one in passes:
        image = _render(image, one)
    return image


def _render(image: Image.Image, one: Pass) -> Image.Image:
    domain, box = one.domain, one.box
    if domain != Rect(0, 0, *image.size):
        # Cut before resampling: Pillow's own `box` would read beyond it.
        image = image.crop((int(domain.x0), int(domain.y0), int(domain.x1), int(domain.y1)))
    x0, y0 = domain.x0, domain.y0
    if not box.within(domain):
        around = box.outward()
        border = Sides(
            max(int(domain.x0 - around.x0), 0),
            max(int(domain.y0 - around.y0), 0),
            max(int(around.x1 - domain.x1), 0),
            max(int(around.y1 - domain.y1), 0),
        )
        image = _extend(image, border, one.fill)
        x0, y0 = x0 - border.left, y0 - border.top
    if one.filter is not None:
        limit = Rect(0, 0, *image.size)  # a box may overshoot by float noise, which Pillow refuses
        inner = Rect(box.x0 - x0, box.y0 - y0, box.x1 - x0, box.y1 - y0).intersect(limit)
        if one.filter == "area":
            image = resize_area(image, one.size, inner)
        else:
            image = image.resize(one.size, _FILTERS[one.filter], (inner.x0, inner.y0, inner.x1, inner.y1))
    if any(one.frame):
        image = _extend(image, one.frame, one.fill)
    if one.flip_x:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if one.flip_y:
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return image


def _extend(image: Image.Image, sides: Sides, fill: Fill | None) -> Image.Image:
    fill = fill or Fill()
    if fill.mode == "constant":
        size = (image.width + sides.left + sides.right, image.height + sides.top + sides.bottom)
        canvas = Image.new("RGB", size, fill.color)
        canvas.paste(image, (sides.left, sides.top))
        return canvas
    pixels = cv2.copyMakeBorder(
        np.asarray(image), sides.top, sides.bottom, sides.left, sides.right, _BORDERS[fill.mode]
    )
    return Image.fromarray(pixels)
