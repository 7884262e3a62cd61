"""Labels, exported as YOLO and read again, are what they were, to a twentieth of what a store keeps."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dataprep.exports import export
from dataprep.exports.samples import samples
from dataprep.exports.yolo import joined
from dataprep.geometry import Size
from dataprep.inputs import Record
from dataprep.labels import Boxes, Floats, Keypoints, Labels, Polygons
from dataprep.pixels.decode import open_image
from dataprep.pixels.labels import source_labels
from dataprep.plan import NO_OPTIONS
from dataprep.sources import Listing
from dataprep.sources.yolo import Yolo
from tests.effort import effort
from tests.stores import Drawn, pixels, silent, store_of
from tests.strategies import sizes

TaskName = Literal["detect", "segment", "pose"]
CLASSES = ("no", "07", "a: b #c", "🐈 'é\"")
KEYPOINTS = {"names": ["nose", "left", "right"], "pairs": [[1, 2]]}
# A label is off by this part of a side at most: three quarters of a unit of the ninth decimal.
BOUND = 0.75e-9


@st.composite
def labels(draw: st.DrawFn, size: Size, task: TaskName) -> Labels:
    """Linked instances, whose boxes are the hulls of their outlines where they have some."""
    xs, ys = (st.integers(0, side * 1000).map(lambda number: number / 1000) for side in size)
    classes = draw(st.lists(st.integers(-1, 3), max_size=3))
    corners, rings, points = [], [], []
    for _ in classes:
        ring = draw(st.lists(st.tuples(xs, ys), min_size=3, max_size=5))
        places = np.array(ring if task == "segment" else ring[:2])
        corners.append([*places.min(axis=0), *places.max(axis=0)])
        rings.append([ring])
        points.append([(draw(xs), draw(ys), draw(st.integers(0, 2))) for _ in range(3)])
    boxes = Boxes.of(corners, classes)
    if task == "detect":
        return Labels(boxes=boxes)
    if task == "segment":
        return Labels(boxes=boxes, polygons=Polygons.of(rings, classes), linked=True)
    return Labels(boxes=boxes, keypoints=Keypoints.of(np.array(points).reshape(-1, 3, 3)), linked=True)


keys = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=9)


@st.composite
def datasets(draw: st.DrawFn, task: TaskName) -> list[Drawn]:
    found: list[Drawn] = []
    for key in draw(st.lists(keys | st.sampled_from(["a/images/b.jpg", "a.png", "a.jpg", "A.jpg", "a.jpg::0"]),
                             unique=True, min_size=1, max_size=8)):  # fmt: skip
        size = draw(sizes(1, 60))
        found.append(Drawn(key, draw(st.sampled_from(["train", "val", "test"])), size, draw(labels(size, task))))
    return found


def read(folder: Path, task: TaskName) -> Listing:
    source = Yolo.model_validate({"format": "yolo", "root": ".", "task": task})
    return source.read(folder, split_folders=False)


def in_pixels(record: Record) -> Labels:
    return source_labels(record, open_image(Path(record.path).read_bytes()), NO_OPTIONS, raw=False)


def rows(found: Labels) -> list[tuple[float, ...]]:
    """Every instance as numbers, of which equal ones count once, as YOLO's readers count them."""
    parts = []
    for index in range(len(found.boxes or ())):
        assert found.boxes is not None
        row = [float(found.boxes.classes[index]), *found.boxes.corners[index]]
        row += [] if found.keypoints is None else found.keypoints.points[index].ravel().tolist()
        row += [] if found.polygons is None else found.polygons.rings[index][0].ravel().tolist()
        parts.append(tuple(round(number, 3) for number in row))
    return list(dict.fromkeys(parts))


def extra(one: Labels) -> bool:
    """Whether an instance has no class."""
    return one.boxes is not None and -1 in one.boxes.classes


@pytest.mark.parametrize("task", ["detect", "segment", "pose"])
@effort(10)  # each writes a store
@given(data=st.data(), format=st.sampled_from(["png", "webp", "raw"]))
def test_labels_to_yolo_and_back(task: TaskName, data: st.DataObject, format: str) -> None:
    drawn = data.draw(datasets(task))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with store_of(folder / "drawn.db", drawn, CLASSES, KEYPOINTS, format) as store:
            done = export(store, "yolo", folder / "out", silent)
            stored = {pixels(one.key, one.size).tobytes(): one for one in samples(store)}
        assert done.files == 2 * len(drawn) + 1 and len(stored) == len(drawn)
        listing = read(folder / "out", task)
        assert listing.refusals == [] and len(listing.records) == len(stored)
        classless = any(extra(one.labels) for one in drawn)
        assert listing.classes == ((*CLASSES, "object") if classless else CLASSES)
        assert classless == ("instances without a class, which get one of their own" in done.lost)
        for record in listing.records:
            with Image.open(record.path) as image:
                one = stored[np.asarray(image.convert("RGB")).tobytes()]
            assert record.split == one.split and record.notes == ()
            found = in_pixels(record)
            # Rounded as a store keeps them, they are the very same numbers.
            assert rows(found) == [(4.0 if row[0] == -1 else row[0], *row[1:]) for row in rows(one.labels)]
            assert found.boxes is not None and one.labels.boxes is not None
            if not record.dropped:
                off = np.abs(found.boxes.corners - one.labels.boxes.corners)
                assert (off <= np.tile(BOUND * np.array(one.size), 2) + 1e-12).all()
        if task == "pose":
            assert listing.keypoints is not None
            assert (list(listing.keypoints.names), listing.keypoints.indices) == (KEYPOINTS["names"], ((1, 2),))


def test_the_longest_image_is_within_the_bound_as_well(tmp_path: Path) -> None:
    corners = np.array([[0, 21_833.333, 1, 43_666.667], [0.001, 65_499.998, 0.334, 65_499.999], [0, 0, 1, 65_500]])
    drawn = [Drawn("a.png", "train", Size(1, 65_500), Labels(boxes=Boxes.of(corners, [0, 1, 2])))]
    with store_of(tmp_path / "drawn.db", drawn, CLASSES) as store:
        export(store, "yolo", tmp_path / "out", silent)
    (record,) = read(tmp_path / "out", "detect").records
    found = in_pixels(record)
    assert found.boxes is not None
    off = np.abs(found.boxes.corners - corners)
    assert off.max() <= BOUND * 65_500 < 0.00005
    assert np.round(found.boxes.corners, 3).tolist() == corners.tolist()


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=7), min_size=1, max_size=4
    ).map(lambda rings: [np.array(ring, np.float64) for ring in rings])
)
def test_rings_that_are_joined_hold_what_they_held(rings: list[Floats]) -> None:
    whole = joined(rings)
    # Not on a line between any two of the rings' whole numbers.
    spots = np.random.default_rng(0).uniform(-1, 10, (40, 2))
    for spot in spots:
        assert winding(whole, spot) == sum(winding(ring, spot) for ring in rings)


def winding(ring: Floats, spot: Floats) -> int:
    """How often a ring runs around a spot: the sum of the angles under which its edges are seen."""
    toward = ring - spot
    angles = np.arctan2(toward[:, 1], toward[:, 0])
    turns = np.diff(angles, append=angles[:1])
    turns = (turns + np.pi) % (2 * np.pi) - np.pi
    return round(float(turns.sum()) / (2 * np.pi))


def test_the_config_is_plain_yaml_that_others_read(tmp_path: Path) -> None:
    drawn = [Drawn("a.png", "val", Size(4, 3), Labels(boxes=Boxes.of([[0, 0, 4, 3]], [1])))]
    with store_of(tmp_path / "drawn.db", drawn, CLASSES) as store:
        export(store, "yolo", tmp_path / "out", silent)
    assert yaml.safe_load((tmp_path / "out/data.yaml").read_text(encoding="utf-8")) == {
        "val": "images/val",
        "names": dict(enumerate(CLASSES)),
    }
    assert (tmp_path / "out/labels/val/a.txt").read_text() == "1 0.5 0.5 1 1\n"
