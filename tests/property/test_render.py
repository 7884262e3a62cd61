"""Rendered pixels against the plan: blobs, fill, fused and step by step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from dataprep.errors import PlanError
from dataprep.geometry import Affine, Rect, Size
from dataprep.labels import Boxes, Labels
from dataprep.passes import Color, Fill, Filter, Pass, Sides, Warp
from dataprep.plan import View
from dataprep.transforms.crop_to import CropTo
from dataprep.transforms.resize import Resize
from dataprep.transforms.rotate import Rotate
from dataprep.transforms.square import Square
from tests.pictures import render
from tests.strategies import (
    FILTERS,
    Cut,
    Resample,
    Step,
    Turn,
    chains,
    colors,
    cuts,
    fills,
    flips,
    pads,
    resamples,
    sizes,
    turns,
)

# The distance between a blob's centroid in the rendered pixels and the place that the affine gives it, output pixels.
# What is left of it is rounding to 8 bits, twice a pass.
TURNED_BOUND = 0.1
CENTROID_BOUND: dict[Filter, float] = {"area": 0.06, "bilinear": 0.06, "bicubic": 0.06, "lanczos": 0.1}


def noise(size: Size, seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size.height, size.width, 3), np.uint8))


def smooth(size: Size, seed: int) -> Image.Image:
    """A picture with at most two and a half waves a side, so that no size of 24 pixels or more loses them."""
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(size.width) + 0.5, np.arange(size.height) + 0.5)
    planes = []
    for _ in range(3):
        kx, ky = rng.uniform(0.5, 2.5) / size.width, rng.uniform(0.5, 2.5) / size.height
        phase = rng.uniform(0, 6)
        planes.append(127.5 + 100 * np.sin(kx * 2 * np.pi * x + phase) * np.cos(ky * 2 * np.pi * y))
    return Image.fromarray(np.rint(np.stack(planes, axis=2)).astype(np.uint8))


def step_by_step(image: Image.Image, chain: list[Step]) -> Image.Image:
    """Every step rendered for itself."""
    for step in chain:
        image = render(image, step.on(View.start(Size(*image.size))).passes)
    return image


def planned(size: Size, chain: list[Step]) -> View:
    view = View.start(size)
    for step in chain:
        if isinstance(step, Cut):
            x, y, cut = step.numbers(view.size)
            assume(not view.live.intersect(Rect(x, y, x + cut.width, y + cut.height)).empty)
        view = step.on(view)
    return view


def difference(a: Image.Image, b: Image.Image) -> int:
    return int(np.abs(np.asarray(a, np.int16) - np.asarray(b, np.int16)).max())


@given(sizes(), chains(of=st.one_of(cuts, pads(), flips)), st.integers(0, 99))
def test_fused_equals_step_by_step_to_the_byte_without_a_resample(size: Size, chain: list[Step], seed: int) -> None:
    image = noise(size, seed)
    view = planned(size, chain)
    assert difference(render(image, view.passes), step_by_step(image, chain)) == 0


before = st.lists(st.one_of(cuts, pads(), flips), max_size=3)
after = st.lists(st.one_of(pads(), flips), max_size=2)


@given(sizes(), before, resamples(), after, st.integers(0, 99))
def test_fused_equals_step_by_step_with_one_resample(
    size: Size, head: list[Step], middle: Step, tail: list[Step], seed: int
) -> None:
    chain = [*head, middle, *tail]
    image = noise(size, seed)
    # A flip may go to the other side of the resample, and the filter's weights are rounded from one side: 1 of 255.
    assert difference(render(image, planned(size, chain).passes), step_by_step(image, chain)) <= 1


@given(
    sizes(24, 90), chains(most=4, of=st.one_of(flips, resamples(("bilinear", "bicubic"), 24, 90))), st.integers(0, 99)
)
def test_fused_resamples_differ_from_repeated_ones_only_by_what_those_blur(
    size: Size, chain: list[Step], seed: int
) -> None:
    image = smooth(size, seed)
    one = render(image, planned(size, chain).passes)
    many = step_by_step(image, chain)
    # Every further resample blurs. Measured over 4,000 random chains: 3.0 in the mean at most, where half a pixel of
    # drift would be 3.3 for half of these pictures.
    found = np.abs(np.asarray(one, np.int16) - np.asarray(many, np.int16))
    assert found.mean() <= 4


@given(sizes(), cuts, st.lists(st.one_of(pads(), resamples(), flips), max_size=5), st.integers(0, 99))
def test_nothing_outside_a_cut_ever_shows(size: Size, cut: Cut, tail: list[Step], seed: int) -> None:
    view = planned(size, [cut, *tail])
    x, y, kept = cut.numbers(size)
    image, other = np.array(noise(size, seed)), np.array(noise(size, seed + 1))
    other[y : y + kept.height, x : x + kept.width] = image[y : y + kept.height, x : x + kept.width]
    first, second = (render(Image.fromarray(pixels), view.passes) for pixels in (image, other))
    assert difference(first, second) == 0


@given(st.data(), sizes(12, 120), st.floats(0, 0.5), st.booleans(), st.integers(8, 64), st.sampled_from(FILTERS))
def test_crop_to_an_object_then_square_shows_fill_and_never_the_scene(
    data: st.DataObject, size: Size, margin: float, twice: bool, side: int, filter: Filter
) -> None:
    x0, y0 = data.draw(st.integers(0, size.width - 4)), data.draw(st.integers(0, size.height - 4))
    x1, y1 = data.draw(st.integers(x0 + 3, size.width)), data.draw(st.integers(y0 + 3, size.height))
    scene, thing, fill = (0, 255, 0), (255, 0, 0), (0, 0, 255)
    labels = Labels(boxes=Boxes.of([[x0, y0, x1, y1]], [0]))
    view = View.start(size, labels)
    if twice:
        # A resize before the crop makes the object's edges fractional in the source.
        view = Resize(size=(size.width + 7, size.height + 3), filter=filter).plan(view)[0]
    (view,) = CropTo(target="boxes", margin=margin).plan(view)
    window = view.window.outward()
    (view,) = Square(by="pad", fill=fill).plan(view)
    (view,) = Resize(size=(side, side), filter=filter).plan(view)
    pixels = np.full((size.height, size.width, 3), scene, np.uint8)
    # The object, and all the margin that the crop may show; beyond it, with a pixel for the resize, is scene.
    reach = 4 if twice else 0
    pixels[
        max(0, int(window.y0) - reach) : int(window.y1) + reach, max(0, int(window.x0) - reach) : int(window.x1) + reach
    ] = thing
    rendered = np.asarray(render(Image.fromarray(pixels), view.passes))
    assert rendered[:, :, 1].max() == 0
    # Lanczos reaches furthest: 3 pixels, of the source where it enlarges and of the output where it shrinks.
    blur = int(3 * max(1.0, view.affine.a)) + 2
    live = view.live
    assert (rendered[:, : max(0, int(live.x0) - blur)] == fill).all()
    assert (rendered[: max(0, int(live.y0) - blur)] == fill).all()
    assert (rendered[:, int(live.x1) + blur :] == fill).all()
    assert (rendered[int(live.y1) + blur :] == fill).all()


@given(sizes(), colors, st.builds(Sides, *[st.integers(0, 9)] * 4), resamples())
def test_bars_have_the_exact_fill(size: Size, color: Color, sides: Sides, resample: Resample) -> None:
    view = resample.on(View.start(size)).pad(sides, Fill("constant", color))
    pixels = np.asarray(render(noise(size, 0), view.passes)).copy()
    inside = slice(sides.top, sides.top + resample.size.height), slice(sides.left, sides.left + resample.size.width)
    pixels[inside] = color
    assert (pixels == color).all()


@given(sizes(), st.builds(Sides, *[st.integers(0, 12)] * 4), fills, st.integers(0, 99))
def test_padding_is_numpys(size: Size, sides: Sides, fill: Fill, seed: int) -> None:
    image = noise(size, seed)
    widths = ((sides.top, sides.bottom), (sides.left, sides.right), (0, 0))
    if fill.mode == "constant":
        wanted = np.stack(
            [np.pad(np.asarray(image)[:, :, c], widths[:2], constant_values=fill.color[c]) for c in range(3)], axis=2
        )
    else:
        wanted = np.pad(np.asarray(image), widths, mode=fill.mode)
    found = render(image, View.start(size).pad(sides, fill).passes)
    assert np.array_equal(np.asarray(found), wanted)


@given(sizes(), st.builds(Sides, *[st.integers(0, 12)] * 4), fills, resamples(), st.integers(0, 99))
def test_bars_before_a_resize_are_resized_with_the_image(
    size: Size, sides: Sides, fill: Fill, resample: Resample, seed: int
) -> None:
    """To the byte what the filter makes of an image that has its bars already."""
    image = noise(size, seed)
    padded = render(image, View.start(size).pad(sides, fill).passes)
    whole = render(padded, resample.on(View.start(Size(*padded.size))).passes)
    view = resample.on(View.start(size).pad(sides, fill))
    assert len(view.passes) == 1
    assert difference(render(image, view.passes), whole) == 0


@given(sizes(), resamples(), cuts, st.integers(0, 99))
def test_a_cut_after_a_resize_is_a_part_of_it(size: Size, resample: Resample, cut: Cut, seed: int) -> None:
    image, whole = noise(size, seed), resample.on(View.start(size))
    view = cut.on(whole)
    if len(view.passes) > 1:
        return  # a cut of single fill pixels or the like has a pass of its own
    x, y, kept = cut.numbers(whole.size)
    wanted = render(image, whole.passes).crop((x, y, x + kept.width, y + kept.height))
    # The filter's weights are rounded from another edge: 1 of 255 a pass.
    assert difference(render(image, view.passes), wanted) <= 2


def blob(size: Size, x: float, y: float, sigma: tuple[float, float]) -> Image.Image:
    """A bright Gaussian, sampled at the pixels' centres."""
    gx = np.exp(-(((np.arange(size.width) + 0.5 - x) / sigma[0]) ** 2) / 2)
    gy = np.exp(-(((np.arange(size.height) + 0.5 - y) / sigma[1]) ** 2) / 2)
    plane = np.rint(250 * np.outer(gy, gx)).astype(np.uint8)
    return Image.fromarray(np.stack([plane] * 3, axis=2))


def centroid(image: Image.Image) -> tuple[float, float]:
    weight = np.asarray(image, np.float64)[:, :, 0]
    x, y = np.arange(image.width) + 0.5, np.arange(image.height) + 0.5
    return float((weight.sum(axis=0) * x).sum() / weight.sum()), float((weight.sum(axis=1) * y).sum() / weight.sum())


def least_scale(view: View) -> tuple[float, float]:
    """The smallest scale of what any pass of an axis-aligned view reads or gives, along each axis."""
    least, scale = np.ones(2), np.ones(2)
    for one in view.passes:
        assert isinstance(one, Pass)
        scale = scale * [one.size.width / one.box.width, one.size.height / one.box.height]
        least = np.minimum(least, scale)
    return float(least[0]), float(least[1])


@pytest.mark.parametrize("filter", FILTERS)
@given(data=st.data(), size=sizes(48, 160))
def test_labels_follow_blobs(filter: Filter, data: st.DataObject, size: Size) -> None:
    black = st.just(Fill("constant", (0, 0, 0)))
    step = st.one_of(cuts, pads(black), flips, resamples((filter,), 40, 160))
    view = planned(size, data.draw(st.lists(step, min_size=1, max_size=6)))
    # Wide enough to be sampled well before and after every pass: 2.5 pixels or more. A pass that shrinks to less and
    # one that enlarges again would enlarge the rounding between them, too.
    scale = least_scale(view)
    sigma = (2.5 / scale[0], 2.5 / scale[1])
    room = view.window
    # The whole blob must be scene: 4 sigma, where it has sunk below half a level.
    reach = (4 * sigma[0] + 2, 4 * sigma[1] + 2)
    assume(room.width > 2 * reach[0] and room.height > 2 * reach[1])
    x = data.draw(st.floats(room.x0 + reach[0], room.x1 - reach[0]))
    y = data.draw(st.floats(room.y0 + reach[1], room.y1 - reach[1]))
    rendered = render(blob(size, x, y, sigma), view.passes)
    wanted = view.affine.apply([(x, y)])[0]
    found = centroid(rendered)
    assert max(abs(found[0] - wanted[0]), abs(found[1] - wanted[1])) <= CENTROID_BOUND[filter]


def most_shrunk(view: View) -> float:
    """The smallest singular value of the map up to any pass: the most that any direction shrinks on the way."""
    least, linear = 1.0, np.eye(2)
    for one in view.passes:
        if isinstance(one, Warp):
            step = np.array([[one.affine.a, one.affine.b], [one.affine.d, one.affine.e]])
        else:
            step = np.diag([one.size.width / one.box.width, one.size.height / one.box.height])
        linear = step @ linear
        least = min(least, float(np.linalg.svd(linear, compute_uv=False)[1]))
    return least


@pytest.mark.parametrize("filter", FILTERS)
@given(data=st.data(), size=sizes(110, 200), turn=turns)
def test_labels_follow_blobs_through_turns(filter: Filter, data: st.DataObject, size: Size, turn: Turn) -> None:
    black = st.just(Fill("constant", (0, 0, 0)))
    around = st.lists(st.one_of(pads(black), flips, resamples((filter,), 90, 200)), max_size=2)
    view = planned(size, [*data.draw(around), replace(turn, filter=filter), *data.draw(around)])
    affine, region = view.affine, view.placement.region
    sigma = 2.5 / most_shrunk(view)
    # From the middle of the scene towards a corner, as far as the whole blob stays scene.
    middle, corner = np.mean(region.corners, axis=0), np.array(data.draw(st.sampled_from(region.corners)))
    way = [middle + share * (corner - middle) for share in np.linspace(data.draw(st.floats(0, 1)), 0, 8)]
    kept = [place for place in way if region.holds(place, -(4 * sigma + 3))]
    assume(kept)
    rendered = render(blob(size, kept[0][0], kept[0][1], (sigma, sigma)), view.passes)
    wanted, found = affine.apply(kept[0]), centroid(rendered)
    assert max(abs(found[0] - wanted[0]), abs(found[1] - wanted[1])) <= TURNED_BOUND


@given(sizes(2, 50), st.sampled_from([90, 180, 270]), st.integers(0, 99))
def test_quarter_turns_are_exact_to_the_byte(size: Size, degrees: int, seed: int) -> None:
    image = noise(size, seed)
    (view,) = Rotate(degrees=degrees, expand=True).plan(View.start(size))
    assert np.array_equal(np.asarray(render(image, view.passes)), np.rot90(np.asarray(image), degrees // 90))


@given(sizes(10, 60), turns)
def test_beyond_the_scene_there_is_only_fill(size: Size, turn: Turn) -> None:
    view = View.start(size)
    try:
        view = turn.on(view)
    except PlanError:
        assume(False)
    white = Image.new("RGB", size, (255, 255, 255))
    rendered = np.asarray(render(white, view.passes))[:, :, 0]
    x, y = np.meshgrid(np.arange(view.size.width) + 0.5, np.arange(view.size.height) + 0.5)
    centres = np.stack([x, y], axis=-1)
    # Half a pixel either way, where a pixel is partly both.
    assert (rendered[view.placement.scene.holds(centres, -1.0)] == 255).all()
    assert (rendered[~view.placement.scene.holds(centres, 1.0)] == 0).all()


def test_an_off_by_half_affine_would_be_seen() -> None:
    size, target = Size(120, 90), Size(50, 61)
    view = View.start(size).resample(target, "bicubic")
    found = centroid(render(blob(size, 70.3, 40.8, (7, 5)), view.passes))
    wrong = view.affine.then(Affine.translate(0.5, 0.5)).apply([(70.3, 40.8)])[0]
    assert abs(found[0] - wrong[0]) > 0.4
