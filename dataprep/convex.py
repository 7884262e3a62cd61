"""Convex polygons: what is scene once an image has been turned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from dataprep.geometry import Affine, Rect


@dataclass(frozen=True, slots=True)
class Convex:
    """A convex polygon in continuous pixels; empty with fewer than three corners.

    Attributes:
        corners: (x, y) in turn, either way round.
    """

    corners: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, rect: Rect) -> Self:
        """A rectangle as a polygon; empty when the rectangle is."""
        return cls(() if rect.empty else tuple((float(x), float(y)) for x, y in rect.corners()))

    @property
    def empty(self) -> bool:
        """Whether it holds no area."""
        return len(self.corners) < 3 or self.area <= 0

    @property
    def area(self) -> float:
        """In square pixels.

        >>> Convex(((0, 0), (4, 0), (0, 3))).area
        6.0
        """
        return area(np.array(self.corners).reshape(-1, 2))

    @property
    def rect(self) -> Rect | None:
        """The same region as a rectangle; None when it has other corners than one."""
        xs, ys = {x for x, _ in self.corners}, {y for _, y in self.corners}
        return self.hull() if len(self.corners) == 4 and len(xs) == len(ys) == 2 else None

    def hull(self) -> Rect:
        """The smallest axis-aligned rectangle around it; an empty one at the origin for an empty polygon."""
        if not self.corners:
            return Rect(0, 0, 0, 0)
        xy = np.array(self.corners)
        return Rect(*xy.min(axis=0).tolist(), *xy.max(axis=0).tolist())

    def map(self, affine: Affine) -> Convex:
        """The polygon under an affine map."""
        if not self.corners:
            return self
        return Convex(tuple((float(x), float(y)) for x, y in affine.apply(self.corners)))

    def intersect(self, other: Convex) -> Convex:
        """The common part."""
        if self.empty or other.empty:
            return Convex(())
        mine, theirs = self.rect, other.rect
        if mine is not None and theirs is not None:
            return Convex.of(mine.intersect(theirs))
        found = Convex(tuple((float(x), float(y)) for x, y in other.clip(np.array(self.corners))))
        return Convex(()) if found.empty else found

    def clip(self, ring: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The part of a ring that lies inside (Sutherland and Hodgman, 1974).

        Args:
            ring: (N, 2) float64, a simple polygon, convex or not.

        Returns:
            (M, 2) float64; where a concave ring falls apart, its parts hang together by edges without area.
        """
        turn = 1.0 if signed_area(np.array(self.corners)) > 0 else -1.0
        for start, stop in zip(self.corners, (*self.corners[1:], self.corners[0]), strict=True):
            if not len(ring):
                break
            edge = np.array(stop) - np.array(start)
            side = turn * (edge[0] * (ring[:, 1] - start[1]) - edge[1] * (ring[:, 0] - start[0]))
            after, side_after = np.roll(ring, -1, axis=0), np.roll(side, -1)
            kept = []
            for point, following, here, there in zip(ring, after, side, side_after, strict=True):
                if here >= 0:
                    kept.append(point)
                if here * there < 0:
                    kept.append(point + (following - point) * (here / (here - there)))
            ring = np.array(kept).reshape(-1, 2)
        return ring

    def holds(self, points: npt.NDArray[np.float64], slack: float) -> npt.NDArray[np.bool_]:
        """Which points lie inside.

        Args:
            points: (..., 2) float64.
            slack: pixels that a point may lie outside and still count.

        Returns:
            (...) bool.
        """
        inside = np.full(points.shape[:-1], not self.empty)
        if self.empty:
            return inside
        turn = 1.0 if signed_area(np.array(self.corners)) > 0 else -1.0
        for start, stop in zip(self.corners, (*self.corners[1:], self.corners[0]), strict=True):
            dx, dy = stop[0] - start[0], stop[1] - start[1]
            length = math.hypot(dx, dy)
            if length:
                distance = turn * (dx * (points[..., 1] - start[1]) - dy * (points[..., 0] - start[0])) / length
                inside &= distance >= -slack
        return inside


def area(ring: npt.NDArray[np.float64]) -> float:
    """The area of a simple polygon in square pixels, by the shoelace formula; (N, 2) float64."""
    return abs(signed_area(ring))


def signed_area(ring: npt.NDArray[np.float64]) -> float:
    """As `area`, negative for a ring that runs against the clock as one sees it, y pointing down."""
    if len(ring) < 3:
        return 0.0
    # Relative to the first corner: far from the origin, products of coordinates would lose the area's last digits; and
    # the edge that closes the ring adds nothing.
    x, y = (ring - ring[0]).T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)
