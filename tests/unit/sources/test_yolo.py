"""YOLO's layouts, and what its reader refuses, in which words."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataprep.errors import SourceError
from dataprep.inputs import Record, Refusal
from dataprep.sources import Listing
from dataprep.sources.yolo import Yolo
from dataprep.survey import Suggestion, Survey

NAMES = "names: [cat, dog]\n"
BOX = "1 0.5 0.25 0.5 0.125\n"


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def yolo(root: Path, files: dict[str, Any], **options: Any) -> Listing:
    write(root, files)
    source = Yolo.model_validate({"format": "yolo", "root": ".", "task": "detect", **options})
    return source.read(root, split_folders=False)


def labels_of(text: str | bytes, tmp_path: Path, config: str = NAMES, **options: Any) -> Record:
    """The record of an image with these labels."""
    (record,) = yolo(tmp_path, {"images/a.jpg": "", "labels/a.txt": text, "data.yaml": config}, **options).records[:1]
    return record


def rows(listing: Listing) -> dict[str, Refusal]:
    keys = [record.key for record in listing.records] + [refusal.key for refusal in listing.refusals]
    assert len(set(keys)) == len(keys) and all(keys)
    return {refusal.key: refusal for refusal in listing.refusals}


def reasons(listing: Listing) -> dict[str, str]:
    return {key: refusal.reason for key, refusal in rows(listing).items()}


def splits(listing: Listing) -> dict[str, str]:
    return {record.key: record.split for record in listing.records}


# --- where things lie ---


def test_ultralytics_folders(tmp_path: Path) -> None:
    files = {
        "data.yaml": "path: ../datasets/pets  # where its author had it\ntrain: images/train\nval: images/val\ntest:\n"
        "names: {0: cat, 1: dog}\n",
        "images/train/a.jpg": "",
        "images/train/deep/b.v1.PNG": "",
        "images/val/a.jpg": "",
        "labels/train/a.txt": BOX,
        "labels/train/deep/b.v1.txt": "0 0.5 0.5 1 1\n",
        "labels/val/a.txt": "",
        "labels/train.cache": "",
    }
    listing = yolo(tmp_path, files)
    assert listing.classes == ("cat", "dog") and listing.keypoints is None
    assert splits(listing) == {
        "images/train/a.jpg": "train",
        "images/train/deep/b.v1.PNG": "train",
        "images/val/a.jpg": "val",
    }
    assert reasons(listing) == {}
    first, second, third = listing.records
    assert first.labels.boxes is not None and second.labels.boxes is not None and third.labels.boxes is not None
    # Centre 0.5, 0.25; sides 0.5, 0.125.
    assert first.labels.boxes.corners.tolist() == [[0.25, 0.1875, 0.75, 0.3125]]
    assert first.labels.boxes.classes.tolist() == [1] and first.relative == ("boxes",)
    assert second.labels.boxes.corners.tolist() == [[0, 0, 1, 1]]
    assert len(third.labels.boxes) == 0 and third.notes == ()


ROBOFLOW = {
    "data.yaml": "train: ../train/images\nval: ../valid/images\ntest: ../test/images\nnc: 2\nnames: ['cat', 'dog']\n",
    "README.roboflow.txt": "exported",
    **{f"{split}/images/{split}.jpg": "" for split in ("train", "valid", "test")},
    **{f"{split}/labels/{split}.txt": BOX for split in ("train", "valid", "test")},
}


def test_roboflow_leads_out_of_the_root_and_is_meant_to_lead_into_it(tmp_path: Path) -> None:
    # What the entries name as they are written is there, too, and is not looked at.
    write(tmp_path, {"train/images/other.jpg": "", "train/labels/other.txt": BOX})
    listing = yolo(tmp_path / "set", ROBOFLOW)
    wanted = {"test/images/test.jpg": "test", "train/images/train.jpg": "train", "valid/images/valid.jpg": "val"}
    assert splits(listing) == wanted and reasons(listing) == {}
    assert all(len(record.labels.boxes or ()) == 1 for record in listing.records)


@pytest.mark.parametrize("inner", ["", "pets/"])
def test_an_archive_is_read_in_place(tmp_path: Path, inner: str) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name, content in ROBOFLOW.items():
            archive.writestr(inner + name, content)
    source = Yolo.model_validate({"format": "yolo", "root": ".", "task": "detect"})
    listing = source.read(tmp_path / "set.zip" / inner, split_folders=False)
    assert [record.split for record in listing.records] == ["test", "train", "val"]
    assert all(len(record.labels.boxes or ()) == 1 for record in listing.records)


def test_list_files_name_images_from_their_own_folder_or_from_that_of_the_data_set(tmp_path: Path) -> None:
    names = ("one", "two", "three", "four", "é")
    lists = (
        f"./../images/one.jpg\n\nimages/two.jpg\nimages\\three.jpg\n{tmp_path}/images/four.jpg\nimages/e\u0301.jpg\r\n"
    )
    files = {f"images/{name}.jpg": "" for name in (*names, "left out")}
    files |= {f"labels/{name}.txt": BOX for name in (*names, "left out")}
    listing = yolo(tmp_path, {**files, "lists/train.txt": lists, "data.yaml": f"train: lists/train.txt\n{NAMES}"})
    assert splits(listing) == {f"images/{name}.jpg": "train" for name in sorted(names)}
    assert reasons(listing) == {"images/left out.jpg": "not_listed"}
    assert rows(listing)["images/left out.jpg"].status == "filtered"


def test_lines_of_a_list_without_image_have_rows_and_never_lead_out(tmp_path: Path) -> None:
    write(tmp_path, {"secret.jpg": "", "secret.txt": BOX})
    text = "images/a.jpg\nimages/none.jpg\nimages/none.jpg\n../../secret.jpg\n/etc/passwd\nC:\\x.jpg\n../secret.jpg\n"
    files = {"images/a.jpg": "", "labels/a.txt": BOX, "t/train.txt": text, "data.yaml": f"train: t/train.txt\n{NAMES}"}
    listing = yolo(tmp_path / "set", files)
    assert splits(listing) == {"images/a.jpg": "train"}
    assert reasons(listing) == {
        "images/none.jpg": "listed_missing",
        "../../secret.jpg": "outside_root",
        "/etc/passwd": "outside_root",
        "C:\\x.jpg": "outside_root",
        # From the list's own folder this one stays inside.
        "../secret.jpg": "listed_missing",
    }
    assert "t/train.txt, line 2" in rows(listing)["images/none.jpg"].note


@pytest.mark.parametrize(
    "config",
    [
        "train: [images/a, images/b]\n",
        "train: ./images\n",
        "path: .\ntrain: images/\n",
        "path: pets\ntrain: images\n",
        "path: /content/pets\ntrain: images\n",
        "path: C:\\pets\ntrain: images\\\n",
        "path: {root}\ntrain: images\n",
        "train: {root}/images\n",
        "train: ../../images\n",
    ],
)
def test_entries_are_found_wherever_their_author_had_the_data(tmp_path: Path, config: str) -> None:
    files = {"images/a/1.jpg": "", "images/b/2.jpg": "", "labels/a/1.txt": BOX, "labels/b/2.txt": BOX}
    listing = yolo(tmp_path, {**files, "data.yaml": config.replace("{root}", str(tmp_path)) + NAMES})
    assert splits(listing) == {"images/a/1.jpg": "train", "images/b/2.jpg": "train"}


def test_a_config_may_lie_anywhere_and_its_path_leads_to_a_folder_in_the_root(tmp_path: Path) -> None:
    files = {"pets/images/1.jpg": "", "pets/labels/1.txt": BOX}
    config = "path: pets\nval: images\n" + NAMES
    for name in ("pets.yaml", "sub/pets.yaml", "../pets.yaml"):
        listing = yolo(tmp_path / "set", {**files, name: config}, config=name)
        assert splits(listing) == {"pets/images/1.jpg": "val"}


@pytest.mark.parametrize("entry", ["images/test", "../..", "../../../etc", "/etc", "link", "''", "{a: b}", "[[x]]"])
def test_an_entry_that_is_nowhere_is_an_error_with_its_name(tmp_path: Path, entry: str) -> None:
    write(tmp_path, {"elsewhere/1.jpg": ""})
    (tmp_path / "set").mkdir()
    (tmp_path / "set/link").symlink_to(tmp_path / "elsewhere")
    files = {"images/1.jpg": "", "data.yaml": f"{NAMES}val: images\ntrain: {entry}\n"}
    with pytest.raises(SourceError, match=r"data\.yaml.*(train|line 3): wanted"):
        yolo(tmp_path / "set", files)


def test_an_image_of_two_splits_stays_in_the_first(tmp_path: Path) -> None:
    files = {
        "images/a.jpg": "",
        "images/b.jpg": "",
        "labels/a.txt": BOX,
        "labels/b.txt": BOX,
        "val.txt": "images/b.jpg",
    }
    listing = yolo(tmp_path, {**files, "data.yaml": f"val: val.txt\ntrain: images\n{NAMES}"})
    assert splits(listing) == {"images/a.jpg": "train", "images/b.jpg": "train"}
    assert [record.notes for record in listing.records] == [(), ("several_splits",)]


def test_without_splits_the_images_are_those_of_a_folder(tmp_path: Path) -> None:
    files = {"images/train/a.jpg": "", "labels/train/a.txt": BOX, "other/b.jpg": "", "images/notes.txt": "hello"}
    listing = yolo(tmp_path, files, classes=["cat", "dog"], images="images")
    assert splits(listing) == {"train/a.jpg": ""}
    assert reasons(listing) == {"notes.txt": "not_an_image"}
    # source.images has the last word over what data.yaml names.
    listing = yolo(tmp_path, {"data.yaml": f"train: nowhere\n{NAMES}"}, images="images")
    assert splits(listing) == {"train/a.jpg": ""}
    with pytest.raises(SourceError, match="found nothing in none"):
        yolo(tmp_path, {}, images="none")


def test_labels_beside_their_images(tmp_path: Path) -> None:
    files = {
        "a.jpg": "",
        "a.txt": BOX,
        "b.png": "",
        "classes.txt": "cat\ndog\n",
        "README.txt": "Five words are in here",
        "lost.txt": "0 .5 .5 .5 .5\n",
    }
    listing = yolo(tmp_path, files, classes=["cat", "dog"])
    assert {record.key: record.notes for record in listing.records} == {"a.jpg": (), "b.png": ("no_annotation",)}
    assert reasons(listing) == {
        "a.txt": "not_an_image",
        "classes.txt": "not_an_image",
        "README.txt": "not_an_image",
        "lost.txt": "missing_image",
    }


def test_labels_in_another_folder(tmp_path: Path) -> None:
    files = {
        "images/a.jpg": "",
        "labels/a.txt": "broken",
        "outlines/a.txt": BOX,
        "data.yaml": "train: images\n" + NAMES,
    }
    listing = yolo(tmp_path, files, annotations="outlines")
    assert len(listing.records[0].labels.boxes or ()) == 1 and reasons(listing) == {}


def test_the_last_folder_called_images_is_exchanged(tmp_path: Path) -> None:
    files = {"images/x/images/a.jpg": "", "images/x/labels/a.txt": BOX, "images/labels/x/a.txt": "broken"}
    listing = yolo(tmp_path, {**files, "data.yaml": "train: images\n" + NAMES})
    assert len(listing.records[0].labels.boxes or ()) == 1


# --- which labels are whose ---


def test_a_missing_file_an_empty_file_and_a_lost_file_are_told_apart(tmp_path: Path) -> None:
    files = {
        "images/full.jpg": "",
        "images/empty.jpg": "",
        "images/none.jpg": "",
        "labels/full.txt": BOX,
        "labels/empty.txt": " \n\n",
        "labels/lost.txt": BOX,
        "labels/classes.txt": "cat\ndog\n",
        "data.yaml": f"train: images\n{NAMES}",
    }
    listing = yolo(tmp_path, files)
    assert {record.key: record.notes for record in listing.records} == {
        "images/empty.jpg": (),
        "images/full.jpg": (),
        "images/none.jpg": ("no_annotation",),
    }
    assert {record.labels.kinds() for record in listing.records} == {("boxes",)}
    assert reasons(listing) == {"labels/lost.txt": "missing_image"}
    assert "images/lost.*" in rows(listing)["labels/lost.txt"].note
    listing = yolo(tmp_path, {}, unannotated="filter")
    assert [record.key for record in listing.records] == ["images/empty.jpg", "images/full.jpg"]
    assert rows(listing)["images/none.jpg"].status == "filtered"


def test_images_of_which_none_has_labels_are_a_wrong_folder(tmp_path: Path) -> None:
    files = {"images/a.jpg": "", "label/a.txt": BOX, "data.yaml": f"train: images\n{NAMES}"}
    with pytest.raises(SourceError, match=r"those of images/a\.jpg would be labels/a\.txt.*source\.annotations"):
        yolo(tmp_path, files)


def test_labels_that_can_be_of_two_images_reject_both(tmp_path: Path) -> None:
    files = {"images/a.jpg": "", "images/a.png": "", "images/b.jpg": "", "labels/a.txt": BOX, "labels/b.txt": BOX}
    files |= {"labels/b.TXT": BOX}
    listing = yolo(tmp_path, {**files, "data.yaml": f"train: images\n{NAMES}"})
    assert reasons(listing) == {
        "images/a.jpg": "ambiguous_annotation",
        "images/a.png": "ambiguous_annotation",
        "images/b.jpg": "second_annotation",
    }


def test_labels_that_cannot_be_used_do_not_make_their_image_a_negative(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(BOX)
    (tmp_path / "secret.jpg").touch()
    root = tmp_path / "set"
    (root / "labels").mkdir(parents=True)
    (root / "images").mkdir()
    (root / "labels/out.txt").symlink_to(tmp_path / "secret.txt")
    (root / "labels/alone.txt").symlink_to(tmp_path / "secret.txt")
    (root / "images/link.jpg").symlink_to(tmp_path / "secret.jpg")
    for name in ("é", "e\u0301"):
        (root / f"labels/{name}.txt").write_text(BOX)
    Path(os.fsdecode(os.fsencode(root) + b"/images/bad\xff.jpg")).touch()
    files = {"images/out.jpg": "", "images/é.jpg": "", "images/good.jpg": "", "images/.hidden.jpg": ""}
    files |= {"labels/good.txt": BOX, "labels/link.txt": BOX, ".git/x.jpg": "", "data.yaml": f"train: images\n{NAMES}"}
    listing = yolo(root, files)
    assert [record.key for record in listing.records] == ["images/good.jpg"]
    assert reasons(listing) == {
        "images/out.jpg": "bad_annotation",
        "images/é.jpg": "bad_annotation",
        "images/link.jpg": "outside_root",
        "images/.hidden.jpg": "hidden_file",
        "images/bad\\xff.jpg": "name_not_utf8",
        "labels/alone.txt": "outside_root",
        "labels/link.txt": "missing_image",
    }
    assert "labels/out.txt: outside_root" in rows(listing)["images/out.jpg"].note


# --- lines ---


@pytest.mark.parametrize(
    ("task", "line", "reason", "words"),
    [
        ("detect", "0 .5 .5 .5", "bad_row", "task detect wants 5 fields (a class, x, y, width and height), found 4"),
        ("detect", "0 .5 .5 .5 .5 .9", "bad_row", "found 6; is it another task?"),
        ("detect", "0 .1 .1 .9 .1 .9 .9", "bad_row", "found 7"),
        ("detect", "0 .5 .5 .5 x", "bad_number", "'0 .5 .5 .5 x'"),
        ("detect", "0 .5 .5 .5 nan", "bad_number", "finite"),
        ("detect", "0 .5 .5 inf .5", "bad_number", "finite"),
        ("detect", "0 .5 .5 1e999 .5", "bad_number", "finite"),
        ("detect", "0 .5 .5 .5 0_1", "bad_number", "'_'"),
        ("detect", "0 320 240 64 48", "bad_number", "from 0 to 1, found 320.0; pixels must be divided"),
        ("detect", "0 .5 1.02 .5 .5", "bad_number", "1.02"),
        ("detect", "0 -.02 .5 .5 .5", "bad_number", "-0.02"),
        ("detect", "0 .5 .5 -.001 .5", "bad_box", "not negative, found -.001 x .5"),
        ("detect", "2 .5 .5 .5 .5", "unknown_class", "no class has the id 2; known are 0, 1"),
        ("detect", "-1 .5 .5 .5 .5", "bad_id", "'-1'"),
        ("detect", "0.5 .5 .5 .5 .5", "bad_id", "whole number"),
        ("detect", "cat .5 .5 .5 .5", "bad_number", "'cat .5 .5 .5 .5'"),
        ("segment", "0 .5 .5 .5 .5", "bad_polygon", "three points or more, found 5 fields"),
        ("segment", "0 .1 .1 .9 .1 .9 .9 .5", "bad_polygon", "found 8"),
        ("segment", "0 .1 .1 .9 .1 .9 1.9", "bad_number", "1.9"),
        ("pose", "0 .5 .5 .5 .5 .1 .1 2", "bad_row", "and 2 keypoints of 3 numbers), found 8"),
        (
            "pose",
            "0 .5 .5 .5 .5 .1 .1 2 .1 .1 3",
            "bad_keypoint",
            "keypoint 2: wanted a visibility of 0, 1 or 2",
        ),
        ("pose", "0 .5 .5 .5 .5 .1 .1 2 .1 .1 0.97", "bad_keypoint", "0.97"),
        ("pose", "0 .5 .5 .5 .5 .1 .1 2 .1 9 1", "bad_number", "found 9"),
        ("pose", "0 .5 .5 .5 1.5 .1 .1 2 .1 .9 1", "bad_number", "found 1.5"),
        ("pose", "0 .5 .5 -1e-3 .5 .1 .1 2 .1 .9 1", "bad_box", "-1e-3"),
        ("pose", "0 .5 .5 .5 .5 .1 .1 2 .1 nan 0", "bad_number", "finite"),
    ],
)
def test_a_bad_line_costs_its_image_only(tmp_path: Path, task: str, line: str, reason: str, words: str) -> None:
    good = {"detect": BOX, "segment": "0 .1 .1 .9 .1 .9 .9\n", "pose": "0 .5 .5 .5 .5 .1 .1 2 0 0 0\n"}[task]
    files = {"images/a.jpg": "", "images/b.jpg": "", "labels/a.txt": f"\n{good}{line}\n", "labels/b.txt": good}
    listing = yolo(tmp_path, {**files, "data.yaml": f"train: images\nkpt_shape: [2, 3]\n{NAMES}"}, task=task)
    assert [record.key for record in listing.records] == ["images/b.jpg"]
    assert reasons(listing) == {"images/a.jpg": reason}
    note = rows(listing)["images/a.jpg"].note
    assert words in note and "labels/a.txt" in note and ("line 3" in note or "_" in line)


def test_a_label_file_that_is_no_text_costs_its_image(tmp_path: Path) -> None:
    files = {"images/a.jpg": "", "labels/a.txt": b"\xff\xfe0\x00", "data.yaml": f"train: images\n{NAMES}"}
    assert reasons(yolo(tmp_path, files)) == {"images/a.jpg": "bad_annotation"}


@pytest.mark.parametrize("line", ["1.0 0.5 0.5 1 1", "1.000e+00\t0.5   .5 1.0 1", "\ufeff1 0.5 0.5 1 1 \r"])
def test_numbers_may_be_written_in_any_way(tmp_path: Path, line: str) -> None:
    record = labels_of(line, tmp_path)
    assert record.labels.boxes is not None
    assert record.labels.boxes.corners.tolist() == [[0, 0, 1, 1]] and record.labels.boxes.classes.tolist() == [1]


def test_what_leaves_the_image_by_rounding_lies_on_its_edge(tmp_path: Path) -> None:
    # A box from 1/3 to the right edge, in six decimals: 0.6666665 + 0.3333335 is more than 1, -0.0000005 less than 0.
    record = labels_of("0 0.666667 0.499999 0.666667 1.000000\n0 0.9 0.5 0.3 0.1\n", tmp_path)
    assert record.labels.boxes is not None
    first, second = record.labels.boxes.corners.tolist()
    assert first[1] == 0 and first[2] == 1
    np.testing.assert_allclose(first, [1 / 3, 0, 1, 1], atol=1.5e-6)
    # One that reaches well beyond is left to the clipping, which records it.
    np.testing.assert_allclose(second, [0.75, 0.45, 1.05, 0.55])


def test_an_outline_gives_a_box_as_well(tmp_path: Path) -> None:
    record = labels_of("1 0.25 0.5 0.75 1.0000004 0.5 -0.0000004\n", tmp_path, task="segment")
    boxes, polygons = record.labels.boxes, record.labels.polygons
    assert boxes is not None and polygons is not None and record.labels.linked
    assert boxes.corners.tolist() == [[0.25, 0, 0.75, 1]]
    assert polygons.rings[0][0].tolist() == [[0.25, 0.5], [0.75, 1], [0.5, 0]]
    assert boxes.classes.tolist() == polygons.classes.tolist() == [1]
    assert record.relative == ("boxes", "polygons")


def test_lines_that_say_the_same_count_once(tmp_path: Path) -> None:
    record = labels_of("0 .5 .5 .5 .5\n1 .5 .5 .5 .5\n0 0.50 .5 .5 .5\n0 .5 .5 .5 .500001\n0 .5 .5 .5 .5", tmp_path)
    assert record.labels.boxes is not None
    assert record.labels.boxes.classes.tolist() == [0, 1, 0]
    assert record.dropped == (("repeated_label", 2),)


# --- keypoints ---


POSE = "0 .5 .5 1 1 .25 .5 2 .75 .5 1 .9 .9 0\n"
SHAPE = f"{NAMES}kpt_shape: [3, 3]\n"


def test_keypoints_with_visibility(tmp_path: Path) -> None:
    record = labels_of(POSE, tmp_path, SHAPE, task="pose")
    assert record.labels.keypoints is not None and record.labels.boxes is not None and record.labels.linked
    # What is not labelled is nowhere.
    assert record.labels.keypoints.points.tolist() == [[[0.25, 0.5, 2], [0.75, 0.5, 1], [0, 0, 0]]]
    assert record.relative == ("boxes", "keypoints")


def test_keypoints_without_visibility_are_labelled_unless_they_are_nowhere(tmp_path: Path) -> None:
    line = "0 .5 .5 1 1  .25 .5  0 0  0 .5  -1 -1  -.5 .5  -1e-7 .5\n"
    record = labels_of(line, tmp_path, f"{NAMES}kpt_shape: [6, 2]\n", task="pose")
    assert record.labels.keypoints is not None
    wanted = [[0.25, 0.5, 2], [0, 0, 0], [0, 0.5, 2], [0, 0, 0], [0, 0, 0], [0, 0.5, 2]]
    assert record.labels.keypoints.points.tolist() == [wanted]


@pytest.mark.parametrize("text", ["", None])
def test_a_negative_has_all_kinds_of_its_task(tmp_path: Path, text: str | None) -> None:
    files = {"images/a.jpg": "", "images/b.jpg": "", "labels/b.txt": "", "data.yaml": SHAPE}
    if text is not None:
        files["labels/a.txt"] = text
    for task, kinds in (("detect", ()), ("segment", ("polygons",)), ("pose", ("keypoints",))):
        record, _ = yolo(tmp_path, files, task=task, images="images").records
        assert sorted(record.labels.kinds()) == ["boxes", *kinds]
        assert record.labels.linked == bool(kinds)


@pytest.mark.parametrize(
    ("config", "names", "pairs"),
    [
        ("", ("point_0", "point_1", "point_2"), ()),
        ("flip_idx: [0, 2, 1]", ("point_0", "point_1", "point_2"), (("point_1", "point_2"),)),
        ("flip_idx: [1, 0, 2]\nkpt_names: [a, b, c]", ("a", "b", "c"), (("a", "b"),)),
        ("flip_idx: [2, 1, 0]\nkpt_names: {0: [a, b, c], 1: [a, b, c]}", ("a", "b", "c"), (("a", "c"),)),
        ("kpt_names: [[a, b, 'no']]", ("a", "b", "no"), ()),
    ],
)
def test_names_and_partners_of_keypoints(
    tmp_path: Path, config: str, names: tuple[str, ...], pairs: tuple[tuple[str, str], ...]
) -> None:
    files = {"images/a.jpg": "", "labels/a.txt": POSE, "data.yaml": f"{SHAPE}{config}\n"}
    found = yolo(tmp_path, files, task="pose").keypoints
    assert found is not None and (found.names, found.pairs) == (names, pairs)
    # Names of the manifest take their place; partners only where it has some.
    declared = {"names": ["x", "y", "z"]}
    found = yolo(tmp_path, {}, task="pose", keypoints=declared).keypoints
    assert found is not None and found.names == ("x", "y", "z")
    assert found.indices == tuple((names.index(left), names.index(right)) for left, right in pairs)
    found = yolo(tmp_path, {}, task="pose", keypoints={**declared, "pairs": [["x", "z"]]}).keypoints
    assert found is not None and found.indices == ((0, 2),)


def test_keypoints_declared_in_the_manifest_alone(tmp_path: Path) -> None:
    files = {"images/a.jpg": "", "labels/a.txt": "0 .5 .5 1 1 .25 .5"}
    options = {"task": "pose", "classes": ["cat"], "keypoints": {"names": ["nose"]}}
    (record,) = yolo(tmp_path, files, **options, keypoint_values=2).records
    assert record.labels.keypoints is not None and record.labels.keypoints.points.tolist() == [[[0.25, 0.5, 2]]]
    with pytest.raises(SourceError, match=r"source\.keypoint_values"):
        yolo(tmp_path, files, **options)
    with pytest.raises(SourceError, match="2 names, and kpt_shape says 3"):
        yolo(tmp_path, {"data.yaml": SHAPE}, task="pose", keypoints={"names": ["a", "b"]})
    with pytest.raises(SourceError, match="wants kpt_shape"):
        yolo(tmp_path, {"data.yaml": NAMES}, task="pose")


# --- data.yaml ---


@pytest.mark.parametrize(
    ("config", "classes", "ids"),
    [
        ("names: [cat, dog]", ("cat", "dog"), [0, 1]),
        ("names: {1: dog, 0: cat}", ("cat", "dog"), [0, 1]),
        ("names:\n  7: emu\n  1: dog\n  0: cat\n", ("cat", "dog", "emu"), [0, 1, 2]),
        (
            "names: [no, 01, '7', ~x, 1.0, a b, on, 08]",
            ("no", "01", "7", "~x", "1.0", "a b", "on", "08"),
            [0, 1, 7],
        ),
        ("nc: 8\nnames: &names {0: a, 1: b, 7: c}\nother: *names", ("a", "b", "c"), [0, 1, 2]),
    ],
)
def test_names_as_a_list_and_as_a_map(tmp_path: Path, config: str, classes: tuple[str, ...], ids: list[int]) -> None:
    lines = "".join(f"{id} .5 .5 1 1\n" for id in ((0, 1, 7) if len(classes) > 2 else (0, 1)))
    files = {"images/a.jpg": "", "labels/a.txt": lines, "data.yaml": config}
    listing = yolo(tmp_path, files)
    assert listing.classes == classes
    assert listing.records[0].labels.boxes is not None
    assert listing.records[0].labels.boxes.classes.tolist() == ids


def test_declared_classes_order_the_names_of_the_config(tmp_path: Path) -> None:
    files = {"images/a.jpg": "", "images/b.jpg": "", "labels/a.txt": "0 .5 .5 1 1\n5 .5 .5 1 1\n"}
    files |= {"labels/b.txt": "2 .5 .5 1 1\n", "data.yaml": "names: {0: cat, 2: emu, 5: dog}"}
    listing = yolo(tmp_path, files, classes=["dog", "cat"])
    assert listing.classes == ("dog", "cat")
    assert listing.records[0].labels.boxes is not None
    assert listing.records[0].labels.boxes.classes.tolist() == [1, 0]
    assert reasons(listing)["images/b.jpg"] == "unknown_class"
    with pytest.raises(SourceError, match=r"'dof', and the names of data\.yaml have not; did you mean dog"):
        yolo(tmp_path, files, classes=["dof", "cat"])


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("train: images\n", "wanted names in data.yaml, or in source.classes"),
        ("", "wanted names"),
        ("names: [", "line 1: no valid YAML"),
        ("names: [a, a]", "'a' stands twice"),
        ("x:\nnames: {0: a, 0: b}", "line 2: wanted a key of its own, found '0'"),
        ("names: {0: a, 00: b}", "an id of its own for each class, found '00'"),
        ("names: {zero: a}", "found 'zero'"),
        ("names: {-1: a}", "found '-1'"),
        ("names: cat", "a list of class names, or a map of ids to names, found cat"),
        ("names: [a, [b]]", "wanted a text"),
        ("names: [a, ]\nnc: 2", "line 2: wanted the 1 that names has, found 2"),
        ("- a", "wanted keys such as names and train"),
        ("names: [a]\nkpt_shape: [17]", "line 2: wanted [number of keypoints, 2 or 3], found ['17']"),
        ("names: [a]\nkpt_shape: [17, 4]", "2 or 3"),
        ("names: [a]\nkpt_shape: [3, 3]\nflip_idx: [0, 2]", "line 3: wanted 3 positions"),
        ("names: [a]\nkpt_shape: [3, 3]\nflip_idx: [1, 2, 0]", "where i has j, j must have i"),
        ("names: [a]\nkpt_shape: [3, 3]\nflip_idx: [0, 1, 1]", "where i has j"),
        ("names: [a]\nkpt_shape: [3, 3]\nkpt_names: {0: [a, b, c], 1: [a, b, d]}", "same names for every class"),
        ("names: [a]\nkpt_shape: [3, 3]\nkpt_names: [a, b]", "3 different names"),
        ("names: [a]\nval: x\nvalid: y", "val is named twice"),
        ("nc: 3\nnames: {0: a, 1: b}", "line 1: wanted the 2 that names has, found 3"),
        ("names: &a [*a]", "an alias that holds itself"),
        ("names: " + "[" * 100_000, "no YAML that can be read"),
        ("names: [\x00]", "no YAML that can be read"),
        (b"names: [\xff]", "no YAML that can be read"),
    ],
)
def test_a_config_that_cannot_be_understood_is_an_error_with_file_and_line(
    tmp_path: Path, config: str | bytes, words: str
) -> None:
    with pytest.raises(SourceError) as error:
        yolo(tmp_path, {"images/a.jpg": "", "labels/a.txt": "", "data.yaml": config})
    assert words in str(error.value)


def test_aliases_cannot_fill_the_memory(tmp_path: Path) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    with pytest.raises(SourceError, match="wanted a text"):
        yolo(tmp_path, {"images/a.jpg": "", "data.yaml": "\n".join([*levels, "names: *a39"])})


def test_a_config_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"pets\.yaml: data\.yaml can't be read"):
        yolo(tmp_path, {"images/a.jpg": ""}, config="pets.yaml")


# --- what it recognises ---


def recognised(root: Path, files: dict[str, Any]) -> Suggestion:
    write(root, files)
    found = Yolo.recognise(Survey.of(root))
    assert found is not None
    # What it suggests can be read.
    yolo(root, {}, **found.options)
    return found


def test_recognises_a_config_and_what_it_names(tmp_path: Path) -> None:
    found = recognised(tmp_path / "roboflow", ROBOFLOW)
    assert (found.options, found.split, found.doubts) == ({"task": "detect"}, {"by": "source"}, ())
    assert found.confidence == 1 and "1 for train, 1 for val, 1 for test" in found.reasons[0]
    deep = {f"pets/{name}": content for name, content in ROBOFLOW.items() if name != "data.yaml"}
    deep |= {"pets/pets.yaml": "path: pets\ntrain: train/images\nval: ../elsewhere\n" + NAMES, "other.yaml": "- a"}
    write(tmp_path / "none", deep)
    # A config whose images are elsewhere says nothing of those that are here.
    suggestion = Yolo.recognise(Survey.of(tmp_path / "none"))
    assert suggestion is not None and "config" not in suggestion.options
    found = recognised(tmp_path / "deep", {**deep, "pets/pets.yaml": "path: pets\ntrain: train/images\n" + NAMES})
    assert (found.options, found.split) == ({"task": "detect", "config": "pets/pets.yaml"}, None)


@pytest.mark.parametrize("where", ["/home/bob/pets/images/train", "C:\\\\pets\\\\images\\\\train", "nowhere"])
def test_recognises_the_classes_of_a_config_whose_images_are_elsewhere(tmp_path: Path, where: str) -> None:
    files = {f"images/{split}/a.jpg": "" for split in ("train", "val")}
    files |= {f"labels/{split}/a.txt": "1 0.5 0.5 1 1\n" for split in ("train", "val")}
    found = recognised(tmp_path, {**files, "data.yaml": f"train: {where}\nnames: [emu, ant]\n"})
    assert found.options == {"task": "detect", "images": "images"}
    assert found.split == {"by": "folder"}
    (doubt,) = found.doubts
    assert (
        doubt.startswith("images: all of a folder, for what data.yaml names is not here") and "train: wanted" in doubt
    )


@pytest.mark.parametrize(
    ("line", "config", "options"),
    [
        ("0 .1 .1 .9 .1 .9 .9\n1 .1 .1 .9 .1 .9 .9 .5 .5\n", NAMES, {"task": "segment"}),
        (POSE, SHAPE, {"task": "pose"}),
        (
            "0 .5 .5 1 1 .25 .5 2",
            NAMES,
            {"task": "pose", "keypoints": {"names": ["point_0"]}, "keypoint_values": 3},
        ),
        ("", NAMES, {"task": "detect"}),
    ],
)
def test_recognises_the_task_by_the_lines(tmp_path: Path, line: str, config: str, options: dict[str, Any]) -> None:
    files = {"images/a.jpg": "", "labels/a.txt": line, "data.yaml": f"train: images\n{config}"}
    found = recognised(tmp_path, files)
    assert found.options == options
    assert bool(found.doubts) == ("keypoints" in options or not line)
    assert found.confidence == (1 if line else 0.3)


def test_recognises_labels_without_a_config(tmp_path: Path) -> None:
    files = {f"photos/{name}.jpg": "" for name in ("a", "b", "c")}
    files |= {"photos/a.txt": BOX, "photos/b.txt": BOX, "photos/classes.txt": "cat\ndog\nemu\n"}
    found = recognised(tmp_path / "beside", files)
    assert found.options == {"task": "detect", "images": "photos", "classes": ["cat", "dog", "emu"]}
    assert found.confidence == pytest.approx(0.6) and "1 images have no label file" in " ".join(found.doubts)
    files = {f"images/{split}/a.jpg": "" for split in ("train", "val")}
    files |= {f"labels/{split}/a.txt": "3 .5 .5 1 1" for split in ("train", "val")}
    found = recognised(tmp_path / "split", files)
    assert found.options == {"task": "detect", "images": "images", "classes": ["0", "1", "2", "3"]}
    assert found.split == {"by": "folder"} and "put their names here" in found.doubts[0]


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"images/a.jpg": "", "data.yaml": NAMES},
        {"images/a.jpg": "", "data.yaml": f"train: nowhere\n{NAMES}"},
        {"images/a.jpg": "", "images/a.txt": "a photo of a cat", "conf.yaml": "names: [\xff"},
        {"a.jpg": "", "labels/a.txt": BOX},
    ],
)
def test_does_not_recognise_what_is_something_else(tmp_path: Path, files: dict[str, str]) -> None:
    write(tmp_path, files)
    assert Yolo.recognise(Survey.of(tmp_path)) is None
