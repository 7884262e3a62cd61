"""Take the colours away."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from dataprep.plan import View
from dataprep.transforms import Transform


class Grayscale(Transform):
    """Replaces the scene's colours by their luma (ITU-R BT.601), in three equal channels; fill keeps its colour."""

    name: ClassVar[str] = "grayscale"

    def plan(self, view: View) -> tuple[View, ...]:
        """One output."""
        return (replace(view, grayscale=True),)
