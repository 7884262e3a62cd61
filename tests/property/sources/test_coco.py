"""The COCO reader against files that the tests write in COCO's own convention, and against COCO's own library."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as peer
from pycocotools.coco import COCO

from dataprep.errors import SourceError
from dataprep.geometry import Size
from dataprep.labels import CROWD
from dataprep.outlines import along_pixels, outlines, within
from dataprep.runs import counts_from, counts_of, inside
from dataprep.sources import Listing
from dataprep.sources.coco import Coco
from tests.effort import effort

# COCO's library builds arrays in a way that NumPy 2 will give up; what it gives is right.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Mask = npt.NDArray[np.uint8]
Rings = Sequence[npt.NDArray[np.float64]]


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def accounted(listing: Listing) -> dict[str, str]:
    """Key → status, for every input."""
    rows = {record.key: "record" for record in listing.records}
    for refusal in listing.refusals:
        assert refusal.key not in rows
        rows[refusal.key] = refusal.reason
    return rows


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    """Pixels inside and outside: one-pixel sides, nothing, everything, checkers, holes and islands in holes."""
    width, height = draw(st.integers(1, 9)), draw(st.integers(1, 7))
    bits = draw(st.one_of(st.just(0), st.just(2 ** (width * height) - 1), st.integers(0, 2 ** (width * height) - 1)))
    return np.array([bits >> one & 1 for one in range(width * height)], np.uint8).reshape(height, width)


def compressed(counts: list[int], size: Size) -> bytes:
    """COCO's library's own text for counts."""
    code: Any = {"counts": counts, "size": [size.height, size.width]}
    text: bytes = peer.frPyObjects(code, size.height, size.width)["counts"]
    return text


def winding(rings: Rings, x: float, y: float) -> int:
    """How often rings go around a point that lies on none of their edges, by what a ray to the right crosses."""
    turns = 0
    for ring in rings:
        for (x0, y0), (x1, y1) in zip(ring.tolist(), [*ring.tolist()[1:], ring.tolist()[0]], strict=True):
            if (y0 < y) != (y1 < y) and x0 + (y - y0) * (x1 - x0) / (y1 - y0) > x:
                turns += 1 if y1 > y0 else -1
    return turns


def drawn(rings: Rings, size: Size) -> Mask:
    """Pixels by their centres and the nonzero rule."""
    pixels = [[winding(rings, x + 0.5, y + 0.5) != 0 for x in range(size.width)] for y in range(size.height)]
    return np.array(pixels, np.uint8).reshape(size.height, size.width)


@given(masks())
def test_a_mask_in_run_length_encoding_becomes_rings_without_loss(mask: Mask) -> None:
    size = Size(mask.shape[1], mask.shape[0])
    encoded: Any = peer.encode(np.asfortranarray(mask))
    counts = counts_of(encoded["counts"].decode())
    assert counts.tolist() == counts_from(mask.astype(bool)).tolist()
    assert compressed(counts.tolist(), size) == encoded["counts"]
    rings = outlines(inside(counts, size), size)
    # COCO's library says which pixels those are; an oracle of our own what lies in the rings.
    np.testing.assert_array_equal(drawn(rings, size), peer.decode(encoded))
    np.testing.assert_array_equal(within(rings, size), mask.astype(bool))
    assert along_pixels(rings)
    for ring in rings:
        assert (ring >= 0).all() and (ring <= size).all()
        steps = np.roll(ring, -1, axis=0) - ring
        # Right angles only, and no corner that bends nothing.
        assert ((steps == 0).sum(axis=1) == 1).all()
        assert ((steps == 0) != (np.roll(steps, -1, axis=0) == 0)).all()
    # Nothing is wound around twice: outer rings and holes run opposite ways.
    assert {winding(rings, x + 0.5, y + 0.5) for x in range(size.width) for y in range(size.height)} <= {0, 1}


@given(masks(), st.integers(0, 60), st.integers(1, 3))
def test_runs_of_nothing_change_nothing(mask: Mask, at: int, many: int) -> None:
    size = Size(mask.shape[1], mask.shape[0])
    counts = counts_from(mask.astype(bool))
    runs = inside(counts, size)
    # A count cut in two, with an even number of zeros between the parts, says the same.
    at = at % len(counts)
    part = counts[at] // 2
    longer = np.concatenate([counts[:at], [part], np.zeros(2 * many - 1, int), [counts[at] - part], counts[at + 1 :]])
    np.testing.assert_array_equal(inside(longer, size), runs)


def test_pixels_that_touch_by_a_corner_are_apart() -> None:
    size = Size(2, 2)
    for mask, corners in (([[1, 0], [0, 1]], [(0, 0), (1, 1)]), ([[0, 1], [1, 0]], [(1, 0), (0, 1)])):
        rings = outlines(inside(counts_from(np.array(mask, bool)), size), size)
        assert [ring.tolist() for ring in rings] == [
            [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1]] for x, y in corners
        ]


# COCO's library gives each count six characters of memory and none to the end of the text: five are safe, of five bits.
@given(st.lists(st.integers(0, 2**24 - 1), min_size=1, max_size=12))
def test_compressed_counts_of_any_size(counts: list[int]) -> None:
    assert counts_of(compressed(counts, Size(1, 1)).decode()).tolist() == counts


def test_a_compressed_count_of_seven_characters() -> None:
    assert counts_of("PPPPPP2").tolist() == [2**31]


@given(st.text(st.characters(codec="utf-8") | st.characters(min_codepoint=48, max_codepoint=111), max_size=30))
def test_any_text_is_counts_or_none(text: str) -> None:
    size = Size(5, 4)
    try:
        runs = inside(counts_of(text), size)
    except ValueError as error:
        assert "wanted" in str(error) or "ends within" in str(error)
        return
    assert (runs >= 0).all() and (runs <= 20).all()


quarters = st.integers(0, 40).map(lambda value: value / 4)
# Vertices off the pixels' centres, through which an edge may go either way.
places = st.tuples(quarters, quarters)


@given(st.lists(st.lists(places, min_size=3, max_size=7), max_size=3), st.integers(1, 10), st.integers(1, 10))
def test_pixels_within_rings(points: list[list[tuple[float, float]]], width: int, height: int) -> None:
    # Moved by a little that no edge can meet a centre, as all its numbers are quarters.
    rings = [np.array(ring) + np.array([0.01, 0.003]) for ring in points]
    size = Size(width, height)
    np.testing.assert_array_equal(within(rings, size), drawn(rings, size).astype(bool))


numbers = st.integers(-50, 900).map(lambda value: value / 10)
lengths = st.integers(0, 900).map(lambda value: value / 10)
instances = st.lists(
    st.tuples(
        st.sampled_from([3, 90]),
        st.tuples(numbers, numbers, lengths, lengths),
        st.lists(st.lists(st.tuples(numbers, numbers), min_size=3, max_size=5), max_size=2),
        st.none() | st.lists(st.tuples(numbers, numbers, st.integers(0, 2)), min_size=2, max_size=2),
        st.booleans(),
    ),
    max_size=3,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text("abcä", min_size=1, max_size=4), instances, max_size=4), st.booleans(), st.randoms())
def test_what_is_written_in_coco_s_convention(images: dict[str, list[Any]], continuous: bool, shuffler: Any) -> None:
    entries = [{"id": id, "file_name": f"{stem}.jpg", "width": 70, "height": 50} for id, stem in enumerate(images)]
    annotations: list[dict[str, Any]] = []
    for id, found in enumerate(images.values()):
        for category, box, rings, points, crowd in found:
            value: dict[str, Any] = {"image_id": id, "category_id": category, "bbox": list(box), "iscrowd": int(crowd)}
            value["segmentation"] = [[number for place in ring for number in place] for ring in rings]
            if points is not None:
                value["keypoints"] = [number for point in points for number in point]
            annotations.append(value | {"id": len(annotations)})
    categories = [
        {"id": id, "name": name, "keypoints": ["left_tip", "right_tip"]} for id, name in ((90, "last"), (3, "first"))
    ]
    for several in (entries, categories):
        shuffler.shuffle(several)  # the order of what has an id means nothing
    with folder() as root:
        (root / "images").mkdir()
        for stem in images:
            (root / f"images/{stem}.jpg").touch()
        (root / "a.json").write_text(
            json.dumps({"images": entries, "annotations": annotations, "categories": categories})
        )
        listing = Coco(
            format="coco",
            root=".",
            images="images",
            annotations="a.json",
            labels=("boxes", "keypoints", "polygons"),
            keypoint_coordinates="continuous" if continuous else "pixel_index",
        ).read(root, split_folders=False)
    assert listing.classes == ("first", "last")
    assert listing.keypoints is not None and listing.keypoints.indices == ((0, 1),)
    assert accounted(listing) == {f"{stem}.jpg": "record" for stem in images}
    centre = 0.0 if continuous else 0.5
    for record in listing.records:
        wanted = images[record.key.removesuffix(".jpg")]
        boxes, keypoints, polygons = record.labels.boxes, record.labels.keypoints, record.labels.polygons
        assert boxes is not None and keypoints is not None and polygons is not None
        assert record.size == (70, 50)
        assert len(boxes) == len(keypoints) == len(polygons) == len(wanted)
        for index, (category, (x, y, width, height), rings, points, crowd) in enumerate(wanted):
            np.testing.assert_allclose(boxes.corners[index], [x, y, x + width, y + height], atol=1e-9)
            assert listing.classes[boxes.classes[index]] == {3: "first", 90: "last"}[category]
            assert polygons.classes[index] == boxes.classes[index]
            assert boxes.flags[index] == (CROWD if crowd else 0)
            found = keypoints.points[index].tolist()
            for point, at in zip(points or [(0, 0, 0)] * 2, found, strict=True):
                assert at == ([point[0] + centre, point[1] + centre, point[2]] if point[2] else [0, 0, 0])
            for ring, given_ring in zip(polygons.rings[index], rings, strict=True):
                assert ring.tolist() in ([list(one) for one in given_ring], [list(one) for one in given_ring[::-1]])


shapes = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), min_size=3, max_size=6)


@settings(max_examples=50)
@given(st.lists(st.one_of(masks(), st.lists(shapes, min_size=1, max_size=2)), min_size=1, max_size=4))
def test_coco_s_library_reads_the_same_geometry(outlined: list[Any]) -> None:
    """Boxes are the same numbers, masks the same pixels; polygons differ at most by pixels that their edges cross."""
    entries, annotations = [], []
    for id, one in enumerate(outlined, 1):
        whole = isinstance(one, list)
        height, width = (9, 12) if whole else one.shape
        entries.append({"id": id, "file_name": f"{id}.jpg", "width": width, "height": height})
        segmentation: Any = [[number for place in ring for number in place] for ring in one] if whole else None
        if not whole:
            segmentation = peer.encode(np.asfortranarray(one))
            segmentation["counts"] = segmentation["counts"].decode()
        box = [0.25 * id, 0.5, 3.125, 4]
        annotations.append(
            {"id": 7 * id, "image_id": id, "category_id": 2, "bbox": box, "area": 1, "iscrowd": 0}
            | {"segmentation": segmentation}
        )
    categories = [{"id": 5, "name": "e"}, {"id": 2, "name": "b"}]
    with folder() as root:
        for entry in entries:
            (root / str(entry["file_name"])).touch()
        (root / "a.json").write_text(
            json.dumps({"images": entries, "annotations": annotations, "categories": categories})
        )
        listing = Coco(format="coco", root=".", annotations="a.json").read(root, split_folders=False)
        coco = COCO(root / "a.json")
    assert [coco.cats[id]["name"] for id in sorted(coco.cats)] == list(listing.classes)
    records = {record.key: record.labels for record in listing.records}
    for id, one in enumerate(outlined, 1):
        (theirs,) = coco.loadAnns(coco.getAnnIds(imgIds=[id]))
        labels = records[coco.loadImgs([id])[0]["file_name"]]
        assert labels.boxes is not None and labels.polygons is not None
        x, y, width, height = theirs["bbox"]
        assert labels.boxes.corners.tolist() == [[x, y, x + width, y + height]]
        assert listing.classes[labels.boxes.classes[0]] == coco.cats[theirs["category_id"]]["name"]
        pixels = coco.annToMask(theirs)
        size = Size(pixels.shape[1], pixels.shape[0])
        if isinstance(one, list):
            # Within half a pixel of an edge the library rounds along its own way, and where a ring crosses itself it
            # counts crossings, not turns. Two rings of which one crosses itself may also undo each other.
            rings = labels.polygons.rings[0]
            told = ~near_edges(rings, size) & (wound(rings, size) < 2) & ~cancelled(rings, size)
            differ = (pixels != within(rings, size)) & told
            assert not differ.any()
        else:
            np.testing.assert_array_equal(within(labels.polygons.rings[0], size), pixels)


def near_edges(rings: Rings, size: Size) -> npt.NDArray[np.bool_]:
    """Pixels whose centres are within 0.75 px of an edge: half a pixel, and a fifth, in which the library counts."""
    x, y = np.meshgrid(np.arange(size.width) + 0.5, np.arange(size.height) + 0.5)
    near = np.zeros(x.shape, bool)
    for ring in rings:
        for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            length = (x1 - x0) ** 2 + (y1 - y0) ** 2
            along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length, 0, 1) if length else 0 * x
            near |= np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)) < 0.75
    return near


def wound(rings: Rings, size: Size) -> npt.NDArray[np.int64]:
    """How often each ring alone goes around each pixel, at most."""
    return np.array(
        [
            [max(abs(winding([ring], x + 0.5, y + 0.5)) for ring in rings) for x in range(size.width)]
            for y in range(size.height)
        ]
    )


def cancelled(rings: Rings, size: Size) -> npt.NDArray[np.bool_]:
    """Pixels around which one ring goes one way and another one, which crosses itself, the other way."""
    turns = np.array(
        [[[winding([ring], x + 0.5, y + 0.5) for x in range(size.width)] for y in range(size.height)] for ring in rings]
    )
    gone: npt.NDArray[np.bool_] = (turns != 0).any(axis=0) & (turns.sum(axis=0) == 0)
    return gone


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 70)
    | st.sampled_from([10**400, -(10**9), float("nan"), float("inf"), 1e308, 0.5])
    | st.text("ab01./\\", max_size=5)
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
)
segmentations = st.fixed_dictionaries(
    {},
    optional={
        "size": st.lists(st.integers(0, 5) | scalars, min_size=1, max_size=3) | anything,
        "counts": st.lists(st.integers(-1, 9), max_size=5) | st.text("0123456789:;P", max_size=6) | anything,
    },
)


def mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Something good, three times of four; else anything."""
    return st.one_of(good, good, good, anything)


hostile_images = st.fixed_dictionaries(
    {},
    optional={
        "id": mostly(st.integers(0, 3)),
        "file_name": mostly(
            st.sampled_from(["a.jpg", "b.jpg", "sub/b.jpg", "../a.jpg", "none.jpg", "/a.jpg", "é.png"])
        ),
        "width": mostly(st.integers(1, 3)),
        "height": mostly(st.integers(1, 3)),
    },
)
hostile_annotations = st.fixed_dictionaries(
    {},
    optional={
        "id": mostly(st.integers(0, 5)),
        "image_id": mostly(st.integers(0, 3)),
        "category_id": mostly(st.integers(1, 2)),
        "bbox": mostly(st.lists(st.integers(0, 5), min_size=4, max_size=4)),
        "iscrowd": mostly(st.integers(0, 1)),
        "segmentation": mostly(st.lists(st.lists(st.integers(0, 5), min_size=6, max_size=6), max_size=2))
        | segmentations,
        "keypoints": mostly(st.lists(st.integers(0, 2), min_size=3, max_size=3)),
    },
)
good_categories = st.sampled_from([[{"id": 1, "name": "a"}, {"id": 2, "name": "b", "keypoints": ["tip"]}]])
documents = st.fixed_dictionaries(
    {
        "images": st.lists(mostly(hostile_images), max_size=5),
        "annotations": st.lists(mostly(hostile_annotations), max_size=5),
        "categories": mostly(good_categories),
    }
)


def entry_id(entry: Any) -> Any:
    return entry.get("id") if isinstance(entry, dict) else None


PHOTOS = ("a.jpg", "b.jpg", "sub/b.jpg", "é.png", ".hidden.jpg")


@effort(300, 0.3)
@given(documents, st.sampled_from(["keep", "filter"]), st.none() | st.just(("b", "a")))
def test_any_values_end_in_rows_or_in_an_error_of_the_source(
    document: dict[str, Any], unannotated: str, classes: tuple[str, ...] | None
) -> None:
    source = Coco.model_validate(
        {"format": "coco", "root": ".", "images": "i", "annotations": "a.json", "classes": classes}
        | {"unannotated": unannotated}
    )
    with folder() as root:
        for photo in PHOTOS:
            (root / "i" / photo).parent.mkdir(parents=True, exist_ok=True)
            (root / "i" / photo).touch()
        (root / "a.json").write_text(json.dumps(document))
        try:
            listing = source.read(root, split_folders=False)
        except SourceError as error:
            assert "a.json" in str(error)
            return
    found = accounted(listing)
    assert set(PHOTOS) <= set(found)
    assert found[".hidden.jpg"] == "hidden_file"
    rest = set(found) - set(PHOTOS)
    assert all(key.startswith(("a.json:images[", "a.json:annotations[")) for key in rest)
    # Each entry and each annotation that finds an image ends in that image's row, every other in one of its own.
    ids = [entry["id"] for entry in document["images"] if type(entry_id(entry)) in (int, str)]
    for index, entry in enumerate(document["images"]):
        name: Any = entry.get("file_name") if isinstance(entry, dict) else None
        if name in PHOTOS[:4]:
            assert f"a.json:images[{index}]" not in found
        elif name == "none.jpg" or not isinstance(name, str):
            assert f"a.json:images[{index}]" in found
    unknown: list[Any] = []
    for index, annotation in enumerate(document["annotations"]):
        id = annotation.get("image_id") if isinstance(annotation, dict) else None
        usable = type(id) in (int, str)
        has_row = not usable or (id not in ids and id not in unknown)
        assert (f"a.json:annotations[{index}]" in found) == has_row
        unknown += [id] if usable and id not in ids else []
    # And no label is made up.
    labelled = sum(len(record.labels.boxes or record.labels.polygons or ()) for record in listing.records)
    assert labelled <= len(document["annotations"])
    for record in listing.records:
        for label in (record.labels.boxes, record.labels.polygons):
            assert label is None or ((label.classes >= 0) & (label.classes < len(listing.classes))).all()


@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_any_bytes_are_an_error_of_the_source(content: bytes) -> None:
    with folder() as root:
        (root / "a.jpg").touch()
        (root / "a.json").write_bytes(content)
        try:
            Coco(format="coco", root=".", annotations="a.json").read(root, split_folders=False)
        except SourceError as error:
            assert "a.json" in str(error)
            return
    raise AssertionError("no bytes of this kind are a file of instances")
