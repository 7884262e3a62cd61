"""Maps of other libraries, to the letter."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, Literal

from pydantic import Field

from dataprep.geometry import Size
from dataprep.passes import Fill, Filter, Sides
from dataprep.plan import View
from dataprep.transforms import Pixels, Transform

_BLACK = Fill("constant", (0, 0, 0))


class Preset(Transform):
    """The maps by which face-api.js makes its square inputs, so that a model of its sees what it saw in training.

    ``canvas_centered`` and ``canvas_top_left``: as its drawing on a canvas does, scale = size / max(width, height),
    not rounded to pixels, on black. ``tensor``: as its tensors do, black bars first (an odd pixel goes right or
    down), then a resize. The map is exact; pixels are ours, since browsers resample each in their own way.
    """

    name: ClassVar[str] = "preset"
    of: Literal["face-api"] = Field(description="the library")
    map: Literal["canvas_centered", "canvas_top_left", "tensor"] = Field(description="which of its maps")
    size: Pixels = Field(description="side of the square output, pixels")
    filter: Filter = "bilinear"

    def plan(self, view: View) -> tuple[View, ...]:
        """One output."""
        width, height = view.size
        side = max(width, height)
        dx, dy = side - width, side - height
        target = Size(self.size, self.size)
        if self.map == "tensor":
            padded = view.pad(Sides(dx // 2, dy // 2, dx - dx // 2, dy - dy // 2), _BLACK)
            return (padded.resample(target, self.filter),)
        share = Fraction(1, 2) if self.map == "canvas_centered" else Fraction(0)
        return (view.take(-dx * share, -dy * share, Size(side, side), target, self.filter, _BLACK),)
