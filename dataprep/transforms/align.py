"""Bring landmarks to a template."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from dataprep.errors import PlanError
from dataprep.geometry import Affine, Size
from dataprep.labels import NOT_LABELLED
from dataprep.passes import Filter
from dataprep.plan import View
from dataprep.transforms import Coloring, Pixels


class Align(Coloring):
    """Turns, scales and shifts, so that named keypoints of the first instance come closest to template points.

    The map is the similarity with the least sum of squared distances (Umeyama, 1991), without a mirror; it is what
    face recognition calls alignment.
    """

    name: ClassVar[str] = "align"
    size: tuple[Pixels, Pixels] = Field(description="width and height of the output, pixels")
    template: dict[str, tuple[float, float]] = Field(
        min_length=2, description="where each named keypoint shall be, in continuous pixels of the output"
    )
    filter: Filter = "bicubic"

    @model_validator(mode="after")
    def _apart(self) -> Align:
        if len(set(self.template.values())) < 2:
            raise ValueError("template wants two different points at least, or no scale follows from it")
        return self

    def needs(self) -> tuple[str, ...]:
        """Those of the template."""
        return tuple(self.template)

    def plan(self, view: View) -> tuple[View, ...]:
        """One output; ``no_target`` where a named keypoint is not labelled or all of them coincide."""
        names = view.options.names
        keypoints = view.keypoints()
        if not len(keypoints):
            raise PlanError("no_target", "align wants keypoints, and the image has none; filter such images")
        xyv = keypoints.points[0, [names.index(name) for name in self.template]]
        if (xyv[:, 2] == NOT_LABELLED).any():
            name = list(self.template)[int(np.argmax(xyv[:, 2] == NOT_LABELLED))]
            raise PlanError("no_target", f"align wants {name!r}, and it is not labelled; filter such images")
        step = similarity(xyv[:, :2], np.array(list(self.template.values())))
        if step is None:
            raise PlanError("no_target", "align wants keypoints that lie apart, and they coincide")
        return (view.warp(step, Size(*self.size), self.filter, self.color()),)


def similarity(source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]) -> Affine | None:
    """The turn, scale and shift that brings points closest to others, in the least-squares sense.

    Args:
        source: (N, 2) float64.
        target: (N, 2) float64.

    Returns:
        The map; None where the source points coincide.
    """
    # As complex numbers a similarity without a mirror is z' = m z + n, and m follows in closed form.
    z, w = source[:, 0] + 1j * source[:, 1], target[:, 0] + 1j * target[:, 1]
    dz, dw = z - z.mean(), w - w.mean()
    spread = float((abs(dz) ** 2).sum())
    if spread < 1e-12:
        return None
    m = complex((dz.conj() * dw).sum() / spread)
    if abs(m) < 1e-12:
        return None
    n = complex(w.mean() - m * z.mean())
    return Affine(m.real, -m.imag, n.real, m.imag, m.real, n.imag)
