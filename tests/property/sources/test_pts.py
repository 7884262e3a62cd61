"""Landmark files that the tests write, and files that nobody should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dataprep.errors import SourceError
from dataprep.sources import Listing
from dataprep.sources.pts import Pts
from tests import hostile
from tests.listings import accounted, finite, records
from tests.planting import folder, plant, touch, trees

NAMES = {"names": ["a", "b", "c"]}
coordinates = st.floats(-1000, 5000).map(lambda value: round(value, 3))


def read(root: Path, **options: Any) -> Listing:
    source = Pts.model_validate({"format": "pts", "root": ".", "keypoints": NAMES, **options})
    return source.read(root, split_folders=False)


@given(
    st.dictionaries(
        st.text("abcä ", min_size=1, max_size=5).filter(str.strip),
        st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=3),
        max_size=4,
    ),
    st.sampled_from([0, 1]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_faces_come_back(faces: dict[str, list[tuple[float, float]]], first: int, end: str) -> None:
    with folder() as root:
        for stem, points in faces.items():
            touch(root / f"{stem}.png")
            text = end.join(["version: 1", "n_points:  3", "{", *(f"{x:.3f} {y:.3f}" for x, y in points), "}", ""])
            (root / f"{stem}.pts").write_bytes(text.encode())
        listing = read(root, first_pixel=first)
    assert {key: row for key, row in accounted(listing).items() if key.endswith(".png")} == {
        f"{stem}.png": "record" for stem in faces
    }
    for stem, points in faces.items():
        keypoints = records(listing)[f"{stem}.png"].labels.keypoints
        assert keypoints is not None
        # The first pixel is from 0 to 1, and its middle has its number.
        wanted = [(x - first + 0.5, y - first + 0.5, 2) for x, y in points]
        np.testing.assert_allclose(keypoints.points, [wanted], rtol=0, atol=1e-9)


@given(trees, st.lists(hostile.documents, min_size=1, max_size=3), st.sampled_from([".", "points"]))
def test_no_file_ends_a_reading(tree: dict[str, bool], contents: list[bytes], annotations: str) -> None:
    with folder() as root:
        plant(root, tree, {})
        for stem, content in zip("abc", contents, strict=False):
            (root / annotations).mkdir(exist_ok=True)
            (root / annotations / f"{stem}.pts").write_bytes(content)
        inputs = [path for path in root.rglob("*") if path.is_file() or path.is_symlink()]
        try:
            listing = read(root, annotations=annotations)
        except SourceError as error:
            assert "none of the" in str(error)
            return
    assert len(accounted(listing)) == len(inputs)
    assert all(finite(record) for record in listing.records)


lines = st.lists(
    st.sampled_from(
        ["version: 1", "n_points: 1", "n_points: 3", "{", "}", "1 2", "3 4", "", " ", "nan 1", "1e999 2", "a"]
    )
    | st.text(max_size=5),
    max_size=9,
)


@given(lines)
def test_no_line_ends_a_reading(text: list[str]) -> None:
    with folder() as root:
        touch(root / "a.jpg")
        (root / "a.pts").write_bytes("\n".join(text).encode())
        listing = read(root)
    assert set(accounted(listing)) == {"a.jpg", "a.pts"}
    assert all(finite(record) for record in listing.records)
