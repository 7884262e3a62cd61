"""labelme's files as the tests write them, and files that nobody should."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dataprep.errors import SourceError
from dataprep.sources import Listing
from dataprep.sources.labelme import Labelme
from tests import hostile
from tests.listings import accounted, finite, records
from tests.planting import folder, plant, touch, trees, used_classes


def read(root: Path, **options: Any) -> Listing:
    return Labelme.model_validate({"format": "labelme", "root": ".", **options}).read(root, split_folders=False)


coordinates = st.floats(-10, 700).map(lambda value: round(value, 3))
points = st.tuples(coordinates, coordinates).map(list)
# The area of a triangle may be nothing; which way round it runs is then of no matter.
drawn = st.one_of(
    st.tuples(st.just("rectangle"), st.lists(points, min_size=2, max_size=2)),
    st.tuples(st.just("polygon"), st.lists(points, min_size=3, max_size=6)),
)


labelled = st.lists(st.tuples(st.sampled_from(["cat", "dog"]), drawn), max_size=4)


@given(st.dictionaries(st.text("abcä", min_size=1, max_size=5), labelled, max_size=3))
def test_shapes_come_back(pictures: dict[str, list[tuple[str, tuple[str, list[list[float]]]]]]) -> None:
    with folder() as root:
        for stem, shapes in pictures.items():
            touch(root / f"{stem}.png")
            found = [{"label": label, "shape_type": kind, "points": ps} for label, (kind, ps) in shapes]
            text = json.dumps({"version": "5.5.0", "shapes": found, "imagePath": f"{stem}.png", "imageData": None})
            (root / f"{stem}.json").write_text(text)
        listing = read(root)
    assert listing.classes == tuple(sorted({label for shapes in pictures.values() for label, _ in shapes}))
    outlined = any(kind == "polygon" for shapes in pictures.values() for _, (kind, _) in shapes)
    for stem, shapes in pictures.items():
        labels = records(listing)[f"{stem}.png"].labels
        assert (labels.polygons is not None) == outlined
        if not any(pictures.values()):
            continue
        assert labels.boxes is not None
        assert [listing.classes[id] for id in labels.boxes.classes] == [label for label, _ in shapes]
        for index, (_, (kind, ps)) in enumerate(shapes):
            xs, ys = sorted(x for x, _ in ps), sorted(y for _, y in ps)
            assert labels.boxes.corners[index].tolist() == [xs[0], ys[0], xs[-1], ys[-1]]
            if labels.polygons is not None:
                rings = [ring.tolist() for ring in labels.polygons.rings[index]]
                assert rings in ([ps], [ps[::-1]]) if kind == "polygon" else rings == []


GOOD = {"label": "cat", "points": [[1, 2], [3, 4]], "shape_type": "rectangle"}
NAMES = [*GOOD, "group_id", "flags", "difficult"]
KINDS = st.sampled_from(["polygon", "circle", "point", "mask", "nose"])
shapes = st.dictionaries(st.sampled_from(NAMES), hostile.values | KINDS, max_size=3).map(lambda more: GOOD | more)
others = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("imagePath", "imageHeight", "imageWidth", "flags", "imageData"), hostile.values),
        "shapes": hostile.values,
    },
)


@given(
    st.lists(st.lists(shapes | hostile.values, max_size=3), min_size=1, max_size=3),
    others,
    st.sampled_from([{}, {"keypoints": {"names": ["nose"]}}, {"shapes": ["rectangle", "circle"]}, {"flags": "class"}]),
)
def test_no_value_ends_a_reading(pictures: list[list[Any]], more: dict[str, Any], options: dict[str, Any]) -> None:
    with folder() as root:
        for index, found in enumerate(pictures):
            touch(root / f"{index}.jpg")
            said = {"shapes": found, "imagePath": f"{index}.jpg"} | (more if index == 0 else {})
            (root / f"{index}.json").write_bytes(hostile.written(said))
        listing = read(root, **options)
    assert len(accounted(listing)) == 2 * len(pictures)
    assert set(listing.classes) == used_classes(listing)
    assert all(finite(record) for record in listing.records)
    for refusal in listing.refusals:
        refusal.note.encode()


@given(trees, st.lists(hostile.documents, min_size=1, max_size=3), st.sampled_from([".", "json"]))
def test_no_file_ends_a_reading(tree: dict[str, bool], contents: list[bytes], annotations: str) -> None:
    with folder() as root:
        plant(root, tree, {})
        for stem, content in zip(("a", "b", "a.jpg"), contents, strict=False):
            (root / annotations).mkdir(exist_ok=True)
            (root / annotations / f"{stem}.json").write_bytes(content)
        inputs = [path for path in root.rglob("*") if path.is_file() or path.is_symlink()]
        try:
            listing = read(root, annotations=annotations)
        except SourceError as error:
            assert "none of the" in str(error)
            return
    assert len(accounted(listing)) == len(inputs)
    assert np.all([finite(record) for record in listing.records])
