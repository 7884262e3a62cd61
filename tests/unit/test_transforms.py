"""Each transform's own rules, and what holds for all that the registry finds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.errors import PlanError
from dataprep.geometry import Rect, Size
from dataprep.labels import Boxes, Keypoints, Labels
from dataprep.plan import Options, View
from dataprep.sources import Source, sources
from dataprep.transforms import Transform, transforms
from dataprep.transforms.center_crop import CenterCrop
from dataprep.transforms.crop_to import CropTo
from dataprep.transforms.resize import Resize, scaled
from dataprep.transforms.square import Square
from tests.strategies import sizes

MINIMAL: dict[str, dict[str, object]] = {
    "crop": {"x": 0, "y": 0, "size": [1, 1]},
    "center_crop": {"size": [1, 1]},
    "crop_to": {},
    "flip": {},
    "pad": {"left": 1},
    "resize": {"size": [5, 4]},
    "square": {},
    "rotate": {"degrees": 30},
    "affine": {"scale": [0.9, 1.1]},
    "align": {"size": [5, 4], "template": {"a": [1, 1], "b": [4, 1]}},
    "grayscale": {},
    "tile": {"size": [1, 1]},
    "random_crop": {"size": [1, 1], "variants": 2},
    "random_flip": {"variants": 2},
    "random_rotate": {"degrees": [-20, 20]},
}


def test_every_transform_is_tested_here() -> None:
    assert sorted(MINIMAL) == sorted(transforms())


@pytest.mark.parametrize("name", sorted(MINIMAL))
@given(size=sizes(1, 30))
def test_every_transform_plans_what_it_promises(name: str, size: Size) -> None:
    transform: Transform = transforms()[name].model_validate(MINIMAL[name])
    corner, middle = (0.25 * size.width, 0.25 * size.height), (0.5 * size.width, 0.5 * size.height)
    labels = Labels(0, boxes=Boxes.of([[0, 0, *size]], [0]), keypoints=Keypoints.of([[corner, middle]]))
    views = transform.plan(View.start(size, labels, Options(names=("a", "b"))))
    assert views and (len(views) == 1 or transform.several)
    for view in views:
        assert view.passes[-1].output == view.size
        assert view.live.within(Rect.of(view.size))
        assert view.clipped().labels.kinds() == labels.kinds()


@pytest.mark.parametrize("name", sorted({**transforms(), **sources()}))
def test_every_parameter_is_described_to_editors(name: str) -> None:
    known: type[Transform] | type[Source] = transforms().get(name) or sources()[name]
    assert known.__doc__
    assert known.name == name


@given(sizes(), sizes(), st.booleans())
def test_scaled_is_the_best_size_of_that_shape(size: Size, target: Size, cover: bool) -> None:
    found = scaled(size, target, cover=cover)
    fits = (found.width >= target.width and found.height >= target.height) if cover else (
        found.width <= target.width and found.height <= target.height
    )  # fmt: skip
    assert fits
    # One side is the target's; the other is the true one, rounded to the nearest pixel.
    if found.width == target.width:
        assert found.height == max(1, found.height)
        assert abs(found.height - size.height * target.width / size.width) <= 0.5 or found.height == 1
    else:
        assert found.height == target.height
        assert abs(found.width - size.width * target.height / size.height) <= 0.5 or found.width == 1


@pytest.mark.parametrize("mode", ["stretch", "fit", "fill", "letterbox"])
@given(size=sizes(), target=sizes(1, 40))
def test_resize_gives_the_size_it_promises(mode: str, size: Size, target: Size) -> None:
    (view,) = Resize.model_validate({"size": target, "mode": mode}).plan(View.start(size))
    if mode == "fit":
        assert target in (view.size, (view.size.width, target.height), (target.width, view.size.height))
    else:
        assert view.size == target
    if mode in ("fit", "fill"):
        # No bars: the scene reaches every edge.
        assert Rect.of(view.size).within(view.live)


@given(sizes(), st.sampled_from(["pad", "crop"]), st.sampled_from(["center", "top_left"]))
def test_square_is_and_an_odd_pixel_goes_right_or_down(size: Size, by: str, align: str) -> None:
    (view,) = Square.model_validate({"by": by, "align": align}).plan(View.start(size))
    assert view.size.width == view.size.height == (max(size) if by == "pad" else min(size))
    x, y = view.affine.c, view.affine.f
    if align == "top_left":
        assert (x, y) == (0, 0)
    elif by == "pad":
        assert (x, y) == ((view.size.width - size.width) // 2, (view.size.height - size.height) // 2)


def test_a_center_crop_larger_than_the_image_is_refused() -> None:
    with pytest.raises(PlanError, match="5 x 4"):
        CenterCrop(size=(6, 2)).plan(View.start(Size(5, 4)))


def boxes(*corners: tuple[float, float, float, float]) -> Labels:
    return Labels(boxes=Boxes.of(corners, list(range(len(corners)))))


def test_crop_to_takes_the_hull_with_margin_outward_to_whole_pixels() -> None:
    view = View.start(Size(100, 80), boxes((10.2, 10, 20, 20), (30, 25, 50.1, 40)))
    (view,) = CropTo(margin=0.1).plan(view)
    # 39.9 x 30 with a tenth at each side: (6.21, 7)-(54.09, 43).
    assert view.window == Rect(6, 7, 55, 43)


def test_crop_to_each_puts_the_own_object_first_and_gives_its_class() -> None:
    view = View.start(Size(100, 80), boxes((10, 10, 30, 30), (20, 20, 60, 50)))
    first, second = CropTo(each=True).plan(view)
    assert (first.size, second.size) == ((20, 20), (40, 30))
    found = second.clipped().labels
    assert found.class_id == 1
    assert found.boxes is not None
    assert found.boxes.classes.tolist() == [1, 0]
    assert found.boxes.corners.tolist() == [[0, 0, 40, 30], [0, 0, 10, 10]]
    assert found.boxes.visible.tolist() == [1, 0.25]


def test_crop_to_keypoints_ignores_those_not_labelled() -> None:
    labels = Labels(keypoints=Keypoints.of([[[10, 10, 2], [20, 30, 1], [0, 0, 0]]]))
    (view,) = CropTo(target="keypoints").plan(View.start(Size(100, 80), labels))
    assert view.window == Rect(10, 10, 20, 30)


@pytest.mark.parametrize("labels", [Labels(), boxes(), Labels(keypoints=Keypoints.of([[[0, 0, 0]]]))])
def test_nothing_to_crop_to_is_said(labels: Labels) -> None:
    target = "keypoints" if labels.keypoints else "boxes"
    with pytest.raises(PlanError) as error:
        CropTo(target=target).plan(View.start(Size(10, 10), labels))
    assert error.value.reason == "no_target"


def test_objects_outside_an_earlier_crop_are_no_targets() -> None:
    view = View.start(Size(100, 80), boxes((0, 0, 5, 5), (50, 50, 60, 60))).cut(40, 40, Size(40, 40))
    (only,) = CropTo(each=True).plan(view)
    assert only.clipped().labels.class_id == 1
