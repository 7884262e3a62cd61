"""The COCO export: read back by our own source it is the store again, and COCO's own library reads the same."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as peer
from pycocotools.coco import COCO

from dataprep.errors import ExportError
from dataprep.exports import export
from dataprep.exports.samples import labels_of
from dataprep.geometry import Size
from dataprep.labels import CROWD, Boxes, Keypoints, Labels, Polygons
from dataprep.outlines import outlines, within
from dataprep.runs import counts_from, inside
from dataprep.sources import Listing
from dataprep.sources.coco import Coco
from dataprep.store.read import Store
from tests.effort import effort
from tests.stores import Drawn, store_of
from tests.strategies import labels as any_labels
from tests.strategies import sizes

# COCO's library builds arrays in a way that NumPy 2 will give up; what it gives is right.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CLASSES = ("cat", "dog", "emu")
POINTS = ("nose", "left_ear", "right_ear", "tail")
PAIRS = (("left_ear", "right_ear"),)
Sample = Drawn


def write(path: Path, samples: Sequence[Sample], *, points: bool = True, format: str = "png") -> None:
    """A store of samples, each of a record of its own."""
    keypoints = {"names": list(POINTS), "pairs": PAIRS} if points else None
    store_of(path, samples, CLASSES, keypoints, format).close()


@dataclass(frozen=True)
class Export:
    """What was exported, and what the store had."""

    store: Path
    root: Path
    lost: Counter[str]
    stored: dict[str, tuple[str, Labels, dict[str, Any]]]

    def document(self, split: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.root / f"annotations/instances_{split}.json").read_bytes())
        return found

    def listing(self, **options: Any) -> Listing:
        splits = sorted({split for split, _, _ in self.stored.values()})
        places = {
            "images": {split: f"images/{split}" for split in splits},
            "annotations": {split: f"annotations/instances_{split}.json" for split in splits},
        }
        return Coco.model_validate({"format": "coco", "root": ".", **places, **options}).read(
            self.root, split_folders=False
        )

    def keys(self) -> dict[str, str]:
        """The store's keys by those of the files."""
        found = {}
        for split in {split for split, _, _ in self.stored.values()}:
            for entry in self.document(split)["images"]:
                found[f"images/{split}/{entry['file_name']}"] = entry["key"]
        return found


@contextmanager
def exported(samples: Sequence[Sample], **options: Any) -> Iterator[Export]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.db"
        write(path, samples, **options)
        with Store(path) as store:
            done = export(store, "coco", Path(folder) / "out", lambda *_: None)
            fields = {sample.key: (sample.split, json.loads(sample.text.wire)) for sample in store.samples()}
        stored = {key: (split, labels_of(found), found) for key, (split, found) in fields.items()}
        yield Export(path, done.folder, done.lost, stored)


keys = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12),
    st.sampled_from(
        [
            *("a.jpg", "a.png", "A.jpg", "a.jpg::0", "a.jpg::1", "a_0.jpg", "a.jpg/b.png", "s/a.jpg", "S/a.jpg"),
            *("..", "../a", ".", "/", "a b", "con", "ä.jpg", "x" * 300, "x" * 300 + "y", "a:b", "a?b", ".hidden"),
        ]
    ),
)
splits = st.sampled_from(["train", "val", "test"])
shares = st.sampled_from([0.0, 0.3, 0.7, 0.9, 1.0])


@st.composite
def pixels(draw: st.DrawFn, size: Size) -> npt.NDArray[np.bool_]:
    bits = draw(st.integers(0, 2 ** (size.width * size.height) - 1))
    flat = [bits >> one & 1 for one in range(size.width * size.height)]
    return np.array(flat, bool).reshape(size.height, size.width)


def around(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float64], ...]:
    size = Size(mask.shape[1], mask.shape[0])
    return outlines(inside(counts_from(mask), size), size)


def clockwise(ring: Sequence[tuple[float, float]]) -> npt.NDArray[np.float64]:
    points = np.array(ring)
    x, y = points.T
    area = (x * np.roll(y, -1) - np.roll(x, -1) * y).sum()
    return points if area >= 0 else points[::-1]


@st.composite
def instances(draw: st.DrawFn, size: Size) -> Labels:
    """Linked boxes, with keypoints and outlines, as far as COCO holds them: crowds are outlined along pixels."""
    # Thousandths, which the store keeps; whole quarters, so that no ring is so thin that its sense is not known.
    xs, ys = (st.integers(0, 4 * side).map(lambda value: value / 4) for side in size)
    corners, flags, points, rings = [], [], [], []
    for _ in range(draw(st.integers(0, 3))):
        (x0, y0), (x1, y1) = (draw(st.tuples(xs, ys)) for _ in range(2))
        corners.append([min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)])
        points.append([(draw(xs), draw(ys), draw(st.integers(0, 2))) for _ in POINTS])
        crowd = draw(st.booleans())
        flags.append(CROWD if crowd else 0)
        if crowd:
            rings.append(around(draw(pixels(size))))
        else:
            ring = st.lists(st.tuples(xs, ys), min_size=3, max_size=5).map(clockwise)
            rings.append(tuple(draw(st.lists(ring, max_size=2))))
    ids = [draw(st.integers(0, len(CLASSES) - 1)) for _ in corners]
    kept = Keypoints.of(np.array(points).reshape(-1, len(POINTS), 3))
    return Labels(boxes=Boxes.of(corners, ids, flags), keypoints=kept, polygons=Polygons.of(rings, ids), linked=True)


@st.composite
def samples_of(draw: st.DrawFn, labels: Any) -> list[Sample]:
    found = []
    for key in draw(st.lists(keys, unique=True, min_size=1, max_size=5)):
        size = draw(sizes(1, 8))
        found.append(Sample(key, draw(splits), size, draw(labels(size))))
    return found


@effort(25, 0.25)
@given(samples_of(instances))
def test_labels_come_back(samples: list[Sample]) -> None:
    with exported(samples) as found:
        listing = found.listing(labels=["boxes", "keypoints", "polygons"])
        key_of = found.keys()
        assert found.lost == {}
    assert listing.classes == CLASSES
    assert listing.keypoints is not None
    assert (listing.keypoints.names, listing.keypoints.pairs) == (POINTS, PAIRS)
    assert list(listing.refusals) == []
    assert {key_of[record.key] for record in listing.records} == found.stored.keys()
    for record in listing.records:
        split, wanted, fields = found.stored[key_of[record.key]]
        assert (record.split, record.size) == (split, tuple(fields["image_size"]))
        same(record.labels, wanted)


def same(found: Labels, wanted: Labels) -> None:
    """Equal labels: what the store rounded to 0.001 stays to the last bit of a sum."""
    assert found.kinds() == wanted.kinds()
    assert found.linked == wanted.linked
    for boxes, others in ((found.boxes, wanted.boxes),):
        assert boxes is not None and others is not None
        np.testing.assert_allclose(boxes.corners, others.corners, atol=1e-9)
        np.testing.assert_array_equal(boxes.classes, others.classes)
        np.testing.assert_array_equal(boxes.flags, others.flags)
        np.testing.assert_array_equal(boxes.visible, 1)
    assert found.keypoints is not None and wanted.keypoints is not None
    if len(wanted.keypoints):
        np.testing.assert_allclose(found.keypoints.points, wanted.keypoints.points, atol=1e-9)
    assert found.polygons is not None and wanted.polygons is not None
    np.testing.assert_array_equal(found.polygons.classes, wanted.polygons.classes)
    assert [[ring.tolist() for ring in one] for one in found.polygons.rings] == [
        [ring.tolist() for ring in one] for one in wanted.polygons.rings
    ]


@effort(25, 0.5)
@given(sizes(1, 13), st.integers(0, 2**32), st.lists(st.tuples(shares, st.booleans()), min_size=1, max_size=20))
def test_holes_and_crowds_are_the_same_pixels_to_coco_s_library(
    size: Size, seed: int, outlined: list[tuple[float, bool]]
) -> None:
    rng = np.random.default_rng(seed)
    drawn = [rng.random((size.height, size.width)) < share for share, _ in outlined]
    crowds = [crowd for _, crowd in outlined]
    rings = [around(mask) for mask in drawn]
    boxes = Boxes.of([[0, 0, *size]] * len(drawn), [0] * len(drawn), [CROWD * crowd for crowd in crowds])
    sample = Sample(
        "a.png", "val", size, Labels(boxes=boxes, polygons=Polygons.of(rings, [0] * len(drawn)), linked=True)
    )
    with exported([sample], points=False) as found:
        coco = COCO(found.root / "annotations/instances_val.json")
        (record,) = found.listing(labels=["boxes", "polygons"]).records
    theirs = coco.loadAnns(coco.getAnnIds())
    assert record.labels.polygons is not None
    for mask, crowd, annotation, ours in zip(drawn, crowds, theirs, record.labels.polygons.rings, strict=True):
        assert annotation["iscrowd"] == crowd
        # Without an outline, COCO's area is the box's.
        assert annotation["area"] == (mask.sum() or size.width * size.height)
        if mask.any() or crowd:
            np.testing.assert_array_equal(coco.annToMask(annotation), mask)
            assert peer.area(cast(Any, coco.annToRLE(cast(Any, annotation)))) == mask.sum()
        np.testing.assert_array_equal(within(ours, size), mask)
    holes = sum(len(one) - len(outer(one)) for one, crowd in zip(rings, crowds, strict=True) if not crowd)
    assert found.lost == ({"holes, joined to their outlines": holes} if holes else {})


def test_a_hole_goes_to_the_ring_around_it() -> None:
    """Rings within rings and rings beside them, off the pixels' edges: what COCO's library fills is what they bound."""
    size = Size(60, 40)

    def square(x: float, y: float, side: float) -> list[tuple[float, float]]:
        return [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]

    rings = [
        *(square(1.2, 1.2, 30), square(5.2, 5.2, 20)[::-1], square(10.2, 10.2, 9), square(12.2, 12.2, 4)[::-1]),
        *(square(35.2, 4.2, 12), square(37.2, 6.2, 5)[::-1], square(50.2, 30.2, 6)),
    ]
    for mirrored, order in itertools.product((1, -1), (1, -1)):
        polygons = Polygons.of([[ring[::mirrored] for ring in rings[::order]]], [0])
        labels = Labels(boxes=Boxes.of([[1, 1, 58, 38]], [0]), polygons=polygons, linked=True)
        with exported([Sample("a", "test", size, labels)], points=False) as found:
            coco = COCO(found.root / "annotations/instances_test.json")
            (annotation,) = coco.loadAnns(coco.getAnnIds())
            (record,) = found.listing().records
        assert found.lost == {"holes, joined to their outlines": 3}
        assert len(annotation["segmentation"]) == 4
        assert annotation["area"] == 30**2 - 20**2 + 9**2 - 4**2 + 12**2 - 5**2 + 6**2
        filled = coco.annToMask(annotation)
        np.testing.assert_array_equal(filled, within(polygons.rings[0], size))
        assert record.labels.polygons is not None
        np.testing.assert_array_equal(filled, within(record.labels.polygons.rings[0], size))


def outer(rings: Sequence[npt.NDArray[np.float64]]) -> list[npt.NDArray[np.float64]]:
    return [ring for ring in rings if (clockwise([(x, y) for x, y in ring.tolist()]) == ring).all()]


@effort(25, 0.5)
@given(samples_of(any_labels), st.booleans(), st.sampled_from(["jpeg", "png", "webp"]))
def test_any_store_can_be_exported_and_what_is_lost_is_counted(
    samples: list[Sample], points: bool, format: str
) -> None:
    if not points:
        samples = [one._replace(labels=replace(one.labels, keypoints=None)) for one in samples]
    with exported(samples, points=points, format=format) as found:
        files = {path.relative_to(found.root): path for path in found.root.rglob("*") if path.is_file()}
        with Store(found.store) as store:
            again = export(store, "coco", found.root.with_name("again"), lambda *_: None)
        assert again.lost == found.lost
        assert again.files == len(files)
        for path, file in files.items():
            assert (again.folder / path).read_bytes() == file.read_bytes()
        names = {path.as_posix().casefold() for path in files}
        assert len(names) == len(files)
        for path in files:
            assert ".." not in path.parts and not path.is_absolute()
            assert all(len(part.encode()) < 256 and not part.startswith(".") for part in path.parts)
        documents = {split: found.document(split) for split in {split for split, _, _ in found.stored.values()}}
        for split, document in documents.items():
            coco = COCO(found.root / f"annotations/instances_{split}.json")
            assert len(coco.anns) == len(document["annotations"])
            for entry in document["images"]:
                image = found.root / "images" / split / entry["file_name"]
                assert image.name.endswith({"jpeg": ".jpg"}.get(format, f".{format}"))
                assert image.relative_to(found.root) in files
        # Nothing is lost but what is counted: the reader takes all of it.
        listing = found.listing()
        assert list(listing.refusals) == []
        assert len(listing.records) == len(samples)
    ids = [entry["id"] for document in documents.values() for entry in document["annotations"]]
    assert sorted(ids) == list(range(1, len(ids) + 1))
    check_losses(found, [entry for document in documents.values() for entry in document["annotations"]])


def check_losses(found: Export, annotations: list[dict[str, Any]]) -> None:
    wires = [fields for _, _, fields in found.stored.values()]
    image_level = {"classes of images": "class", "tags": "tags", "masks": "mask"}
    for what, name in {**image_level, "values": "values", "attributes": "attributes"}.items():
        assert found.lost[what] == sum(name in fields for fields in wires)
    flags = [flag for fields in wires for flag in fields.get("box_flags", ())]
    assert found.lost["difficult and truncated boxes"] == sum(flag > 1 for flag in flags)
    assert sum(entry["iscrowd"] for entry in annotations) == sum(flag % 2 for flag in flags)
    boxes = Counter(tuple(box) for fields in wires for box in fields["boxes"])
    exported_boxes: Counter[tuple[float, ...]] = Counter()
    for entry in annotations:
        x, y, width, height = entry["bbox"]
        exported_boxes[(x, y, round(x + width, 3), round(y + height, 3))] += 1
    assert boxes <= exported_boxes
    points = Counter(
        tuple(tuple(point) for point in one)
        for fields in wires
        for one in fields.get("keypoints", ())
        if any_point(one)
    )
    exported_points = Counter(
        tuple(
            (round(x + 0.5, 3), round(y + 0.5, 3), v) if v else (0, 0, 0)
            for x, y, v in np.reshape(entry["keypoints"], (-1, 3)).tolist()
        )
        for entry in annotations
        if entry.get("num_keypoints")
    )
    assert points == exported_points


def any_point(points: list[list[float]]) -> bool:
    return any(v for _, _, v in points)


def test_one_of_each_kind_is_one_instance() -> None:
    labels = Labels(
        class_id=1,
        boxes=Boxes.of([[1, 2, 5, 6.5]]),
        keypoints=Keypoints.of([[(3, 4, 2), (0, 0, 0), (5, 6, 1), (1, 1, 2)]]),
    )
    with exported([Sample("sub/a.jpg::3", "train", Size(9, 7), labels)]) as found:
        document = found.document("train")
    assert document["images"] == [{"id": 1, "file_name": "sub/a_3.png", "width": 9, "height": 7, "key": "sub/a.jpg::3"}]
    assert document["annotations"] == [
        {
            "id": 1,
            "image_id": 1,
            "category_id": 2,
            "bbox": [1, 2, 4, 4.5],
            "area": 18,
            "iscrowd": 0,
            "segmentation": [],
            "keypoints": [2.5, 3.5, 2, 0, 0, 0, 4.5, 5.5, 1, 0.5, 0.5, 2],
            "num_keypoints": 3,
        }
    ]
    assert [(one["id"], one["name"], one["keypoints"]) for one in document["categories"]] == [
        (id, name, list(POINTS)) for id, name in enumerate(CLASSES, 1)
    ]
    assert document["info"].keys() == {"description", "version"}
    assert found.lost == {"classes of images": 1}


def test_what_is_not_linked_is_an_instance_of_its_own() -> None:
    ring = [[(1, 1), (4, 1), (4, 3)]]
    labels = Labels(
        boxes=Boxes.of([[1, 2, 5, 6], [0, 0, 1, 1]], [0, -1]),
        keypoints=Keypoints.of([[(3, 4, 2), (0, 0, 0), (5, 6, 1), (1, 1, 2)], [(0, 0, 0)] * 4]),
        polygons=Polygons.of([ring], [2]),
    )
    with exported([Sample("a", "train", Size(9, 7), labels)]) as found:
        document = found.document("train")
    assert [(one["category_id"], one["bbox"], one["area"]) for one in document["annotations"]] == [
        (1, [1, 2, 4, 4], 16),
        (4, [0, 0, 1, 1], 1),
        (3, [1, 1, 3, 2], 3),
        (4, [1, 1, 4, 5], 20),
        (4, [0, 0, 0, 0], 0),
    ]
    assert document["categories"][-1]["name"] == "object"
    assert found.lost == {
        "instances without a class, which get one of their own": 3,
        "instances without a box, which get the hull of what they have": 3,
    }


def test_raw_pixels_are_no_images_to_anyone_else(tmp_path: Path) -> None:
    write(tmp_path / "raw.db", [Sample("a", "train", Size(3, 2), Labels())], format="raw")
    with Store(tmp_path / "raw.db") as store, pytest.raises(ExportError, match=r"raw.*encode: \{format: jpeg or png"):
        export(store, "coco", tmp_path / "out", lambda *_: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw.db"]


def test_a_store_without_instances_has_files_without_annotations() -> None:
    with exported([Sample("a", "val", Size(3, 2), Labels(class_id=0))], points=False) as found:
        assert found.document("val")["annotations"] == []
        (record,) = found.listing().records
    assert record.labels.kinds() == ("boxes",)
    assert found.lost == {"classes of images": 1}
