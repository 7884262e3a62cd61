"""Where an output lies in its source: the one map that pixels, labels and masks follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from typing import Self

import numpy as np
import numpy.typing as npt

from dataprep.convex import Convex
from dataprep.geometry import Affine, Rect, Size

_HALF = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class AxisMap:
    """One axis of an axis-aligned map, exactly: x' = scale * x + shift.

    Attributes:
        window: what is shown of the source along it, from and to, in its pixels.
    """

    window: tuple[Fraction, Fraction]
    scale: Fraction = Fraction(1)
    shift: Fraction = Fraction(0)

    @classmethod
    def start(cls, length: int) -> Self:
        """The whole of so many pixels, as they are."""
        return cls((Fraction(0), Fraction(length)))

    def then(self, scale: Fraction | int, shift: Fraction | int) -> AxisMap:
        """The map that applies this one first, then another scale and shift."""
        return AxisMap(self.window, self.scale * scale, self.shift * scale + shift)

    def back(self, start: int, end: int) -> tuple[Fraction, Fraction]:
        """Where a stretch of the output comes from."""
        low, high = sorted((value - self.shift) / self.scale for value in (start, end))
        return low, high

    def cut(self, start: int, end: int) -> AxisMap:
        """The same map, of which only a stretch of the output is shown."""
        low, high = self.back(start, end)
        return replace(self, window=(max(self.window[0], low), min(self.window[1], high)))

    def shows(self, length: int) -> npt.NDArray[np.bool_]:
        """Which of so many output pixels have their centre within the window; on its edge is without."""
        low, high = sorted(end * self.scale + self.shift for end in self.window)
        found = np.zeros(length, np.bool_)
        found[max(0, floor(low + _HALF)) : max(0, ceil(high - _HALF))] = True
        return found

    def gather(self, length: int) -> npt.NDArray[np.int64]:
        """The pixel from which each output pixel's centre comes.

        Exact: with x' = p x / q + r / s, it is the floor of ((2 i + 1) s - 2 r) q / (2 s p), in whole numbers.

        Args:
            length: output pixels along the axis.

        Returns:
            (length,) int64; may lie outside the source.

        >>> AxisMap.start(6).then(Fraction(1, 2), 0).gather(3).tolist()
        [1, 3, 5]
        """
        p, q = self.scale.numerator, self.scale.denominator
        r, s = self.shift.numerator, self.shift.denominator
        if p < 0:
            p, q = -p, -q
        return np.array([((2 * i + 1) * s - 2 * r) * q // (2 * s * p) for i in range(length)], np.int64)


# A scale and a shift.
AxisStep = tuple[Fraction | int, Fraction | int]


@dataclass(frozen=True, slots=True)
class Placement:
    """An output's place.

    Attributes:
        source: the size of the oriented source image.
        size: the output's size.
        affine: source to output.
        region: the live window, in source pixels: outside it there is only fill.
        axes: the same map exactly, axis by axis; None once it has been turned or sheared.
    """

    source: Size
    size: Size
    affine: Affine
    region: Convex
    axes: tuple[AxisMap, AxisMap] | None

    @classmethod
    def start(cls, size: Size) -> Self:
        """The whole source as it is."""
        axes = AxisMap.start(size.width), AxisMap.start(size.height)
        return cls(size, size, Affine(), Convex.of(Rect.of(size)), axes)

    @property
    def scene(self) -> Convex:
        """The live window in output pixels."""
        return self.region.map(self.affine)

    def along_axes(self, x: AxisStep, y: AxisStep, size: Size) -> Placement:
        """Followed by x' = scale * x + shift on each axis, exactly.

        Args:
            x: scale and shift of x.
            y: scale and shift of y.
            size: the new output size.
        """
        if self.axes is None:
            step = Affine(float(x[0]), 0.0, float(x[1]), 0.0, float(y[0]), float(y[1]))
            return replace(self, size=size, affine=self.affine.then(step))
        over_x, over_y = self.axes[0].then(*x), self.axes[1].then(*y)
        affine = Affine(float(over_x.scale), 0.0, float(over_x.shift), 0.0, float(over_y.scale), float(over_y.shift))
        return replace(self, size=size, affine=affine, axes=(over_x, over_y))

    def warped(self, step: Affine, size: Size) -> Placement:
        """Followed by any affine map."""
        return replace(self, size=size, affine=self.affine.then(step), axes=None)

    def cut(self, x0: int, y0: int, size: Size) -> Placement:
        """Cut to a rectangle of the output; the region is empty when that shows nothing of the scene."""
        x1, y1 = x0 + size.width, y0 + size.height
        if self.axes is None:
            kept = Convex.of(Rect(x0, y0, x1, y1)).map(self.affine.inverse())
            axes = None
        else:
            over_x, over_y = self.axes
            (left, right), (top, bottom) = map(float, over_x.back(x0, x1)), map(float, over_y.back(y0, y1))
            kept = Convex.of(Rect(left, top, right, bottom))
            axes = over_x.cut(x0, x1), over_y.cut(y0, y1)
        cut = replace(self, region=self.region.intersect(kept), axes=axes)
        return cut.along_axes((1, -x0), (1, -y0), size)

    def gather(self, mask: npt.NDArray[np.uint8], fill: int) -> npt.NDArray[np.uint8]:
        """The mask under this placement: each output pixel takes the value at its centre, and none is made up.

        Args:
            mask: (source height, source width) uint8, class indices.
            fill: the value outside the live window.

        Returns:
            (height, width) uint8.
        """
        if self.axes is not None:
            over_x, over_y = self.axes
            xs, ys = over_x.gather(self.size.width), over_y.gather(self.size.height)
            inside_x, inside_y = over_x.shows(self.size.width), over_y.shows(self.size.height)
            found = mask[np.clip(ys, 0, self.source.height - 1)][:, np.clip(xs, 0, self.source.width - 1)]
            return np.where(inside_y[:, None] & inside_x, found, np.uint8(fill))
        centres_x, centres_y = np.arange(self.size.width) + 0.5, np.arange(self.size.height) + 0.5
        grid = np.stack(np.meshgrid(centres_x, centres_y), axis=-1)
        places = self.affine.inverse().apply(grid)
        inside = self.region.holds(places, 0.0)
        xs = np.clip(np.floor(places[..., 0]).astype(np.int64), 0, self.source.width - 1)
        ys = np.clip(np.floor(places[..., 1]).astype(np.int64), 0, self.source.height - 1)
        return np.where(inside, mask[ys, xs], np.uint8(fill))
