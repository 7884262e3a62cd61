"""JSON Lines that the tests write, and lines that nobody should."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.errors import SourceError
from dataprep.sources import Listing
from dataprep.sources.jsonl import Jsonl
from tests import hostile
from tests.listings import accounted, finite, records
from tests.planting import folder, touch, used_classes

NAMES = ["nose", "left", "right"]


def read(root: Path, **options: Any) -> Listing:
    return Jsonl.model_validate({"format": "jsonl", "root": ".", **options}).read(root, split_folders=False)


def write(root: Path, lines: list[bytes]) -> None:
    (root / "annotations.jsonl").write_bytes(b"\n".join(lines))


numbers = st.floats(-10, 700).map(lambda value: round(value, 2))
boxes = st.tuples(numbers, numbers, numbers, numbers).map(
    lambda box: [min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])]
)
points = st.none() | st.tuples(numbers, numbers, st.sampled_from([1, 2])).map(list)
kinds = st.sampled_from(["cat", "dog", "ä, b"])
instances = st.tuples(kinds, boxes, st.lists(points, min_size=3, max_size=3))


@settings(max_examples=50)
@given(
    st.dictionaries(st.text("abcä", min_size=1, max_size=5), st.lists(instances, max_size=3), max_size=4),
    st.sampled_from(["nested", "named", "lines"]),
)
def test_instances_come_back(images: dict[str, list[tuple[str, list[float], list[Any]]]], how: str) -> None:
    lines: list[bytes] = []
    for stem, found in images.items():
        if how == "lines":
            for kind, box, ps in found:
                lines.append(hostile.written({"file_name": stem, "kind": kind, "box": box, "points": ps}))
            continue
        named = [{name: p for name, p in zip(NAMES, ps, strict=True) if p is not None} for _, _, ps in found]
        said = {
            "file_name": f"{stem}.png",
            "objects": {"kind": [kind for kind, _, _ in found], "box": [box for _, box, _ in found]},
            "points": named if how == "named" else [ps for _, _, ps in found],
        }
        lines.append(hostile.written(said))
    if not lines:
        return
    at = "" if how == "lines" else "objects."
    fields = {"path": "file_name", "class": f"{at}kind", "boxes": {"corners": f"{at}box"}, "points": "points"}
    with folder() as root:
        for stem in images:
            touch(root / f"images/{stem}.png")
        write(root, [*lines, b""])
        rows = "object" if how == "lines" else "image"
        listing = read(root, fields=fields, rows=rows, keypoints={"names": NAMES}, coordinates="continuous")
    assert set(accounted(listing).values()) == {"record"}
    assert listing.classes == tuple(sorted({kind for found in images.values() for kind, _, _ in found}))
    for stem, found in images.items():
        labels = records(listing)[f"{stem}.png"].labels
        assert labels.boxes is not None and labels.keypoints is not None
        assert [listing.classes[id] for id in labels.boxes.classes] == [kind for kind, _, _ in found]
        np.testing.assert_array_equal(labels.boxes.corners, np.array([box for _, box, _ in found]).reshape(-1, 4))
        wanted = [[[0, 0, 0] if point is None else point for point in ps] for _, _, ps in found]
        np.testing.assert_array_equal(labels.keypoints.points, np.array(wanted).reshape(-1, 3, 3))
        assert labels.linked == bool(found)


FIELDS: dict[str, Any] = {
    "path": "file",
    "class": "kind",
    "tags": "tags",
    "boxes": {"corner_size": "objects.boxes"},
    "points": "points",
    "values": ["age"],
    "attributes": ["note"],
    "split": "use",
    "size": ["w", "h"],
}
GOOD = dict.fromkeys(("tags", "points", "age", "note", "use", "w", "h"))
GOOD |= {"file": "good.jpg", "kind": "dog", "objects": {"boxes": [0, 0, 1, 1]}}


@given(
    st.lists(st.dictionaries(st.sampled_from([*GOOD, "objects"]), hostile.values), max_size=3),
    st.lists(hostile.values, max_size=4),
    st.sampled_from(["image", "object"]),
    st.sampled_from(["continuous", "pixel_index", "relative"]),
)
def test_no_value_ends_a_reading(lines: list[dict[str, Any]], found: list[Any], rows: str, meaning: str) -> None:
    boxes = [{"file": "a.jpg", "objects": {"boxes": one}, "points": one} for one in found]
    with folder() as root:
        for name in ("a.jpg", "good.jpg"):
            touch(root / "images" / name)
        write(root, [hostile.written(one) for one in ({"file": "a.jpg"}, *lines, *boxes, GOOD)])
        listing = read(root, fields=FIELDS, keypoints={"names": ["nose"]}, rows=rows, coordinates=meaning)
    assert {"a.jpg", "good.jpg"} <= set(accounted(listing))
    assert set(listing.classes) == used_classes(listing)
    assert all(finite(record) for record in listing.records)
    # What goes into the ledger is text that a file can hold.
    for refusal in listing.refusals:
        json.dumps([refusal.key, refusal.note, refusal.meant], ensure_ascii=False).encode()


@given(st.lists(hostile.documents, max_size=3), st.booleans())
def test_no_file_ends_a_reading(lines: list[bytes], with_good: bool) -> None:
    with folder() as root:
        touch(root / "images/a.jpg")
        write(root, [*lines, *([b'{"file": "a.jpg"}'] if with_good else [])])
        try:
            listing = read(root)
        except SourceError as error:
            assert not with_good and "annotations.jsonl" in str(error)
            return
    assert set(accounted(listing)) >= {"a.jpg"}
