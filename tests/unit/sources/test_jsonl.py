"""What the reader of JSON Lines makes of them, and what it refuses, in which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dataprep.errors import SourceError
from dataprep.sources import Listing
from dataprep.sources.jsonl import Jsonl
from tests.listings import reasons, records, refusals


def read(root: Path, lines: list[Any], **options: Any) -> Listing:
    """Lines read, with two images beside them."""
    (root / "images").mkdir(exist_ok=True)
    for name in ("a.jpg", "good.jpg"):
        (root / "images" / name).touch()
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (root / "annotations.jsonl").write_text("\n".join(texts))
    return Jsonl.model_validate({"format": "jsonl", "root": ".", **options}).read(root, split_folders=False)


BOXES: dict[str, Any] = {
    "fields": {"class": "kind", "boxes": {"corners": "boxes"}, "points": "nose", "values": ["age"], "tags": "tags"},
    "keypoints": {"names": ["nose"]},
    "coordinates": "continuous",
}
GOOD = {"file": "good.jpg", "kind": None, "boxes": [], "nose": [[1, 2]], "age": 3, "tags": []}


@pytest.mark.parametrize(
    ("line", "reason", "words"),
    [
        ({"boxes": [[1, 2, 3]]}, "bad_box", "line 1, boxes[0]: wanted four numbers, found 3"),
        ({"boxes": [[1, 2, 3, 4], [1, 2, 3, "4"]]}, "bad_number", "boxes[1][3]: wanted a finite number, found '4'"),
        ({"boxes": [[5, 2, 3, 4]]}, "bad_box", "boxes[0]: wanted xmin <= xmax and ymin <= ymax, found 5, 2, 3, 4"),
        ({"boxes": [[1, 2, 3, 1e9]]}, "bad_number", "boxes[0]: wanted a finite number up to 10000000"),
        ({"boxes": [True, 2, 3, 4]}, "bad_number", "boxes[0]: wanted a finite number, found true"),
        ({"boxes": {"x": 1}}, "bad_box", "boxes: wanted a list, found an object"),
        ({"boxes": [[1, 2, 3, 4]], "kind": ["a", "b"]}, "bad_row", "wanted a class for each of 1 boxes, found 2"),
        ({"kind": 1.5}, "bad_row", "kind: wanted a text, found 1.5"),
        ({"nose": [[1, 2], [3, 4]]}, "bad_keypoint", "nose: wanted 1 points, found 2"),
        ({"nose": {"noze": [1, 2]}}, "bad_keypoint", "no keypoint is called 'noze'"),
        ({"nose": [[1, 2, 7]]}, "bad_keypoint", "'nose': wanted 0 (not labelled), 1 (hidden) or 2 (visible), found 7"),
        ({"nose": [1, 2, 3, 4]}, "bad_keypoint", "wanted 1 points, or 2 or 3 numbers, found 4"),
        ({"age": "old"}, "bad_number", "age: wanted a finite number, found 'old'"),
        ({"tags": ["a", ""]}, "bad_row", "tags[1]: wanted a text, found an empty one"),
        ({"tags": 3.5}, "bad_row", "tags: wanted a list, found 3.5"),
    ],
)
def test_a_bad_line_costs_its_image_only(tmp_path: Path, line: dict[str, Any], reason: str, words: str) -> None:
    listing = read(tmp_path, [{"file": "a.jpg", **line}, GOOD], **BOXES)
    assert reasons(listing) == {"a.jpg": reason}
    assert words in refusals(listing)["a.jpg"].note
    assert list(records(listing)) == ["good.jpg"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 1: no JSON that can be read: Expecting property name"),
        ('{"file": "a.jpg", "age": NaN}', "NaN, which is no number"),
        ('{"file": "a.jpg", "file": "b.jpg"}', "the key 'file' stands twice in one object"),
        ('{"file": "\\ud800"}', "half of a surrogate pair"),
        ("[" * 100_000, "too deep"),
        ("[1]", "wanted an object, found a list of 1"),
        ('{"file": 1.5}', "file: wanted a text, found 1.5"),
    ],
)
def test_a_line_that_names_no_image_has_a_row_of_its_own(tmp_path: Path, line: str, words: str) -> None:
    listing = read(tmp_path, [line, GOOD], **BOXES)
    assert reasons(listing) == {"annotations.jsonl:1": "bad_row"}
    assert words in refusals(listing)["annotations.jsonl:1"].note
    assert records(listing)["a.jpg"].notes == ("no_annotation",)


def test_one_document_is_no_lines(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no line is a JSON object; annotations\.jsonl, line 1: .*found a list of 1"):
        read(tmp_path, ['[{"file": "a.jpg"}]'])
    with pytest.raises(SourceError, match=r"line 1: no JSON that can be read: .*; write the elements of the list one"):
        read(tmp_path, ['[{"file": "a.jpg"},', '{"file": "good.jpg"}]'])


def test_a_field_that_no_line_has_is_a_slip(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no line has a field 'kind'; did you mean kinds"):
        read(tmp_path, [{"file": "a.jpg", "kinds": "x"}], fields={"class": "kind"})


def test_a_field_may_lack_in_some_lines(tmp_path: Path) -> None:
    lines = [{"file": "a.jpg", "kind": "x", "sub": {"tags": ["y", "x", "y"]}}, {"file": "good.jpg"}]
    listing = read(tmp_path, lines, fields={"class": "kind", "tags": "sub.tags"})
    assert listing.classes == ("x", "y")
    labels = {key: (record.labels.class_id, record.labels.tags) for key, record in records(listing).items()}
    assert labels == {"a.jpg": (0, (0, 1)), "good.jpg": (None, ())}


def test_classes_and_attributes_may_be_whole_numbers(tmp_path: Path) -> None:
    lines = [{"file": "a", "kind": 7, "on": True, "of": 3}, {"file": "good", "kind": 10, "on": None}]
    listing = read(tmp_path, lines, fields={"class": "kind", "attributes": ["on", "of"]})
    assert listing.classes == ("10", "7")
    assert {key: record.labels.attributes for key, record in records(listing).items()} == {
        "a.jpg": {"on": "true", "of": "3"},
        "good.jpg": {},
    }


def test_fields_within_fields(tmp_path: Path) -> None:
    # The form of image folders on a hub of data sets: x, y, width, height.
    lines = [
        {
            "file_name": "a.jpg",
            "objects": {"bbox": [[302.0, 109.0, 73.0, 52.0], [810, 100, 57, 28]], "categories": [0, 1]},
        },
        {"file_name": "good.jpg", "objects": {"bbox": [], "categories": []}},
    ]
    fields = {"path": "file_name", "class": "objects.categories", "boxes": {"corner_size": "objects.bbox"}}
    listing = read(tmp_path, lines, fields=fields, coordinates="continuous")
    boxes = records(listing)["a.jpg"].labels.boxes
    assert boxes is not None
    assert boxes.corners.tolist() == [[302, 109, 375, 161], [810, 100, 867, 128]]
    assert boxes.classes.tolist() == [0, 1]
    empty = records(listing)["good.jpg"].labels.boxes
    assert empty is not None and len(empty) == 0


def test_one_object_a_line(tmp_path: Path) -> None:
    lines = [
        {"file": "a.jpg", "kind": "x", "boxes": [0, 0, 2, 4], "nose": [[1, 2]], "age": 1, "tags": []},
        {"file": "good.jpg", "kind": "", "boxes": None, "nose": None, "age": 1, "tags": []},
        {"file": "a.jpg", "kind": "y", "boxes": [1, 1, 3, 3], "nose": None, "age": 1, "tags": []},
    ]
    listing = read(tmp_path, lines, rows="object", **BOXES)
    labels = records(listing)["a.jpg"].labels
    assert labels.boxes is not None and labels.keypoints is not None and labels.linked
    assert labels.boxes.corners.tolist() == [[0, 0, 2, 4], [1, 1, 3, 3]]
    assert labels.keypoints.points.tolist() == [[[1, 2, 2]], [[0, 0, 0]]]
    assert labels.class_id is None
    empty = records(listing)["good.jpg"].labels
    assert empty.boxes is not None and empty.keypoints is not None
    assert (len(empty.boxes), len(empty.keypoints)) == (0, 0)


@pytest.mark.parametrize("boxes", [[[0, 0, 1, 1], [0, 0, 2, 2]], [[1, 2, 3]]])
def test_a_line_that_is_an_object_has_one_box(tmp_path: Path, boxes: list[Any]) -> None:
    listing = read(tmp_path, [{**GOOD, "file": "a.jpg", "boxes": boxes}, GOOD], **BOXES, rows="object")
    assert reasons(listing)["a.jpg"] in ("bad_row", "bad_box")


def test_paths_that_lead_out_are_refused(tmp_path: Path) -> None:
    lines = [{"file": name} for name in ("../a.jpg", "/etc/a.jpg", "C:\\a.jpg", "b.jpg", "./a.jpg", "good.jpg")]
    listing = read(tmp_path, lines)
    assert reasons(listing) == {
        "annotations.jsonl:1": "outside_root",
        "annotations.jsonl:2": "outside_root",
        "annotations.jsonl:3": "outside_root",
        "annotations.jsonl:4": "missing_image",
    }


def test_a_pattern_of_fields(tmp_path: Path) -> None:
    options = {"keypoints": {"names": ["nose"]}, "coordinates": "pixel_index", "first_pixel": 1}
    listing = read(tmp_path, [{"file": "a", "nose_x": 1, "nose_y": 3}, {"file": "good", "nose_x": None}], **options)
    found = {key: record.labels.keypoints for key, record in records(listing).items()}
    assert {key: one.points.tolist() for key, one in found.items() if one is not None} == {
        "a.jpg": [[[0.5, 2.5, 2]]],
        "good.jpg": [[[0, 0, 0]]],
    }


def test_boxes_want_to_know_what_their_numbers_mean() -> None:
    fields = {"boxes": {"corners": "boxes"}}
    with pytest.raises(ValidationError, match="coordinates"):
        Jsonl.model_validate({"format": "jsonl", "root": ".", "fields": fields})
