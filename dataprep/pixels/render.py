"""Renders the passes of a plan."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from dataprep.geometry import Affine, Rect, Size
from dataprep.passes import Fill, Filter, Pass, Sides, Warp
from dataprep.pixels.area import resize_area
from dataprep.pixels.sampling import sample

# Pillow widens each of these filters when it shrinks (antialiasing), and computes the same bits on every processor.
_FILTERS: dict[Filter, Image.Resampling] = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_BORDERS = {"edge": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT_101}


def render(image: Image.Image, passes: Sequence[Pass | Warp], scale: int = 1) -> Image.Image:
    """Renders one output.

    Args:
        image: the oriented source, RGB.
        passes: of a view that was planned for the source's size.
        scale: the source was decoded at 1 / scale; see `dataprep.pixels.shrink`.

    Returns:
        A new RGB image of the last pass's output size.
    """
    for index, one in enumerate(passes):
        if index == 0 and scale > 1:
            one = one.shrunk(scale)
        image = _warp(image, one) if isinstance(one, Warp) else _render(image, one)
    return image


def _render(image: Image.Image, one: Pass) -> Image.Image:
    domain, box = one.domain, one.box
    if domain != Rect(0, 0, *image.size):
        # Cut before resampling: Pillow's own `box` would read beyond it.
        image = image.crop((int(domain.x0), int(domain.y0), int(domain.x1), int(domain.y1)))
    around = box.outward()
    border = Sides(
        max(int(domain.x0 - around.x0), 0),
        max(int(domain.y0 - around.y0), 0),
        max(int(around.x1 - domain.x1), 0),
        max(int(around.y1 - domain.y1), 0),
    )
    x0, y0 = domain.x0 - border.left, domain.y0 - border.top
    box = Rect(box.x0 - x0, box.y0 - y0, box.x1 - x0, box.y1 - y0)
    if one.filter is None or one.filter == "area":
        if any(border):
            image = _extend(image, border, one.fill)
        if one.filter is not None:
            image = resize_area(image, one.size, box.intersect(Rect(0, 0, *image.size)))
    else:
        if not (border.top or border.bottom):
            image, box = _needed_rows(image, one, box)
        image = _resize(image, one, box, border)
    if any(one.frame):
        image = _extend(image, one.frame, one.fill)
    if one.flip_x:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if one.flip_y:
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return image


def _needed_rows(image: Image.Image, one: Pass, box: Rect) -> tuple[Image.Image, Rect]:
    """The rows that a filter reads for a part of an image, and where the part is in them."""
    reach = 3 * max(1.0, box.height / one.size.height) + 1
    top, bottom = max(math.floor(box.y0 - reach), 0), min(math.ceil(box.y1 + reach), image.height)
    if top == 0 and bottom == image.height:
        return image, box
    return image.crop((0, top, image.width, bottom)), Rect(box.x0, box.y0 - top, box.x1, box.y1 - top)


def _resize(image: Image.Image, one: Pass, box: Rect, border: Sides) -> Image.Image:
    """Resamples a part of an image, once it has its bars, by one of Pillow's filters.

    Along x first, then along y: left to itself, Pillow takes the cheaper order, which differs by its version. So bars
    above and below can wait until the rows are short: they are one colour, which no filter changes, or the same rows
    again.
    """
    assert one.filter is not None
    filter, width = _FILTERS[one.filter], one.size.width
    if border.left or border.right:
        image = _extend(image, border._replace(top=0, bottom=0), one.fill)
    # A box may overshoot by float noise, which Pillow refuses.
    image = image.resize((width, image.height), filter, (max(box.x0, 0), 0, min(box.x1, image.width), image.height))
    if border.top or border.bottom:
        image = _extend(image, border._replace(left=0, right=0), one.fill)
    return image.resize(one.size, filter, (0, max(box.y0, 0), width, min(box.y1, image.height)))


# Input pixels beyond the ones shown that a cubic sampler reads, and one for rounding.
_REACH = 3


def _warp(image: Image.Image, one: Warp) -> Image.Image:
    forward = one.affine
    # Where a step becomes shorter, shrink with antialiasing first.
    across, down = one.steps()
    scale = (min(1.0, across), min(1.0, down))
    shown = forward.inverse().hull(Rect.of(one.output))
    reach = (_REACH / scale[0], _REACH / scale[1])
    domain = Rect(shown.x0 - reach[0], shown.y0 - reach[1], shown.x1 + reach[0], shown.y1 + reach[1])
    domain = domain.outward().intersect(Rect(0, 0, *image.size))
    if domain.empty:
        return Image.new("RGB", one.output, one.color)
    image = image.crop((int(domain.x0), int(domain.y0), int(domain.x1), int(domain.y1)))
    small = Size(math.ceil(domain.width * scale[0]), math.ceil(domain.height * scale[1]))
    if small != image.size:
        part = _render(image, Pass(Rect.of(Size(*image.size)), Rect.of(Size(*image.size)), small, one.filter))
    else:
        part = image
    # Output to the shrunken part.
    back = forward.inverse().then(Affine.translate(-domain.x0, -domain.y0))
    back = back.then(Affine.scale(small.width / domain.width, small.height / domain.height))
    # The filters differ in how they shrink, and the shrinking is done.
    return sample(part, back, one.output, one.color, cubic=one.filter in ("bicubic", "lanczos"))


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
