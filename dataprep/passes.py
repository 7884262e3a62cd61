"""What a renderer is told to do: passes over the pixels, each cutting, filling and resampling at most once."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Self

from dataprep.geometry import Affine, Rect, Size

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

    def shrunk(self, scale: int) -> Pass:
        """The same pass over an input that was decoded at 1 / scale.

        Its edges are multiples of the scale, or the input's own: then the last pixel counts in part.
        """
        domain = Rect(
            self.domain.x0 // scale,
            self.domain.y0 // scale,
            -(-self.domain.x1 // scale),
            -(-self.domain.y1 // scale),
        )
        return replace(self, domain=domain, box=Rect(*(side / scale for side in self.box)))

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
class Warp:
    """Any affine map at once, antialiased; what it shows outside its input is fill.

    Attributes:
        affine: input to output.
        output: the size of what the pass renders.
        filter: the resampling filter.
        color: RGB 0…255 of the fill.
    """

    affine: Affine
    output: Size
    filter: Filter
    color: Color

    def shrunk(self, scale: int) -> Warp:
        """The same warp of an input that was decoded at 1 / scale; the scale divides the input's sides."""
        return replace(self, affine=Affine.scale(scale, scale).then(self.affine))

    def steps(self) -> tuple[float, float]:
        """How long a step of one input pixel becomes in the output, along x and along y."""
        return math.hypot(self.affine.a, self.affine.d), math.hypot(self.affine.b, self.affine.e)

    def cut(self, sides: Sides) -> Warp | None:
        """Takes pixels away at each side, by not rendering them."""
        size = Size(self.output.width - sides.left - sides.right, self.output.height - sides.top - sides.bottom)
        return replace(self, affine=self.affine.then(Affine.translate(-sides.left, -sides.top)), output=size)

    def pad(self, sides: Sides, fill: Fill) -> None:
        """Never: the bars of a later pad are not the corners of this one."""

    def resample(self, size: Size, filter: Filter) -> None:
        """Never: what was cut after the warp must not be read again."""

    def flip(self, x: bool, y: bool) -> Warp:
        """Mirrors."""
        affine = self.affine.then(Affine.mirror_x(self.output.width)) if x else self.affine
        return replace(self, affine=affine.then(Affine.mirror_y(self.output.height)) if y else affine)
