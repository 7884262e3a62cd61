"""What is measured of a record's pixels, against the pixels themselves."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from dataprep.errors import PlanError
from dataprep.geometry import Size
from dataprep.labels import Boxes
from dataprep.pixels.measures import ASPECTS, SIDES, bins, digest, measure, measures_json, no_sums, scene_of, sums_of
from dataprep.plan import View
from tests.pictures import render
from tests.strategies import Step, chains, cuts, flips, pads, resamples, sizes, turns


def noise(size: Size, seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size.height, size.width, 3), np.uint8))


def by_hand(pixels: np.ndarray) -> list[int]:
    values = pixels.reshape(-1, 3).astype(int)
    return [len(values), *values.sum(axis=0).tolist(), *(values**2).sum(axis=0).tolist()]


@given(sizes(1, 40), chains(of=st.one_of(cuts, pads(), resamples(), flips, turns)), st.integers(0, 99))
def test_sums_are_those_of_the_pixels_and_of_the_scene(size: Size, chain: list[Step], seed: int) -> None:
    view = View.start(size)
    try:
        for step in chain:
            view = step.on(view)
    except PlanError:
        assume(False)
    pixels = np.asarray(render(noise(size, seed), view.passes))
    found = measure(size, None, no_sums() + sums_of(scene_of(view), pixels))
    assert found["all"] == by_hand(pixels)
    # Scene is where a pixel's centre comes from inside the live window; a centre on its edge may count or not.
    x, y = np.meshgrid(np.arange(view.size.width) + 0.5, np.arange(view.size.height) + 0.5)
    centres = view.affine.inverse().apply(np.stack([x.ravel(), y.ravel()], axis=1))
    sure, may = (view.placement.region.holds(centres, slack).reshape(x.shape) for slack in (-1e-6, 1e-6))
    if (sure == may).all():
        assert found["scene"] == by_hand(pixels[sure])
    else:
        assert sure.sum() <= found["scene"][0] <= may.sum()


@given(st.lists(st.tuples(*[st.floats(0, 9000)] * 4), max_size=20))
def test_boxes_are_counted_by_side_and_aspect(corners: list[tuple[float, ...]]) -> None:
    boxes = [(min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in corners]
    found = measure(Size(9, 9), Boxes.of(np.array(boxes).reshape(-1, 4)), no_sums())
    assert measures_json({**found, "look": "0f"}) == json.dumps({**found, "look": "0f"})
    if not boxes:
        assert "boxes" not in found
        return
    longest = [max(x1 - x0, y1 - y0) for x0, y0, x1, y1 in boxes]
    edges = [-1.0, *SIDES, float("inf")]
    assert found["boxes"]["sides"] == [sum(low <= one < high for one in longest) for low, high in pairwise(edges)]
    assert sum(found["boxes"]["aspects"]) == len(boxes)


def test_bins_have_their_lower_edges() -> None:
    assert bins([0.0, 15.9, 16, 8191, 8192, 1e9], SIDES) == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2]
    assert len(bins([], ASPECTS)) == len(ASPECTS) + 1


@given(sizes(1, 20), st.integers(0, 5), st.integers(0, 5))
def test_a_digest_tells_pixels_apart(size: Size, one: int, other: int) -> None:
    first, second = np.asarray(noise(size, one)), np.asarray(noise(size, other))
    same = np.array_equal(first, second)
    assert (digest(first, 1) == digest(second, 1)) == same
    turned = np.ascontiguousarray(np.rot90(first))
    if turned.shape != first.shape:
        assert digest(turned, 1) != digest(first, 1)
    assert digest(first, 2) != digest(first, 1)
