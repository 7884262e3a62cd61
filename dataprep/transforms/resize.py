"""Resize, in one of four ways."""

from typing import ClassVar, Literal

from pydantic import Field

from dataprep.geometry import Size
from dataprep.passes import Filter, Sides
from dataprep.plan import View
from dataprep.transforms import Filling, Pixels


class Resize(Filling):
    """Resizes to `size`.

    ``stretch`` takes each axis to its target. The others keep the aspect ratio (to the rounding of a side to whole
    pixels): ``fit`` makes the largest image that fits in `size`; ``letterbox`` is ``fit``, then fill up to `size`,
    centred; ``fill`` covers `size`, then crops the overhang, centred.
    """

    name: ClassVar[str] = "resize"
    size: tuple[Pixels, Pixels] = Field(description="width and height, pixels")
    mode: Literal["stretch", "fit", "fill", "letterbox"] = "stretch"
    filter: Filter = "bicubic"

    def plan(self, view: View) -> tuple[View, ...]:
        """One output."""
        target = Size(*self.size)
        if self.mode == "stretch":
            return (view.resample(target, self.filter),)
        if self.mode == "fill":
            covered = view.resample(scaled(view.size, target, cover=True), self.filter)
            x, y = (covered.size.width - target.width) // 2, (covered.size.height - target.height) // 2
            return (covered.cut(x, y, target),)
        fitted = view.resample(scaled(view.size, target, cover=False), self.filter)
        if self.mode == "fit":
            return (fitted,)
        dx, dy = target.width - fitted.size.width, target.height - fitted.size.height
        return (fitted.pad(Sides(dx // 2, dy // 2, dx - dx // 2, dy - dy // 2), self.filling()),)


def scaled(size: Size, target: Size, *, cover: bool) -> Size:
    """The size of the same aspect ratio that just covers the target, or just fits in it.

    One side is the target's exactly; the other is rounded half up, in whole numbers, so that it doesn't depend on
    float division. It is at least 1.

    >>> scaled(Size(640, 480), Size(100, 100), cover=False)
    Size(width=100, height=75)
    >>> scaled(Size(640, 480), Size(100, 100), cover=True)
    Size(width=133, height=100)
    """
    wider = size.width * target.height >= target.width * size.height
    if wider != cover:
        height = max(1, (2 * size.height * target.width + size.width) // (2 * size.width))
        return Size(target.width, height)
    width = max(1, (2 * size.width * target.height + size.height) // (2 * size.height))
    return Size(width, target.height)
