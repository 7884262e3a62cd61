"""Sizes, rectangles and affine maps in continuous pixel coordinates.

Pixel i covers [i, i + 1), its centre is i + 0.5; an image spans [0, width] x [0, height]. x before y, width before
height, everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

# A coordinate farther from 0 than this is a slip (an exponent, two numbers run together), never a box that reaches
# beyond its image: no image that we decode has a side of a tenth of it.
FARTHEST = 1e7


class Size(NamedTuple):
    """Width and height, in pixels; never a bare pair."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width} x {self.height}"


@dataclass(frozen=True, slots=True)
class Rect:
    """An axis-aligned rectangle [x0, x1] x [y0, y1] in continuous pixels; empty when a side is not positive."""

    x0: float
    y0: float
    x1: float
    y1: float

    @classmethod
    def of(cls, size: Size) -> Self:
        """The rectangle that an image of this size spans."""
        return cls(0, 0, size.width, size.height)

    @property
    def width(self) -> float:
        """The extent in x, in pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """The extent in y, in pixels."""
        return self.y1 - self.y0

    @property
    def empty(self) -> bool:
        """Whether it holds no area."""
        return self.x1 <= self.x0 or self.y1 <= self.y0

    def intersect(self, other: Rect) -> Rect:
        """The common part; a rectangle with a non-positive side when there is none.

        >>> Rect(0, 0, 4, 4).intersect(Rect(2, 1, 9, 3))
        Rect(x0=2, y0=1, x1=4, y1=3)
        """
        return Rect(max(self.x0, other.x0), max(self.y0, other.y0), min(self.x1, other.x1), min(self.y1, other.y1))

    def outward(self) -> Rect:
        """The smallest rectangle with whole-number sides that contains this one.

        A side within 1e-6 px of a whole number is taken as that number: it is the same number after a division
        and a multiplication, and must not pull in a neighbouring row of pixels.

        >>> Rect(0.2, 1, 3.5, 3.0000000001).outward()
        Rect(x0=0, y0=1, x1=4, y1=3)
        """
        return Rect(
            math.floor(self.x0 + 1e-6),
            math.floor(self.y0 + 1e-6),
            math.ceil(self.x1 - 1e-6),
            math.ceil(self.y1 - 1e-6),
        )

    def within(self, other: Rect) -> bool:
        """Whether this rectangle lies in the other one, to 1e-6 px."""
        slack = 1e-6
        return (
            self.x0 >= other.x0 - slack
            and self.y0 >= other.y0 - slack
            and self.x1 <= other.x1 + slack
            and self.y1 <= other.y1 + slack
        )

    def corners(self) -> npt.NDArray[np.float64]:
        """The corners, clockwise from the top left: (4, 2) float64."""
        return np.array([[self.x0, self.y0], [self.x1, self.y0], [self.x1, self.y1], [self.x0, self.y1]], np.float64)

    def __iter__(self) -> Iterator[float]:
        yield from (self.x0, self.y0, self.x1, self.y1)


@dataclass(frozen=True, slots=True)
class Affine:
    """x' = a x + b y + c, y' = d x + e y + f, in continuous pixels.

    >>> Affine.scale(2, 3).then(Affine.translate(1, 0)).apply([[1, 1]]).tolist()
    [[3.0, 3.0]]
    """

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    e: float = 1.0
    f: float = 0.0

    @classmethod
    def translate(cls, dx: float, dy: float) -> Self:
        """Moves by (dx, dy) pixels."""
        return cls(c=float(dx), f=float(dy))

    @classmethod
    def scale(cls, sx: float, sy: float) -> Self:
        """Scales about the origin, the image's top-left corner."""
        return cls(a=float(sx), e=float(sy))

    @classmethod
    def rotate(cls, degrees: float) -> Self:
        """Turns clockwise, as seen on a screen, about the origin; quarter turns are exact."""
        quarter, rest = divmod(degrees, 90)
        cos, sin = math.cos(math.radians(rest)), math.sin(math.radians(rest))
        if rest == 0:
            cos, sin = 1.0, 0.0
        for _ in range(int(quarter) % 4):
            cos, sin = -sin, cos
        return cls(a=cos, b=-sin, d=sin, e=cos)

    @classmethod
    def mirror_x(cls, width: float) -> Self:
        """Mirrors left and right in an image of this width: x' = width - x (never width - 1 - x)."""
        return cls(a=-1.0, c=float(width))

    @classmethod
    def mirror_y(cls, height: float) -> Self:
        """Mirrors top and bottom in an image of this height: y' = height - y."""
        return cls(e=-1.0, f=float(height))

    def then(self, after: Affine) -> Affine:
        """The map that applies this one first, `after` second."""
        return Affine(
            after.a * self.a + after.b * self.d,
            after.a * self.b + after.b * self.e,
            after.a * self.c + after.b * self.f + after.c,
            after.d * self.a + after.e * self.d,
            after.d * self.b + after.e * self.e,
            after.d * self.c + after.e * self.f + after.f,
        )

    @property
    def determinant(self) -> float:
        """The factor by which areas grow; negative when the map mirrors."""
        return self.a * self.e - self.b * self.d

    def inverse(self) -> Affine:
        """The map back.

        Raises:
            ZeroDivisionError: the map flattens the plane.
        """
        det = self.determinant
        a, b, d, e = self.e / det, -self.b / det, -self.d / det, self.a / det
        return Affine(a, b, -(a * self.c + b * self.f), d, e, -(d * self.c + e * self.f))

    def apply(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Maps points.

        Args:
            points: (..., 2), x before y, pixels.

        Returns:
            (..., 2) float64.
        """
        xy = np.asarray(points, np.float64)
        linear = np.array([[self.a, self.d], [self.b, self.e]])
        return np.asarray(xy @ linear + np.array([self.c, self.f]))

    def hull(self, rect: Rect) -> Rect:
        """The smallest axis-aligned rectangle around the mapped corners of `rect`."""
        xy = self.apply(rect.corners())
        (x0, y0), (x1, y1) = xy.min(axis=0), xy.max(axis=0)
        return Rect(float(x0), float(y0), float(x1), float(y1))

    def coefficients(self) -> list[float]:
        """``[a, b, c, d, e, f]``, as stored and sent."""
        return [self.a, self.b, self.c, self.d, self.e, self.f]

    @classmethod
    def of(cls, coefficients: Sequence[float]) -> Self:
        """The affine with these six coefficients."""
        return cls(*(float(value) for value in coefficients))
