"""What the reader of landmark files makes of them, and what it refuses, in which words."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from dataprep.manifest import load
from dataprep.sources import Listing
from dataprep.sources.parts.landmarks import IBUG_68
from dataprep.sources.pts import Pts
from tests.listings import reasons, records, refusals

TWO = {"keypoints": {"names": ["left", "right"], "pairs": [["left", "right"]]}}


def read(root: Path, files: dict[str, str], **options: object) -> Listing:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Pts.model_validate({"format": "pts", "root": ".", **TWO, **options}).read(root, split_folders=False)


def pts(*points: str) -> str:
    return "version: 1\nn_points:  " + str(len(points)) + "\n{\n" + "\n".join(points) + "\n}\n"


GOOD = {"good.jpg": "", "good.pts": pts("1 2", "3.5 -4")}


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, [[0.5, 1.5, 2], [3, -4.5, 2]]),  # the first pixel is 1, its middle 0.5
        ({"first_pixel": 0}, [[1.5, 2.5, 2], [4, -3.5, 2]]),
        ({"coordinates": "continuous"}, [[1, 2, 2], [3.5, -4, 2]]),
    ],
)
def test_what_numbers_mean(tmp_path: Path, options: dict[str, object], wanted: list[list[float]]) -> None:
    listing = read(tmp_path, GOOD, **options)
    assert reasons(listing) == {"good.pts": "not_an_image"}
    keypoints = records(listing)["good.jpg"].labels.keypoints
    assert keypoints is not None and keypoints.points.tolist() == [wanted]
    assert listing.keypoints is not None and listing.keypoints.indices == ((0, 1),)


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\r\nn_points: 2\r\n{\r\n1 2\r\n3.5 -4\r\n}\r\n",
        "\ufeffversion: 1\nn_points:2\n\n{\n1\t2\n3.5   -4  \n\n}",
        "n_points: 2\nversion: 1\n{\n 1 2\n 3.5e0 -4.000\n}\n\n",
        "{\n1 2\n3.5 -4\n}",
    ],
)
def test_how_files_are_written(tmp_path: Path, text: str) -> None:
    keypoints = records(read(tmp_path, {**GOOD, "a.png": "", "a.pts": text}))["a.png"].labels.keypoints
    assert keypoints is not None and keypoints.points.tolist() == [[[0.5, 1.5, 2], [3, -4.5, 2]]]


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("", "bad_annotation", "wanted points between { and }, found no {"),
        ("version: 1\nn_points: 2\n{\n1 2\n3 4\n", "bad_annotation", "found no }"),
        ("version: 2\n{\n1 2\n3 4\n}", "bad_annotation", "line 1: wanted version: 1"),
        (
            "version: 1\nn_points: x\n{\n1 2\n3 4\n}",
            "bad_annotation",
            "line 2: wanted version: 1, n_points with a number",
        ),
        ("n_points: 3\n{\n1 2\n3 4\n}", "bad_annotation", "n_points says 3, found 2"),
        (pts("1 2"), "bad_keypoint", "wanted 2 points, as source.keypoints names, found 1"),
        (pts("1 2", "3 4 5"), "bad_annotation", "line 5: wanted two numbers, x and y, found '3 4 5'"),
        (pts("1 2", "3 x"), "bad_annotation", "line 5: wanted two numbers, x and y, found '3 x'"),
        (pts("1 2", "nan nan"), "bad_number", "line 5: wanted two finite numbers, found 'nan nan'"),
        (pts("1 2", "1_0 4"), "bad_number", "line 5: wanted two finite numbers"),
        (pts("1 2", "3 1e9"), "bad_number", "'right': wanted a finite number up to 10000000, found 1000000000"),
        (pts("1 2", "3 4") + "5 6\n", "bad_annotation", "line 7: wanted nothing after the closing brace"),
    ],
)
def test_a_bad_file_costs_its_image_only(tmp_path: Path, text: str, reason: str, words: str) -> None:
    listing = read(tmp_path, {**GOOD, "a.jpg": "", "a.pts": text})
    assert reasons(listing)["a.jpg"] == reason
    assert words in refusals(listing)["a.jpg"].note and "./a.pts" in refusals(listing)["a.jpg"].note
    assert list(records(listing)) == ["good.jpg"]


def test_other_bytes_than_text(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "a.pts").write_bytes(b"\xff\xfe1")
    assert reasons(read(tmp_path, GOOD))["a.jpg"] == "bad_annotation"


def test_what_is_missing_is_told_apart(tmp_path: Path) -> None:
    listing = read(tmp_path, {**GOOD, "bare.jpg": "", "lost.pts": pts("1 2", "3 4")})
    assert reasons(listing) == {"good.pts": "not_an_image", "lost.pts": "missing_image"}
    bare = records(listing)["bare.jpg"]
    assert bare.notes == ("no_annotation",)
    assert bare.labels.keypoints is not None and bare.labels.keypoints.points.shape == (0, 2, 3)
    assert reasons(read(tmp_path, {}, unannotated="filter"))["bare.jpg"] == "no_annotation"


def test_the_splits_of_folders(tmp_path: Path) -> None:
    keys = ["afw/1.jpg", "ibug/image_092 _01.jpg", "lfpw/testset/a.png", "lfpw/trainset/a.png", "other/a.jpg", "a.jpg"]
    files = dict.fromkeys(keys, "") | {key.rsplit(".", 1)[0] + ".pts": pts("1 2", "3 4") for key in keys}
    found = records(read(tmp_path, files))
    assert {key: record.split for key, record in found.items()} == dict(
        zip(keys, ("train", "test", "test", "train", "", ""), strict=True)
    )


def test_the_names_of_68_points_are_those_of_the_faces() -> None:
    # Written out by hand there, put together here.
    source = load(Path(__file__).parents[3] / "manifests/faces.yaml").source
    assert source.model_dump()["keypoints"] == IBUG_68.model_dump()
    assert len(IBUG_68.names) == 68 and len(IBUG_68.pairs) == 29


def test_continuous_numbers_count_no_pixels() -> None:
    with pytest.raises(ValidationError, match="first_pixel: 1 counts pixels"):
        Pts.model_validate({"format": "pts", "root": ".", "coordinates": "continuous", "first_pixel": 1})
