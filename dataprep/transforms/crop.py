"""Cut a fixed rectangle."""

from typing import ClassVar

from pydantic import Field

from dataprep.geometry import Size
from dataprep.plan import View
from dataprep.transforms import Pixels, Transform


class Crop(Transform):
    """Cuts the rectangle of `size` whose top-left corner is (x, y)."""

    name: ClassVar[str] = "crop"
    x: int = Field(ge=0, description="pixels from the left")
    y: int = Field(ge=0, description="pixels from the top")
    size: tuple[Pixels, Pixels] = Field(description="width and height, pixels")

    def plan(self, view: View) -> tuple[View, ...]:
        """One output; ``crop_outside`` when the rectangle leaves the image."""
        return (view.cut(self.x, self.y, Size(*self.size)),)
