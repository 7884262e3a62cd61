"""What the reader of labelme's files makes of them, and what it refuses, in which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from dataprep.convex import area
from dataprep.geometry import Size
from dataprep.labels import DIFFICULT, TRUNCATED
from dataprep.sources import Listing
from dataprep.sources.labelme import Labelme
from tests.listings import reasons, records, refusals

POINTS = {"keypoints": {"names": ["left", "right"], "pairs": [["left", "right"]]}}


def shape(kind: str, label: str, *points: list[float], **more: Any) -> dict[str, Any]:
    """As labelme 5 writes one."""
    plain: dict[str, Any] = {"group_id": None, "description": "", "flags": {}, "mask": None}
    return {"label": label, "points": list(points), "shape_type": kind, **plain, **more}


def picture(*shapes: Any, **more: Any) -> dict[str, Any]:
    """As labelme 5 writes one, with the picture embedded, as it does by default."""
    plain = {"imagePath": "a.jpg", "imageData": "iVBORw0KGgo=", "imageHeight": 48, "imageWidth": 64}
    return {"version": "5.5.0", "flags": {}, "shapes": list(shapes), **plain, **more}


BOX = shape("rectangle", "cat", [10, 20], [4, 30.5])
TRIANGLE = shape("polygon", "dog", [0, 0], [8, 0], [8, 4])


def read(root: Path, files: dict[str, Any], **options: Any) -> Listing:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return Labelme.model_validate({"format": "labelme", "root": ".", **options}).read(root, split_folders=False)


def one(root: Path, *shapes: Any, **options: Any) -> Any:
    """The record of one picture of these shapes."""
    return records(read(root, {"a.jpg": "", "a.json": picture(*shapes)}, **options))["a.jpg"]


def test_rectangles_are_boxes_however_they_were_drawn(tmp_path: Path) -> None:
    others: list[list[list[float]]] = [
        [[4, 20], [10, 30.5]],
        [[10, 30.5], [4, 20]],
        [[4, 20], [10, 20], [10, 30.5], [4, 30.5]],
    ]
    record = one(tmp_path, BOX, *(shape("rectangle", "dog", *points) for points in others))
    assert record.size == Size(64, 48)
    assert record.notes == ()
    assert record.labels.boxes.corners.tolist() == [[4, 20, 10, 30.5]] * 4
    assert record.labels.kinds() == ("boxes",)


def test_polygons_are_outlines_with_their_hull_as_box(tmp_path: Path) -> None:
    record = one(tmp_path, TRIANGLE, BOX)
    assert record.labels.boxes.corners.tolist() == [[0, 0, 8, 4], [4, 20, 10, 30.5]]
    (outline,), nothing = record.labels.polygons.rings
    assert outline.tolist() == [[0, 0], [8, 0], [8, 4]] and nothing == ()
    assert record.labels.linked
    assert record.labels.polygons.classes.tolist() == record.labels.boxes.classes.tolist() == [1, 0]


def test_a_circle_is_its_middle_and_a_point_on_it(tmp_path: Path) -> None:
    record = one(tmp_path, shape("circle", "ball", [20, 30], [23, 26]))  # of radius 5
    np.testing.assert_allclose(record.labels.boxes.corners, [[15, 25, 25, 35]], rtol=0, atol=1e-12)
    ((ring,),) = record.labels.polygons.rings
    np.testing.assert_allclose(np.hypot(*(ring - [20, 30]).T), 5, atol=1e-12)
    np.testing.assert_allclose([*ring.min(axis=0), *ring.max(axis=0)], [15, 25, 25, 35], atol=1e-12)
    assert 0.998 * np.pi * 25 < area(ring) < np.pi * 25


@pytest.mark.parametrize("kind", ["rotation", "oriented_rectangle"])
def test_rectangles_at_an_angle_are_outlines(tmp_path: Path, kind: str) -> None:
    record = one(tmp_path, shape(kind, "ship", [5, 0], [10, 5], [5, 10], [0, 5]))
    assert record.labels.boxes.corners.tolist() == [[0, 0, 10, 10]]
    assert len(record.labels.polygons.rings[0][0]) == 4


def test_parts_of_one_group_are_one_instance(tmp_path: Path) -> None:
    left = shape("polygon", "dog", [0, 0], [8, 0], [8, 4], group_id=1)
    right = shape("polygon", "dog", [20, 4], [28, 0], [20, 0], group_id=1)  # the other way round
    other = shape("polygon", "cat", [1, 1], [2, 1], [2, 2], group_id=1)
    labels = one(tmp_path, left, other, right).labels
    assert labels.boxes.corners.tolist() == [[0, 0, 28, 4], [1, 1, 2, 2]]
    both, _ = labels.polygons.rings
    assert [ring.tolist() for ring in both] == [[[0, 0], [8, 0], [8, 4]], [[20, 0], [28, 0], [20, 4]]]
    assert len(one(tmp_path, left, other, right, groups="ignore").labels.boxes) == 3


def test_a_rectangle_is_the_box_of_its_group(tmp_path: Path) -> None:
    box = shape("rectangle", "dog", [0, 0], [30, 30], group_id=2)
    labels = one(tmp_path, {**TRIANGLE, "group_id": 2}, box).labels
    assert labels.boxes.corners.tolist() == [[0, 0, 30, 30]]
    assert len(labels.polygons.rings[0]) == 1
    listing = read(tmp_path, {"a.json": picture(box, box), "b.jpg": "", "b.json": picture(BOX)})
    assert reasons(listing)["a.jpg"] == "bad_box"
    assert "shapes[1]: another rectangle 'dog' has the group_id 2" in refusals(listing)["a.jpg"].note


def nose(label: str, x: float, y: float, group: int | None = None) -> dict[str, Any]:
    return shape("point", label, [x, y], group_id=group)


def test_points_of_the_only_instance_need_no_group(tmp_path: Path) -> None:
    labels = one(tmp_path, nose("right", 3, 4), BOX, nose("left", 1, 2), **POINTS).labels
    assert labels.keypoints.points.tolist() == [[[1, 2, 2], [3, 4, 2]]]
    assert labels.linked and len(labels.boxes) == 1
    labels = one(tmp_path, nose("right", 3, 4), **POINTS).labels
    assert labels.keypoints.points.tolist() == [[[0, 0, 0], [3, 4, 2]]]
    assert labels.kinds() == ("keypoints",) and not labels.linked


def test_points_go_by_group(tmp_path: Path) -> None:
    boxes = [{**BOX, "group_id": 1}, {**BOX, "group_id": 2}, {**TRIANGLE, "group_id": 3}]
    # One box of each of two labels: three instances, of which the second has no points.
    labels = one(
        tmp_path, *boxes, nose("left", 1, 2, 3), nose("left", 5, 6, 1), nose("right", 7, 8, 3), **POINTS
    ).labels
    assert labels.keypoints.points.tolist() == [
        [[5, 6, 2], [0, 0, 0]],
        [[0, 0, 0], [0, 0, 0]],
        [[1, 2, 2], [7, 8, 2]],
    ]
    assert labels.linked
    labels = one(tmp_path, nose("left", 1, 2, 7), nose("left", 3, 4, 5), nose("right", 5, 6, 7), **POINTS).labels
    assert labels.keypoints.points.tolist() == [[[1, 2, 2], [5, 6, 2]], [[3, 4, 2], [0, 0, 0]]]


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ([BOX, BOX, nose("left", 1, 2)], "shapes[2]: 'left' has no group_id, which is that of 0 of 2 instances"),
        ([BOX, nose("left", 1, 2, 4)], "shapes[1]: 'left' has the group_id 4, which is that of 0 of 1 instances"),
        ([BOX, nose("left", 1, 2), nose("left", 3, 4)], "shapes[2]: a second 'left' in one instance"),
        ([nose("lefd", 1, 2)], "shapes[0]: no keypoint is called 'lefd'; did you mean left?"),
        ([shape("point", "left", [1, 2], [3, 4])], "shapes[0] (point), points: wanted 1, found 2"),
    ],
)
def test_points_that_belong_nowhere(tmp_path: Path, shapes: list[Any], words: str) -> None:
    files = {"a.jpg": "", "a.json": picture(*shapes), "b.jpg": "", "b.json": picture(BOX)}
    listing = read(tmp_path, files, **POINTS)
    assert reasons(listing)["a.jpg"] == "bad_keypoint"
    assert words in refusals(listing)["a.jpg"].note


@pytest.mark.parametrize("kind", ["mask", "line", "linestrip", "points", "hexagon", "point"])
def test_shapes_that_are_no_labels(tmp_path: Path, kind: str) -> None:
    files = {"a.jpg": "", "a.json": picture(BOX, shape(kind, "x", [1, 2])), "b.jpg": "", "b.json": picture(BOX)}
    listing = read(tmp_path, files)
    assert reasons(listing)["a.jpg"] == "unsupported_shape"
    assert "a.json, shapes[1]" in refusals(listing)["a.jpg"].note and "source.shapes" in refusals(listing)["a.jpg"].note
    # Left out by choice, they are a note.
    record = records(read(tmp_path, {}, shapes=["rectangle"]))["a.jpg"]
    assert record.notes == (f"{'shape' if kind == 'hexagon' else kind}_left_out",)
    assert record.labels.boxes is not None and len(record.labels.boxes) == 1


def test_declared_shapes_leave_others_out(tmp_path: Path) -> None:
    record = one(tmp_path, BOX, TRIANGLE, shape("polygon", "x", [1, 2]), shapes=["rectangle"])
    assert record.notes == ("polygon_left_out",)
    assert record.labels.kinds() == ("boxes",)


def test_flags_of_shapes(tmp_path: Path) -> None:
    flags = [{"difficult": True, "truncated": True, "crowd": False}, {"blurred": False}, {"blurred": True}]
    record = one(tmp_path, *({**BOX, "flags": one} for one in flags), {**BOX, "difficult": True, "flags": None})
    assert record.labels.boxes.flags.tolist() == [DIFFICULT + TRUNCATED, 0, 0, DIFFICULT]
    assert record.notes == ("shape_flags_left_out",)


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("attributes", (None, None, {"cat": "true", "day": "true", "dog": "false"})),
        ("tags", (None, (0, 1), None)),
        ("ignore", (None, None, None)),
    ],
)
def test_flags_of_the_image(tmp_path: Path, how: str, wanted: Any) -> None:
    flags = {"cat": True, "dog": False, "day": True}
    labels = records(read(tmp_path, {"a.jpg": "", "a.json": picture(flags=flags)}, flags=how))["a.jpg"].labels
    assert (labels.class_id, labels.tags, labels.attributes) == wanted


def test_a_flag_may_be_the_class(tmp_path: Path) -> None:
    files: dict[str, Any] = {}
    for name, flags in {"a": {"cat": False, "dog": True}, "b": {"cat": True, "dog": True}, "c": {"cat": False}}.items():
        files |= {f"{name}.jpg": "", f"{name}.json": picture(flags=flags)}
    listing = read(tmp_path, files, flags="class")
    assert listing.classes == ("dog",)
    assert {key: record.labels.class_id for key, record in records(listing).items()} == {"a.jpg": 0, "c.jpg": None}
    assert reasons(listing)["b.jpg"] == "bad_annotation"
    assert "cat and dog are set; an image has one class" in refusals(listing)["b.jpg"].note


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        ("{", "bad_annotation", "a.json: no JSON that can be read"),
        ("[]", "bad_annotation", "wanted an object with shapes, as labelme writes, found a list of 0"),
        ({"images": []}, "bad_annotation", "found the keys images"),
        ({"shapes": {}}, "bad_annotation", "shapes: wanted a list, found an object"),
        (picture(5), "bad_annotation", "shapes[0]: wanted an object, found 5"),
        (picture({**BOX, "label": " "}), "bad_annotation", "shapes[0], label: wanted a text, found none"),
        (picture({**BOX, "label": 1.5}), "bad_annotation", "shapes[0], label: wanted a text, found 1.5"),
        (picture({**BOX, "group_id": [1]}), "bad_annotation", "group_id: wanted a number or null"),
        (picture({**BOX, "shape_type": 3}), "bad_annotation", "shape_type: wanted a text, found 3"),
        (picture({**BOX, "points": [[1, 2], [3]]}), "bad_annotation", "points[1]: wanted x and y, found a list of 1"),
        (picture({**BOX, "points": [[1, 2], [3, "4"]]}), "bad_number", "points[1]: wanted a finite number, found '4'"),
        (picture({**BOX, "points": [[1, 2], [3, 1e9]]}), "bad_number", "points[1]: wanted a finite number up to"),
        (picture({**BOX, "points": [[1, 2]]}), "bad_box", "wanted two corners, found 1"),
        (picture({**BOX, "points": [[0, 0], [2, 2], [2, 0], [0, 2]]}), "bad_box", "upright rectangle"),
        (picture(shape("polygon", "x", [1, 2], [3, 4])), "bad_polygon", "wanted three or more, found 2"),
        (picture(shape("circle", "x", [1, 2])), "bad_polygon", "wanted 2, found 1"),
        (picture(flags={"a": 1}), "bad_annotation", "flags, 'a': wanted true or false, found 1"),
        (picture(imageWidth=1.5), "bad_number", "whole pixels, found 1.5"),
        (picture(imageWidth="9" * 3), "bad_number", "imageWidth and imageHeight, the width: wanted a finite number"),
    ],
)
def test_a_bad_file_costs_its_image_only(tmp_path: Path, content: Any, reason: str, words: str) -> None:
    listing = read(tmp_path, {"a.jpg": "", "a.json": content, "b.jpg": "", "b.json": picture(BOX)})
    assert reasons(listing)["a.jpg"] == reason
    assert words in refusals(listing)["a.jpg"].note
    assert list(records(listing)) == ["b.jpg"]
    assert listing.classes == ("cat",)


def test_files_of_old_versions(tmp_path: Path) -> None:
    # Without types, sizes and groups: a polygon was all that there was.
    old = {"shapes": [{"label": "dog", "points": [[0, 0], [8, 0], [8, 4]], "line_color": None}], "imagePath": "a.jpg"}
    record = records(read(tmp_path, {"a.jpg": "", "a.json": old}))["a.jpg"]
    assert record.size is None and record.labels.polygons is not None
    assert len(record.labels.polygons.rings) == 1


def test_the_name_of_the_image_may_be_out_of_date_and_is_said_to_be(tmp_path: Path) -> None:
    files = {"sub/a.jpg": "", "json/sub/a.json": picture(BOX, imagePath="..\\..\\sub\\a.jpg")}
    files |= {"sub/b.jpg": "", "json/sub/b.json": picture(BOX, imagePath="old.jpg")}
    files |= {"sub/c.jpg": "", "sub/c.png": "", "json/sub/c.json": picture(BOX, imagePath="c.png")}
    files |= {"sub/d.jpg": "", "json/sub/d.jpg.json": picture(BOX, imagePath=7), "json/sub/lost.json": picture(BOX)}
    listing = read(tmp_path, files, annotations="json")
    assert {key: record.notes for key, record in records(listing).items()} == {
        "sub/a.jpg": (),
        "sub/b.jpg": ("other_image_name",),
        "sub/c.jpg": ("no_annotation",),
        "sub/c.png": (),
        "sub/d.jpg": (),
    }
    found = {key: reason for key, reason in reasons(listing).items() if reason != "not_an_image"}
    assert found == {"json/sub/lost.json": "missing_image"}


def test_what_is_missing_is_told_apart(tmp_path: Path) -> None:
    files = {"a.jpg": "", "a.json": picture(BOX), "bare.jpg": "", "empty.jpg": "", "empty.json": picture()}
    listing = read(tmp_path, files, **POINTS)
    found = records(listing)
    assert {key: (record.notes, len(record.labels.boxes or ())) for key, record in found.items()} == {
        "a.jpg": ((), 1),
        "bare.jpg": (("no_annotation",), 0),
        "empty.jpg": (("other_image_name",), 0),
    }
    assert {key: record.labels.kinds() for key, record in found.items()} == dict.fromkeys(found, ("boxes", "keypoints"))
    assert reasons(read(tmp_path, {}, unannotated="filter", **POINTS))["bare.jpg"] == "no_annotation"


def test_points_want_names() -> None:
    with pytest.raises(ValidationError, match="points want a key 'keypoints'"):
        Labelme.model_validate({"format": "labelme", "root": ".", "shapes": ["point"]})
