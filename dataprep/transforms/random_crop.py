"""Cut somewhere, by chance."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from dataprep.geometry import Size
from dataprep.plan import View
from dataprep.transforms import Pixels, Varying


class RandomCrop(Varying):
    """In the train split, cuts `size` somewhere for each variant; in other splits, from the middle."""

    name: ClassVar[str] = "random_crop"
    size: tuple[Pixels, Pixels] = Field(description="width and height, pixels")

    def vary(self, view: View) -> View:
        """Cut at one of all whole-pixel places, each as likely; ``crop_outside`` when the image is smaller."""
        size = Size(*self.size)
        free = (view.size.width - size.width + 1, view.size.height - size.height + 1)
        x, y = (
            max(int(room * view.origin.random(self.seed, f"{self.name} {axis}")), 0)
            for room, axis in zip(free, "xy", strict=True)
        )
        return view.cut(x, y, size)

    def steady(self, view: View) -> View:
        """Cut from the middle; ``crop_outside`` when the image is smaller."""
        size = Size(*self.size)
        return view.cut((view.size.width - size.width) // 2, (view.size.height - size.height) // 2, size)
