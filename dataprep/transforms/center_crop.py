"""Cut a rectangle from the middle."""

from typing import ClassVar

from pydantic import Field

from dataprep.geometry import Size
from dataprep.plan import View
from dataprep.transforms import Pixels, Transform


class CenterCrop(Transform):
    """Cuts `size` from the middle; where a pixel is left over, the right and bottom lose it."""

    name: ClassVar[str] = "center_crop"
    size: tuple[Pixels, Pixels] = Field(description="width and height, pixels")

    def plan(self, view: View) -> tuple[View, ...]:
        """One output; ``crop_outside`` when the image is smaller."""
        size = Size(*self.size)
        return (view.cut((view.size.width - size.width) // 2, (view.size.height - size.height) // 2, size),)
