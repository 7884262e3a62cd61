"""What the reader of CSV tables makes of them, and what it refuses, in which words."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from dataprep.errors import SourceError
from dataprep.geometry import Size
from dataprep.locations import location
from dataprep.sources import Listing
from dataprep.sources.csv import Csv
from tests.listings import reasons, records
from tests.listings import refusals as rows


def read(root: Path, text: str, *images: str, **options: object) -> Listing:
    """A table read, with an image or two beside it."""
    for name in images or ("a.jpg", "good.jpg"):
        (root / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "images" / name).touch()
    (root / "annotations.csv").write_text(text)
    return Csv.model_validate({"format": "csv", "root": ".", **options}).read(root, split_folders=False)


def table(root: Path, text: str, *images: str, **columns: object) -> Listing:
    """One of noses."""
    nose = {"keypoints": {"names": ["nose"]}, "coordinates": "continuous"}
    return read(root, text, *images, columns=columns, **nose)


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("a.jpg,1,\n", "bad_keypoint", "line 2"),
        ("a.jpg,1,inf\n", "bad_number", "'nose_y'"),
        ("a.jpg,1,1e300\n", "bad_number", "'1e300'"),
        ("a.jpg,1,1_0\n", "bad_number", "'1_0'"),
        ("a.jpg,-10000001,1\n", "bad_number", "'-10000001'"),
        ("a.jpg,1,2\na.jpg,1,2\n", "second_row", "line 2 and annotations.csv, line 3"),
        ("a.jpg,1\n", "bad_row", "line 2: wanted 3 cells, as the header has, found 2"),
        ("a.jpg\n", "bad_row", "found 1"),
        ("a.jpg,1,2,\n", "bad_row", "found 4"),
    ],
)
def test_a_bad_row_costs_its_image_only(tmp_path: Path, text: str, reason: str, words: str) -> None:
    listing = table(tmp_path, f"file,nose_x,nose_y\n{text}good.jpg,1,2\n")
    assert reasons(listing) == {"a.jpg": reason}
    assert [record.key for record in listing.records] == ["good.jpg"]
    assert words in listing.refusals[0].note


def test_a_row_without_image_names_the_near_one(tmp_path: Path) -> None:
    listing = table(tmp_path, "file,nose_x,nose_y\nA.jpg,1,2\ngood.jpg,1,2\n")
    assert reasons(listing) == {"annotations.csv:2": "missing_image"}
    assert "did you mean a.jpg" in rows(listing)["annotations.csv:2"].note
    assert [record.key for record in listing.records] == ["a.jpg", "good.jpg"]


def test_a_row_names_its_image_in_decomposed_letters_too(tmp_path: Path) -> None:
    listing = table(tmp_path, "file,nose_x,nose_y\n e\u0301.jpg ,1,2\n", "é.jpg")
    assert reasons(listing) == {}
    assert [(record.key, record.notes) for record in listing.records] == [("é.jpg", ())]


def test_rows_without_image_have_keys_of_their_own(tmp_path: Path) -> None:
    text = "nose_x,nose_y,file\n1,2,good.jpg\n1,2,.hid.png\n1,2,\n1,2\n1,2,none.jpg\n1,2,none.jpg\n"
    listing = table(tmp_path, text, "good.jpg", ".hid.png", "annotations.csv:4")
    assert reasons(listing) == {
        ".hid.png": "hidden_file",
        "annotations.csv:3": "missing_image",
        "annotations.csv:4~2": "missing_image",
        "annotations.csv:5": "bad_row",
        "annotations.csv:6": "missing_image",
        "annotations.csv:7": "missing_image",
    }
    assert ".hid.png: hidden_file" in rows(listing)["annotations.csv:3"].note
    assert "the cell 'file' is empty" in rows(listing)["annotations.csv:4~2"].note


def test_classes_come_from_rows_that_are_used(tmp_path: Path) -> None:
    text = "file,nose_x,nose_y,kind\na.jpg,1,2,cat\nb.jpg,1,x,typo\nnone.jpg,1,2,ghost\nc.jpg,1,2,dog\nc.jpg,1,2,cow\n"
    listing = table(tmp_path, text, "a.jpg", "b.jpg", "c.jpg", **{"class": "kind"})
    assert listing.classes == ("cat",)


def test_a_table_of_none_of_the_images_is_the_wrong_one(tmp_path: Path) -> None:
    words = (
        r"annotations\.csv: .*none of the 2 images.*line 2: .*no file 'photos/a\.jpg'; it has 'a\.jpg'.*source\.annot"
    )
    with pytest.raises(SourceError, match=words):
        table(tmp_path, "file,nose_x,nose_y\nphotos/a.jpg,1,2\n")


def test_paths_of_windows_are_those_of_the_files(tmp_path: Path) -> None:
    """A file that is called so, as it can be here, comes first."""
    text = "file,nose_x,nose_y\nsub\\b.jpg,1,2\n.\\sub\\c,3,4\nno\\d.jpg,5,6\n"
    found = table(tmp_path, text, "sub/b.jpg", "sub\\b.jpg", "sub/c.png")
    assert {key: record.notes for key, record in records(found).items()} == {
        "sub/b.jpg": ("no_annotation",),
        "sub\\b.jpg": (),
        "sub/c.png": (),
    }
    assert reasons(found) == {"annotations.csv:4": "missing_image"}


def test_a_table_that_is_not_there_or_not_utf_8_is_one_sentence(tmp_path: Path) -> None:
    words = r"No such file or directory; .* has no 'annotation\.csv'; did you mean annotations"
    with pytest.raises(SourceError, match=words):
        read(tmp_path, "", annotations="annotation.csv")
    (tmp_path / "latin.csv").write_bytes(b"file,nose_x,nose_y\na.jpg,1,2\n\xe4.jpg,1,2\n")
    with pytest.raises(SourceError, match=r"latin\.csv, line 3: wanted UTF-8; save it as that$"):
        read(tmp_path, "", annotations="latin.csv")


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"line 1: the column 'nose_y' stands twice"):
        table(tmp_path, "file,nose_x,nose_y,nose_y\na.jpg,1,2,3\n")


def test_columns_without_a_name_may_stand_twice(tmp_path: Path) -> None:
    assert reasons(table(tmp_path, "file,nose_x,nose_y,,\na.jpg,1,2,,\n")) == {}


def test_a_missing_column_is_named_with_its_neighbours(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"line 1: wanted a column 'nose_x'; did you mean noze_x"):
        table(tmp_path, "file,noze_x,nose_y\n")


def test_an_image_may_be_named_without_its_suffix(tmp_path: Path) -> None:
    text = "file,nose_x,nose_y\na,1,2\nsub/b.c,1,2\nd,1,2\n./e.jpg,1,2\n"
    listing = table(tmp_path, text, "a.jpg", "sub/b.c.png", "d.jpg", "d.png", "e.jpg")
    assert reasons(listing) == {"d.jpg": "ambiguous_annotation", "d.png": "ambiguous_annotation"}
    assert {key: record.notes for key, record in records(listing).items()} == {
        "a.jpg": (),
        "sub/b.c.png": (),
        "e.jpg": (),
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../a.jpg", "outside_root"),
        ("x/../../a.jpg", "outside_root"),
        ("/a.jpg", "outside_root"),
        ("C:\\a.jpg", "outside_root"),
        ("sub\\a.jpg", "missing_image"),
        ("..a.jpg", "missing_image"),
    ],
)
def test_paths_that_lead_out_of_the_images(tmp_path: Path, name: str, reason: str) -> None:
    listing = table(tmp_path, f"file,nose_x,nose_y\n{name},1,2\ngood.jpg,1,2\n")
    assert reasons(listing) == {"annotations.csv:2": reason}


# The head of a table as Google's Open Images have it: shares, and another order of columns than ours.
OPEN_IMAGES = """\
ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded
000026e7ee790996,freeform,/m/07j7r,1,0.071905,0.145346,0.206591,0.391306,0
000026e7ee790996,freeform,/m/07j7r,1,0.439756,0.572466,0.264153,0.435122,1
000062a39995e348,freeform,/m/015p6,1,0,0.849057,0.154412,1,0
"""


def test_several_rows_an_image(tmp_path: Path) -> None:
    images = ("000026e7ee790996.jpg", "000062a39995e348.jpg", "empty.jpg")
    columns = {"path": "ImageID", "class": "LabelName", "boxes": {"corners": ["XMin", "YMin", "XMax", "YMax"]}}
    listing = read(tmp_path, OPEN_IMAGES, *images, rows="object", columns=columns, coordinates="relative")
    assert listing.classes == ("/m/015p6", "/m/07j7r")
    assert reasons(listing) == {}
    found = records(listing)
    assert {key: record.relative for key, record in found.items()} == {
        images[0]: ("boxes",),
        images[1]: ("boxes",),
        "empty.jpg": (),
    }
    boxes = found[images[0]].labels.boxes
    assert boxes is not None and found[images[0]].labels.class_id is None
    assert boxes.corners.tolist() == [
        [0.071905, 0.206591, 0.145346, 0.391306],
        [0.439756, 0.264153, 0.572466, 0.435122],
    ]
    assert boxes.classes.tolist() == [1, 1]
    empty = found["empty.jpg"].labels.boxes
    assert empty is not None and len(empty) == 0


def test_a_cell_may_hold_a_whole_box(tmp_path: Path) -> None:
    # As in a set of wheat heads: the size of the image, and x, y, width, height in one cell.
    text = 'image_id,width,height,bbox\na,1024,768,"[834.0, 222.0, 56.0, 36.0]"\na,1024,768,"226 548 130 58"\n'
    columns = {"path": "image_id", "boxes": {"corner_size": "bbox"}, "size": ["width", "height"]}
    listing = read(tmp_path, text, rows="object", columns=columns, coordinates="continuous")
    record = records(listing)["a.jpg"]
    assert record.size == Size(1024, 768)
    assert record.labels.boxes is not None
    assert record.labels.boxes.corners.tolist() == [[834, 222, 890, 258], [226, 548, 356, 606]]
    assert record.labels.boxes.classes.tolist() == [-1, -1]
    assert records(listing)["good.jpg"].notes == ("no_annotation",)


OBJECTS = {"rows": "object", "coordinates": "continuous"}
CORNERS = {"class": "kind", "boxes": {"corners": ["x0", "y0", "x1", "y1"]}}


def test_a_row_without_box_says_that_there_is_no_object(tmp_path: Path) -> None:
    text = "file,kind,x0,y0,x1,y1\na.jpg,No finding,,,,\ngood.jpg,,,,,\n"
    listing = read(tmp_path, text, columns=CORNERS, **OBJECTS)
    assert listing.classes == ()
    assert {key: record.notes for key, record in records(listing).items()} == {
        "a.jpg": ("class_without_object",),
        "good.jpg": (),
    }
    assert all(record.labels.boxes is not None and not len(record.labels.boxes) for record in listing.records)


@pytest.mark.parametrize(
    ("lines", "reason", "words"),
    [
        ("a.jpg,cat,1,2,3,\n", "bad_box", "wanted four numbers in x0, y0, x1, y1, found 1, 2, 3, nothing"),
        ("a.jpg,cat,5,2,3,4\n", "bad_box", "wanted xmin <= xmax and ymin <= ymax, found 5, 2, 3, 4"),
        ("a.jpg,cat,1,2,nan,4\n", "bad_number", "column 'x1': wanted a finite number, found 'nan'"),
        ("a.jpg,cat,1,2,1_0,4\n", "bad_number", "column 'x1': wanted a finite number, found '1_0'"),
        ("a.jpg,cat,1,2,1e8,4\n", "bad_number", "wanted a finite number up to 10000000, found 100000000"),
        ("a.jpg,cat,1,2,3,4\na.jpg,dog,1,2\n", "bad_row", "line 3: wanted 6 cells"),
    ],
)
def test_one_bad_row_of_several_costs_their_image(tmp_path: Path, lines: str, reason: str, words: str) -> None:
    text = f"file,kind,x0,y0,x1,y1\n{lines}good.jpg,cow,1,2,3,4\na.jpg,cat,1,2,3,4\n"
    listing = read(tmp_path, text, columns=CORNERS, **OBJECTS)
    assert reasons(listing) == {"a.jpg": reason}
    assert words in rows(listing)["a.jpg"].note
    assert listing.classes == ("cow",)


def test_pixels_are_not_taken_for_shares(tmp_path: Path) -> None:
    text = "file,kind,x0,y0,x1,y1\na.jpg,cat,1,2,30,40\ngood.jpg,cat,-0.1,0,1.1,1\n"
    listing = read(tmp_path, text, columns=CORNERS, rows="object", coordinates="relative")
    assert reasons(listing) == {"a.jpg": "bad_number"}
    assert "are these pixels, and coordinates not relative?" in rows(listing)["a.jpg"].note


def test_rows_of_one_image_agree_on_what_is_said_of_all_of_it(tmp_path: Path) -> None:
    text = "file,kind,x0,y0,x1,y1,use\na.jpg,c,1,2,3,4,train\na.jpg,c,1,2,3,4,val\ngood.jpg,c,1,2,3,4,val\n"
    listing = read(tmp_path, text, columns={**CORNERS, "split": "use"}, **OBJECTS)
    assert reasons(listing) == {"a.jpg": "bad_row"}
    assert "line 3: its split differ from those in line 2" in rows(listing)["a.jpg"].note
    assert records(listing)["good.jpg"].split == "val"


def test_rows_without_image_are_one_row_an_image(tmp_path: Path) -> None:
    text = "file,kind,x0,y0,x1,y1\nlost,c,1,2,3,4\nlost,c,1,2,3,4\ngood,c,1,2,3,4\n,c,1,2,3,4\n,c,1,2,3,4\n"
    listing = read(tmp_path, text, "good.jpg", columns=CORNERS, **OBJECTS)
    assert reasons(listing) == dict.fromkeys(
        ["annotations.csv:2", "annotations.csv:5", "annotations.csv:6"], "missing_image"
    )


def test_splits_values_and_attributes(tmp_path: Path) -> None:
    text = "file,subset,age,weight,camera\na.jpg,Training,31,,left \ngood.jpg,other,-0.5,1e300,\n"
    options = {"columns": {"split": "subset", "values": ["age", "weight"], "attributes": ["camera"]}}
    listing = read(tmp_path, text, splits={"Training": "train", "PublicTest": "val"}, **options)
    assert {
        key: (record.split, record.labels.values, record.labels.attributes) for key, record in records(listing).items()
    } == {
        "a.jpg": ("train", {"age": 31}, {"camera": "left"}),
        "good.jpg": ("", {"age": -0.5, "weight": 1e300}, {}),
    }


@pytest.mark.parametrize("cell", ["old", "inf", "1_0"])
def test_a_value_is_a_finite_number(tmp_path: Path, cell: str) -> None:
    listing = read(tmp_path, f"file,age\na.jpg,{cell}\ngood.jpg,1\n", columns={"values": ["age"]})
    assert reasons(listing) == {"a.jpg": "bad_number"}


def test_tags_in_one_column(tmp_path: Path) -> None:
    text = "file;labels\na.jpg;Mass| Cyst |Mass||\ngood.jpg;\n"
    listing = read(tmp_path, text, columns={"tags": "labels"}, delimiter=";")
    assert listing.classes == ("Cyst", "Mass")
    assert {key: record.labels.tags for key, record in records(listing).items()} == {"a.jpg": (0, 1), "good.jpg": ()}


def test_tags_as_columns(tmp_path: Path) -> None:
    text = "file,Hat,Smile,Young\na.jpg,1,-1,true\ngood.jpg,0,,No\n"
    columns = {"tags": ["Hat", "Smile", "Young"]}
    listing = read(tmp_path, text, columns=columns, classes=["Young", "Smile", "Hat"])
    assert {key: record.labels.tags for key, record in records(listing).items()} == {"a.jpg": (0, 2), "good.jpg": ()}
    listing = read(tmp_path, "file,Hat\na.jpg,2\ngood.jpg,1\n", columns={"tags": ["Hat"]})
    assert reasons(listing) == {"a.jpg": "bad_row"}


def test_visibility_in_a_third_column(tmp_path: Path) -> None:
    text = "file,x,y,v\na.jpg,1,2,1\nb.jpg,1,2,0\nc.jpg,1,2,\nd.jpg,,,\ne.jpg,,,2\nf.jpg,1,2,3\n"
    names = [f"{stem}.jpg" for stem in "abcdef"]
    listing = table(tmp_path, text, *names, points="x, y, v")
    assert reasons(listing) == {"e.jpg": "bad_keypoint", "f.jpg": "bad_keypoint"}
    found = {key: record.labels.keypoints for key, record in records(listing).items()}
    assert {key: one.points.tolist()[0][0] for key, one in found.items() if one is not None} == {
        "a.jpg": [1, 2, 1],
        "b.jpg": [0, 0, 0],
        "c.jpg": [1, 2, 2],
        "d.jpg": [0, 0, 0],
    }


@pytest.mark.parametrize(("first", "corner"), [(0, 4), (1, 3)])
def test_the_number_of_the_first_pixel(tmp_path: Path, first: int, corner: int) -> None:
    text = "file,nose_x,nose_y,x0,y0,x1,y1\na.jpg,4,5,4,5,4,6\n"
    columns = {"boxes": {"corners": ["x0", "y0", "x1", "y1"]}}
    options = {"keypoints": {"names": ["nose"]}, "coordinates": "pixel_index", "first_pixel": first}
    listing = read(tmp_path, text, "a.jpg", columns=columns, **options)
    labels = records(listing)["a.jpg"].labels
    assert labels.boxes is not None and labels.keypoints is not None
    # One pixel wide, two high; the point is in the middle of the upper one.
    assert labels.boxes.corners.tolist() == [[corner, corner + 1, corner + 1, corner + 3]]
    np.testing.assert_array_equal(labels.keypoints.points, [[[corner + 0.5, corner + 1.5, 2]]])


def test_a_table_in_an_archive_and_among_its_images(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.jpg").touch()
    (folder / "t.csv").write_text("file,kind\na.jpg,cat\n")
    options = {"format": "csv", "root": ".", "images": ".", "annotations": "t.csv", "columns": {"class": "kind"}}
    listing = Csv.model_validate(options).read(folder, split_folders=False)
    assert reasons(listing) == {"t.csv": "not_an_image"}
    shutil.make_archive(str(tmp_path / "photos"), "zip", folder)
    zipped = Csv.model_validate(options).read(tmp_path / "photos.zip", split_folders=False)
    assert reasons(zipped) == {"t.csv": "not_an_image"}
    assert (zipped.classes, zipped.records[0].labels.class_id) == (listing.classes, 0)
    assert zipped.records[0].path == location(tmp_path / "photos.zip/a.jpg")


def test_another_delimiter_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"wanted a column 'file'; is another delimiter between its cells"):
        read(tmp_path, "file;kind\na.jpg;cat\n", columns={"class": "kind"})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"columns": CORNERS}, "boxes and keypoints want a key 'coordinates'"),
        ({"keypoints": {"names": ["nose"]}}, "boxes and keypoints want a key 'coordinates'"),
        ({"rows": "object", "columns": {"class": "kind"}}, "rows: object wants columns.boxes or keypoints"),
        (
            {"columns": {"class": "kind"}, "keypoints": {"names": ["nose"]}, **OBJECTS},
            "rows: object wants boxes beside columns.class",
        ),
        ({"first_pixel": 1, "coordinates": "continuous"}, "wants coordinates: pixel_index"),
        ({"columns": {"boxes": {}}}, "wanted one of corners, corner_size and center_size"),
        ({"columns": {"boxes": {"corners": "a", "corner_size": "b"}}}, "wanted one of corners, corner_size"),
        ({"columns": {"points": "a, b, c, d"}}, "with commas between"),
        ({"columns": {"points": "{names}_x, y"}}, "only {name}, {index}, {x} and {y} can stand in"),
        (
            {"columns": {"points": "points"}, "keypoints": {"names": ["a"]}, "coordinates": "relative"},
            "two column patterns",
        ),
        ({"delimiter": "ab"}, "at most 1 character"),
        ({"delimiter": '"'}, "between its cells"),
    ],
)
def test_what_a_manifest_cannot_say(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Csv.model_validate({"format": "csv", "root": ".", **options})
    assert words in str(raised.value)
