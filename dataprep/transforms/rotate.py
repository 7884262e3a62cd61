"""Turn by any angle."""

from __future__ import annotations

import math
from typing import ClassVar

from pydantic import Field

from dataprep.geometry import Affine, Rect, Size
from dataprep.passes import Filter
from dataprep.plan import View
from dataprep.transforms import Coloring


class Rotate(Coloring):
    """Turns counter-clockwise about the centre, as Pillow's and torchvision's rotate.

    The size stays, and corners are lost; with `expand` it grows to hold the whole image. Quarter turns are exact.
    """

    name: ClassVar[str] = "rotate"
    degrees: float = Field(ge=-360, le=360, description="counter-clockwise")
    expand: bool = Field(False, description="grow to hold the whole image")
    filter: Filter = "bicubic"

    def plan(self, view: View) -> tuple[View, ...]:
        """One output."""
        return (rotated(view, self.degrees, self.filter, self, expand=self.expand),)


def rotated(view: View, degrees: float, filter: Filter, coloring: Coloring, *, expand: bool) -> View:
    """The view turned counter-clockwise about its centre."""
    width, height = view.size
    # y points down, so a positive turn of the plane is clockwise to the eye.
    turn = Affine.translate(-width / 2, -height / 2).then(Affine.rotate(-degrees))
    size = view.size
    if expand:
        hull = turn.hull(Rect.of(view.size))
        # A quarter turn must not grow by the noise of its own rounding.
        size = Size(math.ceil(hull.width - 1e-6), math.ceil(hull.height - 1e-6))
    return view.warp(turn.then(Affine.translate(size.width / 2, size.height / 2)), size, filter, coloring.color())
