"""Convex polygons against counting points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dataprep.convex import Convex, area
from dataprep.geometry import Affine, Rect

coordinates = st.floats(-50, 50).map(lambda value: round(value, 3))
rects = st.builds(
    lambda x, y, width, height: Rect(x, y, x + width, y + height), coordinates, coordinates, *[st.floats(1, 60)] * 2
)
turned = st.builds(lambda rect, degrees: Convex.of(rect).map(Affine.rotate(degrees)), rects, st.floats(-180, 180))


@given(turned, turned)
def test_the_common_part_holds_what_both_hold(a: Convex, b: Convex) -> None:
    both = a.intersect(b)
    points = np.random.default_rng(0).uniform(-120, 120, (400, 2))
    # Points within 1e-6 of an edge may go either way.
    sure = np.ones(400, bool)
    for one in (a, b):
        sure &= one.holds(points, 1e-6) == one.holds(points, -1e-6)
    inside = a.holds(points, 0) & b.holds(points, 0)
    if not both.empty:
        assert np.array_equal(both.holds(points[sure], 1e-6), inside[sure])
    else:
        assert not inside[sure].any()


@given(turned, st.floats(-180, 180), coordinates, coordinates)
def test_area_stays_under_a_turn_and_a_shift(one: Convex, degrees: float, x: float, y: float) -> None:
    moved = one.map(Affine.rotate(degrees).then(Affine.translate(x, y)))
    assert moved.area == pytest.approx(one.area, rel=1e-9)
    assert one.map(Affine.mirror_x(9)).area == pytest.approx(one.area, rel=1e-9)


@given(turned, st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=8, unique=True))
def test_clipping_a_star_keeps_its_points_inside(window: Convex, points: list[tuple[float, float]]) -> None:
    # Sorted around their mean, points make a simple polygon, concave or not.
    ring = np.array(points)
    ring = ring[np.argsort(np.arctan2(*(ring - ring.mean(axis=0)).T[::-1]), kind="stable")]
    assume(area(ring) > 1)
    cut = window.clip(ring)
    assert area(cut) <= min(area(ring), window.area) + 1e-6
    if len(cut):
        assert window.holds(cut, 1e-6).all()
    whole = Convex.of(Rect(-100, -100, 100, 100)).clip(ring)
    assert area(whole) == pytest.approx(area(ring))


def test_rectangles_stay_rectangles() -> None:
    common = Convex.of(Rect(0, 0, 4, 4)).intersect(Convex.of(Rect(1, 2, 9, 3)))
    assert common.rect == Rect(1, 2, 4, 3)
    assert Convex.of(Rect(0, 0, 1, 1)).intersect(Convex.of(Rect(1, 0, 2, 1))).empty
    assert Convex.of(Rect(0, 0, 2, 2)).map(Affine.rotate(30)).rect is None
