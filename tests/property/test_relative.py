"""Labels in shares of the image's size become those that were made in its pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataprep.build.fingerprint import Fingerprints
from dataprep.build.recipe import Recipe
from dataprep.geometry import Size
from dataprep.inputs import Placed, Record
from dataprep.labels import Boxes, Keypoints, Labels, Polygons
from dataprep.manifest import Manifest
from dataprep.pixels.decode import open_image
from dataprep.pixels.labels import source_labels
from dataprep.plan import NO_OPTIONS
from tests.image_files import chunk, exif, png, samples
from tests.strategies import sizes

ALL: tuple[Placed, ...] = ("boxes", "keypoints", "polygons")
# Of 8 parts of an image: in binary, shares and pixels are both exact.
eighths = st.integers(-8, 16)


def labels(places: list[list[int]], across: float, down: float) -> Labels:
    """One instance by places in eighths of the image, with the given pixels an eighth."""
    (x0, y0), (x1, y1), (x, y), *ring = [[px * across, py * down] for px, py in places]
    corners = [min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)]
    points = [[(x, y, 2), (0, 0, 0)]]
    return Labels(boxes=Boxes.of([corners]), keypoints=Keypoints.of(points), polygons=Polygons.of([[ring]]))


def numbers(found: Labels) -> list[list[float]]:
    assert found.boxes is not None and found.keypoints is not None and found.polygons is not None
    return [
        found.boxes.corners.ravel().tolist(),
        found.keypoints.points.ravel().tolist(),
        found.polygons.rings[0][0].ravel().tolist(),
    ]


@given(
    size=sizes(1, 20),
    orientation=st.integers(1, 8),
    raw=st.booleans(),
    places=st.lists(st.lists(eighths, min_size=2, max_size=2), min_size=6, max_size=6),
    kinds=st.sets(st.sampled_from(ALL)).map(lambda kinds: tuple(sorted(kinds))),
)
def test_shares_are_of_the_pixels_that_the_annotation_was_made_on(
    size: Size, orientation: int, raw: bool, places: list[list[int]], kinds: tuple[Placed, ...]
) -> None:
    opened = open_image(png(samples(size, 3), 8, 2, before=chunk(b"eXIf", exif(orientation))))
    width, height = size
    seen = Size(height, width) if orientation >= 5 and not raw else size
    shares, pixels = labels(places, 1 / 8, 1 / 8), labels(places, seen.width / 8, seen.height / 8)
    mixed = Labels(**{kind: getattr(shares if kind in kinds else pixels, kind) for kind in ALL}, class_id=3)
    found = source_labels(Record("a", "", mixed, relative=kinds), opened, NO_OPTIONS, raw=raw)
    wanted = source_labels(Record("a", "", pixels), opened, NO_OPTIONS, raw=raw)
    assert numbers(found) == numbers(wanted)
    assert found.class_id == 3
    if not raw:
        assert numbers(found) == numbers(pixels)


def test_a_kind_that_is_not_there_stays_away() -> None:
    opened = open_image(png(samples(Size(3, 2), 3), 8, 2))
    found = source_labels(Record("a", "", Labels(boxes=Boxes()), relative=ALL), opened, NO_OPTIONS, raw=False)
    assert found.kinds() == ("boxes",) and found.boxes is not None and len(found.boxes) == 0


@pytest.mark.parametrize("boxes", [Boxes.of([[0, 0, 1, 1]]), None])
def test_the_same_numbers_as_shares_and_as_pixels_are_different_labels(boxes: Boxes | None) -> None:
    manifest = Manifest.model_validate({"name": "x", "source": {"format": "image_folder", "root": "."}})
    prints = Fingerprints(Recipe.of(manifest, None), {})
    one = Record("a", "", Labels(boxes=boxes))
    digests = [prints.labels(record, None) for record in (one, one._replace(relative=("boxes",)))]
    assert len(np.unique(digests)) == 2
