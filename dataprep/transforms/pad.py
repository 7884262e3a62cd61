"""Add fill at the sides."""

from typing import ClassVar

from pydantic import Field, model_validator

from dataprep.passes import Sides
from dataprep.plan import View
from dataprep.transforms import Filling


class Pad(Filling):
    """Adds pixels of fill at each side."""

    name: ClassVar[str] = "pad"
    left: int = Field(0, ge=0, le=65535, description="pixels")
    top: int = Field(0, ge=0, le=65535, description="pixels")
    right: int = Field(0, ge=0, le=65535, description="pixels")
    bottom: int = Field(0, ge=0, le=65535, description="pixels")

    @model_validator(mode="after")
    def _some_side(self) -> "Pad":
        if not (self.left or self.top or self.right or self.bottom):
            raise ValueError("pad wants at least one of left, top, right, bottom above 0")
        return self

    def plan(self, view: View) -> tuple[View, ...]:
        """One output."""
        return (view.pad(Sides(self.left, self.top, self.right, self.bottom), self.filling()),)
