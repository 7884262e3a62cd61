"""Masks: gathered exactly, never a value that was not there, in step with polygons."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import cv2
import numpy as np
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dataprep.convex import area
from dataprep.errors import PlanError
from dataprep.geometry import Affine, Rect, Size
from dataprep.labels import Labels, Mask, Polygons
from dataprep.passes import Fill, Sides
from dataprep.plan import Options, View
from tests.property.test_plan import Axis, oracle
from tests.strategies import Cut, Flip, Pad, Resample, Step, chains, cuts, mask, pads, resamples, sizes, turns

IGNORE = 255
EDGE = Fill("edge", (0, 0, 0))


def planned(size: Size, chain: list[Step], labels: Labels) -> View:
    view = View.start(size, labels, Options(mask_fill=IGNORE))
    for step in chain:
        if isinstance(step, Cut):
            x, y, cut = step.numbers(view.size)
            assume(not view.live.intersect(Rect(x, y, x + cut.width, y + cut.height)).empty)
        try:
            view = step.on(view)
        except PlanError:
            assume(False)
    return view


def gathered(view: View) -> Mask:
    found = view.clipped().labels.mask
    assert found is not None
    return found


@given(sizes(), sizes())
def test_a_resize_takes_the_pixel_at_each_centre(size: Size, target: Size) -> None:
    source = mask(size, 1)
    found = gathered(View.start(size, Labels(mask=source)).resample(target, "bicubic"))
    xs = [(2 * x + 1) * size.width // (2 * target.width) for x in range(target.width)]
    ys = [(2 * y + 1) * size.height // (2 * target.height) for y in range(target.height)]
    assert np.array_equal(found, source[np.ix_(ys, xs)])


@given(sizes(1, 40), chains(), st.integers(0, 99))
# The centre of row 26 lies on the edge of the first cut, which float64 puts a hair below it.
@example(
    Size(1, 23), [Cut(0, 0, 1, 0.5), Pad(Sides(0, 8, 0, 7), EDGE), Cut(0, 1, 1, 0.5), Resample(Size(1, 53), "area")], 0
)
def test_a_chain_takes_the_pixel_at_each_centre_exactly(size: Size, chain: list[Step], seed: int) -> None:
    source = mask(size, seed)
    wanted = oracle(size, chain)
    assume(wanted is not None)
    assert wanted is not None
    x, y = wanted
    assume(min(x.live[1] - x.live[0], y.live[1] - y.live[0]) > Fraction(1, 10**6))
    found = gathered(planned(size, chain, Labels(mask=source)))
    assert found.shape == (y.length, x.length)

    def place(axis: Axis, index: int) -> int | None:
        centre = Fraction(2 * index + 1, 2)
        return floor((centre - axis.shift) / axis.scale) if axis.live[0] < centre < axis.live[1] else None

    # A few rows and columns, in exact fractions; all of them would take minutes.
    columns = {column: place(x, column) for column in {0, x.length // 3, x.length // 2, x.length - 1}}
    rows = {row: place(y, row) for row in {0, y.length // 3, y.length // 2, y.length - 1}}
    for row, from_row in rows.items():
        for column, from_column in columns.items():
            inside = from_row is not None and from_column is not None
            assert found[row, column] == (source[from_row, from_column] if inside else IGNORE)


@given(sizes(1, 40), chains(of=st.one_of(cuts, pads(), resamples(), turns)), st.integers(0, 99))
def test_no_value_is_made_up(size: Size, chain: list[Step], seed: int) -> None:
    source = mask(size, seed)
    found = gathered(planned(size, chain, Labels(mask=source)))
    assert set(np.unique(found).tolist()) <= set(np.unique(source).tolist()) | {IGNORE}


@given(sizes(2, 40), st.integers(0, 99), st.sampled_from([90, 180, 270]))
def test_quarter_turns_are_exact(size: Size, seed: int, degrees: int) -> None:
    source = mask(size, seed)
    turned = Size(size.height, size.width) if degrees != 180 else size
    middle = Affine.translate(-size.width / 2, -size.height / 2).then(Affine.rotate(-degrees))
    step = middle.then(Affine.translate(turned.width / 2, turned.height / 2))
    found = gathered(View.start(size, Labels(mask=source)).warp(step, turned, "bicubic", (0, 0, 0)))
    assert np.array_equal(found, np.rot90(source, degrees // 90))


@given(st.data(), sizes(40, 120), chains(most=4, of=st.one_of(cuts, pads(), resamples(least=40, most=120), turns)))
def test_masks_follow_polygons(data: st.DataObject, size: Size, chain: list[Step]) -> None:
    angles = sorted(data.draw(st.lists(st.floats(0, 6.28), min_size=3, max_size=7, unique=True)))
    centre = np.array([size.width, size.height]) / 2
    ring = np.array([centre + 0.48 * min(size) * np.array([np.cos(angle), np.sin(angle)]) for angle in angles])
    assume(area(ring) > 60)
    # Drawn by OpenCV, at 16 steps a pixel; its pixel i is centred at i, ours at i + 0.5.
    source = np.zeros((size.height, size.width), np.uint8)
    cv2.fillPoly(source, [np.rint((ring - 0.5) * 16).astype(np.int32)], 7, shift=4)
    view = planned(size, chain, Labels(polygons=Polygons.of([[ring]]), mask=source))
    labels = view.clipped().labels
    assert labels.polygons is not None and labels.mask is not None
    pixels = float((labels.mask == 7).sum())
    rings = [ring for one in labels.polygons.rings for ring in one]
    wanted = sum(area(ring) for ring in rings)
    around = sum(float(np.hypot(*(np.roll(ring, -1, axis=0) - ring).T).sum()) for ring in rings)
    # A pixel either way along the outline; of the source's pixels where the view enlarges them.
    pixel = max(
        1.0,
        abs(view.affine.determinant) ** 0.5,
        *np.hypot([view.affine.a, view.affine.b], [view.affine.d, view.affine.e]),
    )
    assert abs(pixels - wanted) <= around * pixel + 4 * pixel**2


def test_fill_is_ignored_and_scene_is_not() -> None:
    source = np.full((2, 2), 3, np.uint8)
    view = View.start(Size(2, 2), Labels(mask=source), Options(mask_fill=9))
    found = gathered(Flip(True, False).on(view).pad(Sides(0, 1, 2, 0), Fill()))
    assert found.tolist() == [[9, 9, 9, 9], [3, 3, 9, 9], [3, 3, 9, 9]]
