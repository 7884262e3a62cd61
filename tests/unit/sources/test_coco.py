"""What the COCO reader makes of each thing that a file can say, and in which words it refuses."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from dataprep.errors import SourceError
from dataprep.inputs import Refusal
from dataprep.labels import CROWD
from dataprep.sources import KeypointNames, Listing
from dataprep.sources.coco import Coco
from dataprep.survey import Survey

FILE = "annotations/instances.json"
PEOPLE = {"id": 1, "name": "person", "keypoints": ["nose", "left_eye", "right_eye"], "skeleton": [[1, 2]]}


def entry(id: Any, name: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "file_name": name, "width": 64, "height": 48, **more}


def box(id: Any, image: Any, category: Any = 1, bbox: Any = (1, 2, 3, 4), **more: Any) -> dict[str, Any]:
    return {"id": id, "image_id": image, "category_id": category, "bbox": bbox, "area": 12, "iscrowd": 0, **more}


def document(
    images: list[Any], annotations: list[Any], categories: list[Any] | None = None, **more: Any
) -> dict[str, Any]:
    found = [{"id": 1, "name": "cat"}, {"id": 7, "name": "bat"}] if categories is None else categories
    return {"info": {}, "licenses": [], "images": images, "annotations": annotations, "categories": found, **more}


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def write(root: Path, text: Any, name: str = FILE) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text if isinstance(text, str) else json.dumps(text))


def source(**options: Any) -> Coco:
    return Coco.model_validate({"format": "coco", "root": ".", "images": "photos", "annotations": FILE, **options})


def read(root: Path, text: Any, *photos: str, **options: Any) -> Listing:
    write(root, text)
    touch(root, *(f"photos/{name}" for name in photos or ("a.jpg", "good.jpg")))
    return source(**options).read(root, split_folders=False)


def rows(listing: Listing) -> dict[str, Refusal]:
    """Refusals by key; and no key has two rows."""
    keys = [record.key for record in listing.records] + [refusal.key for refusal in listing.refusals]
    assert len(set(keys)) == len(keys)
    assert all(keys)
    return {refusal.key: refusal for refusal in listing.refusals}


def reasons(listing: Listing) -> dict[str, str]:
    return {key: row.reason for key, row in rows(listing).items()}


GOOD = entry(2, "good.jpg")


def test_boxes_keypoints_and_outlines_of_an_instance_are_linked(tmp_path: Path) -> None:
    listing = read(
        tmp_path,
        document(
            [entry(5, "a.jpg"), GOOD],
            [
                box(1, 5, bbox=[1.5, 2, 3, 4.25], keypoints=[4, 5, 2, 0, 0, 0, 6.5, 7, 1], segmentation=[]),
                box(2, 5, 3, segmentation=[[10, 10, 10, 20, 20, 20], [30, 10, 40, 10, 40, 20.5]]),
            ],
            [{"id": 3, "name": "dog"}, PEOPLE],
        ),
    )
    assert listing.classes == ("person", "dog")
    assert listing.keypoints == KeypointNames(
        names=("nose", "left_eye", "right_eye"), pairs=(("left_eye", "right_eye"),)
    )
    labels, negative = (record.labels for record in listing.records)
    assert labels.linked and labels.boxes is not None and labels.keypoints is not None and labels.polygons is not None
    assert labels.boxes.corners.tolist() == [[1.5, 2, 4.5, 6.25], [1, 2, 4, 6]]
    assert labels.boxes.classes.tolist() == labels.polygons.classes.tolist() == [0, 1]
    # Pixel (4, 5) has its centre at (4.5, 5.5); what is not labelled stays at 0.
    assert labels.keypoints.points.tolist() == [[[4.5, 5.5, 2], [0, 0, 0], [7, 7.5, 1]], [[0, 0, 0]] * 3]
    # The first ring ran against the clock as one sees it; the other one did not.
    assert [ring.tolist() for ring in labels.polygons.rings[1]] == [
        [[20, 20], [10, 20], [10, 10]],
        [[30, 10], [40, 10], [40, 20.5]],
    ]
    assert labels.polygons.rings[0] == ()
    assert [record.size for record in listing.records] == [(64, 48)] * 2
    assert negative.kinds() == labels.kinds() == ("boxes", "keypoints", "polygons")
    assert negative.keypoints is not None and negative.keypoints.points.shape == (0, 3, 3)


def test_keypoints_of_tools_that_measure_from_the_corner(tmp_path: Path) -> None:
    found = document([GOOD], [box(1, 2, keypoints=[4.25, 5, 2, 0, 0, 0, 6.5, 7, 1])], [PEOPLE])
    (record,) = read(tmp_path, found, "good.jpg", keypoint_coordinates="continuous").records
    assert record.labels.keypoints is not None
    assert record.labels.keypoints.points.tolist() == [[[4.25, 5, 2], [0, 0, 0], [6.5, 7, 1]]]


# A ring of eight pixels around one, in an image of 4 x 3 whose last column is empty: 3 + 1 + 1 + 1 + 3 and 3.
RING = {"size": [3, 4], "counts": [0, 4, 1, 4, 3]}


@pytest.mark.parametrize("counts", [RING["counts"], "04102"])
def test_a_crowd_has_its_flag_and_the_outline_of_its_pixels(tmp_path: Path, counts: Any) -> None:
    found = document(
        [entry(2, "good.jpg", width=4, height=3)],
        [box(1, 2, iscrowd=1, segmentation={**RING, "counts": counts}), box(2, 2)],
    )
    (record,) = read(tmp_path, found, "good.jpg").records
    assert record.labels.boxes is not None and record.labels.polygons is not None
    assert record.labels.boxes.flags.tolist() == [CROWD, 0]
    outer, hole = record.labels.polygons.rings[0]
    assert outer.tolist() == [[0, 0], [3, 0], [3, 3], [0, 3]]  # clockwise as one sees it
    assert hole.tolist() == [[1, 2], [2, 2], [2, 1], [1, 1]]  # against the clock


def test_a_size_that_only_a_mask_says_is_checked_against_the_pixels(tmp_path: Path) -> None:
    image = {"id": 2, "file_name": "good.jpg"}
    listing = read(tmp_path, document([image], [box(1, 2, segmentation=RING)]), "good.jpg")
    assert [record.size for record in listing.records] == [(4, 3)]
    other = {"size": [4, 3], "counts": [12]}
    listing = read(tmp_path, document([image], [box(1, 2, segmentation=RING), box(2, 2, segmentation=other)]))
    assert "annotations[1].segmentation.size: wanted 4 x 3, as the image has, found 3 x 4" in listing.refusals[-1].note


NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("annotation", "reason", "words"),
    [
        ({"bbox": [1, 2, 3]}, "bad_box", ".bbox: wanted four numbers, found [1, 2, 3]"),
        ({"bbox": "1 2 3 4"}, "bad_box", '.bbox: wanted four numbers, found "1 2 3 4"'),
        ({"bbox": [1, 2, 3, True]}, "bad_box", ".bbox: wanted four numbers, found [1, 2, 3, true]"),
        ({"bbox": [1, 2, -3, 4]}, "bad_box", "found [1, 2, -3, 4]"),
        ({"bbox": [1, NAN, 3, 4]}, "bad_box", "finite"),
        ({"bbox": [1, 2, INFINITE, 4]}, "bad_box", "finite"),
        ({"bbox": [10**400, 2, 3, 4]}, "bad_box", "up to 10000000"),
        ({"bbox": None}, "bad_box", ".bbox: wanted four numbers, found nothing"),
        ({"category_id": 2}, "unknown_class", ".category_id: wanted the id of one of the categories, found 2"),
        ({"category_id": "1"}, "bad_annotation", 'found "1"'),
        ({"category_id": True}, "bad_annotation", "found true"),
        ({"iscrowd": "no"}, "bad_annotation", '.iscrowd: wanted 0 or 1, found "no"'),
        ({"iscrowd": []}, "bad_annotation", ".iscrowd"),
        ({"segmentation": [1, 2, 3, 4, 5, 6]}, "bad_polygon", ".segmentation: wanted a list of polygons"),
        ({"segmentation": [[1, 2, 3, 4]]}, "bad_polygon", ".segmentation[0]: wanted an x and a y for each of three"),
        ({"segmentation": [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6, 7]]}, "bad_polygon", ".segmentation[1]"),
        ({"segmentation": [[]]}, "bad_polygon", ".segmentation[0]"),
        ({"segmentation": [[1, 2, 3, 4, 5, NAN]]}, "bad_polygon", "finite"),
        ({"segmentation": [[1, 2, 3, 4, 5, 10**400]]}, "bad_polygon", "wanted a list of polygons"),
        ({"segmentation": [[1, 2, 3, 4, 5, True]]}, "bad_polygon", "wanted a list of polygons"),
        ({"segmentation": "MMM"}, "bad_polygon", 'found "MMM"'),
        ({"segmentation": {"size": [48, 64], "counts": [1, 2]}}, "bad_polygon", "add up to 3072, the pixels of 64 x"),
        ({"segmentation": {"size": [64, 48], "counts": [3072]}}, "bad_polygon", ".size: wanted 64 x 48, as the image"),
        ({"segmentation": {"size": [48], "counts": [3072]}}, "bad_polygon", ".size: wanted a height and a width"),
        ({"segmentation": {"size": [48, 64], "counts": [3073, -1]}}, "bad_polygon", "wanted no negative count"),
        ({"segmentation": {"size": [48, 64], "counts": [2**63, 1]}}, "bad_polygon", "wanted whole numbers"),
        ({"segmentation": {"size": [48, 64], "counts": [2**62, 2**62, 2**62, 2**62, 3072]}}, "bad_polygon", "add up"),
        ({"segmentation": {"size": [48, 64], "counts": "0P"}}, "bad_polygon", ".counts: the text ends within a number"),
        ({"segmentation": {"size": [48, 64], "counts": "0 1"}}, "bad_polygon", "found ' '"),
        ({"segmentation": {"size": [48, 64]}}, "bad_polygon", "found nothing"),
        ({"segmentation": {}}, "bad_polygon", ".size: wanted a height and a width, found nothing"),
        ({"keypoints": [1, 2, 2]}, "bad_keypoint", ".keypoints: wanted 9 numbers, x, y and v for each name, found 3"),
        ({"keypoints": [1, 2, 3] * 3}, "bad_keypoint", "each third one 0, 1 or 2"),
        ({"keypoints": [1, NAN, 0] * 3}, "bad_keypoint", "finite"),
        ({"keypoints": "none"}, "bad_keypoint", "found"),
        ({"keypoints": [1, 2, 2] * 3, "category_id": 7}, "bad_keypoint", "the category 'bat' names no keypoints"),
    ],
)  # fmt: skip
def test_a_bad_annotation_costs_its_image_only(
    tmp_path: Path, annotation: dict[str, Any], reason: str, words: str
) -> None:
    annotations = [box(1, 2), box(2, 5), {**box(3, 5), **annotation}]
    found = document([entry(5, "a.jpg"), GOOD], annotations, [PEOPLE, {"id": 7, "name": "bat"}])
    listing = read(tmp_path, found)
    assert reasons(listing) == {"a.jpg": reason}
    assert [record.key for record in listing.records] == ["good.jpg"]
    note = rows(listing)["a.jpg"].note
    assert note.startswith(f"{FILE}: annotations[2].")
    assert words in note


@pytest.mark.parametrize(
    ("image", "key", "reason", "words"),
    [
        (3, f"{FILE}:images[0]", "bad_annotation", "images[0]: wanted an object, found 3"),
        ({"id": 5}, f"{FILE}:images[0]", "bad_annotation", "images[0].file_name: wanted a file's name, found nothing"),
        (entry(5, "lost.jpg"), f"{FILE}:images[0]", "missing_image", "there is no 'lost.jpg' in photos"),
        (entry(5, "../lost.jpg"), f"{FILE}:images[0]", "outside_root", "there is no '../lost.jpg' in photos"),
        (entry(5, "/etc/passwd"), f"{FILE}:images[0]", "outside_root", "leads out of it"),
        (entry(5, "..\\lost.jpg"), f"{FILE}:images[0]", "outside_root", "leads out of it"),
        (entry(5, ".hidden.jpg"), f"{FILE}:images[0]", "missing_image", "hidden_file"),
        (entry(None, "a.jpg"), "a.jpg", "bad_id", "images[0].id: wanted a whole number or a text, found nothing"),
        (entry(5.5, "a.jpg"), "a.jpg", "bad_id", "found 5.5"),
        (entry(5, "a.jpg", width=-1), "a.jpg", "bad_number", ".width: wanted a whole number of pixels, found -1"),
        (entry(5, "a.jpg", height="48"), "a.jpg", "bad_number", '.height: wanted a whole number of pixels, found "48"'),
        (entry(5, "a.jpg", height=NAN), "a.jpg", "bad_number", ".height"),
        (entry(5, "a.jpg", height=1.5), "a.jpg", "bad_number", "found 1.5"),
        (entry(2, "a.jpg"), "a.jpg", "bad_id", "images[0].id: wanted an id of its own, found 2, which others have"),
        (entry(5, "good.jpg"), "good.jpg", "second_annotation", "images[0] and annotations/instances.json: images[1]"),
    ],
)
def test_a_bad_entry_of_images_has_its_row(tmp_path: Path, image: Any, key: str, reason: str, words: str) -> None:
    (tmp_path / "lost.jpg").touch()
    listing = read(tmp_path, document([image, GOOD], [box(1, 2)]), "a.jpg", "good.jpg", ".hidden.jpg")
    found = rows(listing)
    found.pop(".hidden.jpg")
    # Of two that share an id, neither is used.
    more = {"good.jpg"} if "id of its own" in words else set()
    assert found.keys() == {key, *more}
    assert found[key].reason == reason
    assert words in found[key].note and f"{FILE}: images[0]" in found[key].note
    names = {"a.jpg", "good.jpg"} - {key, *more}
    assert {record.key for record in listing.records} == names


def test_annotations_without_image_have_rows_of_their_own(tmp_path: Path) -> None:
    annotations = [box(1, 99), 3, box(2, None), box(3, 99), box(4, "2"), box(5, 2)]
    listing = read(tmp_path, document([GOOD], annotations), "good.jpg")
    assert reasons(listing) == {
        f"{FILE}:annotations[0]": "missing_image",
        f"{FILE}:annotations[1]": "bad_annotation",
        f"{FILE}:annotations[2]": "bad_id",
        f"{FILE}:annotations[4]": "missing_image",  # the text "2" is no 2
    }
    note = rows(listing)[f"{FILE}:annotations[0]"].note
    assert note == f"{FILE}: annotations[0].image_id: images holds no id 99; 1 more annotations want it"
    (record,) = listing.records
    assert len(record.labels.boxes or ()) == 1


def test_texts_can_be_ids_of_images(tmp_path: Path) -> None:
    found = document([entry("2", "good.jpg"), entry("b", "a.jpg")], [box(1, "2"), box(2, "b"), box(3, "b")])
    listing = read(tmp_path, found)
    assert {record.key: len(record.labels.boxes or ()) for record in listing.records} == {"a.jpg": 2, "good.jpg": 1}


def test_an_id_that_is_a_text_here_and_a_number_there_is_another(tmp_path: Path) -> None:
    found = document([entry("2", "a.jpg"), entry(3, "good.jpg")], [box(1, 2), box(2, "3"), box(3, "x")])
    notes = {row.key: row.note for row in read(tmp_path, found).refusals}
    assert 'images holds no id 2, but "2", which is another; write both as numbers' in notes[f"{FILE}:annotations[0]"]
    assert 'images holds no id "3", but 3, which is another' in notes[f"{FILE}:annotations[1]"]
    assert notes[f"{FILE}:annotations[2]"].endswith('images holds no id "x"')


@pytest.mark.parametrize("size", [{"width": 0, "height": 48}, {"width": None, "height": 48}, {}])
def test_an_image_may_not_know_its_size(tmp_path: Path, size: dict[str, Any]) -> None:
    listing = read(tmp_path, document([{"id": 2, "file_name": "good.jpg", **size}], []), "good.jpg")
    assert [record.size for record in listing.records] == [None]


def test_an_annotation_id_that_stands_twice(tmp_path: Path) -> None:
    images = [entry(5, "a.jpg"), entry(6, "b.jpg"), GOOD]
    listing = read(
        tmp_path,
        document(images, [box(1, 5), box(1, 5), box(2, 6), box(2, 2)]),
        *("a.jpg", "b.jpg", "good.jpg"),
    )
    # A copy on one image would count an object twice; files that were put together say which image they mean.
    assert reasons(listing) == {"a.jpg": "bad_id"}
    assert "annotations[1].id: wanted an id of its own, found 1, that of annotations[0]" in listing.refusals[0].note
    assert {record.key: record.notes for record in listing.records} == {
        "b.jpg": ("shared_annotation_id",),
        "good.jpg": ("shared_annotation_id",),
    }


def test_a_missing_image_an_image_without_annotation_and_a_negative_are_told_apart(tmp_path: Path) -> None:
    found = document([entry(1, "lost.jpg"), entry(5, "a.jpg"), GOOD], [box(1, 1), box(2, 2)])
    photos = ("a.jpg", "good.jpg", "unlisted.jpg")
    listing = read(tmp_path, found, *photos)
    assert reasons(listing) == {f"{FILE}:images[0]": "missing_image"}
    assert {record.key: record.notes for record in listing.records} == {
        "a.jpg": ("no_annotation",),
        "good.jpg": (),
        "unlisted.jpg": ("no_annotation",),
    }
    listing = read(tmp_path, found, *photos, unannotated="filter")
    assert [record.key for record in listing.records] == ["good.jpg"]
    notes = {key: (row.status, row.reason, row.note) for key, row in rows(listing).items()}
    assert notes["a.jpg"] == ("filtered", "no_annotation", f"{FILE}: images[1] has no annotation")
    assert notes["unlisted.jpg"] == ("filtered", "no_annotation", f"no entry in {FILE} names this image")


def test_categories_with_gaps_are_classes_by_ascending_id(tmp_path: Path) -> None:
    categories = [{"id": 90, "name": "z"}, {"id": 3, "name": "b"}, {"id": -1, "name": "y"}, {"id": 13, "name": "a"}]
    listing = read(tmp_path, document([GOOD], [box(1, 2, 13), box(2, 2, -1)], categories), "good.jpg")
    assert listing.classes == ("y", "b", "a", "z")
    (record,) = listing.records
    assert record.labels.boxes is not None
    assert record.labels.boxes.classes.tolist() == [2, 0]


def test_declared_classes(tmp_path: Path) -> None:
    found = document([entry(5, "a.jpg"), GOOD], [box(1, 2, 7), box(2, 5, 1)])
    listing = read(tmp_path, found, classes=["emu", "bat"])
    assert listing.classes == ("emu", "bat")
    assert reasons(listing) == {"a.jpg": "unknown_class"}
    assert rows(listing)["a.jpg"].note.startswith(f"{FILE}: annotations[1].category_id: 'cat' is none of the declared")
    (record,) = listing.records
    assert record.labels.boxes is not None and record.labels.boxes.classes.tolist() == [1]


@pytest.mark.parametrize(
    ("categories", "words"),
    [
        ([3], r"categories\[0\]: wanted an object, found 3"),
        ([{"id": "1", "name": "a"}], r"categories\[0\]\.id: wanted a whole number, found \"1\""),
        ([{"name": "a"}], r"categories\[0\]\.id: wanted a whole number, found nothing"),
        ([{"id": 1, "name": " "}], r"categories\[0\]\.name: wanted a name"),
        ([{"id": 1, "name": "a"}, {"id": 1, "name": "b"}], r"categories\[1\]\.id: wanted an id of its own, found 1"),
        ([{"id": 1, "name": "a"}, {"id": 7, "name": "a"}], r"categories\[1\]\.name: wanted a name of its own"),
        ([{"id": 1, "name": "a", "keypoints": ["x", "x"]}], r"keypoints: wanted a list of names that differ"),
        ([{"id": 1, "name": "a", "keypoints": [1, 2]}], r"keypoints: wanted a list of names that differ"),
        ([{"id": 1, "name": "a", "keypoints": 5}], r"keypoints: wanted a list of names that differ, found 5"),
        ([PEOPLE, {"id": 7, "name": "dog", "keypoints": ["tail"]}], r"one list of keypoints; .*source\.labels"),
    ],
)
def test_categories_that_say_nothing_sure_end_the_reading(tmp_path: Path, categories: list[Any], words: str) -> None:
    with pytest.raises(SourceError, match=words):
        read(tmp_path, document([GOOD], [box(1, 2, 1), box(2, 2, 7)], categories), "good.jpg")


def test_a_category_that_only_groups_the_one_of_its_name_is_none(tmp_path: Path) -> None:
    categories = [
        {"id": 0, "name": "cell", "supercategory": "none"},
        {"id": 1, "name": "cell"},
        {"id": 1, "name": "cell"},
    ]
    listing = read(tmp_path, document([GOOD], [box(1, 2, 1)], categories), "good.jpg")
    assert listing.classes == ("cell",)


def test_equal_keypoints_of_several_categories_are_the_data_set_s(tmp_path: Path) -> None:
    categories = [PEOPLE, {**PEOPLE, "id": 2, "name": "child"}, {"id": 3, "name": "ball", "keypoints": []}]
    annotations = [box(1, 2, 2, keypoints=[1, 1, 2] * 3), box(2, 2, 3, keypoints=[0] * 51), box(3, 2, 3, keypoints=[])]
    (record,) = read(tmp_path, document([GOOD], annotations, categories), "good.jpg").records
    assert record.labels.keypoints is not None
    assert record.labels.keypoints.points[:, 0].tolist() == [[1.5, 1.5, 2], [0, 0, 0], [0, 0, 0]]


def test_keypoints_that_no_category_names_are_declared(tmp_path: Path) -> None:
    found = document([GOOD], [box(1, 2, keypoints=[1, 2, 2, 3, 4, 1])])
    with pytest.raises(SourceError, match=r"annotations\[0\]\.keypoints: no category names.*source\.keypoints\.names"):
        read(tmp_path, found, "good.jpg")
    names = {"names": ["tip", "root"], "pairs": [["tip", "root"]]}
    listing = read(tmp_path, found, "good.jpg", keypoints=names)
    assert listing.keypoints is not None and listing.keypoints.pairs == (("tip", "root"),)
    assert read(tmp_path, found, "good.jpg", labels=["boxes"]).keypoints is None
    with pytest.raises(SourceError, match=r"name the keypoints nose, left_eye, right_eye, source\.keypoints"):
        read(tmp_path, document([GOOD], [], [PEOPLE]), "good.jpg", keypoints=names)


def test_labels_chooses_what_is_taken(tmp_path: Path) -> None:
    wrong = box(1, 2, keypoints=[1], segmentation=[[1]])
    (record,) = read(tmp_path, document([GOOD], [wrong], [PEOPLE]), "good.jpg", labels=["boxes"]).records
    assert record.labels.kinds() == ("boxes",)
    assert not record.labels.linked
    outlined = box(1, 2, bbox=[1], segmentation=[[0, 0, 5, 0, 5, 5]])
    (record,) = read(tmp_path, document([GOOD], [outlined], [PEOPLE]), "good.jpg", labels=["polygons"]).records
    assert record.labels.kinds() == ("polygons",)


def test_files_with_outlines_only_have_no_boxes(tmp_path: Path) -> None:
    outlined = {"id": 1, "image_id": 2, "category_id": 1, "segmentation": [[0, 0, 5, 0, 5, 5]]}
    (record,) = read(tmp_path, document([GOOD], [outlined]), "good.jpg").records
    assert record.labels.kinds() == ("polygons",)


@pytest.mark.parametrize(
    ("name", "photo"),
    [
        ("sub/é.jpg", "sub/e\u0301.jpg"),
        ("sub/e\u0301.jpg", "sub/é.jpg"),
        ("./sub//x/../é.jpg", "sub/é.jpg"),
        ("é.jpg", "sub/é.jpg"),
        ("photos/sub/é.jpg", "sub/é.jpg"),
        ("C:\\data\\photos\\sub\\é.jpg", "sub/é.jpg"),
        ("/home/somebody/photos/é.jpg", "deep/sub/é.jpg"),
        ("COCO_train2014_000000000009.jpg", "train2014/COCO_train2014_000000000009.jpg"),
        ("a\\b.jpg", "a\\b.jpg"),
    ],
)
def test_images_are_looked_up_by_what_a_name_ends_in(tmp_path: Path, name: str, photo: str) -> None:
    listing = read(tmp_path, document([entry(2, name)], [box(1, 2)]), photo)
    assert reasons(listing) == {}
    (record,) = listing.records
    assert len(record.labels.boxes or ()) == 1


def test_folders_are_left_out_of_names_only_where_all_names_have_them(tmp_path: Path) -> None:
    images = [entry(1, "one/a.jpg"), entry(2, "two/a.jpg"), entry(3, "b.jpg")]
    listing = read(tmp_path, document(images, [box(1, 1), box(2, 2), box(3, 3)]), "two/a.jpg", "a.jpg", "b.jpg")
    assert reasons(listing) == {f"{FILE}:images[0]": "missing_image"}
    assert {record.key: record.notes for record in listing.records} == {
        "a.jpg": ("no_annotation",),
        "b.jpg": (),
        "two/a.jpg": (),
    }


def test_a_name_that_several_images_have_rejects_them(tmp_path: Path) -> None:
    listing = read(tmp_path, document([entry(1, "a.jpg"), GOOD], [box(1, 1)]), "one/a.jpg", "two/a.jpg", "good.jpg")
    assert reasons(listing) == dict.fromkeys(("one/a.jpg", "two/a.jpg"), "ambiguous_annotation")


def test_the_file_among_the_images_is_none(tmp_path: Path) -> None:
    write(tmp_path, document([GOOD], [box(1, 2)]), "_annotations.coco.json")
    touch(tmp_path, "good.jpg", "notes.json")
    listing = source(images=".", annotations="_annotations.coco.json").read(tmp_path, split_folders=False)
    assert reasons(listing) == {"_annotations.coco.json": "not_an_image"}
    assert [record.key for record in listing.records] == ["good.jpg", "notes.json"]


def official(root: Path) -> dict[str, Any]:
    """Two splits in COCO's own layout, and what a manifest says of them."""
    for split, names in (("train", ("1.jpg", "2.jpg")), ("val", ("1.jpg",))):
        touch(root, *(f"{split}2017/{name}" for name in names))
        images = [entry(int(name[0]), name) for name in names]
        write(root, document(images, [box(1, 1, 7)]), f"annotations/instances_{split}2017.json")
    return {
        "images": {"val": "val2017", "train": "./train2017/"},
        "annotations": {split: f"annotations/instances_{split}2017.json" for split in ("train", "val")},
    }


def test_a_split_is_a_folder_and_a_file(tmp_path: Path) -> None:
    options = official(tmp_path)
    touch(tmp_path, "val2017/extra.jpg", "val2017/.hidden", "test2017/other.jpg")
    listing = source(**options).read(tmp_path, split_folders=False)
    assert {record.key: (record.split, len(record.labels.boxes or ())) for record in listing.records} == {
        "train2017/1.jpg": ("train", 1),
        "train2017/2.jpg": ("train", 0),
        "val2017/1.jpg": ("val", 1),
        "val2017/extra.jpg": ("val", 0),
    }
    assert reasons(listing) == {"val2017/.hidden": "hidden_file"}


def test_the_wrong_file_for_one_split_is_told(tmp_path: Path) -> None:
    options = official(tmp_path)
    write(tmp_path, document([entry(1, "9.jpg")], []), "annotations/instances_val2017.json")
    with pytest.raises(SourceError, match=r"instances_val2017\.json: none of its 1 images, such as '9\.jpg'"):
        source(**options).read(tmp_path, split_folders=False)


def test_one_folder_and_a_file_for_each_split(tmp_path: Path) -> None:
    touch(tmp_path, *(f"photos/{name}.jpg" for name in "abcd"))
    write(tmp_path, document([entry(1, "a.jpg"), entry(2, "d.jpg")], [box(1, 1)]), "train.json")
    write(tmp_path, document([entry(1, "b.jpg"), entry(2, "d.jpg")], [box(1, 1, 7)]), "val.json")
    files = {"train": "train.json", "val": "val.json"}
    for folders, prefix in (("photos", ""), ({"train": "photos", "val": "photos"}, "photos/")):
        listing = source(images=folders, annotations=files).read(tmp_path, split_folders=False)
        assert {record.key: record.split for record in listing.records} == {
            f"{prefix}a.jpg": "train",
            f"{prefix}b.jpg": "val",
            f"{prefix}c.jpg": "",
        }
        assert reasons(listing) == {f"{prefix}d.jpg": "second_annotation"}


def test_one_file_and_a_folder_for_each_split(tmp_path: Path) -> None:
    touch(tmp_path, "one/a.jpg", "two/b.jpg", "two/c.jpg")
    write(tmp_path, document([entry(1, "a.jpg"), entry(2, "two/b.jpg"), entry(3, "c.jpg")], [box(1, 3)]))
    listing = source(images={"train": "one", "test": "two"}).read(tmp_path, split_folders=False)
    assert {record.key: (record.split, len(record.labels.boxes or ())) for record in listing.records} == {
        "one/a.jpg": ("train", 0),
        "two/b.jpg": ("test", 0),
        "two/c.jpg": ("test", 1),
    }


def test_files_that_order_their_classes_differently_want_them_declared(tmp_path: Path) -> None:
    options = official(tmp_path)
    other = document([entry(1, "1.jpg")], [box(1, 1, 7)], [{"id": 7, "name": "cat"}, {"id": 1, "name": "bat"}])
    write(tmp_path, other, "annotations/instances_val2017.json")
    with pytest.raises(SourceError, match=r"instances_val2017\.json: categories\[0\].*source\.classes"):
        source(**options).read(tmp_path, split_folders=False)
    listing = source(**options, classes=["bat", "cat"]).read(tmp_path, split_folders=False)
    boxes = {record.key: record.labels.boxes for record in listing.records}
    assert [boxes[f"{split}2017/1.jpg"].classes.tolist() for split in ("train", "val")] == [[0], [1]]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"images": {"train": "a", "val": "b"}, "annotations": {"train": "t.json"}}, "give each split both"),
        ({"images": {"train": "../a"}}, "folders below the root"),
        ({"images": {"train": "/a"}}, "folders below the root"),
        ({"images": {"valid": "a"}}, "'train', 'val' or 'test'"),
        ({"annotations": {}}, "wanted a path"),
        ({"labels": []}, "wanted one kind or more"),
        ({"labels": ["masks"]}, "'boxes', 'keypoints' or 'polygons'"),
    ],
)
def test_options_that_contradict_each_other(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        source(**options)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON that can be read"),
        ('{"images": [}', "no JSON that can be read.*line 1 column 13"),
        ("[" * 100_000, "too deep"),
        ('{"a":' * 100_000, "too deep"),
        ("[]", r"wanted an object with images, annotations, categories, found \[\]; a detector's results"),
        ("3", "found 3"),
        ('{"images": 9' + "9" * 5000 + "}", "no JSON that can be read"),
        ({"images": [], "annotations": []}, "wanted 'categories', found nothing; COCO's image_info and captions"),
        ({"images": [], "categories": []}, "wanted 'annotations', found nothing; COCO's image_info"),
        ({"images": 3, "annotations": [], "categories": []}, "images: wanted a list, found 3"),
        ('{"images": [], "images": [], "annotations": [], "categories": []}', "'images' stands twice"),
        (
            {"images": [], "categories": [], "annotations": [{"segments_info": [], "file_name": "a.png"}]},
            r"annotations\[0\]\.segments_info: this is COCO's panoptic format.*name the instances file",
        ),
    ],
)  # fmt: skip
def test_what_is_no_file_of_instances_is_refused_by_name(tmp_path: Path, text: Any, words: str) -> None:
    with pytest.raises(SourceError, match=f"{FILE}.*{words}"):
        read(tmp_path, text)


def test_bytes_that_are_no_text_are_no_json(tmp_path: Path) -> None:
    touch(tmp_path, "photos/good.jpg")
    write(tmp_path, "")
    (tmp_path / FILE).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match="no JSON that can be read"):
        source().read(tmp_path, split_folders=False)
    (tmp_path / FILE).write_bytes(b"\xef\xbb\xbf" + json.dumps(document([GOOD], [])).encode())
    assert len(source().read(tmp_path, split_folders=False).records) == 1
    (tmp_path / FILE).unlink()
    with pytest.raises(SourceError, match="the annotations can't be read: No such file"):
        source().read(tmp_path, split_folders=False)


@pytest.mark.parametrize(
    "text",
    [
        '{"id": 1, "image_id": 5, "category_id": 1, "bbox": [1, 2, 3, 4], "bbox": [5, 6, 7, 8]}',
        '{"id": 1, "image_id": 5, "category_id": 1, "segmentation": {"size": [3, 4], "counts": [12], "counts": [12]}}',
    ],
)
def test_a_name_that_stands_twice_is_an_error_of_its_image(tmp_path: Path, text: str) -> None:
    whole = json.dumps(document([entry(5, "a.jpg", width=4, height=3), GOOD], ["HERE"]))
    listing = read(tmp_path, whole.replace('"HERE"', text))
    assert rows(listing)["a.jpg"].note.endswith("stands twice; remove one")


def test_annotations_of_none_of_the_images_are_another_set_s(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none of its 1 images, such as 'x\.jpg'.*source\.annotations belong"):
        read(tmp_path, document([entry(1, "x.jpg")], []))
    with pytest.raises(SourceError, match=r"none of the 2 images in photos"):
        read(tmp_path, document([], []))


def test_everything_is_read_in_archives(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "train2017.zip", "w") as archive:
        archive.writestr("train2017/1.jpg", b"1")
    with zipfile.ZipFile(tmp_path / "annotations.zip", "w") as archive:
        archive.writestr("annotations/a.json", json.dumps(document([entry(1, "1.jpg")], [box(1, 1)])))
    listing = source(images="train2017.zip/train2017", annotations="annotations.zip/annotations/a.json").read(
        tmp_path, split_folders=False
    )
    assert {record.key: len(record.labels.boxes or ()) for record in listing.records} == {"1.jpg": 1}


def test_recognises_the_official_layout(tmp_path: Path) -> None:
    options = official(tmp_path)
    write(tmp_path, {"images": [], "annotations": [{"caption": "a"}]}, "annotations/captions_train2017.json")
    people = document([entry(1, "1.jpg")], [box(1, 1, keypoints=[1, 2, 2] * 3)], [PEOPLE])
    write(tmp_path, people, "annotations/person_keypoints_train2017.json")
    panoptic: dict[str, Any] = {"images": [], "categories": [], "annotations": [{"segments_info": []}]}
    write(tmp_path, panoptic, "annotations/panoptic_train2017.json")
    found = Coco.recognise(Survey.of(tmp_path))
    assert found is not None
    assert found.options == {**options, "images": {"train": "train2017", "val": "val2017"}}
    assert list(found.options) == ["images", "annotations"]
    assert found.split == {"by": "source"}
    assert found.confidence == 1
    assert any("2 of the first 2 images that it names are in train2017" in reason for reason in found.reasons)
    assert any("person_keypoints_train2017.json" in doubt for doubt in found.doubts)
    assert any("panoptic_train2017.json: panoptic" in doubt for doubt in found.doubts)
    listing = source(**found.options).read(tmp_path, split_folders=False)
    assert len(listing.records) == 3


def test_recognises_a_file_beside_the_images_of_each_split(tmp_path: Path) -> None:
    group = [{"id": 0, "name": "pets", "supercategory": "none"}]
    group += [{"id": id, "name": name, "supercategory": "pets"} for id, name in ((2, "dog"), (1, "cat"))]
    for split in ("train", "valid", "test"):
        touch(tmp_path, f"{split}/same.jpg", f"{split}/{split}.jpg")
        images = [entry(0, "same.jpg"), entry(1, f"{split}.jpg")]
        write(tmp_path, document(images, [box(0, 1, 1)], group), f"{split}/_annotations.coco.json")
    found = Coco.recognise(Survey.of(tmp_path))
    assert found is not None
    folders = {"train": "train", "val": "valid", "test": "test"}
    assert found.options["images"] == folders
    assert found.options["annotations"] == {split: f"{of}/_annotations.coco.json" for split, of in folders.items()}
    assert found.options["classes"] == ["cat", "dog"]
    listing = source(**found.options).read(tmp_path, split_folders=False)
    assert {record.split for record in listing.records} == {"train", "val", "test"}
    assert len(listing.records) == 6


def test_recognises_a_single_file_and_fractions_in_keypoints(tmp_path: Path) -> None:
    images = [entry(1, "C:\\photos\\a.jpg"), entry(2, "C:\\photos\\b.jpg")]
    write(tmp_path, document(images, [box(1, 1, keypoints=[1.5, 2, 2] * 3)], [PEOPLE]), "labels/all.json")
    touch(tmp_path, "photos/one/a.jpg", "photos/two/b.jpg", "other/c.png")
    found = Coco.recognise(Survey.of(tmp_path))
    assert found is not None
    assert found.options == {"images": "photos", "annotations": "labels/all.json"}
    assert found.split is None
    assert any("keypoint_coordinates: continuous" in doubt for doubt in found.doubts)
    listing = source(**found.options).read(tmp_path, split_folders=False)
    assert sum(len(record.labels.boxes or ()) for record in listing.records) == 1


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"shapes": [], "imagePath": "a.jpg"}', '{"images": [], "annotations": 3}']
)
def test_other_json_is_not_recognised(tmp_path: Path, text: str) -> None:
    write(tmp_path, text, "a.json")
    touch(tmp_path, "a.jpg")
    assert Coco.recognise(Survey.of(tmp_path)) is None


def test_a_file_whose_images_are_elsewhere_is_less_sure(tmp_path: Path) -> None:
    write(tmp_path, document([entry(1, "x.jpg")], [], [{"id": "x"}]), "a.json")
    touch(tmp_path, "a.jpg")
    found = Coco.recognise(Survey.of(tmp_path))
    assert found is not None and found.confidence == 0.5
    assert any("no image that a.json names is here" in doubt for doubt in found.doubts)


def test_arrays_of_rings_are_floats(tmp_path: Path) -> None:
    found = document([GOOD], [box(1, 2, segmentation=[[0, 0, 5, 0, 5, 5]])])
    (record,) = read(tmp_path, found, "good.jpg").records
    assert record.labels.polygons is not None
    assert record.labels.polygons.rings[0][0].dtype == np.float64
