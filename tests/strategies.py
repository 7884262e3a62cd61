"""What the property tests draw from: sizes, labels, fills, chains of steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from dataprep.geometry import Affine, Size
from dataprep.labels import Boxes, Keypoints, Labels, Mask, Polygons
from dataprep.passes import Fill, Filter, Sides
from dataprep.plan import View

FILTERS: tuple[Filter, ...] = ("area", "bilinear", "bicubic", "lanczos")


def sizes(least: int = 1, most: int = 90) -> st.SearchStrategy[Size]:
    """Any size, one-pixel sides and extreme shapes included."""
    return st.builds(Size, st.integers(least, most), st.integers(least, most))


colors = st.tuples(*[st.integers(0, 255)] * 3)
fills = st.one_of(
    st.builds(lambda color: Fill("constant", color), colors), st.sampled_from([Fill("edge"), Fill("reflect")])
)


@st.composite
def labels(draw: st.DrawFn, size: Size, *, keypoints: int = 4, classes: int = 3) -> Labels:
    """Labels of every kind within an image, boxes without area and unlabelled keypoints among them."""
    xs, ys = st.floats(0, size.width), st.floats(0, size.height)
    corners = []
    linked = draw(st.booleans())
    instances = draw(st.integers(0, 3))
    many = st.just(instances) if linked else st.integers(0, 2)
    for _ in range(instances):
        (x0, x1), (y0, y1) = sorted([draw(xs), draw(xs)]), sorted([draw(ys), draw(ys)])
        corners.append([x0, y0, x1, y1])
    ids = [draw(st.integers(0, classes - 1)) for _ in corners]
    points = [[(draw(xs), draw(ys), draw(st.integers(0, 2))) for _ in range(keypoints)] for _ in range(draw(many))]
    rings = []
    for _ in range(draw(many)):
        rings.append(
            [draw(st.lists(st.tuples(xs, ys), min_size=3, max_size=6)) for _ in range(draw(st.integers(1, 2)))]
        )
    return Labels(
        draw(st.none() | st.integers(0, classes - 1)),
        draw(st.none() | st.sets(st.integers(0, classes - 1)).map(lambda tags: tuple(sorted(tags)))),
        Boxes.of(np.array(corners).reshape(-1, 4), ids, [draw(st.integers(0, 7)) for _ in corners]),
        Keypoints.of(np.array(points).reshape(-1, keypoints, 3)),
        Polygons.of(rings, [draw(st.integers(0, classes - 1)) for _ in rings]),
        draw(st.none() | st.integers(0, 99).map(lambda seed: mask(size, seed))),
        draw(st.none() | st.dictionaries(words, st.floats(-1e6, 1e6), max_size=2)),
        draw(st.none() | st.dictionaries(words, words, max_size=2)),
        linked,
    )


words = st.text(st.characters(codec="utf-8"), max_size=9) | st.sampled_from(["sha256", ',"sha256":', "offset"])


def mask(size: Size, seed: int) -> Mask:
    """A mask of class indices, each pixel on its own."""
    return np.random.default_rng(seed).integers(0, 200, (size.height, size.width), np.uint8)


@dataclass(frozen=True)
class Cut:
    """Shares of the room, so that a cut always lies in the image."""

    x: float
    y: float
    width: float
    height: float

    def numbers(self, size: Size) -> tuple[int, int, Size]:
        cut = Size(max(1, round(size.width * self.width)), max(1, round(size.height * self.height)))
        return round((size.width - cut.width) * self.x), round((size.height - cut.height) * self.y), cut

    def on(self, view: View) -> View:
        return view.cut(*self.numbers(view.size))


@dataclass(frozen=True)
class Pad:
    sides: Sides
    fill: Fill

    def on(self, view: View) -> View:
        return view.pad(self.sides, self.fill)


@dataclass(frozen=True)
class Resample:
    size: Size
    filter: Filter

    def on(self, view: View) -> View:
        return view.resample(self.size, self.filter)


@dataclass(frozen=True)
class Flip:
    x: bool
    y: bool

    def on(self, view: View) -> View:
        return view.flip(self.x, self.y)


@dataclass(frozen=True)
class Turn:
    """A warp: turned, scaled and sheared about the centre, into an output of another size."""

    degrees: float
    scale: float
    shear: float
    grow: float
    filter: Filter

    def on(self, view: View) -> View:
        width, height = view.size
        size = Size(max(1, round(width * self.grow)), max(1, round(height * self.grow)))
        step = Affine.translate(-width / 2, -height / 2).then(Affine(a=self.scale, b=self.shear, e=self.scale))
        step = step.then(Affine.rotate(self.degrees)).then(Affine.translate(size.width / 2, size.height / 2))
        return view.warp(step, size, self.filter, (0, 0, 0))


Step = Cut | Pad | Resample | Flip | Turn

shares = st.floats(0, 1)
cuts = st.builds(Cut, shares, shares, st.floats(0.3, 1), st.floats(0.3, 1))
paddings = st.builds(Sides, *[st.integers(0, 12)] * 4)
flips = st.builds(Flip, st.booleans(), st.booleans())


turns = st.builds(
    Turn, st.floats(-180, 180), st.floats(0.4, 1.6), st.floats(-0.4, 0.4), st.floats(0.7, 1.5), st.sampled_from(FILTERS)
)


def pads(of: st.SearchStrategy[Fill] = fills) -> st.SearchStrategy[Pad]:
    return st.builds(Pad, paddings, of)


def resamples(filters: Any = FILTERS, least: int = 1, most: int = 90) -> st.SearchStrategy[Resample]:
    return st.builds(Resample, sizes(least, most), st.sampled_from(filters))


def chains(*, most: int = 6, of: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[list[Step]]:
    """Up to six steps of any kind."""
    step = of if of is not None else st.one_of(cuts, pads(), resamples(), flips)
    return st.lists(step, max_size=most)
