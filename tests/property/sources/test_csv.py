"""CSV tables that the tests write in each of their conventions."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataprep.errors import SourceError
from dataprep.sources import Listing
from dataprep.sources.csv import Csv
from tests import hostile
from tests.listings import accounted, finite, records
from tests.planting import folder, plant, stems, suffixes, touch, trees, used_classes


def read(root: Path, **options: Any) -> Listing:
    return Csv.model_validate({"format": "csv", "root": ".", **options}).read(root, split_folders=False)


def write(root: Path, rows: list[list[Any]], delimiter: str = ",") -> None:
    with (root / "annotations.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)


numbers = st.floats(-10, 700).map(lambda value: round(value, 2))
places = st.none() | st.tuples(numbers, numbers)


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.text("abcä", min_size=1, max_size=5).map(lambda stem: f"{stem}.png"),
        st.tuples(st.none() | st.sampled_from(["cat", "dog"]), st.lists(places, min_size=3, max_size=3)),
        max_size=4,
    ),
    st.booleans(),
)
def test_keypoints(rows: dict[str, tuple[str | None, list[tuple[float, float] | None]]], index: bool) -> None:
    points = ("nose", "left", "right")
    with folder() as root:
        (root / "images").mkdir()
        table: list[list[Any]] = []
        table.append(["file", "kind", "x0", "y0", "x1", "y1", *(f"{p}_{axis}" for p in points for axis in "xy")])
        for key, (kind, found) in rows.items():
            touch(root / "images" / key)
            table.append([key, kind or "", 1, 2, 3, 5, *(value for pair in found for value in (pair or ("", "")))])
        write(root, table)
        listing = read(
            root,
            keypoints={"names": points, "pairs": (("left", "right"),)},
            columns={"class": "kind", "boxes": {"corners": ("x0", "y0", "x1", "y1")}},
            coordinates="pixel_index" if index else "continuous",
        )
    shift, end = (0.5, 1) if index else (0, 0)
    assert accounted(listing) == dict.fromkeys(rows, "record")
    assert listing.classes == tuple(sorted({kind for kind, _ in rows.values() if kind}))
    for record in listing.records:
        kind, found = rows[record.key]
        assert record.labels.class_id == (None if kind is None else listing.classes.index(kind))
        assert record.labels.boxes is not None and record.labels.keypoints is not None
        assert record.labels.linked
        assert record.labels.boxes.corners.tolist() == [[1, 2, 3 + end, 5 + end]]
        wanted = [(0, 0, 0) if place is None else (place[0] + shift, place[1] + shift, 2) for place in found]
        np.testing.assert_array_equal(record.labels.keypoints.points, [wanted])


def named_by(name: str, keys: set[str]) -> set[str]:
    """The images that a cell names: that of this path, else those of this path without what they end in."""
    if name in keys:
        return {name}
    return {
        key for key in keys if key in (f"{name}.jpg", f"{name}.PNG") or (key == name and not PurePosixPath(key).suffix)
    }


@settings(max_examples=200)
@given(trees, st.lists(st.lists(st.tuples(stems, suffixes).map("".join) | st.sampled_from(["", "1"]), max_size=4)))
@example(
    images={"a.jpg": False, "a.PNG": False, "b.jpg": False}, lines=[["a", "1", "2"], ["b", "1", "2"], ["b.jpg", "", ""]]
)
def test_every_row_of_a_table_and_every_image_end_in_one_row(images: dict[str, bool], lines: list[list[str]]) -> None:
    with folder() as root:
        images = {**images, "annotations.csv:2": False, "good.jpg": False}
        plant(root / "images", images, {})
        inputs = [path for path in (root / "images").rglob("*") if path.is_file() or path.is_symlink()]
        rows = [
            ["file", "kind", "x", "y"],
            *([*line[:1], "", *line[1:]] for line in lines),
            ["good.jpg", "good", "1", "2"],
        ]
        write(root, rows)
        listing = read(
            root, keypoints={"names": ["nose"]}, columns={"points": "x, y", "class": "kind"}, coordinates="continuous"
        )
    found = accounted(listing)
    assert set(listing.classes) == used_classes(listing)
    alone = [key for key in found if key.startswith("annotations.csv:") and key != "annotations.csv:2"]
    assert len(found) == len(inputs) + len(alone)
    of_row = ("second_row", "bad_row", "bad_number", "bad_keypoint", "ambiguous_annotation")
    usable = {key for key, reason in found.items() if key not in alone and reason in ("record", *of_row)}
    named = [unicodedata.normalize("NFC", line[0].strip()) if line else "" for line in lines] + ["good.jpg"]
    assert len(alone) == sum(not named_by(name, usable) for name in named)
    labelled = {record.key for record in listing.records if not record.notes}
    rejected = {key for key, reason in found.items() if key not in alone and reason in of_row}
    assert labelled | rejected == set().union(*(named_by(name, usable) for name in named))


quarters = st.integers(-40, 400).map(lambda number: number / 4)
whole = st.integers(-10, 100)
MEANINGS = [("continuous", 0), ("pixel_index", 0), ("pixel_index", 1), ("relative", 0)]


@st.composite
def objects(draw: st.DrawFn, meaning: str) -> list[tuple[str, list[float]]]:
    """Classes and boxes, in whole pixels where numbers are to name pixels."""
    sides = whole if meaning == "pixel_index" else quarters
    found = []
    for _ in range(draw(st.integers(0, 4))):
        (x0, x1), (y0, y1) = (sorted([draw(sides), draw(sides)]) for _ in range(2))
        end = 1 if meaning == "pixel_index" else 0  # an index names a pixel, and a pixel is one wide
        found.append((draw(st.sampled_from(["cat", "dog", "ä, b"])), [x0, y0, x1 + end, y1 + end]))
    return found


def as_written(box: list[float], form: str, meaning: str, first: int) -> list[Any]:
    """A box in continuous pixels as a table of 128 x 64 pixel images would have it."""
    x0, y0, x1, y1 = box
    width, height = x1 - x0, y1 - y0
    if meaning == "pixel_index":
        # The first and the last pixel; how many there are; the middle of the outer two.
        xs, ys = (x0 + first, x1 - 1 + first), (y0 + first, y1 - 1 + first)
        middle = [(xs[0] + xs[1]) / 2, (ys[0] + ys[1]) / 2]
        corners = [xs[0], ys[0], xs[1], ys[1]]
    else:
        middle, corners = [(x0 + x1) / 2, (y0 + y1) / 2], box
    written = {
        "corners": corners,
        "corner_size": [*corners[:2], width, height],
        "center_size": [*middle, width, height],
    }[form]
    scale = (128, 64, 128, 64) if meaning == "relative" else (1, 1, 1, 1)
    return [number / side for number, side in zip(written, scale, strict=True)]


@given(
    st.sampled_from(MEANINGS).flatmap(
        lambda one: st.tuples(st.just(one), st.lists(objects(one[0]), min_size=1, max_size=3))
    ),
    st.sampled_from(["corners", "corner_size", "center_size"]),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_boxes_come_back_in_each_form_and_meaning(
    case: tuple[tuple[str, int], list[list[tuple[str, list[float]]]]], form: str, one_cell: bool, random: Any
) -> None:
    (meaning, first), images = case
    names = ["a", "b", "c", "d"]
    # Rows of one image may lie apart; those of each keep their order.
    pools = [[(f"{index}", kind, box) for kind, box in found] for index, found in enumerate(images)]
    rows = []
    while pools := [pool for pool in pools if pool]:
        rows.append(random.choice(pools).pop(0))
    table: list[list[Any]] = [["id", "kind", "box" if one_cell else "a", *(() if one_cell else "bcd")]]
    for stem, kind, box in rows:
        numbers = as_written(box, form, meaning, first)
        table.append([stem, kind, *([str(numbers)] if one_cell else numbers)])
    with folder() as root:
        for index in range(len(images)):
            touch(root / f"images/{index}.jpg")
        write(root, table, "\t")
        options: dict[str, Any] = {
            "rows": "object",
            "delimiter": "\t",
            "columns": {"path": "id", "class": "kind", "boxes": {form: "box" if one_cell else names}},
            "coordinates": meaning,
            "first_pixel": first,
        }
        if not rows:
            return
        listing = read(root, **options)
    scale = np.array([128, 64, 128, 64]) if meaning == "relative" else 1
    for index, found in enumerate(images):
        record = records(listing)[f"{index}.jpg"]
        assert record.notes == (() if found else ("no_annotation",))
        assert record.relative == (("boxes",) if meaning == "relative" and found else ())
        assert record.labels.boxes is not None
        assert [listing.classes[id] for id in record.labels.boxes.classes] == [kind for kind, _ in found]
        wanted = np.array([box for _, box in found]).reshape(-1, 4)
        np.testing.assert_allclose(record.labels.boxes.corners * scale, wanted, atol=1e-12)


COLUMNS = ["file", "kind", "tags", "x0", "y0", "x1", "y1", "nose_x", "nose_y", "nose_v", "age", "note", "use", "w", "h"]
OPTIONS: dict[str, Any] = {
    "columns": {
        "class": "kind",
        "tags": "tags",
        "boxes": {"corners": ["x0", "y0", "x1", "y1"]},
        "points": "{name}_x, {name}_y, {name}_v",
        "values": ["age"],
        "attributes": ["note"],
        "split": "use",
        "size": ["w", "h"],
    },
    "keypoints": {"names": ["nose"]},
}


@given(
    st.lists(st.lists(hostile.cells, min_size=len(COLUMNS), max_size=len(COLUMNS)), max_size=4),
    st.sampled_from(["image", "object"]),
    st.sampled_from(["continuous", "pixel_index", "relative"]),
)
def test_no_cell_ends_a_reading(lines: list[list[str]], rows: str, meaning: str) -> None:
    with folder() as root:
        for name in ("a.jpg", "good.jpg"):
            touch(root / "images" / name)
        good = ["good.jpg", "dog", "", 0, 0, 1, 1, *[""] * (len(COLUMNS) - 7)]
        write(root, [COLUMNS, *([line[0] or "a.jpg", *line[1:]] for line in lines), good])
        try:
            listing = read(root, **OPTIONS, rows=rows, coordinates=meaning)
        except SourceError:
            assert any("\0" in cell for line in lines for cell in line)  # no text has zero bytes
            return
    found = accounted(listing)
    assert {"a.jpg", "good.jpg"} <= set(found)
    assert set(listing.classes) == used_classes(listing)
    assert all(finite(record) for record in listing.records)


@given(hostile.documents)
def test_no_file_ends_a_reading(content: bytes) -> None:
    with folder() as root:
        touch(root / "images/a.jpg")
        (root / "annotations.csv").write_bytes(content)
        try:
            listing = read(root, columns={"class": "kind"})
        except SourceError as error:
            assert "annotations.csv" in str(error)
            return
    assert set(accounted(listing)) >= {"a.jpg"}
