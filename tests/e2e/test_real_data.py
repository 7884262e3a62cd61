"""Real photos: the counts of their own README."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from defusedxml.ElementTree import parse

from dataprep.geometry import Affine, Rect
from tests.e2e.conftest import dataprep

Stores = Callable[[str], tuple[Path, dict[str, Any]]]


def samples(store: Path) -> list[tuple[str, str, dict[str, Any]]]:
    with sqlite3.connect(store) as connection:
        rows = connection.execute("SELECT key, split, wire FROM samples ORDER BY id").fetchall()
    return [(key, split, json.loads(wire)) for key, split, wire in rows]


@pytest.mark.parametrize("name", ["bccd", "faces"])
def test_real_stores_verify_clean(real_store: Stores, name: str) -> None:
    store, summary = real_store(name)
    assert (summary["rejected"], summary["duplicates"], summary["filtered"]) == (0, 0, 0)
    done = dataprep("verify", store)
    assert done.returncode == 0, done.stdout


def test_bccd(real_store: Stores, real_data: Path) -> None:
    store, summary = real_store("bccd")
    found = samples(store)
    assert summary["samples"] == len(found) == 364
    boxes = Counter(id for _, _, fields in found for id in fields["box_classes"])
    assert [boxes[id] for id in range(3)] == [4155, 372, 361]  # RBC, WBC, Platelets
    splits = {key.removesuffix(".jpg"): split for key, split, _ in found}
    for split in ("train", "val", "test"):
        listed = (real_data / f"bccd/ImageSets/Main/{split}.txt").read_text().split()
        assert sorted(listed) == sorted(name for name, where in splits.items() if where == split)
    # 640 x 480 padded to 640 x 640, then 0.35: one source pixel is 0.35 wide, and so are the two one-pixel boxes.
    small = [
        key
        for key, _, fields in found
        for x0, y0, x1, y1 in fields["boxes"]
        if (round(x1 - x0, 3), round(y1 - y0, 3)) == (0.35, 0.35)
    ]
    assert sorted(small) == ["BloodImage_00338.jpg", "BloodImage_00343.jpg"]
    # 545 boxes touch the source's right or bottom edge: 224, or 28 + 480 * 0.35 = 196, exactly.
    touching = sum(box[2] == 224 or box[3] == 196 for _, _, fields in found for box in fields["boxes"])
    assert touching == 545
    assert not any("box_visible" in fields for _, _, fields in found)


def test_faces(real_store: Stores) -> None:
    store, summary = real_store("faces")
    found = samples(store)
    assert summary["samples"] == len(found) == 369
    people: dict[str, set[str]] = {}
    for key, split, fields in found:
        people.setdefault(key.rsplit("_", 1)[0], set()).add(split)
        ((*points,),) = fields["keypoints"]
        assert len(points) == 68
    assert len(people) == 36
    assert all(len(splits) == 1 for splits in people.values())
    assert set().union(*people.values()) == {"train", "val", "test"}


def test_every_stored_affine_leads_its_labels_back_to_the_source(real_store: Stores, real_data: Path) -> None:
    for key, _, fields in samples(real_store("bccd")[0]):
        root = parse(real_data / f"bccd/Annotations/{key.removesuffix('.jpg')}.xml").getroot()
        assert root is not None
        numbers = [
            [float(box.findtext(tag) or "nan") for tag in ("xmin", "ymin", "xmax", "ymax")]
            for box in root.iter("bndbox")
        ]
        wanted = [[x0 - 1, y0 - 1, x1, y1] for x0, y0, x1, y1 in numbers]
        back = Affine.of(fields["affine"]).inverse()
        found = [list(back.hull(Rect(*corners))) for corners in fields["boxes"]]
        # Stored to 0.001 of a pixel that is 1 / 0.35 source pixels wide.
        np.testing.assert_allclose(found, wanted, atol=0.0015)
