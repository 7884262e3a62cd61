"""What the reader of face-api.js's files makes of them, and what it refuses, in which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dataprep.geometry import Size
from dataprep.sources import Listing
from dataprep.sources.face_api import FaceApi
from tests.listings import reasons, records, refusals

TWO = {"names": ["left", "right"], "pairs": [["left", "right"]]}
LANDMARKS: dict[str, Any] = {"holds": "landmarks", "coordinates": "continuous", "keypoints": TWO}
BOXES: dict[str, Any] = {"holds": "boxes", "coordinates": "relative"}


def point(x: float, y: float) -> dict[str, float]:
    return {"x": x, "y": y}


def private(value: Any) -> Any:
    """As the library's own objects are written: each name with a line before it."""
    if isinstance(value, list):
        return [private(one) for one in value]
    return {f"_{name}": one for name, one in value.items()}


FACE = [point(1, 2), point(3.5, 4)]
BOX = {"x": 0.25, "y": 0.5, "width": 0.125, "height": 0.25}


def read(root: Path, files: dict[str, Any], **options: Any) -> Listing:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return FaceApi.model_validate({"format": "face_api", "root": ".", **options}).read(root, split_folders=False)


@pytest.mark.parametrize("written", [FACE, private(FACE)])
def test_landmarks(tmp_path: Path, written: Any) -> None:
    record = records(read(tmp_path, {"jpg/7.jpg": "", "pts/7.json": written}, **LANDMARKS))["7.jpg"]
    assert record.labels.keypoints is not None and record.labels.kinds() == ("keypoints",)
    assert record.labels.keypoints.points.tolist() == [[[1, 2, 2], [3.5, 4, 2]]]
    assert record.relative == ()


def test_landmarks_of_several_faces_and_of_none(tmp_path: Path) -> None:
    files = {"jpg/a.jpg": "", "pts/a.json": [FACE, FACE[::-1]], "jpg/b.jpg": "", "pts/b.json": [], "jpg/c.jpg": ""}
    found = records(read(tmp_path, files, **LANDMARKS))
    points = {key: record.labels.keypoints for key, record in found.items()}
    assert {key: one.points[:, :, 0].tolist() for key, one in points.items() if one is not None} == {
        "a.jpg": [[1, 3.5], [3.5, 1]],
        "b.jpg": [],
        "c.jpg": [],
    }
    assert found["c.jpg"].notes == ("no_annotation",)


def test_landmarks_as_shares_and_as_indices(tmp_path: Path) -> None:
    files = {"jpg/7.jpg": "", "pts/7.json": [point(0.5, 0.25), point(1, -0.5)]}
    record = records(read(tmp_path, files, **{**LANDMARKS, "coordinates": "relative"}))["7.jpg"]
    assert record.relative == ("keypoints",) and record.labels.keypoints is not None
    assert record.labels.keypoints.points.tolist() == [[[0.5, 0.25, 2], [1, -0.5, 2]]]
    record = records(read(tmp_path, {}, **{**LANDMARKS, "coordinates": "pixel_index"}))["7.jpg"]
    assert record.labels.keypoints is not None
    assert record.labels.keypoints.points.tolist() == [[[1, 0.75, 2], [1.5, 0, 2]]]


@pytest.mark.parametrize("written", [[BOX], private([BOX])])
def test_boxes(tmp_path: Path, written: Any) -> None:
    # The name of the image, with its suffix, before that of the file.
    folders = {"images": "final_images", "annotations": "final_detections"}
    files = {"final_images/a.jpeg": "", "final_detections/a.jpeg.json": written}
    listing = read(tmp_path, files, **BOXES, **folders)
    record = records(listing)["a.jpeg"]
    assert listing.classes == ("face",) and listing.keypoints is None
    assert record.relative == ("boxes",) and record.labels.boxes is not None
    assert record.labels.boxes.corners.tolist() == [[0.25, 0.5, 0.375, 0.75]]
    assert record.labels.boxes.classes.tolist() == [0]


def test_boxes_with_labels(tmp_path: Path) -> None:
    files = {"jpg/a.jpg": "", "pts/a.json": [{**BOX, "label": 1}, {**BOX, "label": "cat"}, BOX]}
    listing = read(tmp_path, files, **BOXES, classes=["dog", "cat", "face"])
    boxes = records(listing)["a.jpg"].labels.boxes
    assert boxes is not None and boxes.classes.tolist() == [1, 1, 2]
    files |= {"jpg/b.jpg": "", "pts/b.json": [BOX]}
    assert reasons(read(tmp_path, files, **BOXES)) == {"a.jpg": "unknown_class"}
    assert reasons(read(tmp_path, files, **BOXES, classes=["cat", "face"])) == {}
    listing = read(tmp_path, files, **BOXES, classes=["face"])
    assert "found 1; there are 1; name them in source.classes" in refusals(listing)["a.jpg"].note


def detection(x: float, size: tuple[int, int] = (64, 48)) -> dict[str, Any]:
    """As ``JSON.stringify`` writes a detection with landmarks: they have been shifted to where the box is."""
    landmarks = {
        "_imgDims": private({"width": 9, "height": 9}),
        "_shift": private(point(x, 4)),
        "_positions": private(FACE),
    }
    box = private({"x": x, "y": 4, "width": 10, "height": 20})
    sides = private({"width": size[0], "height": size[1]})
    return {"detection": {"_imageDims": sides, "_score": 0.9, "_className": "", "_box": box}, "landmarks": landmarks}


def test_detections(tmp_path: Path) -> None:
    files: dict[str, Any] = {"jpg/a.jpg": "", "pts/a.json": [detection(3), detection(5)]}
    files |= {"jpg/b.jpg": "", "pts/b.json": detection(7), "jpg/c.jpg": "", "pts/c.json": []}
    listing = read(tmp_path, files, holds="detections", keypoints=TWO)
    found = records(listing)
    labels = found["a.jpg"].labels
    assert found["a.jpg"].size == Size(64, 48) and found["c.jpg"].size is None
    assert labels.linked and labels.boxes is not None and labels.keypoints is not None
    assert labels.boxes.corners.tolist() == [[3, 4, 13, 24], [5, 4, 15, 24]]
    assert labels.keypoints.points[1].tolist() == [[1, 2, 2], [3.5, 4, 2]]
    assert {key: len(record.labels.boxes or ()) for key, record in found.items()} == {
        "a.jpg": 2,
        "b.jpg": 1,
        "c.jpg": 0,
    }
    files |= {"pts/a.json": [detection(3), detection(5, (48, 64))]}
    assert reasons(read(tmp_path, files, holds="detections", keypoints=TWO)) == {"a.jpg": "bad_annotation"}


@pytest.mark.parametrize(
    ("options", "content", "reason", "words"),
    [
        (LANDMARKS, "{", "bad_annotation", "pts/a.json: no JSON that can be read"),
        (LANDMARKS, {"x": 1}, "bad_annotation", "wanted a list, found an object"),
        (LANDMARKS, FACE[:1], "bad_keypoint", "wanted 2 points, as source.keypoints names, found 1"),
        (LANDMARKS, [[1, 2], [3, 4]], "bad_annotation", "[0][0]: wanted an object, found 1"),
        (LANDMARKS, [BOX, BOX], "bad_annotation", "wanted points, found boxes; set source.holds: boxes"),
        (LANDMARKS, [point(1, 2), {"x": 1}], "bad_annotation", "[1]: wanted {x, y} or {_x, _y}, found the keys x"),
        (LANDMARKS, [point(1, 2), {"x": 1, "_y": 1}], "bad_annotation", "found the keys x, _y"),
        (LANDMARKS, [point(1, 2), {"x": 1, "y": None}], "bad_number", "[1], y: wanted a finite number, found null"),
        (LANDMARKS, [point(1, 2), point(1e8, 2)], "bad_number", "'right': wanted a finite number up to 10000000"),
        (BOXES, [point(1, 2)], "bad_annotation", "[0]: wanted {x, y, width, height}"),
        (BOXES, [{**BOX, "width": -0.1}], "bad_box", "[0]: wanted a width and a height of 0 or more"),
        (BOXES, [{**BOX, "width": 60}], "bad_number", "are these pixels, and coordinates not relative?"),
        (BOXES, [{**BOX, "label": 1.5}], "bad_annotation", "[0], label: wanted a number or a text, found 1.5"),
        (BOXES, [{**BOX, "label": True}], "bad_annotation", "label: wanted a number or a text, found true"),
        ({"holds": "detections"}, [BOX], "bad_annotation", "[0], detection: wanted an object, found null"),
        ({"holds": "detections"}, "7", "bad_annotation", "wanted an object, found 7"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, options: Any, content: Any, reason: str, words: str) -> None:
    good = {"landmarks": FACE, "boxes": [BOX], "detections": []}[options["holds"]]
    files = {"jpg/a.jpg": "", "pts/a.json": content, "jpg/b.jpg": "", "pts/b.json": good}
    listing = read(tmp_path, files, **{"keypoints": TWO, **options})
    assert reasons(listing) == {"a.jpg": reason}
    assert words in refusals(listing)["a.jpg"].note
    assert "b.jpg" in records(listing)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "holds"),
        ({"holds": "boxes"}, "boxes want a key 'coordinates'"),
        ({"holds": "landmarks"}, "landmarks want a key 'coordinates'"),
        ({"holds": "detections", "coordinates": "relative"}, "leave out 'coordinates'"),
    ],
)
def test_what_files_hold_is_declared(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as raised:
        FaceApi.model_validate({"format": "face_api", "root": ".", **options})
    assert words in str(raised.value)
