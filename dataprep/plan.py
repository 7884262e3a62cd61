"""What the transforms decide for one record before a pixel is touched.

A `View` is one output in the making: its size, the affine from the source, the live window (outside which there is
only fill) and the passes that will render it. A transform takes a view and returns one or several.

A `Pass` is the most that one cut, one resample and one fill can do. Steps fuse into one pass for as long as that
changes nothing but rounding; a step that would not fit starts a second pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Self

from dataprep.errors import PlanError
from dataprep.geometry import Affine, Rect, Size
from dataprep.labels import Clipped, Labels, clip, move, swap_sides

Filter = Literal["area", "bilinear", "bicubic", "lanczos"]
Color = tuple[int, int, int]


class Fill(NamedTuple):
    """What stands where there is no scene.

    Attributes:
        mode: ``constant``; ``edge`` repeats the outermost pixel; ``reflect`` mirrors about the outermost pixel's
            centre, without repeating it (as numpy's and torchvision's padding of that name).
        color: RGB 0…255 of a constant fill.
    """

    mode: Literal["constant", "edge", "reflect"] = "constant"
    color: Color = (0, 0, 0)


class Sides(NamedTuple):
    """Whole pixels at the left, top, right and bottom."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def mirrored(self, x: bool, y: bool) -> Sides:
        """The same pixels as seen before a flip."""
        left, right = (self.right, self.left) if x else (self.left, self.right)
        top, bottom = (self.bottom, self.top) if y else (self.top, self.bottom)
        return Sides(left, top, right, bottom)

    def plus(self, other: Sides) -> Sides:
        """Side by side, the sum."""
        return Sides(*(a + b for a, b in zip(self, other, strict=True)))

    def minus(self, other: Sides) -> Sides:
        """Side by side, the difference, at least 0."""
        return Sides(*(max(a - b, 0) for a, b in zip(self, other, strict=True)))


NO_SIDES = Sides()


@dataclass(frozen=True, slots=True)
class Pass:
    """Cut `domain`; take `box` of it, filling what lies outside; resample to `size`; frame with fill; flip.

    Attributes:
        domain: whole pixels of the input; the filter never reads outside it.
        box: what becomes `size`, in the input's pixels; fractional after a resample was cut.
        size: pixels that the box becomes.
        filter: the resampling filter; None while the box is taken as it is.
        frame: pixels of fill around the resampled box.
        fill: of the frame, and of the box outside the domain; None while there is none of either.
        flip_x: whether left and right are exchanged at the end.
        flip_y: whether top and bottom are.
    """

    domain: Rect
    box: Rect
    size: Size
    filter: Filter | None = None
    frame: Sides = NO_SIDES
    fill: Fill | None = None
    flip_x: bool = False
    flip_y: bool = False

    @classmethod
    def start(cls, size: Size) -> Self:
        """The pass that changes nothing."""
        return cls(Rect.of(size), Rect.of(size), size)

    @property
    def output(self) -> Size:
        """The size of what the pass renders."""
        frame = self.frame
        return Size(self.size.width + frame.left + frame.right, self.size.height + frame.top + frame.bottom)

    @property
    def _bordered(self) -> bool:
        return not self.box.within(self.domain)

    def cut(self, sides: Sides) -> Pass | None:
        """Takes pixels away at each side; None when that needs a pass of its own."""
        sides = sides.mirrored(self.flip_x, self.flip_y)
        frame, scene = self.frame.minus(sides), sides.minus(self.frame)
        if not any(scene):
            return replace(self, frame=frame)
        sx, sy = self.box.width / self.size.width, self.box.height / self.size.height
        box = Rect(
            self.box.x0 + scene.left * sx,
            self.box.y0 + scene.top * sy,
            self.box.x1 - scene.right * sx,
            self.box.y1 - scene.bottom * sy,
        )
        size = Size(self.size.width - scene.left - scene.right, self.size.height - scene.top - scene.bottom)
        if size.width < 1 or size.height < 1:
            return None
        domain = self.domain if self.filter else self.domain.intersect(box)
        if domain.empty:
            return None
        made_from_scene = self.fill is not None and self.fill.mode != "constant"
        if made_from_scene and (any(frame) or (domain != self.domain and not box.within(domain))):
            return None
        return replace(self, domain=domain, box=box, size=size, frame=frame)

    def pad(self, sides: Sides, fill: Fill) -> Pass | None:
        """Adds pixels of fill at each side; None when that needs a pass of its own."""
        sides = sides.mirrored(self.flip_x, self.flip_y)
        if (any(self.frame) or self._bordered) and (fill != self.fill or fill.mode == "reflect"):
            return None
        if self.filter:
            return replace(self, frame=self.frame.plus(sides), fill=fill)
        box = Rect(
            self.box.x0 - sides.left, self.box.y0 - sides.top, self.box.x1 + sides.right, self.box.y1 + sides.bottom
        )
        return replace(self, box=box, size=Size(round(box.width), round(box.height)), fill=fill)

    def resample(self, size: Size, filter: Filter) -> Pass | None:
        """Resamples to a size; None when that needs a pass of its own."""
        if size == self.output:
            return self
        if self.filter is None:
            return replace(self, size=size, filter=filter)
        if filter != self.filter:
            return None
        # What was cut after the first resample must not be read by the second one.
        sealed = self.domain.intersect(self.box.outward())
        box = self.box
        if any(self.frame):
            scene = self.domain.intersect(self.box)
            if self.fill is None or self.fill.mode == "reflect" or not sealed.within(scene):
                return None
            sx, sy = box.width / self.size.width, box.height / self.size.height
            frame = self.frame
            box = Rect(
                box.x0 - frame.left * sx, box.y0 - frame.top * sy, box.x1 + frame.right * sx, box.y1 + frame.bottom * sy
            )
        return replace(self, domain=sealed, box=box, size=size, frame=NO_SIDES)

    def flip(self, x: bool, y: bool) -> Pass:
        """Mirrors; always possible, as flips go last."""
        return replace(self, flip_x=self.flip_x ^ x, flip_y=self.flip_y ^ y)


@dataclass(frozen=True, slots=True)
class View:
    """One output in the making.

    Attributes:
        source: the size of the oriented source image.
        labels: the source's labels, in source pixels, unclipped (sides already swapped where the view is mirrored).
        pairs: positions of left/right keypoints, for flips.
        size: the output's size.
        affine: source to output.
        window: the live window, in source pixels.
        passes: how to render it; at least one.
        min_visible: boxes of which less stays are dropped.
    """

    source: Size
    labels: Labels
    pairs: tuple[tuple[int, int], ...]
    size: Size
    affine: Affine
    window: Rect
    passes: tuple[Pass, ...]
    min_visible: float = 0.0

    @classmethod
    def start(
        cls,
        size: Size,
        labels: Labels | None = None,
        pairs: tuple[tuple[int, int], ...] = (),
        min_visible: float = 0.0,
    ) -> Self:
        """The view that shows the whole source as it is."""
        return cls(
            size, labels or Labels(), pairs, size, Affine(), Rect.of(size), (Pass.start(size),), min_visible=min_visible
        )

    @property
    def live(self) -> Rect:
        """The live window in output pixels."""
        return self.affine.hull(self.window).intersect(Rect.of(self.size))

    def clipped(self) -> Clipped:
        """The labels in output pixels, cut to the live window, and what that dropped."""
        return clip(move(self.labels, self.affine), self.live, self.min_visible)

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
        rect = Rect(x0, y0, x1, y1)
        if self.live.intersect(rect).empty:
            raise PlanError("nothing_left", f"the crop ({x0}, {y0})-({x1}, {y1}) shows only fill; move it")
        sides = Sides(x0, y0, self.size.width - x1, self.size.height - y1)
        window = self.window.intersect(self.affine.inverse().hull(rect))
        cut = self.passes[-1].cut(sides)
        passes = (*self.passes[:-1], cut) if cut else (*self.passes, _must(Pass.start(self.size).cut(sides)))
        return replace(
            self, size=size, affine=self.affine.then(Affine.translate(-x0, -y0)), window=window, passes=passes
        )

    def pad(self, sides: Sides, fill: Fill) -> View:
        """Adds fill at the sides; negative numbers are refused by the caller's parameters."""
        if not any(sides):
            return self
        last = self.passes[-1].pad(sides, fill)
        passes = (*self.passes[:-1], last) if last else (*self.passes, _must(Pass.start(self.size).pad(sides, fill)))
        size = Size(self.size.width + sides.left + sides.right, self.size.height + sides.top + sides.bottom)
        affine = self.affine.then(Affine.translate(sides.left, sides.top))
        return replace(self, size=size, affine=affine, passes=passes)

    def resample(self, size: Size, filter: Filter) -> View:
        """Resizes to a size, each axis by its own exact factor: target / current size."""
        last = self.passes[-1].resample(size, filter)
        passes = (
            (*self.passes[:-1], last) if last else (*self.passes, _must(Pass.start(self.size).resample(size, filter)))
        )
        factor = Affine.scale(size.width / self.size.width, size.height / self.size.height)
        return replace(self, size=size, affine=self.affine.then(factor), passes=passes)

    def flip(self, x: bool, y: bool) -> View:
        """Mirrors left and right (`x`), top and bottom (`y`).

        Either one turns left into right for a viewer, and so swaps the keypoints' sides; both are a half turn, which
        doesn't.
        """
        affine = self.affine
        if x:
            affine = affine.then(Affine.mirror_x(self.size.width))
        if y:
            affine = affine.then(Affine.mirror_y(self.size.height))
        labels = swap_sides(self.labels, self.pairs) if x != y else self.labels
        return replace(self, affine=affine, labels=labels, passes=(*self.passes[:-1], self.passes[-1].flip(x, y)))


def _must(made: Pass | None) -> Pass:
    # A fresh pass has no fill and no filter yet, so nothing can be in the way of a first step.
    assert made is not None
    return made
