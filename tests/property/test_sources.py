"""Readers against what the tests wrote themselves, in each format's own convention."""

from __future__ import annotations

import unicodedata
from xml.sax.saxutils import escape

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataprep.errors import SourceError
from dataprep.labels import Labels
from dataprep.sources.image_folder import ImageFolder
from dataprep.sources.voc import Voc
from tests.effort import effort
from tests.listings import accounted
from tests.planting import folder, plant, stems, touch, trees, used_classes

names = (
    st.text("abcxyzäé .&<-", min_size=1, max_size=8)
    .map(str.strip)
    .filter(lambda name: name.strip(". ") == name and name)
)
pixels = st.integers(1, 500)


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


def xml_of(name: str, filename: str) -> str:
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox>"
    return f"<annotation><filename>{filename}</filename><object><name>{name}</name>{box}</object></annotation>"


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


@effort(200, 0.1)
@given(trees, st.booleans(), st.none() | st.just(("s", "emu")))
@example({"Annotations/a.jpg": True, "s/b.jpg": True}, False, None)
def test_every_file_of_class_folders_ends_in_one_row(
    tree: dict[str, bool], split_folders: bool, classes: tuple[str, ...] | None
) -> None:
    with folder() as root:
        plant(root / "train", tree, {})
        inputs = [path for path in root.rglob("*") if path.is_file() or path.is_symlink()]
        source = ImageFolder(format="image_folder", root=".", classes=classes)
        try:
            listing = source.read(root, split_folders=split_folders)
        except SourceError as error:  # nothing but train/, in which several folders hold all images
            assert classes is None and not split_folders and "found one, train, around all others" in str(error)
            return
    assert len(accounted(listing)) == len(inputs)
    assert all(accounted(listing))
    assert set(listing.classes) == (set(classes) if classes else used_classes(listing))
