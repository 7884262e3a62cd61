"""Make the image square."""

from typing import ClassVar, Literal

from pydantic import Field

from dataprep.geometry import Size
from dataprep.passes import Sides
from dataprep.plan import View
from dataprep.transforms import Filling


class Square(Filling):
    """Makes both sides equal: pads the shorter one, or crops the longer one.

    Centred, an odd pixel goes to the right or bottom; ``top_left`` keeps the image's origin.
    """

    name: ClassVar[str] = "square"
    by: Literal["pad", "crop"] = Field("pad", description="pad the shorter side, or crop the longer one")
    align: Literal["center", "top_left"] = "center"

    def plan(self, view: View) -> tuple[View, ...]:
        """One output."""
        width, height = view.size
        if self.by == "crop":
            side = min(width, height)
            x, y = (0, 0) if self.align == "top_left" else ((width - side) // 2, (height - side) // 2)
            return (view.cut(x, y, Size(side, side)),)
        side = max(width, height)
        dx, dy = side - width, side - height
        left, top = (0, 0) if self.align == "top_left" else (dx // 2, dy // 2)
        return (view.pad(Sides(left, top, dx - left, dy - top), self.filling()),)
