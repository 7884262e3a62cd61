"""Readers against what the tests wrote themselves, in each format's own convention."""

from __future__ import annotations

import csv
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataprep.errors import SourceError
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
    wanted = {(unicodedata.normalize("NFC", name), stem) for name, stem in files}
    assert listing.classes == tuple(sorted({name for name, _ in wanted}))
    before = "train/" if split_folders else ""
    assert {record.key: listing.classes[record.labels.class_id or 0] for record in listing.records} == {
        f"{before}{name}/more/{stem}.jpg": name for name, stem in wanted
    }
    assert accounted(listing)["stray.jpg"] == "no_class"
    assert Labels().class_id is None


# Few letters, so that names meet: hidden, composed and decomposed, with dots, and links to nowhere.
stems = st.sampled_from(["a", "b", "a.b", ".h", "é", "e\u0301", "\\xe9", "Annotations/a", "s/é", "s/e\u0301"])
suffixes = st.sampled_from(["", ".jpg", ".PNG", ".txt", ".xml", ".XML", ".xml~2"])
trees = st.dictionaries(st.tuples(stems, suffixes).map("".join), st.booleans(), max_size=10)


def plant(root: Path, tree: dict[str, bool], contents: dict[str, str]) -> set[str]:
    """Writes files, or links to nowhere, and returns the names that found a place."""
    root.mkdir(parents=True, exist_ok=True)
    done = set()
    for name, linked in tree.items():
        path = root / name
        if path.exists() or path.is_symlink():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if linked:
            path.symlink_to(root / "nothing")
        else:
            path.write_text(contents.get(name, ""), encoding="utf-8")
        done.add(name)
    return done


def xml_of(name: str, filename: str) -> str:
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox>"
    return f"<annotation><filename>{filename}</filename><object><name>{name}</name>{box}</object></annotation>"


def used_classes(listing: Listing) -> set[str]:
    ids: set[int] = set()
    for record in listing.records:
        ids |= set(() if record.labels.boxes is None else record.labels.boxes.classes.tolist())
        ids |= set() if record.labels.class_id is None else {record.labels.class_id}
    return {listing.classes[id] for id in ids}


@settings(max_examples=300)
@given(
    trees,
    trees,
    st.dictionaries(stems, stems),
    st.sampled_from([("JPEGImages", "Annotations"), (".", "."), (".", "Annotations"), ("x", "x/Annotations")]),
    st.sampled_from(["keep", "filter"]),
)
@example(
    images={"\u00e9": False},
    annotations={"\u00e9.xml": True, "\u00e9.XML": False},
    filenames={},
    folders=("JPEGImages", "Annotations"),
    unannotated="keep",
)
def test_every_file_of_voc_ends_in_one_row(
    images: dict[str, bool],
    annotations: dict[str, bool],
    filenames: dict[str, str],
    folders: tuple[str, str],
    unannotated: str,
) -> None:
    with folder() as root:
        texts = {name: xml_of(f"class of {name}", filenames.get(name[:-4], "") + ".jpg") for name in annotations}
        written = plant(root / folders[1], annotations, texts)
        plant(root / folders[0], {name: linked for name, linked in images.items() if name not in annotations}, {})
        source = Voc.model_validate(
            {
                "format": "voc",
                "root": ".",
                "images": folders[0],
                "annotations": folders[1],
                "unannotated": unannotated,
            }
        )
        inputs = {
            path.relative_to(root / folders[0]).as_posix()
            for path in (root / folders[0]).rglob("*")
            if path.is_file() or path.is_symlink()
        }
        try:
            listing = source.read(root, split_folders=False)
        except SourceError as error:
            assert "source.annotations" in str(error)
            return
    found = accounted(listing)
    assert all(found)
    composed = [unicodedata.normalize("NFC", name) for name in sorted(inputs)]
    assert {key for key in composed if composed.count(key) == 1} <= set(found)
    apart = folders[0] == "JPEGImages"
    xml = [name for name in written if name.lower().endswith(".xml")]
    assert len(inputs) <= len(found) <= len(inputs) + (len(xml) if apart else 0)
    # Each class is that of a record, and says which annotation it came from.
    assert set(listing.classes) == used_classes(listing)
    said = set(listing.classes) | {refusal.note for refusal in listing.refusals} | set(found)
    for name in xml:
        shown = unicodedata.normalize("NFC", name)
        raw = name.encode("ascii", "backslashreplace").decode()
        assert any(part in text for text in said for part in (name, shown, raw)), name


@settings(max_examples=200)
@given(trees, st.lists(st.lists(st.tuples(stems, suffixes).map("".join) | st.sampled_from(["", "1"]), max_size=4)))
def test_every_row_of_a_table_and_every_image_end_in_one_row(images: dict[str, bool], lines: list[list[str]]) -> None:
    source = CsvKeypoints(
        format="csv_keypoints",
        root=".",
        keypoints=KeypointNames(names=("nose",)),
        columns=Columns.model_validate({"keypoints": "x, y", "class": "kind"}),
        coordinates="continuous",
    )
    with folder() as root:
        images = {**images, "annotations.csv:2": False, "good.jpg": False}
        plant(root / "images", images, {})
        inputs = [path for path in (root / "images").rglob("*") if path.is_file() or path.is_symlink()]
        with (root / "annotations.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["file", "kind", "x", "y"])
            table.writerows([[*line[:1], "", *line[1:]] for line in lines])
            table.writerow(["good.jpg", "good", "1", "2"])
        listing = source.read(root, split_folders=False)
    found = accounted(listing)
    assert all(found)
    assert set(listing.classes) == used_classes(listing)
    labelled = {record.key for record in listing.records if not record.notes}
    named = [unicodedata.normalize("NFC", line[0].strip()) if line else "" for line in lines] + ["good.jpg"]
    rejected = {
        key for key, reason in found.items() if reason in ("second_row", "bad_row", "bad_number", "bad_keypoint")
    }
    alone = [key for key in found if key.startswith("annotations.csv:") and key != "annotations.csv:2"]
    assert len(found) == len(inputs) + len(alone)
    assert len(alone) == sum(key not in labelled | rejected for key in named)


@settings(max_examples=200)
@given(trees, st.booleans(), st.none() | st.just(("s", "emu")))
def test_every_file_of_class_folders_ends_in_one_row(
    tree: dict[str, bool], split_folders: bool, classes: tuple[str, ...] | None
) -> None:
    with folder() as root:
        plant(root / "train", tree, {})
        inputs = [path for path in root.rglob("*") if path.is_file() or path.is_symlink()]
        source = ImageFolder(format="image_folder", root=".", classes=classes)
        listing = source.read(root, split_folders=split_folders)
    assert len(accounted(listing)) == len(inputs)
    assert all(accounted(listing))
    assert set(listing.classes) == (set(classes) if classes else used_classes(listing))
