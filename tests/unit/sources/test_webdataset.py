"""WebDataset: what is read, what is refused, and in which words; beside the library that others read it with."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from dataprep.errors import SourceError
from dataprep.labels import CROWD, TRUNCATED
from dataprep.locations import read
from dataprep.sources import Listing
from dataprep.sources.shards.files import expand
from dataprep.sources.webdataset import WebDataset
from dataprep.survey import Survey
from tests.archive_files import entry, std_tar, std_zip
from tests.listings import reasons, records, refusals
from tests.peers_webdataset import library_samples

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def shard(path: Path, *members: tuple[str, bytes]) -> Path:
    """A tar with members in this order, be it that names repeat."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            archive.addfile(entry(name, len(content)), io.BytesIO(content))
    return path


def listing(root: Path, **options: Any) -> Listing:
    return WebDataset.model_validate({"format": "webdataset", "root": ".", **options}).read(root, split_folders=False)


def labelled(value: object) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    return ("a.jpg", b"image"), ("a.json", value if isinstance(value, bytes) else json.dumps(value).encode())


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_samples_are_those_of_the_library(tmp_path: Path, format: str) -> None:
    files = {
        "a.jpg": b"1",
        "a.cls": b"2",
        "v1.2/b.PNG": b"3",
        "v1.2/b.mask.png": b"4",
        "v1.2/b.json": b"{}",
        "c.webp": b"5",
        "__meta__/d.txt": b"6",
        "readme": b"7",
        ".hidden.jpg": b"8",
        "e.txt": b"no image",
    }
    std_tar(tmp_path / "x.tar", files, FORMATS[format])
    found = listing(tmp_path)
    ours = {key: read(record.path) for key, record in records(found).items()}
    assert ours == {"a.jpg": b"1", "v1.2/b.PNG": b"3", "c.webp": b"5"}
    assert reasons(found) == {
        "x.tar/__meta__/d.txt": "not_an_image",
        "x.tar/readme": "not_an_image",
        "x.tar/.hidden.jpg": "hidden_file",
        "x.tar/e": "missing_image",
    }
    named = {sample["__key__"]: set(sample) - {"__key__", "__url__"} for sample in library_samples(tmp_path / "x.tar")}
    assert named == {"a": {"jpg", "cls"}, "v1.2/b": {"png", "mask.png", "json"}, "c": {"webp"}, "e": {"txt"}}
    mask = records(found)["v1.2/b.PNG"].mask
    assert mask is not None and read(mask) == b"4"


def test_labels_are_read(tmp_path: Path) -> None:
    said = {
        "class": 1,
        "tags": [2, 0],
        "boxes": [[1, 2, 3.5, 4], [0, 0, 0, 0]],
        "box_classes": [0, -1],
        "box_flags": [CROWD + TRUNCATED, 0],
        "box_visible": [0.25, 1],
        "keypoints": [[[1, 2, 2], [0, 0, 0]], [[3, 4, 1], [5, 6, 2]]],
        "polygons": [[[0, 0, 4, 0, 4, 3]], []],
        "polygon_classes": [0, None],
        "values": {"age": 7},
        "attributes": {"where": " here "},
        "linked": True,
        "image_size": [640, 480],
    }
    shard(tmp_path / "x.tar", *labelled(said), ("a.cls", b"1\n"), ("a.txt", "ein Bär\n".encode()))
    (record,) = listing(tmp_path, keypoints={"names": ["nose", "tail"]}, classes=["cat", "dog", "emu"]).records
    labels = record.labels
    assert (labels.class_id, labels.tags, labels.linked, record.size) == (1, (0, 2), True, (640, 480))
    assert labels.boxes is not None and labels.keypoints is not None and labels.polygons is not None
    np.testing.assert_array_equal(labels.boxes.corners, [[1, 2, 3.5, 4], [0, 0, 0, 0]])
    assert labels.boxes.classes.tolist() == [0, -1] and labels.boxes.flags.tolist() == [5, 0]
    assert labels.boxes.visible.tolist() == [0.25, 1]
    np.testing.assert_array_equal(labels.keypoints.points, said["keypoints"])
    np.testing.assert_array_equal(labels.polygons.rings[0][0], [[0, 0], [4, 0], [4, 3]])
    assert labels.polygons.rings[1] == () and labels.polygons.classes.tolist() == [0, -1]
    assert labels.values == {"age": 7} and labels.attributes == {"where": " here ", "txt": "ein Bär"}
    assert record.notes == ()


@pytest.mark.parametrize(
    ("classes", "found", "ids"),
    [
        ([b"2", b"0"], ("0", "1", "2"), [2, 0]),
        ([b"dog", b"cat\n"], ("cat", "dog"), [1, 0]),
        ([b'{"class": "dog"}', b'{"class": "cat"}'], ("cat", "dog"), [1, 0]),
        ([b'{"class": 1}', b'{"class": 0}'], ("0", "1"), [1, 0]),
    ],
)
def test_classes_that_are_not_declared(tmp_path: Path, classes: list[bytes], found: tuple[str], ids: list[int]) -> None:
    kind = "json" if classes[0].startswith(b"{") else "cls"
    shard(
        tmp_path / "x.tar",
        *(one for i, text in enumerate(classes) for one in ((f"{i}.jpg", b""), (f"{i}.{kind}", text))),
    )
    result = listing(tmp_path)
    assert result.classes == found and [record.labels.class_id for record in result.records] == ids


def test_classes_in_two_ways_must_be_declared(tmp_path: Path) -> None:
    shard(tmp_path / "x.tar", ("a.jpg", b""), ("a.cls", b"1"), ("b.jpg", b""), ("b.cls", b"cat"))
    with pytest.raises(SourceError, match=r"ids such as 1 and names such as 'cat'; declare source\.classes"):
        listing(tmp_path)
    found = listing(tmp_path, classes=["emu", "cat"])
    assert [record.labels.class_id for record in found.records] == [1, 1]


@pytest.mark.parametrize(
    ("value", "reason", "words"),
    [
        (b"{", "bad_annotation", "x.tar/a.json: no JSON that can be read"),
        (b'{"class": NaN}', "bad_annotation", "NaN"),
        (b'{"class": 1, "class": 2}', "bad_annotation", "stands twice"),
        (b"[" * 100_000, "bad_annotation", "too deep"),
        ([], "bad_annotation", "wanted an object, found a list of 0"),
        ({"class": True}, "bad_annotation", "x.tar/a.json, class: wanted an id or a name, found true"),
        ({"class": -1}, "unknown_class", "-1 is none of the classes"),
        ({"class": 10**9}, "unknown_class", "none of the classes"),
        ({"tags": 3}, "bad_annotation", "wanted a list, found 3"),
        ({"boxes": {}}, "bad_box", "wanted a list"),
        ({"boxes": [[1, 2, 3]]}, "bad_box", "boxes[0]: wanted four numbers, found 3"),
        ({"boxes": [[0, 0, 1, 1], [3, 0, 1, 1]]}, "bad_box", "boxes[1]: wanted x0 <= x1"),
        ({"boxes": [[0, 0, 1, 2e7]]}, "bad_box", "10000000"),
        ({"boxes": [[0, 0, 1, "1"]]}, "bad_number", "found '1'"),
        (b'{"boxes": [[0, 0, 1, 1e999]]}', "bad_number", "found inf"),
        ({"boxes": [[0, 0, 1, 1]], "box_classes": []}, "bad_annotation", "wanted 1 classes, one each, found 0"),
        ({"boxes": [[0, 0, 1, 1]], "box_flags": [8]}, "bad_box", "numbers from 0 to 7"),
        ({"boxes": [[0, 0, 1, 1]], "box_flags": [0.5]}, "bad_box", "numbers from 0 to 7"),
        ({"boxes": [[0, 0, 1, 1]], "box_visible": [1.5]}, "bad_box", "numbers from 0 to 1"),
        ({"boxes": [[0, 0, 1, 1]], "box_visible": []}, "bad_box", "1 numbers, one a box, found 0"),
        ({"keypoints": [[[1, 2, 2]]]}, "bad_keypoint", "keypoints[0]: wanted 2 points, found 1"),
        ({"keypoints": [[[1, 2, 2], [1, 2, 3]]]}, "bad_keypoint", "keypoints[0][1]: wanted [x, y, v]"),
        ({"keypoints": [[[1, 2, 2], [1, 2]]]}, "bad_keypoint", "wanted [x, y, v]"),
        ({"polygons": [[[0, 0, 1, 1]]]}, "bad_polygon", "three points or more"),
        ({"polygons": [[[0, 0, 1, 1, 2, 2, 3]]]}, "bad_polygon", "polygons[0][0]"),
        ({"values": {"age": "7"}}, "bad_number", "values, age: wanted a finite number, found '7'"),
        ({"attributes": {"where": []}}, "bad_row", "attributes, where"),
        ({"linked": 1}, "bad_annotation", "linked: wanted true or false, found 1"),
        ({"linked": True, "boxes": [[0, 0, 1, 1]], "polygons": []}, "bad_annotation", "as many of each kind"),
        ({"image_size": [1]}, "bad_number", "width and height, found 1"),
        ({"image_size": [1.5, 2]}, "bad_number", "whole pixels"),
    ],
)
def test_bad_labels_cost_their_image_only(tmp_path: Path, value: object, reason: str, words: str) -> None:
    shard(tmp_path / "x.tar", *labelled(value), ("good.jpg", b""), ("good.json", b'{"class": 0}'))
    found = listing(tmp_path, keypoints={"names": ["nose", "tail"]})
    assert reasons(found) == {"a.jpg": reason}
    assert words in refusals(found)["a.jpg"].note and "x.tar/a" in refusals(found)["a.jpg"].note
    assert list(records(found)) == ["good.jpg"]


@pytest.mark.parametrize(
    ("members", "rows", "words"),
    [
        ([("a.json", b"{}")], {"x.tar/a": "missing_image"}, "found json"),
        ([("a.jpg", b""), ("a.png", b"")], {"x.tar/a": "several_images"}, "source.image"),
        ([("a.jpg", b""), ("b.jpg", b""), ("a.cls", b"1")], {"x.tar/a": "broken_sample"}, "side by side"),
        ([("a.jpg", b""), ("a.JPG", b"")], {"x.tar/a": "broken_sample"}, "in case only"),
        ([("a.jpg", b""), ("a.cls", b"")], {"a.jpg": "bad_annotation"}, "found nothing"),
        ([("a.jpg", b""), ("a.cls", b"\xff")], {"a.jpg": "bad_annotation"}, "not UTF-8 at byte 0"),
        ([("a.jpg", b""), ("a.cls", b"1"), ("a.json", b'{"class": 0}')], {"a.jpg": "bad_annotation"}, "one class"),
        (
            [("a.jpg", b""), ("a.txt", b""), ("a.json", b'{"attributes": {"txt": ""}}')],
            {"a.jpg": "bad_annotation"},
            "'txt'",
        ),
        (
            [("a.jpg", b""), ("a.jpg", b"")],
            {"x.tar/a.jpg": "name_collision", "x.tar/a.jpg~2": "name_collision"},
            "another file",
        ),
        ([("../a.jpg", b"")], {"x.tar/../a.jpg": "outside_root"}, "leads out"),
    ],
)
def test_samples_that_are_none(
    tmp_path: Path, members: list[tuple[str, bytes]], rows: dict[str, str], words: str
) -> None:
    shard(tmp_path / "x.tar", *members)
    found = listing(tmp_path)
    assert reasons(found) == rows
    assert words in next(iter(refusals(found).values())).note
    assert list(records(found)) == [name for name, _ in members if name == "b.jpg"]


def test_what_the_library_does_with_members_that_lie_apart(tmp_path: Path) -> None:
    path = shard(tmp_path / "x.tar", ("a.jpg", b""), ("b.jpg", b""), ("a.cls", b"1"))
    assert [sample["__key__"] for sample in library_samples(path)] == ["a", "b", "a"]


def test_a_sample_in_two_shards_is_none(tmp_path: Path) -> None:
    shard(tmp_path / "1.tar", ("a.jpg", b""), ("b.jpg", b""))
    shard(tmp_path / "2.tar", ("a.png", b""), ("c.jpg", b""))
    found = listing(tmp_path)
    assert reasons(found) == {"1.tar/a": "name_collision", "2.tar/a": "name_collision"}
    assert "is a sample of 1.tar and 2.tar" in refusals(found)["1.tar/a"].note
    assert list(records(found)) == ["b.jpg", "c.jpg"]


def test_an_extension_says_which_image_is_meant(tmp_path: Path) -> None:
    shard(tmp_path / "x.tar", ("a.left.JPG", b"l"), ("a.right.jpg", b"r"), ("a.seg.png", b"s"), ("b.jpg", b""))
    assert reasons(listing(tmp_path)) == {"x.tar/a": "missing_image"}
    found = listing(tmp_path, image="left.jpg", mask="seg.png")
    assert reasons(found) == {"x.tar/b": "missing_image"}
    (record,) = found.records
    assert read(record.path) == b"l" and record.mask is not None and read(record.mask) == b"s"
    assert record.notes == ("unread_member",)


def test_images_alone_have_a_note(tmp_path: Path) -> None:
    shard(tmp_path / "x.tar", ("a.jpg", b""), ("b.jpg", b""), ("b.npy", b""), ("b.cls", b"0"))
    assert {key: record.notes for key, record in records(listing(tmp_path)).items()} == {
        "a.jpg": ("no_annotation",),
        "b.jpg": ("unread_member",),
    }


def test_other_fields_can_be_named_or_left_out(tmp_path: Path) -> None:
    said = {"label": "cat", "found": {"boxes": [[0, 0, 1, 1]]}, "boxes": "elsewhere", "caption": "a cat", "score": 0.5}
    shard(tmp_path / "x.tar", *labelled(said))
    fields = {"class": "label", "boxes": "found.boxes", "attributes": "caption", "values": "score"}
    (record,) = listing(tmp_path, fields=fields).records
    assert record.labels.class_id == 0 and len(record.labels.boxes or ()) == 1
    assert record.labels.attributes == {"caption": "a cat"} and record.labels.values == {"score": 0.5}
    assert listing(tmp_path, fields={"boxes": None}).records[0].labels.boxes is None
    assert reasons(listing(tmp_path)) == {"a.jpg": "bad_box"}


def test_keypoints_want_names(tmp_path: Path) -> None:
    shard(tmp_path / "x.tar", *labelled({"keypoints": [[[1, 2, 2]]]}), ("b.jpg", b""), ("b.json", b'{"keypoints": []}'))
    found = listing(tmp_path)
    assert reasons(found) == {"a.jpg": "bad_keypoint"} and "source.keypoints" in refusals(found)["a.jpg"].note
    assert list(records(found)) == ["b.jpg"]


def test_shards_are_found_by_folder_name_and_pattern(tmp_path: Path) -> None:
    for number in range(3):
        shard(tmp_path / f"train-{number:03}.tar", (f"t{number}.jpg", b""))
    shard(tmp_path / "more/val.TAR", ("v.jpg", b""))
    (tmp_path / "readme.md").touch()
    everything = ["t0.jpg", "t1.jpg", "t2.jpg", "v.jpg"]
    for shards, keys in (
        (".", everything),
        ("more", ["v.jpg"]),
        ("train-*.tar", everything[:3]),
        ("train-{000..001}.tar", everything[:2]),
        ("{train-002,more/val}.*", everything[2:]),
        (["train-000.tar", "more/val.TAR"], ["t0.jpg", "v.jpg"]),
    ):
        assert list(records(listing(tmp_path, shards=shards))) == keys, shards
    found = listing(tmp_path, shards={"train": "train-*.tar", "val": "more"})
    assert {record.key: record.split for record in found.records} == {
        **dict.fromkeys(everything[:3], "train"),
        "v.jpg": "val",
    }
    assert list(records(listing(tmp_path / "train-000.tar"))) == ["t0.jpg"]


@pytest.mark.parametrize(
    ("shards", "words"),
    [
        ("none.tar", "found nothing"),
        ("train-{000..003}.tar", r"train-003\.tar: wanted a shard, or a folder of them, found nothing"),
        ("x-*.tar", "found none"),
        ("readme.md", "found another file"),
        ("packed", "a packed shard can't be read in place; unpack it"),
        ("packed/x.tar.gz", "a packed shard"),
        ({"train": "train-000.tar", "val": "."}, "the shard is of train and of val"),
        ("broken", r"bad\.tar: the archive can't be read"),
    ],
)
def test_shards_that_are_none_are_one_sentence(tmp_path: Path, shards: Any, words: str) -> None:
    for number in range(3):
        shard(tmp_path / f"train-{number:03}.tar", (f"t{number}.jpg", b""))
    (tmp_path / "readme.md").touch()
    if "packed" in str(shards):
        (tmp_path / "packed").mkdir()
        (tmp_path / "packed/x.tar.gz").write_bytes(gzip.compress((tmp_path / "train-000.tar").read_bytes()))
    if shards == "broken":
        whole = (tmp_path / "train-000.tar").read_bytes()
        (tmp_path / "broken").mkdir()
        (tmp_path / "broken/bad.tar").write_bytes(whole[:700])
    with pytest.raises(SourceError, match=words):
        listing(tmp_path, shards=shards)


def test_shards_in_an_archive_and_links_out_of_the_root(tmp_path: Path) -> None:
    inner = shard(tmp_path / "in.tar", ("a.jpg", b"")).read_bytes()
    std_zip(tmp_path / "x.zip", {"in.tar": inner})
    with pytest.raises(SourceError, match="shards in an archive"):
        listing(tmp_path / "x.zip", shards="*.tar")
    shard(tmp_path / "root/b.tar", ("b.jpg", b""))
    (tmp_path / "root/out.tar").symlink_to(tmp_path / "in.tar")
    found = listing(tmp_path / "root")
    assert list(records(found)) == ["b.jpg"] and reasons(found) == {"out.tar": "outside_root"}


@pytest.mark.parametrize("pattern", ["{0..999999}.tar", "{0..9999}{0..9999}.tar"])
def test_a_pattern_for_millions_is_a_slip(pattern: str) -> None:
    with pytest.raises(ValidationError, match="stands for more than"):
        WebDataset.model_validate({"format": "webdataset", "root": ".", "shards": pattern})
    assert expand("{2..1}") == [] and expand("{a}") == ["{a}"]


def test_shards_are_recognised(tmp_path: Path) -> None:
    for split, count in (("train", 2), ("valid", 1)):
        for number in range(count):
            shard(tmp_path / f"{split}-{number:03}.tar", (f"{split}{number}.jpg", b""), (f"{split}{number}.cls", b"1"))
    found = WebDataset.recognise(Survey.of(tmp_path))
    assert found is not None
    assert found.options == {"shards": {"train": "train-*.tar", "val": "valid-*.tar"}}
    assert (found.split, found.confidence) == ({"by": "source"}, 1.0)
    assert "names" in found.doubts[0]
    assert len(listing(tmp_path, **found.options).records) == 3
    one = WebDataset.recognise(Survey.of(tmp_path / "train-000.tar"))
    assert one is not None and one.options == {} and one.split is None and one.confidence == 0.9


def test_shards_without_splits_in_their_names_are_a_folder(tmp_path: Path) -> None:
    for number in range(2):
        shard(
            tmp_path / f"{number:05}.tar",
            (f"{number}.jpg", b""),
            (f"{number}.txt", b"a cat"),
            (f"{number}.json", b"{}"),
        )
    found = WebDataset.recognise(Survey.of(tmp_path))
    assert found is not None and found.options == {"shards": "."} and found.split is None


def test_other_archives_are_not_recognised(tmp_path: Path) -> None:
    std_tar(tmp_path / "voc.tar", {"JPEGImages/a.jpg": b"", "Annotations/a.xml": b"<annotation/>"})
    std_tar(tmp_path / "labelme.tar", {"a.jpg": b"", "a.json": b'{"shapes": [], "imagePath": "a.jpg"}'})
    (tmp_path / "folder/cat").mkdir(parents=True)
    (tmp_path / "folder/cat/a.jpg").touch()
    assert WebDataset.recognise(Survey.of(tmp_path / "voc.tar")) is None
    assert WebDataset.recognise(Survey.of(tmp_path / "folder")) is None
    found = WebDataset.recognise(Survey.of(tmp_path / "labelme.tar"))
    assert found is not None and found.confidence < 0.5  # labelme's own reader knows better
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/x.tar").write_bytes(b"no tar")
    assert WebDataset.recognise(Survey.of(tmp_path / "bad")) is None
