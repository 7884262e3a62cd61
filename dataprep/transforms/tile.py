"""Cut into tiles."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from dataprep.geometry import Rect, Size
from dataprep.plan import View
from dataprep.transforms import Pixels, Transform


class Tile(Transform):
    """Cuts tiles of `size`, row by row, that overlap by `overlap` at least; together they show all of the image.

    The tiles are spread evenly, so that the first begins and the last ends at the image's edge. Tiles that show no
    scene are left out.
    """

    name: ClassVar[str] = "tile"
    size: tuple[Pixels, Pixels] = Field(description="width and height, pixels")
    overlap: tuple[int, int] = Field((0, 0), description="pixels that neighbours share at least, in x and y")

    @model_validator(mode="after")
    def _moves_on(self) -> Tile:
        for size, overlap, axis in zip(self.size, self.overlap, "xy", strict=True):
            if not 0 <= overlap < size:
                raise ValueError(f"overlap in {axis} must be from 0 to {size - 1}, found {overlap}")
        return self

    @property
    def several(self) -> bool:
        """Yes, also where an image happens to be as large as one tile."""
        return True

    def plan(self, view: View) -> tuple[View, ...]:
        """One output a tile; ``crop_outside`` when the image is smaller than one."""
        size = Size(*self.size)
        if view.size.width < size.width or view.size.height < size.height:
            view.cut(0, 0, size)  # raises, with the numbers
        places = [
            (x, y)
            for y in starts(view.size.height, size.height, self.overlap[1])
            for x in starts(view.size.width, size.width, self.overlap[0])
        ]
        live = view.live
        shown = [(x, y) for x, y in places if not live.intersect(Rect(x, y, x + size.width, y + size.height)).empty]
        return tuple(view.cut(x, y, size) for x, y in shown)


def starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin along an axis: the fewest that cover it, spread evenly.

    >>> starts(100, 40, 0), starts(100, 40, 10), starts(40, 40, 0)
    ([0, 30, 60], [0, 30, 60], [0])
    """
    count = 1 + -(-(length - tile) // (tile - overlap))
    return [round(index * (length - tile) / (count - 1)) for index in range(count)] if count > 1 else [0]
