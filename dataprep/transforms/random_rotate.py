"""Turn by chance."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from dataprep.passes import Filter
from dataprep.plan import View
from dataprep.transforms import Coloring, Varying
from dataprep.transforms.rotate import rotated


class RandomRotate(Varying, Coloring):
    """In the train split, turns each variant by an angle drawn evenly; other splits are left alone."""

    name: ClassVar[str] = "random_rotate"
    degrees: tuple[float, float] = Field(description="least and greatest angle, counter-clockwise")
    expand: bool = Field(False, description="grow to hold the whole image")
    filter: Filter = "bicubic"

    @model_validator(mode="after")
    def _ordered(self) -> RandomRotate:
        low, high = self.degrees
        if not -360 <= low <= high <= 360:
            raise ValueError(f"degrees wants -360 <= least <= greatest <= 360, found {low:g}, {high:g}")
        return self

    def vary(self, view: View) -> View:
        """Turned."""
        low, high = self.degrees
        angle = low + (high - low) * view.origin.random(self.seed, self.name)
        return rotated(view, angle, self.filter, self, expand=self.expand)

    def steady(self, view: View) -> View:
        """As it was."""
        return view
