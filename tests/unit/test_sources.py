"""What a reader refuses, and in which words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dataprep.errors import SourceError
from dataprep.inputs import walk
from dataprep.sources import KeypointNames, Listing
from dataprep.sources.csv_keypoints import CsvKeypoints
from dataprep.sources.voc import Voc

BOX = "<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox>"


def voc(root: Path, files: dict[str, str], **options: object) -> Listing:
    for name, text in {"JPEGImages/.keep": "", "Annotations/.keep": "", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Voc.model_validate({"format": "voc", "root": ".", **options}).read(root, split_folders=False)


def reasons(listing: Listing) -> dict[str, str]:
    return {refusal.key: refusal.reason for refusal in listing.refusals if refusal.reason != "hidden_file"}


@pytest.mark.parametrize(
    ("xml", "reason", "words"),
    [
        ("<annotation><object>", "bad_annotation", "no XML that can be read"),
        ("<html/>", "bad_annotation", "found <html>"),
        ("<annotation><object><name>a</name></object></annotation>", "bad_annotation", "object 1: wanted <bndbox>"),
        (f"<annotation><object>{BOX}</object></annotation>", "bad_annotation", "wanted <name>"),
        (
            f"<annotation><object><name>a</name>{BOX.format(1, 'x', 2, 2)}</object></annotation>",
            "bad_annotation",
            "'x'",
        ),
        (
            f"<annotation><object><name>a</name>{BOX.format(1, 'nan', 2, 2)}</object></annotation>",
            "bad_annotation",
            "finite",
        ),
        (f"<annotation><object><name>a</name>{BOX.format(9, 1, 2, 2)}</object></annotation>", "bad_box", "9, 1, 2, 2"),
        ('<!DOCTYPE a [<!ENTITY e "boom">]><annotation>&e;</annotation>', "bad_annotation", "no XML that can be read"),
    ],
)
def test_a_bad_annotation_costs_its_image_only(tmp_path: Path, xml: str, reason: str, words: str) -> None:
    good = f"<annotation><object><name>a</name>{BOX.format(1, 1, 2, 2)}</object></annotation>"
    files = {"JPEGImages/a.jpg": "", "JPEGImages/b.jpg": "", "Annotations/a.xml": xml, "Annotations/b.xml": good}
    listing = voc(tmp_path, files)
    assert reasons(listing) == {"a.jpg": reason}
    assert [record.key for record in listing.records] == ["b.jpg"]
    (refusal,) = [refusal for refusal in listing.refusals if refusal.key == "a.jpg"]
    assert words in refusal.note and "Annotations/a.xml" in refusal.note


def test_annotation_without_image_and_image_without_annotation_are_told_apart(tmp_path: Path) -> None:
    files = {
        "JPEGImages/alone.jpg": "",
        "Annotations/lost.xml": "<annotation><filename>lost.png</filename></annotation>",
    }
    listing = voc(tmp_path, files)
    assert reasons(listing) == {"lost.png": "missing_image"}
    (record,) = listing.records
    assert (record.key, record.notes) == ("alone.jpg", ("no_annotation",))
    assert reasons(voc(tmp_path, {}, unannotated="filter"))["alone.jpg"] == "no_annotation"


def test_two_images_of_one_stem_are_told_apart_by_the_file_name(tmp_path: Path) -> None:
    xml = f"<annotation><filename>a.png</filename><object><name>x</name>{BOX.format(1, 1, 2, 2)}</object></annotation>"
    listing = voc(tmp_path, {"JPEGImages/a.jpg": "", "JPEGImages/a.png": "", "Annotations/a.xml": xml})
    assert {record.key: len(record.labels.boxes or ()) for record in listing.records} == {"a.jpg": 0, "a.png": 1}


def test_a_class_that_was_not_declared_is_named(tmp_path: Path) -> None:
    xml = f"<annotation><object><name>hrose</name>{BOX.format(1, 1, 2, 2)}</object></annotation>"
    listing = voc(tmp_path, {"JPEGImages/a.jpg": "", "Annotations/a.xml": xml}, classes=["horse", "cow"])
    assert reasons(listing) == {"a.jpg": "unknown_class"}
    assert "did you mean horse?" in listing.refusals[-1].note or "did you mean horse?" in listing.refusals[0].note


def table(root: Path, text: str) -> Listing:
    (root / "images").mkdir(exist_ok=True)
    (root / "images/a.jpg").touch()
    (root / "annotations.csv").write_text(text)
    names = KeypointNames(names=("nose",))
    source = CsvKeypoints(format="csv_keypoints", root=".", keypoints=names, coordinates="continuous")
    return source.read(root, split_folders=False)


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("file,nose_x,nose_y\na.jpg,1,\n", "bad_keypoint", "line 2"),
        ("file,nose_x,nose_y\na.jpg,1,inf\n", "bad_number", "'nose_y'"),
        ("file,nose_x,nose_y\na.jpg,1,2\na.jpg,1,2\n", "second_row", "line 3"),
    ],
)
def test_a_bad_row_costs_its_image_only(tmp_path: Path, text: str, reason: str, words: str) -> None:
    listing = table(tmp_path, text)
    assert reasons(listing) == {"a.jpg": reason}
    assert words in listing.refusals[0].note


def test_a_row_without_image_names_the_near_one(tmp_path: Path) -> None:
    listing = table(tmp_path, "file,nose_x,nose_y\nA.jpg,1,2\n")
    assert reasons(listing) == {"A.jpg": "missing_image"}
    assert [record.key for record in listing.records] == ["a.jpg"]


def test_a_missing_column_is_named_with_its_neighbours(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"line 1: wanted a column 'nose_x'; did you mean noze_x"):
        table(tmp_path, "file,noze_x,nose_y\n")


def test_names_and_links_that_cannot_be_inputs_get_a_reason(tmp_path: Path) -> None:
    root = tmp_path / "images"
    (root / "sub").mkdir(parents=True)
    (root / "good\nname.jpg").touch()
    (root / "sub/.hidden.jpg").touch()
    (root / "folder.jpg").mkdir()
    (root / "loop").symlink_to(root)
    (root / "nowhere.jpg").symlink_to(root / "none")
    (tmp_path / "secret.jpg").touch()
    (root / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "é.jpg").touch()
    (root / "e\u0301.jpg").touch()
    Path(os.fsdecode(os.fsencode(root) + b"/bad\xff.jpg")).touch()
    files, refusals = walk(root)
    assert list(files) == ["good\nname.jpg"]
    assert {refusal.key: refusal.reason for refusal in refusals} == {
        "sub/.hidden.jpg": "hidden_file",
        "nowhere.jpg": "broken_link",
        "out.jpg": "outside_root",
        "bad\\xff.jpg": "name_not_utf8",
        "e\\u0301.jpg": "name_collision",
        "\\xe9.jpg": "name_collision",
    }


def test_a_missing_folder_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none: wanted a folder of images, found nothing"):
        walk(tmp_path / "none")
