"""The drawn sample: the same bytes each time, whole or absent, and annotated where it is drawn."""

import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from PIL import Image, ImageOps

from dataprep.errors import DataprepError
from dataprep.sample import SampleSummary, folder, write_sample
from dataprep.sample.features import LANDMARK_PAIRS, LANDMARKS
from dataprep.sample.frame import Frame, draw_frames

REPOSITORY = Path(__file__).parents[2]
ORIENTATION = 0x0112


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    return write_sample(tmp_path_factory.mktemp("sample") / "faces")


@pytest.fixture(scope="module")
def rows(sample: SampleSummary) -> list[dict[str, str]]:
    with sample.annotations.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def few_frames(monkeypatch: pytest.MonkeyPatch) -> list[Frame]:
    """Seven pictures instead of 240, for what does not depend on the pictures."""
    frames = draw_frames(0)[:7]
    monkeypatch.setattr(folder, "draw_frames", lambda _seed: frames)
    return frames


def upright(sample: SampleSummary, name: str) -> Image.Image:
    """The picture as it is seen, over white."""
    with Image.open(sample.directory / "images" / name) as file:
        picture = ImageOps.exif_transpose(file).convert("RGBA")
    ground = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    ground.alpha_composite(picture)
    return ground.convert("RGB")


def orientation(sample: SampleSummary, name: str) -> int | None:
    with Image.open(sample.directory / "images" / name) as file:
        return file.getexif().get(ORIENTATION)


def content(directory: Path) -> dict[str, bytes]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


# What is there.


def test_summary_counts_what_lies_there(sample: SampleSummary) -> None:
    files = sorted((sample.directory / "images").iterdir())
    assert (sample.images, sample.subjects, sample.written) == (240, 40, True)
    assert len(files) == sample.images
    assert sum(path.stat().st_size for path in files) == sample.bytes < 12_000_000


def test_annotations_name_every_file_once(sample: SampleSummary, rows: list[dict[str, str]]) -> None:
    files = sorted(path.name for path in (sample.directory / "images").iterdir())
    assert [row["file"] for row in rows] == files
    assert list(rows[0]) == [
        *("file", "expression", "xmin", "ymin", "xmax", "ymax"),
        *(f"{name}_{axis}" for name in LANDMARKS for axis in ("x", "y")),
    ]


def test_every_person_shows_every_expression_twice(rows: list[dict[str, str]]) -> None:
    shown = Counter((re.match(r"^(s\d+)_", row["file"])[1], row["expression"]) for row in rows)  # type: ignore[index]
    assert len(shown) == 40 * 3
    assert set(shown.values()) == {2}


def test_labels_lie_inside_the_upright_picture(sample: SampleSummary, rows: list[dict[str, str]]) -> None:
    for row in rows:
        width, height = upright(sample, row["file"]).size
        left, top, right, bottom = (float(row[name]) for name in ("xmin", "ymin", "xmax", "ymax"))
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        for name in LANDMARKS:
            assert left < float(row[f"{name}_x"]) < right
            assert top < float(row[f"{name}_y"]) < bottom
        for left_name, right_name in LANDMARK_PAIRS:
            assert float(row[f"{left_name}_x"]) < float(row[f"{right_name}_x"])


def test_files_vary_as_photos_do(sample: SampleSummary, rows: list[dict[str, str]]) -> None:
    kinds: Counter[tuple[str | None, str]] = Counter()
    shapes = set()
    for row in rows:
        with Image.open(sample.directory / "images" / row["file"]) as picture:
            kinds[picture.format, picture.mode] += 1
            shapes.add((picture.width > picture.height, max(picture.size) * 10 // min(picture.size)))
            assert 120 <= min(picture.size) < max(picture.size) <= 640
    assert set(kinds) == {("JPEG", "RGB"), ("PNG", "RGB"), ("PNG", "RGBA")}
    assert min(kinds.values()) >= 20
    assert len(shapes) >= 8
    assert {orientation(sample, row["file"]) for row in rows} == {None, *range(1, 9)}


def test_an_expression_can_be_told_from_its_landmarks(rows: list[dict[str, str]]) -> None:
    """The class is in the drawing: nearest neighbour over the mouth's shape, other people only."""
    shapes = []
    for row in rows:
        points = np.array([[float(row[f"{name}_{axis}"]) for axis in "xy"] for name in LANDMARKS])
        points -= points.mean(axis=0)
        shapes.append((points / np.linalg.norm(points)).ravel())
    distance = np.linalg.norm(np.array(shapes)[:, None] - np.array(shapes), axis=2)
    people = np.array([row["file"][:4] for row in rows])
    distance[people[:, None] == people] = np.inf
    moods = np.array([row["expression"] for row in rows])
    assert np.mean(moods[distance.argmin(axis=1)] == moods) > 0.95


# Where it is drawn.


def one_of_each_encoding(sample: SampleSummary, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """For every format and orientation the four largest faces; in small ones a pupil has too few pixels to measure."""
    by_encoding: dict[tuple[str, int], list[dict[str, str]]] = {}
    for row in sorted(rows, key=lambda row: float(row["ymin"]) - float(row["ymax"])):
        encoding = (row["file"][-3:], orientation(sample, row["file"]) or 0)
        by_encoding.setdefault(encoding, []).append(row)
    assert len(by_encoding) == 10
    return [row for encoding in sorted(by_encoding) for row in by_encoding[encoding][:4]]


def pupil_centroid(luma: NDArray[np.float64], x: float, y: float, reach: float) -> tuple[float, float]:
    """The middle of the dark spot around a place, its bright glint included, continuous pixels."""
    left, top = int(x - reach), int(y - reach)
    dark = luma[top : int(y + reach) + 1, left : int(x + reach) + 1] < 60
    # Row by row from the first dark pixel to the last: the pupil is convex, so this fills its glint and nothing else.
    filled = np.logical_or.accumulate(dark, axis=1) & np.logical_or.accumulate(dark[:, ::-1], axis=1)[:, ::-1]
    rows, columns = np.nonzero(filled)
    return float(left + columns.mean() + 0.5), float(top + rows.mean() + 0.5)


def test_eyes_are_annotated_where_the_pupils_are(sample: SampleSummary, rows: list[dict[str, str]]) -> None:
    for row in one_of_each_encoding(sample, rows):
        luma = np.asarray(upright(sample, row["file"]).convert("L"), dtype=np.float64)
        reach = 0.075 * (float(row["ymax"]) - float(row["ymin"]))
        for eye in ("left_eye", "right_eye"):
            x, y = float(row[f"{eye}_x"]), float(row[f"{eye}_y"])
            found = pupil_centroid(luma, x, y, reach)
            assert np.hypot(found[0] - x, found[1] - y) <= 0.3, (row["file"], eye, found, (x, y))


def test_a_round_mouth_ends_at_its_landmarks(sample: SampleSummary, rows: list[dict[str, str]]) -> None:
    """Just inside of each of its four landmarks is mouth, just outside is face."""
    ends = ("mouth_left", "mouth_right", "mouth_top", "mouth_bottom")
    surprised = [row for row in one_of_each_encoding(sample, rows) if row["expression"] == "surprised"]
    assert len(surprised) >= 8
    for row in surprised:
        pixels = np.asarray(upright(sample, row["file"]), dtype=np.float64)
        points = np.array([[float(row[f"{name}_{axis}"]) for axis in "xy"] for name in ends])
        middle = points.mean(axis=0)
        for name, point in zip(ends, points, strict=True):
            outward = (point - middle) / np.linalg.norm(point - middle) * 1.5
            inside, outside = (
                pixels[tuple(np.floor(place[::-1]).astype(int))] for place in (point - outward, point + outward)
            )
            assert np.abs(inside - outside).sum() > 75, (row["file"], name)


# Written once, whole, and over nothing else.


def test_same_bytes_in_another_process(sample: SampleSummary, tmp_path: Path) -> None:
    program = "import sys, pathlib; from dataprep.sample import write_sample; write_sample(pathlib.Path(sys.argv[1]))"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(REPOSITORY)}
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "again")], check=True, env=environment, timeout=120)
    assert content(tmp_path / "again") == content(sample.directory)


def test_another_seed_gives_other_people() -> None:
    assert draw_frames(0) != draw_frames(1)


def test_a_sample_that_is_there_is_left_alone(few_frames: list[Frame], tmp_path: Path) -> None:
    first = write_sample(tmp_path / "faces")
    before = {path: path.stat().st_mtime_ns for path in first.directory.rglob("*")}
    second = write_sample(tmp_path / "faces")
    assert (first.written, second.written) == (True, False)
    assert (second.images, second.bytes) == (len(few_frames), first.bytes)
    assert {path: path.stat().st_mtime_ns for path in first.directory.rglob("*")} == before


@pytest.mark.usefixtures("few_frames")
def test_a_damaged_or_older_sample_is_drawn_again(tmp_path: Path) -> None:
    whole = content(write_sample(tmp_path / "faces").directory)
    (tmp_path / "faces/images/s000_01.png").write_bytes(b"cut")
    assert write_sample(tmp_path / "faces").written
    assert content(tmp_path / "faces") == whole
    marker = tmp_path / "faces/sample.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "version": 0}))
    assert write_sample(tmp_path / "faces").written
    assert content(tmp_path / "faces") == whole
    assert [path.name for path in tmp_path.iterdir()] == ["faces"]


@pytest.mark.usefixtures("few_frames")
def test_an_empty_folder_is_filled_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert write_sample(tmp_path / "link").directory == tmp_path.resolve() / "real"
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real/annotations.csv").is_file()


@pytest.mark.usefixtures("few_frames")
@pytest.mark.parametrize("is_sample", [False, True])
def test_a_folder_with_other_files_is_refused(tmp_path: Path, is_sample: bool) -> None:
    place = tmp_path / "mine"
    if is_sample:
        write_sample(place, seed=1)
    (place / "images").mkdir(parents=True, exist_ok=True)
    (place / "images/holiday.jpg").write_bytes(b"mine")
    before = content(place)
    with pytest.raises(DataprepError, match=r"images/holiday\.jpg"):
        write_sample(place)
    assert content(place) == before


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataprepError, match="it is a file"):
        write_sample(tmp_path / "file")
    with pytest.raises(DataprepError, match="cannot write a sample"):
        write_sample(tmp_path / "file/below")


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataprepError, match="not -1"):
        write_sample(tmp_path / "faces", seed=-1)


def test_nothing_stays_of_a_failed_write(
    few_frames: list[Frame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_frame: Frame) -> bytes:
        raise OSError(28, "No space left on device")

    write_sample(tmp_path / "faces", seed=1)
    before = content(tmp_path)
    monkeypatch.setattr(type(few_frames[0]), "encode", fail)
    with pytest.raises(DataprepError, match="No space left"):
        write_sample(tmp_path / "faces")
    assert content(tmp_path) == before


# The manifest.


def test_manifests_differ_only_in_their_root(sample: SampleSummary) -> None:
    beside = yaml.safe_load(sample.manifest.read_text(encoding="utf-8"))
    ours = yaml.safe_load((REPOSITORY / "manifests/sample.yaml").read_text(encoding="utf-8"))
    assert beside["source"].pop("root") == "."
    assert ours["source"].pop("root") == "${DATAPREP_SAMPLE:-../demo/sample}"
    assert ours == beside
    assert tuple(beside["source"]["keypoints"]["names"]) == LANDMARKS
    assert tuple(map(tuple, beside["source"]["keypoints"]["pairs"])) == LANDMARK_PAIRS
