"""Stores written by the writer itself, without a build: what they hold is known to the byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from dataprep.encoding import Jpeg, Png, Raw, Webp, image_spec
from dataprep.geometry import Affine, Size
from dataprep.labels import CROWD, DIFFICULT, Boxes, Keypoints, Labels, Polygons
from dataprep.pixels import Pixels
from dataprep.pixels.encode import encode, encode_mask
from dataprep.store.content import LedgerRow, NewSample, Planned, Prepared
from dataprep.store.samples import sample_json
from dataprep.store.sharding import record_hash
from dataprep.store.write import Description, StoreWriter
from tests.strategies import labels, sizes

ENCODINGS: dict[str, Jpeg | Png | Webp | Raw] = {
    "jpeg": Jpeg(),
    "png": Png(format="png"),
    "webp": Webp(format="webp"),
    "raw": Raw(format="raw"),
}
Entry = tuple[LedgerRow, str, list[NewSample]]


def picture(size: Size, seed: int) -> Pixels:
    """Noise."""
    return np.random.default_rng(seed).integers(0, 256, (size.height, size.width, 3), np.uint8)


def write(
    path: Path,
    found: list[Entry],
    format: str,
    *,
    batches: int = 1,
    target: int = 600,
    name: str = "drawn",
    keypoints: dict[str, list[Any]] | None = None,
) -> str:
    """Writes a store of some ledger rows with their splits and samples, and gives its digest."""
    writer = StoreWriter(path)
    order = sorted(found, key=lambda entry: (entry[1], record_hash(entry[0].key)))
    # Outcomes may come in any order; the plan says where they go.
    ids: dict[str, int] = {}
    for start in range(0, len(found), batches):
        some = found[start : start + batches]
        added = writer.outcomes.add([prepared(row, samples) for row, _, samples in some])
        ids |= zip((row.key for row, _, _ in some), added, strict=True)
    writer.lay_out([Planned(ids[row.key], split) for row, split, _ in order]).assemble([], target)
    description = Description(
        name, {"transforms": []}, ["a", "b", "c"], keypoints, image_spec(ENCODINGS[format]),
        {"scale": [1, 1, 1], "offset": [0, 0, 0]}, {"train": {"pixels": 0}, "fills": []}, {"pillow": "0"},
        {"encode": format}, "inputs",
    )  # fmt: skip
    return writer.finish(description)[1]


def prepared(row: LedgerRow, samples: list[NewSample]) -> Prepared:
    """An outcome that is known by its key, and equal to no other."""
    return Prepared(row.key, row, samples, source=row.key, labels="", pixels=row.key)


def every_kind(
    path: Path, *, format: str = "jpeg", count: int = 40, target: int = 3000, name: str = "drawn", height: int = 17
) -> str:
    """Writes a store with every kind of label, images of several sizes, and rows of every status."""
    found: list[Entry] = []
    for index in range(count):
        key, split = f"é/{index:03}.jpg", ("train", "val", "test")[index % 3]
        if index % 8 == 5:
            status = ("rejected", "duplicate", "filtered")[index % 3]
            found.append((LedgerRow(key, status, "by_test", "a note", ("odd",), {"box_outside": 1}), split, []))
            continue
        size = Size(24 + index, height)
        labels = every_label(size, index)
        mask = encode_mask(labels.mask) if labels.mask is not None else None
        image = encode(picture(size, index), ENCODINGS[format])
        text = sample_json(key, image, mask, Size(640, 479), size, Affine(1 / 3, 0, 0.1, 0, 0.5, -2), labels)
        found.append((LedgerRow(key, "accepted"), split, [NewSample(key, size, image, mask, text)]))
    return write(path, found, format, target=target, name=name)


def every_label(size: Size, index: int) -> Labels:
    """Labels of every kind; every fourth sample has none at all."""
    if index % 4 == 3:
        return Labels()
    instances = [[(1, 2, 0), (3.25, 4, 1), (5, 6, 2)]] * 2
    ring = [(1, 1), (9, 1), (9, 9)]
    boxes = Boxes.of(np.array([[0, 1, 2.125, 3], [4, 4, size.width, size.height]]), [index % 3, -1], [CROWD, DIFFICULT])
    return Labels(
        index % 3,
        (0, 2),
        Boxes(boxes.corners, boxes.classes, boxes.flags, np.array([0.5, 1])),
        Keypoints.of(instances),
        Polygons.of([[ring, ring[::-1]], [ring]], [0, -1]),
        np.random.default_rng(index).integers(0, 3, (size.height, size.width), np.uint8),
        {"age": 31.5, "count": index},
        {"taken": "draußen"},
        linked=index % 2 == 0,
    )


keys = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)


@st.composite
def entries(draw: st.DrawFn, format: str) -> list[Entry]:
    """Ledger rows with their splits and samples."""
    found: list[Entry] = []
    for key in draw(st.lists(keys, unique=True, max_size=8)):
        split = draw(st.sampled_from(["train", "val", "test"]))
        if draw(st.integers(0, 3)) == 0:
            found.append((LedgerRow(key, "rejected", "truncated", "half of it"), split, []))
            continue
        count = draw(st.integers(1, 2))
        samples = []
        for index in range(count):
            size = draw(sizes(1, 9))
            image = encode(picture(size, draw(st.integers(0, 3))), ENCODINGS[format])
            name = f"{key}::{index}" if count > 1 else key
            found_labels = draw(labels(size))
            mask = encode_mask(found_labels.mask) if found_labels.mask is not None else None
            text = sample_json(name, image, mask, Size(70, 50), size, Affine(0.5), found_labels)
            samples.append(NewSample(name, size, image, mask, text))
        found.append((LedgerRow(key, "accepted", dropped={"box_outside": 2}), split, samples))
    return found
