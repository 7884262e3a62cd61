"""What tables and landmark files recognise in a folder, and that what they suggest reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataprep.sources import Listing, Source, sources
from dataprep.survey import Suggestion, Survey
from tests.listings import records

FORMATS = ("csv", "jsonl", "labelme", "pts", "face_api")


def suggestions(root: Path, files: dict[str, Any]) -> dict[str, Suggestion]:
    """What each format here suggests for some files."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content if isinstance(content, str) else json.dumps(content))
    survey = Survey.of(root)
    found = {name: sources()[name].recognise(survey) for name in FORMATS}
    return {name: one for name, one in found.items() if one is not None}


def read(root: Path, format: str, suggestion: Suggestion) -> Listing:
    source: Source = sources()[format].model_validate({"format": format, "root": ".", **suggestion.options})
    return source.read(root, split_folders=False)


IMAGES = {f"images/{stem}.jpg": "" for stem in "abcd"}


def table(heading: str, *rows: str) -> str:
    return "\n".join([heading, *rows]) + "\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            table("file,label", "a.jpg,cat", "b.jpg,dog", "c.jpg,cat"),
            {"columns": {"path": "file", "class": "label"}},
        ),
        (
            table("image_id,x,y,w,h", "a,1,2,3,4.5", "a,2,3,4,5", "b,1,2,3,4"),
            {
                "rows": "object",
                "columns": {"path": "image_id", "boxes": {"corner_size": ["x", "y", "w", "h"]}},
                "coordinates": "continuous",
            },
        ),
        (
            table(
                "ImageID,LabelName,XMin,XMax,YMin,YMax", "a,/m/1,0.1,0.2,0.3,0.4", "a,/m/2,0,1,0,1", "b,/m/1,0,1,0,1"
            ),
            {
                "rows": "object",
                "columns": {
                    "path": "ImageID",
                    "boxes": {"corners": ["XMin", "YMin", "XMax", "YMax"]},
                    "class": "LabelName",
                },
                "coordinates": "relative",
            },
        ),
        (
            table("name,width,height,bbox", 'a,640,480,"[5.5, 6, 2, 3]"', 'a,640,480,"[1, 2, 3, 4]"'),
            {
                "rows": "object",
                "columns": {"path": "name", "boxes": {"corner_size": "bbox"}, "size": ["width", "height"]},
                "coordinates": "continuous",
            },
        ),
        (
            table(",0,1,2,3", "a.jpg,1,2,3,4.5", "b.jpg,1,2,3,4"),
            {
                "columns": {"path": "", "points": "{x}, {y}"},
                "coordinates": "continuous",
                "keypoints": {"names": ["point_0", "point_1"]},
            },
        ),
        (
            table("file,nose_x,nose_y,nose_v,age", "a.jpg,1,2.5,2,30", "b.jpg,1,2,1,40"),
            {
                "columns": {"path": "file", "points": "{name}_x, {name}_y, {name}_v"},
                "coordinates": "continuous",
                "keypoints": {"names": ["nose"]},
            },
        ),
        (
            table("file\tlabels\tUsage", "a.jpg\tMass|Cyst\tTraining", "b.jpg\tMass\tPrivateTest"),
            {
                "delimiter": "\t",
                "columns": {"path": "file", "tags": "labels", "split": "Usage"},
                "splits": {"PrivateTest": "test", "Training": "train"},
            },
        ),
    ],
)
def test_csv(tmp_path: Path, text: str, wanted: dict[str, Any]) -> None:
    found = suggestions(tmp_path, {**IMAGES, "labels.csv": text})
    assert set(found) == {"csv"}
    suggestion = found["csv"]
    assert suggestion.options == {"images": "images", "annotations": "labels.csv", **wanted}
    assert suggestion.confidence == pytest.approx(0.8)
    assert suggestion.split == ({"by": "source"} if "splits" in wanted else None)
    listing = read(tmp_path, "csv", suggestion)
    assert listing.refusals == []
    assert not records(listing)["images/a.jpg".removeprefix("images/")].notes


def test_x_and_y_may_be_a_middle(tmp_path: Path) -> None:
    files = {"a.csv": table("file,x,y,width,height", "a.jpg,1,2,3,4.5", "b.jpg,2,3,4,5"), "a.jpg": "", "b.jpg": ""}
    doubts = suggestions(tmp_path, files)["csv"].doubts
    assert any("x and y are taken for a box's upper left corner" in doubt for doubt in doubts)


def test_columns_that_are_not_read_are_named(tmp_path: Path) -> None:
    found = suggestions(tmp_path, {**IMAGES, "t.csv": table("file,label,age", "a.jpg,cat,3", "b.jpg,dog,4")})
    assert any("not read: age" in doubt for doubt in found["csv"].doubts)


def test_the_table_that_names_most_images(tmp_path: Path) -> None:
    files = {**IMAGES, "a.csv": table("file,label", "a.jpg,x", "lost.jpg,y"), "b.csv": table("file,label", "a.jpg,x")}
    files |= {"c.csv": table("file,label", "x.jpg,x"), "d.csv": "file\n", "e.csv": ""}
    assert suggestions(tmp_path, files)["csv"].options["annotations"] == "b.csv"


def test_images_beside_the_table(tmp_path: Path) -> None:
    files = {"data/a.jpg": "", "data/sub/b.jpg": "", "data/t.csv": table("file,label", "a.jpg,x", "sub/b.jpg,y")}
    suggestion = suggestions(tmp_path, files)["csv"]
    assert suggestion.options["images"] == "data"
    assert len(read(tmp_path, "csv", suggestion).records) == 2


def test_jsonl(tmp_path: Path) -> None:
    lines = [
        {"file_name": "a.jpg", "objects": {"bbox": [[1, 2, 30, 4.5]], "categories": ["x"]}, "id": 1},
        {"file_name": "b.jpg", "objects": {"bbox": [], "categories": []}, "id": 2},
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    suggestion = suggestions(tmp_path, {**IMAGES, "images/metadata.jsonl": text})["jsonl"]
    assert suggestion.options == {
        "images": "images",
        "annotations": "images/metadata.jsonl",
        "fields": {"path": "file_name", "boxes": {"corner_size": "objects.bbox"}, "class": "objects.categories"},
        "coordinates": "continuous",
    }
    assert any(doubt.startswith("fields: a box's four numbers can be") for doubt in suggestion.doubts)
    assert set(records(read(tmp_path, "jsonl", suggestion))) == {"a.jpg", "b.jpg", "c.jpg", "d.jpg"}


def test_jsonl_points(tmp_path: Path) -> None:
    text = json.dumps({"image": "a", "landmarks": [[0.5, 0.25], [1, 0]], "kind": "x"})
    suggestion = suggestions(tmp_path, {**IMAGES, "t.jsonl": text})["jsonl"]
    assert suggestion.options["fields"] == {"path": "image", "points": "landmarks", "class": "kind"}
    assert suggestion.options["coordinates"] == "relative"
    assert records(read(tmp_path, "jsonl", suggestion))["a.jpg"].relative == ("keypoints",)


def labelme_file(*shapes: tuple[str, str], **more: Any) -> dict[str, Any]:
    points = {"rectangle": [[1, 2], [3, 4]], "point": [[1, 2]]}
    found = [{"label": label, "shape_type": kind, "points": points.get(kind, [[1, 2]] * 3)} for kind, label in shapes]
    return {"shapes": found, "imagePath": "a.jpg", "imageData": None, **more}


def test_labelme(tmp_path: Path) -> None:
    files = {**IMAGES, "images/a.json": labelme_file(("rectangle", "cat")), "images/b.json": labelme_file()}
    found = suggestions(tmp_path, files)
    assert set(found) == {"labelme"}
    assert found["labelme"].options == {"images": "images", "annotations": "images"}
    files |= {"images/b.json": labelme_file(("point", "nose"), ("mask", "x"), flags={"day": True})}
    suggestion = suggestions(tmp_path, files)["labelme"]
    assert suggestion.options["shapes"] == ["rectangle", "point"]
    assert suggestion.options["keypoints"] == {"names": ["nose"]}
    assert [doubt.partition(":")[0] for doubt in suggestion.doubts] == ["shapes", "keypoints", "flags"]
    assert set(records(read(tmp_path, "labelme", suggestion))) == {"a.jpg", "b.jpg", "c.jpg", "d.jpg"}


def test_labelme_in_a_folder_of_its_own(tmp_path: Path) -> None:
    files = {**IMAGES, **{f"json/{stem}.json": labelme_file(("rectangle", "cat")) for stem in "ab"}, "notes.json": {}}
    suggestion = suggestions(tmp_path, files)["labelme"]
    assert suggestion.options == {"images": "images", "annotations": "json"}


def test_pts(tmp_path: Path) -> None:
    text = "version: 1\nn_points: 68\n{\n" + "1 2\n" * 68 + "}\n"
    names = ("afw/1", "helen/trainset/2", "helen/testset/3")
    files = {f"{name}.jpg": "" for name in names} | {f"{name}.pts": text for name in names}
    found = suggestions(tmp_path, files)
    assert set(found) == {"pts"}
    assert found["pts"].options == {
        "images": ".",
        "annotations": ".",
        "coordinates": "pixel_index",
        "first_pixel": 1,
        "splits": {"trainset": "train", "testset": "test", "afw": "train"},
    }
    assert found["pts"].split == {"by": "source"}
    assert {record.split for record in read(tmp_path, "pts", found["pts"]).records} == {"train", "test"}


def test_pts_of_other_counts(tmp_path: Path) -> None:
    text = "version: 1\nn_points: 2\n{\n1 2\n3 4\n}\n"
    suggestion = suggestions(tmp_path, {**IMAGES, "points/a.pts": text})["pts"]
    assert suggestion.options["keypoints"] == {"names": ["point_0", "point_1"]}
    assert suggestion.split is None
    assert set(records(read(tmp_path, "pts", suggestion))) == {"a.jpg", "b.jpg", "c.jpg", "d.jpg"}
    assert "pts" not in suggestions(tmp_path, {"points/a.pts": "no points"})


POINTS = [{"x": 10.5, "y": 20}] * 68


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (POINTS, {"holds": "landmarks", "coordinates": "continuous"}),
        ([{"_x": 0.5, "_y": 0.25}] * 68, {"holds": "landmarks", "coordinates": "relative"}),
        ([POINTS, POINTS], {"holds": "landmarks", "coordinates": "continuous"}),
        (
            POINTS[:2],
            {"holds": "landmarks", "coordinates": "continuous", "keypoints": {"names": ["point_0", "point_1"]}},
        ),
        ([{"x": 0.5, "y": 0.5, "width": 0.1, "height": 0.2}], {"holds": "boxes", "coordinates": "relative"}),
        (
            [
                {
                    "detection": {"_box": {"_x": 1, "_y": 2, "_width": 3, "_height": 4}, "_imageDims": {}},
                    "landmarks": {"_positions": [{"_x": 1, "_y": 2}] * 68},
                }
            ],
            {"holds": "detections"},
        ),
    ],
)
def test_face_api(tmp_path: Path, content: Any, wanted: dict[str, Any]) -> None:
    files = {"jpg/7.jpg": "", "pts/7.json": content, "jpg/8.jpg": "", "pts/8.json": content}
    found = suggestions(tmp_path, files)
    assert set(found) == {"face_api"}
    assert found["face_api"].options == {"images": "jpg", "annotations": "pts", **wanted}
    listing = read(tmp_path, "face_api", found["face_api"])
    assert set(records(listing)) == {"7.jpg", "8.jpg"}


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"a.jpg": "", "b.jpg": ""},
        {"a.jpg": "", "a.json": {"images": [], "annotations": [], "categories": []}},
        {"a.jpg": "", "a.xml": "<annotation/>", "a.txt": "0 0.5 0.5 1 1"},
        {"a.jpg": "", "results.csv": "epoch,loss\n1,2\n", "log.jsonl": '{"epoch": 1}\n[]\n'},
        # A table without a header: what should be headings names an image.
        {"a.jpg": "", "b.jpg": "", "labels.csv": "a.jpg,cat\nb.jpg,dog\n"},
        {"a.jpg": "", "package.json": {"name": "x"}, "a.pts": "VERSION"},
        {"a.jpg": "", "other.json": [{"x": 1, "y": 2}]},
    ],
)
def test_other_folders_are_not_recognised(tmp_path: Path, files: dict[str, Any]) -> None:
    assert suggestions(tmp_path, files) == {}
