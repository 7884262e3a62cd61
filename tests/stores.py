"""Stores made of labels, without a build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dataprep.encoding import Jpeg, Png, Raw, Webp, image_spec
from dataprep.geometry import Affine, Size
from dataprep.labels import Labels
from dataprep.pixels import Pixels
from dataprep.pixels.encode import encode, encode_mask
from dataprep.store.content import LedgerRow, NewSample, Planned, Prepared
from dataprep.store.read import Store
from dataprep.store.samples import sample_json
from dataprep.store.sharding import record_hash
from dataprep.store.write import Description, StoreWriter

ENCODINGS: Mapping[str, Jpeg | Png | Webp | Raw] = {
    "jpeg": Jpeg(),
    "png": Png(format="png"),
    "webp": Webp(format="webp"),
    "raw": Raw(format="raw"),
}


class Drawn(NamedTuple):
    """A sample to store: its record's key, its split, the size of its image, and labels in pixels of it."""

    key: str
    split: str
    size: Size
    labels: Labels


def pixels(key: str, size: Size) -> Pixels:
    """The picture of a sample, each another."""
    seed = [ord(letter) for letter in key]
    return np.random.default_rng(seed).integers(0, 256, (size.height, size.width, 3), np.uint8)


def store_of(
    path: Path,
    drawn: Sequence[Drawn],
    classes: Sequence[str],
    keypoints: Mapping[str, Any] | None = None,
    format: str = "png",
) -> Store:
    """Writes a store and opens it."""
    encoding = ENCODINGS[format]
    prepared = []
    for key, _, size, labels in drawn:
        image = encode(pixels(key, size), encoding)
        mask = encode_mask(labels.mask) if labels.mask is not None else None
        sample = NewSample(key, size, image, mask, sample_json(key, image, mask, size, size, Affine(), labels))
        prepared.append(Prepared(key, LedgerRow(key, "accepted"), [sample], key, "", key))
    writer = StoreWriter(path)
    ids = dict(zip((one.key for one in drawn), writer.outcomes.add(prepared), strict=True))
    # In the order of stores: by split, then by the key's hash.
    order = sorted(drawn, key=lambda one: (["train", "val", "test"].index(one.split), record_hash(one.key)))
    writer.lay_out([Planned(ids[one.key], one.split) for one in order]).assemble([], 600)
    description = Description(
        "drawn", {"transforms": []}, classes, keypoints, image_spec(encoding),
        {"scale": [1, 1, 1], "offset": [0, 0, 0]}, {"train": {"pixels": 0}, "fills": []}, {"pillow": "0"},
        {"encode": format}, "inputs",
    )  # fmt: skip
    writer.finish(description)
    return Store(path)


def silent(done: int, whole: int) -> None:
    """Progress that nobody sees."""
    assert 0 < done <= whole
