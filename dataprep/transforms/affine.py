"""Turn, scale, shear and shift in one go."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

from pydantic import Field

from dataprep.geometry import Affine as Map
from dataprep.passes import Filter
from dataprep.plan import View
from dataprep.transforms import Coloring

Factor = Annotated[float, Field(ge=0.01, le=100)]
Shear = Annotated[float, Field(gt=-80, lt=80)]


class Affine(Coloring):
    """About the centre: scales, then shears, then turns counter-clockwise, then shifts. The size stays."""

    name: ClassVar[str] = "affine"
    degrees: float = Field(0.0, ge=-360, le=360, description="counter-clockwise")
    scale: tuple[Factor, Factor] = Field((1.0, 1.0), description="of width and height")
    shear: tuple[Shear, Shear] = Field((0.0, 0.0), description="degrees, of x along y and of y along x")
    translate: tuple[float, float] = Field((0.0, 0.0), description="pixels to the right and down")
    filter: Filter = "bicubic"

    def plan(self, view: View) -> tuple[View, ...]:
        """One output; ``nothing_left`` when the image is shifted out of sight."""
        width, height = view.size
        across, down = (math.tan(math.radians(angle)) for angle in self.shear)
        step = (
            Map.translate(-width / 2, -height / 2)
            .then(Map.scale(*self.scale))
            .then(Map(b=across))
            .then(Map(d=down))
            .then(Map.rotate(-self.degrees))
            .then(Map.translate(width / 2 + self.translate[0], height / 2 + self.translate[1]))
        )
        return (view.warp(step, view.size, self.filter, self.color()),)
