"""The pictures for people: what they mark, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from dataprep.errors import DataprepError
from dataprep.geometry import Affine, Size
from dataprep.inputs import Record
from dataprep.labels import CROWD, DIFFICULT, NOT_VISIBLE, TRUNCATED, VISIBLE, Boxes, Keypoints, Labels, Polygons
from dataprep.manifest import load
from dataprep.plan import Options, View
from dataprep.sample.frame import draw_frames
from dataprep.transforms import Transform, transforms
from dataprep.verify import storyboard as boards
from dataprep.verify.cell import MARGIN, rendered, summary, view_cell
from dataprep.verify.chain import Stage, parameters, stages
from dataprep.verify.hatch import fill_of
from dataprep.verify.ink import PALETTE, PANEL, font, wrapped
from dataprep.verify.overlay import enlarged, fitting, overlay
from dataprep.verify.preview import Sheet, preview, preview_chain

Bools = npt.NDArray[np.bool_]
SIDE = 224

MANIFEST = """
name: faces
source:
  format: csv
  root: .
  images: images
  annotations: faces.csv
  columns: {class: expression, boxes: {corners: [x0, y0, x1, y1]}, points: "{name}_x, {name}_y"}
  coordinates: continuous
  keypoints: {names: [nose]}
split: {by: hash, train: 1, val: 0, test: 0}
transforms:
"""
STEPS = """
  - crop_to: {margin: 0.25, each: true}
  - square: {by: pad, fill: [0, 0, 0]}
  - resize: {size: [64, 64]}
"""


@pytest.fixture
def faces(tmp_path: Path) -> Callable[[str], Path]:
    """Four drawn faces; give it the transforms, and get the manifest."""
    frames = draw_frames(0)[:4]
    (tmp_path / "images").mkdir()
    lines = ["file,expression,x0,y0,x1,y1,nose_x,nose_y"]
    for frame in frames:
        (tmp_path / "images" / frame.name).write_bytes(frame.encode())
        lines.append(
            ",".join(
                [
                    frame.name,
                    frame.expression,
                    *(f"{value:.2f}" for value in (*frame.box(), *frame.landmarks()["nose"])),
                ]
            )
        )
    lines.append(lines[-1].replace(frames[-1].name, "gone.jpg"))
    (tmp_path / "faces.csv").write_text("\n".join(lines))

    def write(steps: str) -> Path:
        (tmp_path / "m.yaml").write_text(MANIFEST + steps)
        return tmp_path / "m.yaml"

    return write


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """Noise of middling brightness, 90 x 60: not a pixel of it looks like fill, or like a line over it."""
    values = np.random.default_rng(0).integers(100, 140, (60, 90, 3))
    return Image.fromarray(values.astype(np.uint8))


def step(name: str, **given: Any) -> Transform:
    return transforms()[name](**given)


def after(view: View, *steps: Transform) -> View:
    for one in steps:
        (view,) = one.plan(view)
    return view


def drawn(image: Image.Image, view: View) -> npt.NDArray[np.int64]:
    return np.array(view_cell(image, view, ["a", "b"], SIDE), np.int64)


def panels(sheet: Image.Image) -> int:
    """How many panels there are: each begins once in the column of pixels just inside its left edge."""
    ground = (np.array(sheet) == PANEL).all(axis=2)
    columns = ground[:, boards._GAP + 1 :: boards._WIDTH + boards._GAP]
    return int((columns[1:] & ~columns[:-1]).sum())


# The chain


def test_a_stage_for_the_source_and_one_for_each_step(photo: Image.Image) -> None:
    start = View.start(Size(*photo.size))
    found = stages(start, [step("tile", size=(40, 30)), step("resize", size=(8, 8), mode="fit")])
    assert [(stage.name, len(stage.views)) for stage in found] == [("source", 1), ("tile", 6), ("resize", 6)]
    assert [stage.views[0].size for stage in found] == [Size(90, 60), Size(40, 30), Size(8, 6)]


def test_one_sample_s_way(photo: Image.Image) -> None:
    steps = [step("tile", size=(40, 30)), step("random_flip", variants=2)]
    every = stages(View.start(Size(*photo.size)), steps)
    way = stages(View.start(Size(*photo.size)), steps, 7)
    assert [len(stage.views) for stage in every] == [1, 6, 12]
    places = [[view.affine for view in stage.views] for stage in way]
    assert places == [[Affine()], [every[1].views[3].affine], [every[2].views[7].affine]]
    assert [len(stage.views) for stage in stages(View.start(Size(*photo.size)), steps, 12)] == [1, 6, 12]


def test_a_step_that_can_t_be_applied_ends_the_chain() -> None:
    boxes = Boxes.of([[0, 0, 20, 20], [0, 0, 50, 50]])
    view = View.start(Size(60, 60), Labels(boxes=boxes))
    steps = [step("crop_to", each=True), step("center_crop", size=(30, 30)), step("resize", size=(8, 8))]
    found = stages(view, steps)
    assert [stage.name for stage in found] == ["source", "crop_to", "center_crop"]
    assert found[2].problem.startswith("rejected, crop_outside: the crop (-5, -5)")
    (nothing,) = stages(View.start(Size(9, 9)), [step("crop_to")])[1:]
    assert nothing.problem.startswith("filtered, no_target: ")
    assert nothing.views == ()


def test_parameters_are_those_of_the_manifest_the_shared_last() -> None:
    assert parameters(step("square", fill=(1, 2, 3), by="pad")) == "by: pad, fill: [1, 2, 3]"
    assert parameters(step("align", size=(8, 8), template={"a": (1, 2.5), "b": (3, 4)})) == (
        "size: [8, 8], template: {a: [1, 2.5], b: [3, 4]}"
    )
    assert parameters(step("crop_to", each=True)) == "each: true"
    assert parameters(step("grayscale")) == ""


# One view


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [step("pad", left=7, bottom=3)],
        [step("pad", top=9, fill="reflect"), step("resize", size=(33, 47))],
        [step("rotate", degrees=25, fill=(255, 255, 255))],
        [step("rotate", degrees=10, expand=True), step("resize", size=(64, 64), mode="letterbox", fill=(9, 9, 9))],
    ],
)  # fmt: skip
def test_stripes_lie_on_fill_and_nowhere_else(photo: Image.Image, steps: list[Transform]) -> None:
    view = after(View.start(Size(*photo.size)), *steps)
    plain = enlarged(rendered(photo, view), fitting(view.size, SIDE))
    cell = drawn(photo, view)
    changed: Bools = (cell[MARGIN:-MARGIN, MARGIN:-MARGIN] != np.array(plain)).any(axis=2)
    to_cell = Affine.scale(plain.width / view.size.width, plain.height / view.size.height)
    fill = fill_of(plain.size, view.placement.scene.map(to_cell))
    assert not changed[~fill].any()
    assert fill.any() == bool(steps)
    # A light or a dark stripe shows on any colour, whichever the fill has: a share of it at least.
    assert not steps or changed[fill].mean() > 0.15


def test_stripes_begin_at_the_scene_s_edge(photo: Image.Image) -> None:
    view = after(View.start(Size(*photo.size)), step("pad", left=7, bottom=3))
    plain = np.array(enlarged(rendered(photo, view), 2))
    changed = (drawn(photo, view)[MARGIN:-MARGIN, MARGIN:-MARGIN] != plain).any(axis=2)
    assert changed.shape == (126, 194)
    assert changed[:120, :14].any(axis=0).all() and changed[120:, 14:].any(axis=1).all()
    assert not changed[:120, 14:].any()


def test_what_a_crop_cut_off_a_box_is_marked_beyond_the_edge(photo: Image.Image) -> None:
    box = Labels(boxes=Boxes.of([[10, 20, 60, 40]], [1]))
    whole = drawn(photo, after(View.start(Size(90, 60), box), step("crop", x=5, y=5, size=(80, 50))))
    cut = drawn(photo, after(View.start(Size(90, 60), box), step("crop", x=5, y=5, size=(40, 50))))
    right = slice(cut.shape[1] - MARGIN + 4, None)
    assert (whole[40:, -MARGIN:] == PANEL).all()
    marked = (cut[:, right] != PANEL).any(axis=2)
    scale = fitting(Size(40, 50), SIDE)
    # The box spans y 15…35 of the crop, and only there something is cut away.
    inside = np.zeros(len(cut), np.bool_)
    inside[round(MARGIN + 15 * scale) - 3 : round(MARGIN + 35 * scale) + 3] = True
    assert marked[inside][4:-4].all()
    assert not marked[~inside].any()
    # What stays is outlined, not tinted.
    bare = drawn(photo, after(View.start(Size(90, 60)), step("crop", x=5, y=5, size=(40, 50))))
    core = np.s_[round(MARGIN + 24 * scale) : round(MARGIN + 33 * scale), MARGIN + 60 : -MARGIN - 8]
    assert (cut[core] == bare[core]).all()
    assert summary(after(View.start(Size(90, 60), box), step("crop", x=5, y=5, size=(40, 50))))[1:] == ["clipped 1"]


def test_what_a_turn_cut_off_is_marked_on_the_fill_only(photo: Image.Image) -> None:
    corner = Labels(polygons=Polygons.of([[[[2, 2], [88, 2], [88, 58], [2, 58]]]]))
    steps = [step("crop", x=0, y=0, size=(60, 60)), step("pad", right=30)]
    start = View.start(Size(90, 60), corner)
    with_label, without = drawn(photo, after(start, *steps)), drawn(photo, after(View.start(Size(90, 60)), *steps))
    changed = (with_label != without).any(axis=2)
    scale = fitting(Size(90, 60), SIDE)
    bar = changed[MARGIN:-MARGIN, round(MARGIN + 62 * scale) : round(MARGIN + 86 * scale)]
    assert bar[8:-8].all()  # the polygon would reach to x = 88
    assert not changed[:, -MARGIN + 4 :].any()


def test_dropped_and_whole_labels(photo: Image.Image) -> None:
    labels = Labels(
        boxes=Boxes.of([[0, 0, 10, 10], [40, 0, 60, 20], [70, 0, 80, 9]]), keypoints=Keypoints.of([[[80, 5, 2]]])
    )
    view = after(View.start(Size(90, 60), labels, Options(min_visible=0.6)), step("crop", x=0, y=0, size=(50, 60)))
    assert summary(view) == ["50 x 60", "box_outside 1", "box_min_visible 1", "keypoint_outside 1"]
    bare = after(View.start(Size(90, 60), Labels()), step("crop", x=0, y=0, size=(50, 60)))
    changed = (drawn(photo, view) != drawn(photo, bare)).any(axis=2)
    scale = fitting(Size(50, 60), SIDE)
    # The dropped box is shown where it is in sight, x 40…50; its part beyond is a sea of neighbours in a tile.
    assert changed[MARGIN : round(MARGIN + 18 * scale), round(MARGIN + 41 * scale) : -MARGIN].all()
    assert not changed[round(MARGIN + 10 * scale) :, -MARGIN + 4 :].any()


def test_a_gray_scene_is_drawn_gray(photo: Image.Image) -> None:
    view = after(View.start(Size(90, 60)), step("grayscale"), step("pad", left=30, fill=(200, 0, 0)))
    pixels = np.array(rendered(photo, view))
    assert (pixels[:, 30:] == pixels[:, 30:, :1]).all()
    assert (pixels[:, :30] == (200, 0, 0)).all()


# Labels


def over(labels: Labels, classes: tuple[str, ...] = ("a", "b", "c")) -> npt.NDArray[np.int64]:
    """Labels of an image of 50 x 40, four times as large, over white."""
    white = Image.new("RGB", (200, 160), (255, 255, 255))
    return np.array(overlay(white, labels, classes, Affine.scale(4, 4)), np.int64)


def touched(pixels: npt.NDArray[np.int64]) -> Bools:
    return np.asarray((pixels != 255).any(axis=2))


def test_a_mask_covers_its_classes_and_leaves_index_0_clear() -> None:
    mask = np.zeros((40, 50), np.uint8)
    mask[10:30, 10:20], mask[10:30, 20:40] = 2, 255
    pixels = over(Labels(mask=mask))
    assert (touched(pixels)[40:120, 40:160]).sum() > 80 * 38
    assert not touched(pixels)[:39].any()
    share = (255 - pixels[80, 60]) / (255 - np.array(PALETTE[2]))
    assert share.min() > 0.3 and share.max() < 0.45
    assert (pixels[80, 120] == 255).all()  # an index that no class has is white, as on a box without class
    assert pixels[80, 40].sum() < pixels[80, 60].sum()  # the edge is stronger


def test_points_that_are_not_visible_are_hollow() -> None:
    gray = Image.new("RGB", (200, 160), (90, 90, 90))
    points = Keypoints.of(np.array([[[10.125, 10.125, VISIBLE], [30.125, 10.125, NOT_VISIBLE], [40, 30, 0]]]))
    pixels = np.array(overlay(gray, Labels(keypoints=points), (), Affine.scale(4, 4)))
    assert (pixels[40, 40] == 255).all()
    assert (pixels[40, 120] == 90).all()
    assert (pixels[36:44, 114:127] != 90).any()
    assert (pixels[100:, 130:] == 90).all()


@pytest.mark.parametrize(("flags", "dashed"), [(0, False), (TRUNCATED, False), (CROWD, True), (DIFFICULT, True)])
def test_crowds_and_difficult_boxes_are_dashed(flags: int, dashed: bool) -> None:
    pixels = over(Labels(boxes=Boxes.of([[5, 10, 45, 30]], flags=[flags])))
    assert touched(pixels)[119:121, 24:176].any(axis=0).all() == (not dashed)


def test_flags_are_named_where_there_is_room() -> None:
    def chip(width: int, flags: int) -> int:
        pixels = over(Labels(boxes=Boxes.of([[1, 1, 1 + width, 30]], [0], [flags])))
        return int((pixels[6, :] == PALETTE[0]).all(axis=1).sum())

    assert chip(45, 0) < chip(45, TRUNCATED) > chip(5, TRUNCATED) > chip(5, 0)


def test_tags_stand_beside_the_class_once_each() -> None:
    one, both = over(Labels(class_id=1)), over(Labels(class_id=1, tags=(1, 2)))
    colors = [(PALETTE[index] == both[2]).all(axis=1).any() for index in range(3)]
    assert colors == [False, True, True]
    assert touched(both).sum() > touched(one).sum()


def test_a_polygon_is_outlined_and_tinted() -> None:
    pixels = over(Labels(polygons=Polygons.of([[[[10, 10], [40, 10], [25, 30]]]], [1])))
    assert touched(pixels)[60, 100]
    assert not touched(pixels)[100, 45]
    assert (pixels[40, 60:140].min(axis=1) < pixels[60, 100].min()).all()


def test_the_canvas_is_left_alone() -> None:
    white = Image.new("RGB", (20, 20), (255, 255, 255))
    labels = Labels(0, boxes=Boxes.of([[1, 1, 9, 9]]), mask=np.ones((20, 20), np.uint8))
    overlay(white, labels, ("a",), Affine())
    assert not touched(np.array(white, np.int64)).any()


# The picture


def test_a_chain_has_a_panel_for_each_step(faces: Callable[[str], Path], tmp_path: Path) -> None:
    for count, steps in ((4, STEPS), (1, "  []"), (6, "  - flip\n  - flip\n  - flip\n  - flip\n  - flip\n")):
        preview_chain(load(faces(steps)), tmp_path / "p.png", "s000_00.jpg")
        with Image.open(tmp_path / "p.png") as sheet:
            assert panels(sheet) == count


def test_no_more_than_a_few_views_are_shown(photo: Image.Image) -> None:
    found = stages(View.start(Size(*photo.size)), [step("tile", size=(10, 10))])
    assert len(found[1].views) == 54
    panel = boards._panel(1, photo, found[1], [])
    assert (len(panel.cells), panel.foot) == (boards.MOST, ["and 48 more of 54"])


def test_a_failing_step_says_so_in_its_panel(photo: Image.Image) -> None:
    found = stages(View.start(Size(*photo.size)), [step("center_crop", size=(100, 100))])
    panel = boards._panel(1, photo, found[1], [])
    assert panel.cells == []
    assert " ".join(panel.foot) == found[1].problem
    assert panels(boards.storyboard(photo, found, [], ["a.jpg", "split train"])) == 2


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("s000_0.jpg", "; did you mean s000_0"),
        ("zzz", "no record has the key 'zzz'; keys are such as s000_00.jpg, s000_01.png, s000_02.jpg"),
        ("s000_00.jpg::x", "no record has the key"),
        ("faces.csv:6", "rejected, missing_image"),
    ],
)
def test_keys_that_are_none(faces: Callable[[str], Path], tmp_path: Path, key: str, message: str) -> None:
    with pytest.raises(DataprepError, match=message.replace("'", ".")):
        preview_chain(load(faces(STEPS)), tmp_path / "p.png", key)
    assert not (tmp_path / "p.png").exists()


def test_an_image_that_can_t_be_decoded_is_named(faces: Callable[[str], Path], tmp_path: Path) -> None:
    manifest = faces(STEPS)
    (tmp_path / "images/s000_00.jpg").write_bytes(b"\xff\xd8\xff no more")
    with pytest.raises(DataprepError, match=r"^s000_00\.jpg: "):
        preview_chain(load(manifest), tmp_path / "p.png", "s000_00.jpg")
    assert len(preview(load(manifest), tmp_path / "sheet.png", 4)) == 1


def test_a_chain_is_of_the_record_s_own_split(
    faces: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    varied = faces("  - random_flip: {variants: 4, p: 0.5}\n")
    text = varied.read_text()
    seen: list[tuple[str, int]] = []

    def spy(start: View, steps: Sequence[Transform], sample: int | None) -> list[Stage]:
        found = stages(start, steps, sample)
        seen.append((start.origin.split, len(found[-1].views)))
        return found

    monkeypatch.setattr("dataprep.verify.preview.stages", spy)
    for shares in ("train: 1, val: 0", "train: 0, val: 1"):
        varied.write_text(text.replace("train: 1, val: 0", shares))
        preview_chain(load(varied), tmp_path / "p.png", "s000_00.jpg")
    preview_chain(load(faces(STEPS)), tmp_path / "p.png", "s000_00.jpg::0")
    assert seen == [("train", 4), ("val", 1), ("train", 1)]


def test_a_record_of_another_size_than_its_annotation_is_not_drawn(photo: Image.Image, tmp_path: Path) -> None:
    photo.save(tmp_path / "a.png")
    record = Record("a.png", str(tmp_path / "a.png"), Labels(), Size(60, 90), split="train")
    sheet = Sheet((), (), (0, 0, 0), Options())
    with pytest.raises(DataprepError, match="annotation is for 60 x 90 pixels, the image has 90 x 60"):
        sheet.draw_chain(record)
    assert sheet.draw([record])[1] == [
        "a.png: the annotation is for 60 x 90 pixels, the image has 90 x 60; width and height are exchanged: mend "
        "them, or annotate this image again",
    ]
    assert sheet.draw([record._replace(size=None)])[1] == []


def test_lines_break_at_spaces_and_end_in_an_ellipsis() -> None:
    letters = font(12)
    text = "one two three four " + "x" * 60
    lines = wrapped(text, letters, 90, 9)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(letters.getlength(line) <= 90 for line in lines)
    assert wrapped(text, letters, 90, 1)[0].endswith("…")
    assert wrapped("", letters, 90) == [""]


def test_an_instance_has_its_name_once() -> None:
    ring = np.array([[60.0, 40.0], [100.0, 100.0], [20.0, 100.0]])
    boxes, polygons = Boxes.of([[20, 40, 100, 100]], [0]), Polygons.of([[ring]], [0])
    grey = Image.new("RGB", (120, 120), (128, 128, 128))
    linked, apart = (
        np.asarray(overlay(grey, Labels(boxes=boxes, polygons=polygons, linked=linked), ["cat"], Affine()))
        for linked in (True, False)
    )
    # The outline's name would stand at its top, on full colour; the box's stands at its corner.
    full, once = ((one == np.array(PALETTE[0])).all(axis=2)[44:52, 60:62] for one in (apart, linked))
    assert full.all() and not once.all()
    np.testing.assert_array_equal(linked[40:55, 20:40], apart[40:55, 20:40])
