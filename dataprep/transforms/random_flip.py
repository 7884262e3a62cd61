"""Mirror some, by chance."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from dataprep.plan import View
from dataprep.transforms import Varying


class RandomFlip(Varying):
    """In the train split, mirrors each variant with probability `p`; other splits are left alone."""

    name: ClassVar[str] = "random_flip"
    axis: Literal["horizontal", "vertical"] = Field("horizontal", description="horizontal exchanges left and right")
    p: float = Field(0.5, ge=0, le=1, description="probability")

    def vary(self, view: View) -> View:
        """Mirrored, or as it was."""
        if view.origin.random(self.seed, self.name) >= self.p:
            return view
        return view.flip(self.axis == "horizontal", self.axis == "vertical")

    def steady(self, view: View) -> View:
        """As it was."""
        return view
