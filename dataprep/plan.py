"""What the transforms decide for one record before a pixel is touched.

A `View` is one output in the making: its labels, its placement in the source, and the passes that will render it. A
transform takes a view and returns one or several. Steps fuse into one pass for as long as that changes nothing but
rounding; a step that would not fit starts another pass.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple, Self

from dataprep.clipping import Clipped, apply
from dataprep.errors import PlanError
from dataprep.geometry import Affine, Rect, Size
from dataprep.labels import Keypoints, Labels, move, swap_sides
from dataprep.passes import Color, Fill, Filter, Pass, Sides, Warp
from dataprep.placement import Placement


class Origin(NamedTuple):
    """Where a view comes from: what random transforms are seeded by.

    Attributes:
        key: the record's key.
        split: its split; only ``train`` is varied.
        variant: which variant of which random step, in order.
    """

    key: str = ""
    split: str = "train"
    variant: tuple[int, ...] = ()

    def random(self, seed: int, name: str) -> float:
        """A number in [0, 1) that follows from seed, key, variant and name alone: the first 8 bytes of a SHA-256."""
        text = f"{seed}:{name}:{':'.join(map(str, self.variant))}:{self.key}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


class Options(NamedTuple):
    """What the manifest says of all labels.

    Attributes:
        pairs: positions of left/right keypoints, for flips.
        names: of the keypoints, for transforms that name them.
        min_visible: boxes and polygons of which a smaller share stays are dropped.
        mask_fill: the class index of a mask where there is no scene.
    """

    pairs: tuple[tuple[int, int], ...] = ()
    names: tuple[str, ...] = ()
    min_visible: float = 0.0
    mask_fill: int = 0


NO_OPTIONS = Options()
NOWHERE = Origin()


@dataclass(frozen=True, slots=True)
class View:
    """One output in the making.

    Attributes:
        labels: the source's labels, in source pixels, unclipped (sides already swapped where the view is mirrored).
        placement: the map from the source, the live window, the size.
        passes: how to render it; at least one.
        options: what the manifest says of all labels.
        origin: what random transforms are seeded by.
        grayscale: whether the scene (never the fill) loses its colours.
    """

    labels: Labels
    placement: Placement
    passes: tuple[Pass | Warp, ...]
    options: Options = NO_OPTIONS
    origin: Origin = NOWHERE
    grayscale: bool = False

    @classmethod
    def start(
        cls, size: Size, labels: Labels | None = None, options: Options = NO_OPTIONS, origin: Origin = NOWHERE
    ) -> Self:
        """The view that shows the whole source as it is."""
        return cls(labels or Labels(), Placement.start(size), (Pass.start(size),), options, origin)

    @property
    def size(self) -> Size:
        """The output's size."""
        return self.placement.size

    @property
    def affine(self) -> Affine:
        """Source to output."""
        return self.placement.affine

    @property
    def window(self) -> Rect:
        """The hull of the live window, in source pixels."""
        return self.placement.region.hull()

    @property
    def live(self) -> Rect:
        """The hull of the live window, in output pixels."""
        return self.placement.scene.hull().intersect(Rect.of(self.size))

    def clipped(self) -> Clipped:
        """The labels in output pixels, cut to the live window, and what that dropped."""
        return apply(self.labels, self.placement, self.options.min_visible, self.options.mask_fill)

    def keypoints(self) -> Keypoints:
        """All keypoints in output pixels, those outside the live window too."""
        return move(Labels(keypoints=self.labels.keypoints), self.affine).keypoints or Keypoints()

    def variant(self, index: int) -> View:
        """The view as one of several variants; what is drawn from now on depends on which."""
        return replace(self, origin=self.origin._replace(variant=(*self.origin.variant, index)))

    def cut(self, x0: int, y0: int, size: Size) -> View:
        """Cuts to the rectangle of this size at (x0, y0), which must lie in the output.

        Raises:
            PlanError: ``crop_outside``, it doesn't; ``nothing_left``, it shows nothing of the scene.
        """
        x1, y1 = x0 + size.width, y0 + size.height
        if x0 < 0 or y0 < 0 or x1 > self.size.width or y1 > self.size.height or size.width < 1 or size.height < 1:
            raise PlanError(
                "crop_outside",
                f"the crop ({x0}, {y0})-({x1}, {y1}) must lie in the image of {self.size} pixels; "
                "resize or pad before it, or make it smaller",
            )
        placement = self.placement.cut(x0, y0, size)
        if placement.region.empty:
            raise PlanError("nothing_left", f"the crop ({x0}, {y0})-({x1}, {y1}) shows only fill; move it")
        sides = Sides(x0, y0, self.size.width - x1, self.size.height - y1)
        return self._with(placement, self.passes[-1].cut(sides), Pass.start(self.size).cut(sides))

    def pad(self, sides: Sides, fill: Fill) -> View:
        """Adds fill at the sides; negative numbers are refused by the caller's parameters."""
        if not any(sides):
            return self
        size = Size(self.size.width + sides.left + sides.right, self.size.height + sides.top + sides.bottom)
        placement = self.placement.along_axes((1, sides.left), (1, sides.top), size)
        return self._with(placement, self.passes[-1].pad(sides, fill), Pass.start(self.size).pad(sides, fill))

    def resample(self, size: Size, filter: Filter) -> View:
        """Resizes to a size, each axis by its own exact factor: target / current size."""
        x, y = Fraction(size.width, self.size.width), Fraction(size.height, self.size.height)
        placement = self.placement.along_axes((x, 0), (y, 0), size)
        return self._with(
            placement, self.passes[-1].resample(size, filter), Pass.start(self.size).resample(size, filter)
        )

    def take(self, x0: Fraction, y0: Fraction, part: Size, size: Size, filter: Filter, fill: Fill) -> View:
        """Resizes the rectangle of size `part` at (x0, y0), which need not fall between pixels, nor lie in the image.

        Args:
            x0: left edge in current pixels; may be negative.
            y0: top edge likewise.
            part: what is taken, in current pixels; it must hold the whole image.
            size: the new size.
            filter: the resampling filter.
            fill: what stands beside the image.
        """
        x, y = Fraction(size.width, part.width), Fraction(size.height, part.height)
        placement = self.placement.along_axes((x, -x0 * x), (y, -y0 * y), size)
        box = Rect(float(x0), float(y0), float(x0 + part.width), float(y0 + part.height))
        whole = Rect.of(self.size)
        return replace(self, placement=placement, passes=(*self.passes, Pass(whole, box, size, filter, fill=fill)))

    def warp(self, affine: Affine, size: Size, filter: Filter, color: Color) -> View:
        """Maps by any affine: a pass of its own.

        Raises:
            PlanError: ``nothing_left``, the result would show nothing of the scene.
        """
        placement = self.placement.warped(affine, self.size).cut(0, 0, size)
        if placement.region.empty:
            raise PlanError("nothing_left", f"under {affine.coefficients()} nothing of the image stays in {size}")
        before = () if self.passes == (Pass.start(self.size),) else self.passes
        return replace(self, placement=placement, passes=(*before, Warp(affine, size, filter, color)))

    def flip(self, x: bool, y: bool) -> View:
        """Mirrors left and right (`x`), top and bottom (`y`).

        Either one turns left into right for a viewer, and so swaps the keypoints' sides; both are a half turn, which
        doesn't.
        """
        over_x, over_y = (-1, self.size.width) if x else (1, 0), (-1, self.size.height) if y else (1, 0)
        placement = self.placement.along_axes(over_x, over_y, self.size)
        labels = swap_sides(self.labels, self.options.pairs) if x != y else self.labels
        return replace(self._with(placement, self.passes[-1].flip(x, y), None), labels=labels)

    def _with(self, placement: Placement, fused: Pass | Warp | None, alone: Pass | None) -> View:
        """The view with a step fused into its last pass, or, where that would change more than rounding, alone."""
        if fused is not None:
            return replace(self, placement=placement, passes=(*self.passes[:-1], fused))
        # A fresh pass has no fill and no filter yet, so nothing can be in the way of a first step.
        assert alone is not None
        return replace(self, placement=placement, passes=(*self.passes, alone))
