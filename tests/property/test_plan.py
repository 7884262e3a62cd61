"""Fused plans against the same steps one by one, with exact fractions as the judge."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.errors import PlanError
from dataprep.geometry import Size
from dataprep.passes import Fill, Pass, Sides
from dataprep.plan import View
from tests.strategies import Cut, Flip, Pad, Resample, Step, chains, cuts, sizes

Interval = tuple[Fraction, Fraction]


class Axis:
    """One axis of the oracle: where source 0 and 1 go, and the live interval, in exact fractions."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.scale, self.shift = Fraction(1), Fraction(0)
        self.live: Interval = (Fraction(0), Fraction(length))

    def _map(self, factor: Fraction, offset: Fraction) -> None:
        self.scale, self.shift = self.scale * factor, self.shift * factor + offset
        low, high = (end * factor + offset for end in self.live)
        self.live = (low, high) if factor > 0 else (high, low)

    def cut(self, start: int, length: int) -> None:
        self.live = (max(self.live[0], Fraction(start)), min(self.live[1], Fraction(start + length)))
        self._map(Fraction(1), Fraction(-start))
        self.length = length

    def pad(self, before: int, after: int) -> None:
        self._map(Fraction(1), Fraction(before))
        self.length += before + after

    def resample(self, length: int) -> None:
        self._map(Fraction(length, self.length), Fraction(0))
        self.length = length

    def flip(self) -> None:
        self._map(Fraction(-1), Fraction(self.length))


def oracle(size: Size, chain: list[Step]) -> tuple[Axis, Axis] | None:
    """Both axes after a chain; None when a cut shows nothing of the scene."""
    x, y = Axis(size.width), Axis(size.height)
    for step in chain:
        match step:
            case Cut():
                left, top, cut = step.numbers(Size(x.length, y.length))
                x.cut(left, cut.width)
                y.cut(top, cut.height)
                if x.live[0] >= x.live[1] or y.live[0] >= y.live[1]:
                    return None
            case Pad(sides, _):
                x.pad(sides.left, sides.right)
                y.pad(sides.top, sides.bottom)
            case Resample(target, _):
                x.resample(target.width)
                y.resample(target.height)
            case Flip(over_x, over_y):
                if over_x:
                    x.flip()
                if over_y:
                    y.flip()
    return x, y


def planned(size: Size, chain: list[Step]) -> View:
    view = View.start(size)
    for step in chain:
        view = step.on(view)
    return view


@given(sizes(), chains())
def test_affine_size_and_window_are_those_of_the_steps(size: Size, chain: list[Step]) -> None:
    wanted = oracle(size, chain)
    if wanted is None:
        # A sliver thinner than float64 can tell from nothing may pass or be refused; nothing wider than that may pass.
        return
    x, y = wanted
    if min(x.live[1] - x.live[0], y.live[1] - y.live[0]) < Fraction(1, 10**6):
        return
    view = planned(size, chain)
    assert view.size == Size(x.length, y.length)
    a, b, c, d, e, f = view.affine.coefficients()
    assert (b, d) == (0, 0)
    assert [a, c, e, f] == pytest.approx([float(v) for v in (x.scale, x.shift, y.scale, y.shift)], rel=1e-9, abs=1e-6)
    assert list(view.live) == pytest.approx([float(v) for v in (x.live[0], y.live[0], x.live[1], y.live[1])], abs=1e-6)


@given(sizes(), chains())
def test_a_cut_that_shows_nothing_is_refused(size: Size, chain: list[Step]) -> None:
    wanted = oracle(size, chain)
    if wanted is not None:
        return
    with pytest.raises(PlanError) as error:
        planned(size, chain)
    assert error.value.reason == "nothing_left"


@given(sizes(), chains())
def test_the_passes_agree_with_the_affine(size: Size, chain: list[Step]) -> None:
    if oracle(size, chain) is None:
        return
    try:
        view = planned(size, chain)
    except PlanError:
        return  # a sliver, see above
    # The passes' own geometry, put together here from box, size, frame and flips.
    x, y = Axis(size.width), Axis(size.height)
    for one in view.passes:
        assert isinstance(one, Pass)
        for axis, start, stop, length, before, after, flip in (
            (x, one.box.x0, one.box.x1, one.size.width, one.frame.left, one.frame.right, one.flip_x),
            (y, one.box.y0, one.box.y1, one.size.height, one.frame.top, one.frame.bottom, one.flip_y),
        ):
            axis._map(Fraction(1), -Fraction(start))
            axis._map(Fraction(length) / (Fraction(stop) - Fraction(start)), Fraction(0))
            axis.length = length
            axis.pad(before, after)
            if flip:
                axis.flip()
    assert view.size == Size(x.length, y.length)
    a, _, c, _, e, f = view.affine.coefficients()
    assert [float(v) for v in (x.scale, x.shift, y.scale, y.shift)] == pytest.approx([a, c, e, f], rel=1e-6, abs=1e-6)


@given(sizes(2), cuts, st.integers(1, 20), sizes())
def test_cut_pad_resize_is_one_pass(size: Size, cut: Cut, border: int, target: Size) -> None:
    view = (
        cut.on(View.start(size)).pad(Sides(border, 0, border, 0), Fill()).resample(target, "bicubic").flip(True, False)
    )
    assert len(view.passes) == 1


def test_letterbox_then_resize_is_one_pass_and_another_fill_is_two() -> None:
    view = View.start(Size(640, 480)).resample(Size(320, 240), "bicubic").pad(Sides(0, 40, 0, 40), Fill())
    assert len(view.resample(Size(64, 64), "bicubic").passes) == 1
    assert len(view.pad(Sides(1, 1, 1, 1), Fill("constant", (9, 9, 9))).passes) == 2


@pytest.mark.parametrize(("x", "y", "width", "height"), [(-1, 0, 2, 2), (0, 0, 5, 2), (3, 0, 2, 2), (0, 2, 1, 2)])
def test_a_cut_outside_is_refused_with_numbers(x: int, y: int, width: int, height: int) -> None:
    with pytest.raises(PlanError, match="4 x 3") as error:
        View.start(Size(4, 3)).cut(x, y, Size(width, height))
    assert error.value.reason == "crop_outside"


def test_views_are_never_changed_in_place() -> None:
    view = View.start(Size(5, 4))
    before = replace(view)
    view.cut(1, 1, Size(2, 2)).pad(Sides(1, 1, 1, 1), Fill()).flip(True, True)
    assert view == before
