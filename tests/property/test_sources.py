"""Readers against what the tests wrote themselves, in each format's own convention."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dataprep.labels import Labels
from dataprep.sources import KeypointNames, Listing
from dataprep.sources.csv_keypoints import Columns, CsvKeypoints
from dataprep.sources.image_folder import ImageFolder
from dataprep.sources.voc import Voc

names = (
    st.text("abcxyzäé .&<-", min_size=1, max_size=8)
    .map(str.strip)
    .filter(lambda name: name.strip(". ") == name and name)
)
pixels = st.integers(1, 500)


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"not looked at by a reader")


def accounted(listing: Listing) -> dict[str, str]:
    """Key → status, for every input."""
    rows = {record.key: "record" for record in listing.records}
    for refusal in listing.refusals:
        assert refusal.key not in rows
        rows[refusal.key] = refusal.reason
    return rows


boxes = st.lists(st.tuples(names, pixels, pixels, pixels, pixels), max_size=4)


@settings(max_examples=50)
@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=5), boxes, max_size=4), st.sampled_from([0, 1]), st.booleans()
)
def test_voc(images: dict[str, list[tuple[str, int, int, int, int]]], first: int, declared: bool) -> None:
    with folder() as root:
        (root / "Annotations").mkdir()
        (root / "JPEGImages").mkdir()
        for stem, objects in images.items():
            touch(root / f"JPEGImages/{stem}.jpg")
            text = "<annotation><size><width>640</width><height>480</height><depth>3</depth></size>"
            for name, a, b, c, d in objects:
                (x0, x1), (y0, y1) = sorted([a, c]), sorted([b, d])
                text += f"<object><name>{escape(name)}</name><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin>"
                text += f"<xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>"
            (root / f"Annotations/{stem}.xml").write_text(text + "</annotation>", encoding="utf-8")
        found = sorted({name for objects in images.values() for name, *_ in objects})
        classes = tuple(reversed(found)) if declared else None
        listing = Voc(format="voc", root=".", first_pixel=first, classes=classes).read(root, split_folders=False)
    assert listing.classes == (tuple(reversed(found)) if declared else tuple(found))
    assert accounted(listing) == {f"{stem}.jpg": "record" for stem in images}
    for record in listing.records:
        assert record.size == (640, 480)
        wanted = images[record.key.removesuffix(".jpg")]
        assert record.labels.boxes is not None
        assert [listing.classes[id] for id in record.labels.boxes.classes] == [name for name, *_ in wanted]
        for corners, (_, a, b, c, d) in zip(record.labels.boxes.corners, wanted, strict=True):
            # A box from pixel 3 to pixel 5 holds three pixels; the first pixel begins at 0.
            holds = (abs(a - c) + 1, abs(b - d) + 1)
            assert (corners[2] - corners[0], corners[3] - corners[1]) == holds
            assert (corners[0], corners[1]) == (min(a, c) - first, min(b, d) - first)


numbers = st.floats(-10, 700).map(lambda value: round(value, 2))
cells = st.none() | st.tuples(numbers, numbers)


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.text("abcä", min_size=1, max_size=5).map(lambda stem: f"{stem}.png"),
        st.tuples(st.none() | st.sampled_from(["cat", "dog"]), st.lists(cells, min_size=3, max_size=3)),
        max_size=4,
    ),
    st.booleans(),
)
def test_csv_keypoints(rows: dict[str, tuple[str | None, list[tuple[float, float] | None]]], index: bool) -> None:
    points = ("nose", "left", "right")
    source = CsvKeypoints(
        format="csv_keypoints",
        root=".",
        keypoints=KeypointNames(names=points, pairs=(("left", "right"),)),
        columns=Columns.model_validate({"file": "file", "class": "kind", "box": ("x0", "y0", "x1", "y1")}),
        coordinates="pixel_index" if index else "continuous",
    )
    with folder() as root:
        (root / "images").mkdir()
        with (root / "annotations.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["file", "kind", "x0", "y0", "x1", "y1", *(f"{p}_{axis}" for p in points for axis in "xy")])
            for key, (kind, found) in rows.items():
                touch(root / "images" / key)
                places = [value for pair in found for value in (pair or ("", ""))]
                table.writerow([key, kind or "", 1, 2, 3, 5, *places])
        listing = source.read(root, split_folders=False)
    shift, end = (0.5, 1) if index else (0, 0)
    assert accounted(listing) == dict.fromkeys(rows, "record")
    assert listing.classes == tuple(sorted({kind for kind, _ in rows.values() if kind}))
    for record in listing.records:
        kind, found = rows[record.key]
        assert record.labels.class_id == (None if kind is None else listing.classes.index(kind))
        assert record.labels.boxes is not None and record.labels.keypoints is not None
        assert record.labels.boxes.corners.tolist() == [[1, 2, 3 + end, 5 + end]]
        wanted = [(0, 0, 0) if place is None else (place[0] + shift, place[1] + shift, 2) for place in found]
        np.testing.assert_array_equal(record.labels.keypoints.points, [wanted])


@settings(max_examples=50)
@given(st.sets(st.tuples(names, st.text("abc", min_size=1, max_size=4)), max_size=8), st.booleans())
def test_image_folder(files: set[tuple[str, str]], split_folders: bool) -> None:
    with folder() as root:
        for name, stem in files:
            touch(root / ("train" if split_folders else ".") / name / "more" / f"{stem}.jpg")
        touch(root / "stray.jpg")
        listing = ImageFolder(format="image_folder", root=".").read(root, split_folders=split_folders)
    import unicodedata

    wanted = {(unicodedata.normalize("NFC", name), stem) for name, stem in files}
    assert listing.classes == tuple(sorted({name for name, _ in wanted}))
    before = "train/" if split_folders else ""
    assert {record.key: listing.classes[record.labels.class_id or 0] for record in listing.records} == {
        f"{before}{name}/more/{stem}.jpg": name for name, stem in wanted
    }
    assert accounted(listing)["stray.jpg"] == "no_class"
    assert Labels().class_id is None
