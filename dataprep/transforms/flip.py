"""Mirror."""

from typing import ClassVar, Literal

from pydantic import Field

from dataprep.plan import View
from dataprep.transforms import Transform


class Flip(Transform):
    """Mirrors, and swaps left and right keypoints by the declared pairs."""

    name: ClassVar[str] = "flip"
    axis: Literal["horizontal", "vertical"] = Field("horizontal", description="horizontal exchanges left and right")

    def plan(self, view: View) -> tuple[View, ...]:
        """One output."""
        return (view.flip(self.axis == "horizontal", self.axis == "vertical"),)
