"""face-api.js's files as the tests write them, and files that nobody should."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dataprep.errors import SourceError
from dataprep.sources import Listing
from dataprep.sources.face_api import FaceApi
from tests import hostile
from tests.listings import accounted, finite, records
from tests.planting import folder, plant, touch, trees, used_classes

NAMES = {"names": ["a", "b"]}


def read(root: Path, **options: Any) -> Listing:
    source = FaceApi.model_validate({"format": "face_api", "root": ".", "keypoints": NAMES, **options})
    return source.read(root, split_folders=False)


sides = st.integers(1, 999)
# Pixels of an image, and so shares of its sides: whole ones, so that the way there and back is exact enough to compare.
boxes = st.tuples(sides, sides, sides, sides)


@given(
    st.dictionaries(
        st.text("abcä", min_size=1, max_size=5), st.tuples(sides, sides, st.lists(boxes, max_size=3)), max_size=3
    )
)
def test_relative_boxes_come_back(images: dict[str, tuple[int, int, list[tuple[int, int, int, int]]]]) -> None:
    pixels: dict[str, list[tuple[float, ...]]] = {}
    with folder() as root:
        for stem, (width, height, found) in images.items():
            touch(root / f"jpg/{stem}.jpg")
            inside = [(x % width, y % height, min(w, width), min(h, height)) for x, y, w, h in found]
            names = ("x", "y", "width", "height")
            shares = [
                dict(zip(names, (x / width, y / height, w / width, h / height), strict=True)) for x, y, w, h in inside
            ]
            (root / "pts").mkdir(exist_ok=True)
            (root / f"pts/{stem}.json").write_text(json.dumps(shares))
            pixels[f"{stem}.jpg"] = [(x, y, x + w, y + h) for x, y, w, h in inside]
        (root / "jpg").mkdir(exist_ok=True)
        (root / "pts").mkdir(exist_ok=True)
        listing = read(root, holds="boxes", coordinates="relative")
    assert accounted(listing) == dict.fromkeys(pixels, "record")
    for stem, (width, height, _) in images.items():
        record = records(listing)[f"{stem}.jpg"]
        assert record.relative == ("boxes",) and record.labels.boxes is not None
        wanted = np.array(pixels[f"{stem}.jpg"]).reshape(-1, 4)
        found_again = record.labels.boxes.corners * [width, height, width, height]
        np.testing.assert_allclose(found_again, wanted, rtol=0, atol=1e-9)


GOOD: dict[str, Any] = {"x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4}
wrong = st.dictionaries(st.sampled_from([*GOOD, "_x", "label"]), hostile.values, max_size=2)
objects = wrong.map(lambda one: GOOD | one)
points = wrong.map(lambda one: {name: value for name, value in (GOOD | one).items() if name in ("x", "y")})
detections = st.fixed_dictionaries(
    {"detection": hostile.values | st.fixed_dictionaries({"_box": objects, "_imageDims": hostile.values}),
     "landmarks": hostile.values | st.fixed_dictionaries({"_positions": st.lists(points, max_size=2)})}
)  # fmt: skip


faces = st.lists(objects | points | hostile.values | detections, max_size=3)


@given(
    st.lists(hostile.values | faces | detections, min_size=1, max_size=3),
    st.sampled_from(["landmarks", "boxes", "detections"]),
    st.sampled_from(["continuous", "relative"]),
    st.none() | st.just(["face", "cat"]),
)
def test_no_value_ends_a_reading(contents: list[Any], holds: str, meaning: str, classes: Any) -> None:
    with folder() as root:
        (root / "pts").mkdir()
        for index, content in enumerate(contents):
            touch(root / f"jpg/{index}.jpg")
            (root / f"pts/{index}.json").write_bytes(hostile.written(content))
        options = {} if holds == "detections" else {"coordinates": meaning}
        listing = read(root, holds=holds, classes=classes, **options)
    assert len(accounted(listing)) == len(contents)
    assert set(listing.classes) >= used_classes(listing)
    assert all(finite(record) for record in listing.records)


@given(trees, st.lists(hostile.documents, min_size=1, max_size=3), st.sampled_from([".", "pts"]))
def test_no_file_ends_a_reading(tree: dict[str, bool], contents: list[bytes], annotations: str) -> None:
    with folder() as root:
        plant(root, tree, {})
        for stem, content in zip(("a", "b", "a.jpg"), contents, strict=False):
            (root / annotations).mkdir(exist_ok=True)
            (root / annotations / f"{stem}.json").write_bytes(content)
        inputs = [path for path in root.rglob("*") if path.is_file() or path.is_symlink()]
        try:
            listing = read(root, holds="landmarks", coordinates="continuous", images=".", annotations=annotations)
        except SourceError as error:
            assert "none of the" in str(error)
            return
    assert len(accounted(listing)) == len(inputs)
