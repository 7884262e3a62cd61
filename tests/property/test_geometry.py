"""Affines against exact fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.geometry import Affine, Rect

numbers = st.floats(-1000, 1000, allow_subnormal=False).map(lambda value: round(value, 6))
affines = st.builds(Affine, *[numbers] * 6)
points = st.tuples(numbers, numbers)


def exact(affine: Affine, point: tuple[Fraction, Fraction]) -> tuple[Fraction, Fraction]:
    a, b, c, d, e, f = (Fraction(value) for value in affine.coefficients())
    x, y = point
    return a * x + b * y + c, d * x + e * y + f


@given(affines, affines, points)
def test_then_applies_the_first_map_first(first: Affine, second: Affine, point: tuple[float, float]) -> None:
    wanted = exact(second, exact(first, (Fraction(point[0]), Fraction(point[1]))))
    found = first.then(second).apply([point])[0]
    assert found == pytest.approx([float(value) for value in wanted], rel=1e-9, abs=1e-3)


@given(affines.filter(lambda affine: abs(affine.determinant) > 1), points)
def test_inverse_leads_back(affine: Affine, point: tuple[float, float]) -> None:
    a, b, _, d, e, _ = affine.coefficients()
    # The error of a solved 2 x 2 system grows with its condition number, bounded by norm squared / determinant.
    condition = (a * a + b * b + d * d + e * e) / abs(affine.determinant)
    there = affine.apply([point])
    slack = 1e-12 * condition * (1000 + abs(there).max())
    assert affine.inverse().apply(there)[0] == pytest.approx(point, abs=max(slack, 1e-9))


@given(affines, numbers, numbers, st.floats(0, 100), st.floats(0, 100), st.floats(0, 1), st.floats(0, 1))
def test_hull_holds_every_point_of_the_rectangle(
    affine: Affine, x: float, y: float, width: float, height: float, u: float, v: float
) -> None:
    hull = affine.hull(Rect(x, y, x + width, y + height))
    ((px, py),) = affine.apply([(x + u * width, y + v * height)])
    slack = 1e-9 * (1 + abs(px) + abs(py) + 1e6)
    assert hull.x0 - slack <= px <= hull.x1 + slack
    assert hull.y0 - slack <= py <= hull.y1 + slack
