"""Labels move by one rule, whatever their kind."""

from __future__ import annotations

from dataclasses import dataclass, fields, make_dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.clipping import apply, clip
from dataprep.convex import Convex
from dataprep.errors import LabelError
from dataprep.geometry import Affine, Rect, Size
from dataprep.labels import Boxes, Keypoints, Labels, Polygons, move
from dataprep.placement import Placement
from dataprep.plan import Options, View
from tests.strategies import chains, labels, sizes

PAIRS = ((0, 1), (2, 3))
axis_aligned = st.builds(
    lambda sx, sy, dx, dy: Affine(sx, 0, dx, 0, sy, dy),
    *[st.floats(0.05, 8) | st.floats(-8, -0.05)] * 2,
    *[st.floats(-500, 500)] * 2,
)


@given(st.data(), sizes(), axis_aligned)
def test_a_box_moves_as_its_corners_do(data: st.DataObject, size: Size, affine: Affine) -> None:
    before = replace(data.draw(labels(size)), mask=None)
    assert before.boxes is not None
    xyxy = before.boxes.corners
    corners = np.stack([xyxy[:, :2], xyxy[:, 2:]], axis=1)
    as_points = move(Labels(keypoints=Keypoints.of(corners)), affine).keypoints
    moved = move(before, affine).boxes
    assert as_points is not None
    assert moved is not None
    found = np.sort(as_points.points[:, :, :2], axis=1).reshape(-1, 4)
    np.testing.assert_allclose(moved.corners, found, rtol=0, atol=1e-9)


@given(st.data(), sizes(), st.sampled_from([(True, False), (False, True), (True, True)]))
def test_two_flips_are_none(data: st.DataObject, size: Size, axes: tuple[bool, bool]) -> None:
    before = data.draw(labels(size))
    view = View.start(size, before, Options(pairs=PAIRS))
    once = view.flip(*axes)
    twice = once.flip(*axes).clipped().labels
    assert before.boxes is not None and before.keypoints is not None
    assert twice.boxes is not None and twice.keypoints is not None
    np.testing.assert_allclose(twice.boxes.corners, before.boxes.corners, atol=1e-9)
    np.testing.assert_allclose(twice.keypoints.points, before.keypoints.points, atol=1e-9)
    # And one flip exchanges the partners: the left eye's place is W - x of the right eye's.
    flipped = once.clipped().labels.keypoints
    assert flipped is not None
    order = [1, 0, 3, 2] if axes[0] != axes[1] else [0, 1, 2, 3]
    for place, (x, y, v) in enumerate(before.keypoints.points.reshape(-1, 3)):
        instance, index = divmod(place, 4)
        wanted = (size.width - x if axes[0] else x, size.height - y if axes[1] else y, v) if v else (0, 0, 0)
        assert flipped.points[instance, order.index(index)] == pytest.approx(wanted, abs=1e-9)


@given(st.data(), sizes(), chains())
def test_the_affine_leads_every_label_back_to_its_source(data: st.DataObject, size: Size, chain: list) -> None:  # type: ignore[type-arg]
    before = data.draw(labels(size))
    view = View.start(size, before)
    for step in chain:
        if not _shows_something(view, step):
            return
        view = step.on(view)
    assert before.boxes is not None and before.keypoints is not None
    moved = move(replace(view.labels, mask=None), view.affine)
    assert moved.boxes is not None
    back = view.affine.inverse()
    hulls = [list(back.hull(Rect(*corners))) for corners in moved.boxes.corners]
    # Scales of 1/90 a step, six steps: what float64 keeps of a coordinate below 90 is still 1e-3 of a pixel at worst.
    np.testing.assert_allclose(np.array(hulls).reshape(-1, 4), before.boxes.corners, atol=1e-4)


def _shows_something(view: View, step: object) -> bool:
    from tests.strategies import Cut

    if not isinstance(step, Cut):
        return True
    x, y, size = step.numbers(view.size)
    return not view.live.intersect(Rect(x, y, x + size.width, y + size.height)).empty


@given(st.data(), sizes(2), st.floats(0, 1))
def test_clipping_keeps_the_share_that_is_inside(data: st.DataObject, size: Size, least: float) -> None:
    before = data.draw(labels(size))
    x0, y0 = data.draw(st.integers(0, size.width - 1)), data.draw(st.integers(0, size.height - 1))
    window = Rect(x0, y0, data.draw(st.integers(x0 + 1, size.width)), data.draw(st.integers(y0 + 1, size.height)))
    found = clip(before, Convex.of(window), least)
    assert before.boxes is not None and found.labels.boxes is not None
    kept, dropped = [], 0
    for corners in before.boxes.corners.tolist():
        inside = Rect(*corners).intersect(window)
        area = Rect(*corners).width * Rect(*corners).height
        if area > 0:
            share = max(inside.width, 0) * max(inside.height, 0) / area
            share = 1.0 if share > 1 - 1e-9 else share
        else:
            share = float(inside.width >= -1e-6 and inside.height >= -1e-6)
        if share <= 0 or share < least:
            dropped += 1
        else:
            kept.append(share)
    assert found.labels.boxes.visible.tolist() == pytest.approx(kept, abs=1e-9)
    assert sum(count for reason, count in found.dropped.items() if reason.startswith("box")) == dropped
    for corners in found.labels.boxes.corners.tolist():
        assert Rect(*corners).within(window)


def test_a_kind_without_a_rule_raises() -> None:
    strange = make_dataclass("Strange", [("smell", object, None)], bases=(Labels,), frozen=True)
    with pytest.raises(LabelError, match="'smell'"):
        move(strange(smell=1), Affine())


def test_every_kind_of_labels_has_a_rule() -> None:
    mask = np.zeros((1, 1), np.uint8)
    triangle = Polygons.of([[[[0, 0], [1, 0], [0, 1]]]])
    whole = Labels(
        1, (1, 2), Boxes.of([[0, 0, 1, 1]]), Keypoints.of([[[1, 1, 2]]]), triangle, mask, {"age": 3.0}, {"by": "hand"}
    )
    assert whole.kinds() == tuple(field.name for field in fields(Labels) if field.name != "linked")
    assert apply(whole, Placement.start(Size(1, 1))).labels.kinds() == whole.kinds()


@dataclass(frozen=True)
class Wrong:
    corners: object
    message: str


@pytest.mark.parametrize(
    "wrong",
    [
        Wrong([[2, 0, 1, 1]], "x0 <= x1"),
        Wrong([[0, float("nan"), 1, 1]], "finite"),
        Wrong([[0, 0, 1, float("inf")]], "finite"),
    ],
)
def test_impossible_boxes_are_refused(wrong: Wrong) -> None:
    with pytest.raises(LabelError, match=wrong.message):
        Boxes.of(wrong.corners)  # type: ignore[arg-type]


@given(sizes(1, 60).flatmap(lambda size: st.tuples(st.just(size), labels(size))), st.data(), st.floats(0, 1))
def test_what_is_linked_stays_in_step(drawn: tuple[Size, Labels], data: st.DataObject, least: float) -> None:
    size, whole = drawn
    assert whole.boxes is not None and whole.keypoints is not None and whole.polygons is not None
    count = len(whole.boxes)
    # Each part carries the number of its instance where no clipping changes it.
    marked = replace(
        whole,
        linked=True,
        boxes=replace(whole.boxes, classes=np.arange(count)),
        keypoints=Keypoints(
            np.tile(np.arange(count, dtype=np.float64)[:, None, None], (1, 2, 3)) * [1, 1, 0] + [0, 0, 1]
        ),
        polygons=Polygons.of([[[(0, 0), (1, 0), (0, 1)]]] * count, np.arange(count)),
    )
    xs = sorted(data.draw(st.tuples(st.floats(0, size.width), st.floats(0, size.width)).filter(lambda x: x[0] != x[1])))
    window = Convex.of(Rect(xs[0], 0, xs[1], size.height))
    for one in (marked, replace(marked, boxes=None)):
        found = clip(one, window, least)
        assert found.labels.keypoints is not None and found.labels.polygons is not None
        stays = found.labels.polygons.classes.tolist()
        assert found.labels.keypoints.points[:, 0, 0].tolist() == stays
        alone = clip(replace(one, linked=False, keypoints=None), window, least)
        deciding = alone.labels.boxes if one.boxes is not None else alone.labels.polygons
        assert deciding is not None and deciding.classes.tolist() == stays
        if one.boxes is not None:
            assert found.labels.boxes is not None and found.labels.boxes.classes.tolist() == stays
            assert not any(reason.startswith("polygon") for reason in found.dropped)
        assert sum(count for reason, count in found.dropped.items() if "keypoint" not in reason) == count - len(stays)


def test_a_hole_takes_its_area_off() -> None:
    outline = [(0, 0), (10, 0), (10, 10), (0, 10)]
    hole = [(1, 1), (1, 9), (5, 9), (5, 1)]
    whole = Labels(polygons=Polygons.of([[outline, hole]]))
    # 100 - 32 square pixels; left of 5 there are 50 - 32, which is 26 % of it.
    left = Convex.of(Rect(0, 0, 5, 10))
    assert clip(whole, left, 0.26).dropped == {}
    assert clip(whole, left, 0.27).dropped == {"polygon_min_visible": 1}
