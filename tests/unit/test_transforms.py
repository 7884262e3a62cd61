"""Each transform's own rules, and what holds for all that the registry finds."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from PIL import Image

from dataprep.build.prepare import prepare
from dataprep.build.recipe import Recipe
from dataprep.encoding import Png
from dataprep.errors import PlanError
from dataprep.geometry import Affine, Rect, Size
from dataprep.inputs import Record
from dataprep.labels import Boxes, Keypoints, Labels
from dataprep.normalization import PRESETS, Preset
from dataprep.pixels.encode import decode_stored
from dataprep.plan import Options, Origin, View
from dataprep.sources import Source, sources
from dataprep.transforms import Transform, plan, transforms
from dataprep.transforms.align import Align, similarity
from dataprep.transforms.center_crop import CenterCrop
from dataprep.transforms.crop_to import CropTo
from dataprep.transforms.grayscale import Grayscale
from dataprep.transforms.random_crop import RandomCrop
from dataprep.transforms.random_flip import RandomFlip
from dataprep.transforms.random_rotate import RandomRotate
from dataprep.transforms.resize import Resize, scaled
from dataprep.transforms.square import Square
from dataprep.transforms.tile import Tile
from tests.effort import effort
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
    "preset": {"of": "face-api", "map": "canvas_centered", "size": 7},
    "tile": {"size": [1, 1]},
    "random_crop": {"size": [1, 1], "variants": 2},
    "random_flip": {"variants": 2},
    "random_rotate": {"degrees": [-20, 20]},
}


def test_every_transform_is_tested_here() -> None:
    assert sorted(MINIMAL) == sorted(transforms())


@pytest.mark.parametrize("name", sorted(MINIMAL))
@effort(share=0.1)
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
@example(Size(38, 49), Size(54, 69), False)
def test_scaled_is_the_best_size_of_that_shape(size: Size, target: Size, cover: bool) -> None:
    found = scaled(size, target, cover=cover)
    fits = (found.width >= target.width and found.height >= target.height) if cover else (
        found.width <= target.width and found.height <= target.height
    )  # fmt: skip
    assert fits
    # One side is the target's; the other is the true one, rounded to the nearest pixel. (Rounded, it may be the
    # target's, too.)
    height, width = size.height * target.width / size.width, size.width * target.height / size.height
    by_width = found.width == target.width and (abs(found.height - height) <= 0.5 or found.height == 1)
    by_height = found.height == target.height and (abs(found.width - width) <= 0.5 or found.width == 1)
    assert by_width or by_height


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


@given(sizes(), st.integers(1, 200))
def test_the_canvas_map_of_face_api_is_not_rounded(size: Size, side: int) -> None:
    # As face-api.js's imageToSquare draws: scale = side / max, then at (side - extent) / 2 when centred.
    scale = side / max(size)
    for name, share in (("canvas_centered", 0.5), ("canvas_top_left", 0.0)):
        (view,) = (
            transforms()["preset"].model_validate({"of": "face-api", "map": name, "size": side}).plan(View.start(size))
        )
        shift = [share * (side - extent * scale) for extent in size]
        assert view.size == (side, side)
        assert view.affine.coefficients() == pytest.approx([scale, 0, shift[0], 0, scale, shift[1]], abs=1e-9)


@given(sizes(), st.integers(1, 200))
def test_the_tensor_map_of_face_api_pads_first(size: Size, side: int) -> None:
    # As its padToSquare: half of the difference, rounded down, before; the rest behind; then a resize of the square.
    (view,) = (
        transforms()["preset"].model_validate({"of": "face-api", "map": "tensor", "size": side}).plan(View.start(size))
    )
    scale, before = side / max(size), [(max(size) - extent) // 2 for extent in size]
    wanted = [scale, 0, before[0] * scale, 0, scale, before[1] * scale]
    assert view.affine.coefficients() == pytest.approx(wanted, abs=1e-9)


def test_tiles_cover_the_image_and_overlap() -> None:
    labels = Labels(boxes=Boxes.of([[0, 0, 10, 10], [30, 30, 50, 45]], [0, 1]))
    views = Tile(size=(40, 30), overlap=(8, 5)).plan(View.start(Size(100, 70), labels, Options(min_visible=0.3)))
    seen = np.zeros((70, 100), int)
    for view in views:
        window = view.window
        seen[int(window.y0) : int(window.y1), int(window.x0) : int(window.x1)] += 1
        found = view.clipped()
        assert found.labels.boxes is not None
        assert (found.labels.boxes.visible >= 0.3).all()
    assert seen.min() >= 1
    assert len({view.size for view in views}) == 1
    starts = sorted({int(view.window.x0) for view in views})
    assert all(b - a <= 40 - 8 for a, b in pairwise(starts))
    assert (starts[0], starts[-1]) == (0, 60)


@given(sizes(9, 60), st.text(max_size=5), st.integers(0, 99))
def test_chance_follows_from_seed_key_and_variant(size: Size, key: str, seed: int) -> None:
    steps = [
        RandomCrop(size=(5, 7), variants=3, seed=seed),
        RandomFlip(seed=seed, variants=2),
        RandomRotate(degrees=(-30, 30), seed=seed),
    ]

    def views(split: str) -> tuple[View, ...]:
        return plan(View.start(size, origin=Origin(key, split)), steps)

    first, second = ([view.placement for view in views("train")] for _ in range(2))
    assert first == second
    assert len(first) == 6
    (quiet,) = views("val")
    assert quiet.placement == View.start(size).cut((size.width - 5) // 2, (size.height - 7) // 2, Size(5, 7)).placement


def test_chance_is_even() -> None:
    places = [
        RandomCrop(size=(10, 10)).plan(View.start(Size(19, 10), origin=Origin(str(key), "train")))[0].window.x0
        for key in range(3000)
    ]
    # Ten places, 300 each; five standard deviations of a binomial draw.
    assert all(abs(places.count(x) - 300) < 5 * (3000 * 0.1 * 0.9) ** 0.5 for x in range(10))
    flips = [
        RandomFlip(p=0.2).plan(View.start(Size(4, 4), origin=Origin(str(key), "train")))[0].affine.a < 0
        for key in range(3000)
    ]
    assert abs(sum(flips) - 600) < 5 * (3000 * 0.2 * 0.8) ** 0.5


@given(st.lists(st.tuples(*[st.floats(-50, 50)] * 2), min_size=2, max_size=6, unique=True), st.data())
def test_align_is_the_best_similarity(points: list[tuple[float, float]], data: st.DataObject) -> None:
    source = np.array(points)
    assume(np.ptp(source, axis=0).max() > 1)
    degrees, scale = data.draw(st.floats(-180, 180)), data.draw(st.floats(0.2, 5))
    true = Affine.rotate(degrees).then(Affine.scale(scale, scale)).then(Affine.translate(3, -7))
    found = similarity(source, true.apply(source))
    assert found is not None
    assert found.coefficients() == pytest.approx(true.coefficients(), abs=1e-6)
    # And with noise, no small change of it comes closer.
    target = true.apply(source) + np.random.default_rng(0).normal(0, 2, source.shape)
    best = similarity(source, target)
    assume(best is not None)
    assert best is not None
    least = ((best.apply(source) - target) ** 2).sum()
    for change in (Affine.rotate(1), Affine.rotate(-1), Affine.scale(1.01, 1.01), Affine.translate(0.1, 0)):
        assert ((best.then(change).apply(source) - target) ** 2).sum() >= least - 1e-9


def test_align_brings_named_keypoints_to_the_template() -> None:
    labels = Labels(keypoints=Keypoints.of([[[10, 20, 2], [30, 20, 2], [0, 0, 0]]]))
    start = View.start(Size(60, 50), labels, Options(names=("left", "right", "nose")))
    (view,) = Align(size=(20, 20), template={"left": (5, 8), "right": (15, 8)}).plan(start)
    found = view.clipped().labels.keypoints
    assert found is not None
    np.testing.assert_allclose(found.points[0, :2, :2], [[5, 8], [15, 8]], atol=1e-9)
    with pytest.raises(PlanError, match="'nose', and it is not labelled"):
        Align(size=(20, 20), template={"left": (5, 8), "nose": (15, 8)}).plan(start)


def test_grayscale_takes_the_scenes_colours_and_leaves_the_fill() -> None:
    recipe = Recipe((Square(fill=(9, 99, 199)), Grayscale()), Png(format="png"), (0, 0, 0), Options(), 1024)
    image = Image.new("RGB", (4, 2), (255, 0, 0))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.png"
        image.save(path)
        outcome = prepare(Record("a.png", str(path), Labels()), recipe)
    pixels = decode_stored(outcome.samples[0].image, "png", Size(4, 4))
    assert (pixels[1:3] == 76).all()  # 0.299 * 255
    assert (pixels[[0, 3]] == (9, 99, 199)).all()


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("face_api_112", (122.782, 117.001, 255), (0, 0, (255 - 104.298) / 255)),
        ("face_api_150", (122.782, 117.001, 255), (0, 0, (255 - 104.298) / 256)),
        ("face_api_tiny", (117.001, 114.697, 0), (0, 0, -97.404 / 256)),
        ("face_api_ssd", (0, 255, 127.5), (-1, 255 * 0.0078431377 - 1, 127.5 * 0.0078431377 - 1)),
        ("face_api_mtcnn", (127.5, 0, 255), (0, -127.5 / 128, 127.5 / 128)),
        ("teachable_machine", (0, 127, 254), (-1, 0, 1)),
        ("minus_one_one", (0, 127.5, 255), (-1, 0, 1)),
        ("zero_one", (0, 51, 255), (0, 0.2, 1)),
        ("imagenet", (0.485 * 255, 0.456 * 255, 255), (0, 0, (1 - 0.406) / 0.225)),
    ],
)
def test_normalisations(name: Preset, x: tuple[float, ...], y: tuple[float, ...]) -> None:
    scale, offset = PRESETS[name]
    assert [a * s + o for a, s, o in zip(x, scale, offset, strict=True)] == pytest.approx(y, abs=1e-6)


def test_every_normalisation_is_tested_above() -> None:
    (marks,) = [mark for mark in test_normalisations.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert sorted(case[0] for case in marks.args[1]) == sorted(PRESETS)
