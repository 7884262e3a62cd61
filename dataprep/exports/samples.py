"""The samples of a store as exports write them: checked, and with labels as objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from dataprep import canonical
from dataprep.errors import StoreCorrupt
from dataprep.geometry import Size
from dataprep.labels import Boxes, Keypoints, Labels, Polygons
from dataprep.store.read import Store


class ExportSample(NamedTuple):
    """One sample.

    Attributes:
        id: in the store, from 1, ascending in the order of the store.
        key: its key.
        split: train, val or test.
        size: of the stored image.
        image: its encoded bytes, their digest checked.
        mask: the PNG of class indices, checked likewise; None without one.
        labels: in pixels of the stored image, without the mask.
        fields: its JSON as in a shard, without ``offset``.
    """

    id: int
    key: str
    split: str
    size: Size
    image: bytes
    mask: bytes | None
    labels: Labels
    fields: Mapping[str, Any]


def samples(store: Store) -> Iterator[ExportSample]:
    """All samples in the order of the store.

    Raises:
        StoreCorrupt: bytes are not what the store says.
    """
    for sample, image, mask in store.iterate():
        fields = json.loads(sample.text.wire)
        _check(store, sample.key, "image", image, fields["sha256"])
        if "mask" in fields:
            _check(store, sample.key, "mask", mask, fields["mask"]["sha256"])
        yield ExportSample(
            sample.id, sample.key, sample.split, sample.size, image or b"", mask, labels_of(fields), fields
        )


def _check(store: Store, key: str, what: str, content: bytes | None, wanted: str) -> None:
    found = "nothing" if content is None else canonical.sha256(content)
    if found != wanted:
        raise StoreCorrupt(f"{store.path}: {key}: wanted the {what} {wanted}, found {found}; build the store again")


def labels_of(fields: Mapping[str, Any]) -> Labels:
    """Labels but the mask, from a sample's JSON."""
    return Labels(
        class_id=fields.get("class"),
        tags=tuple(fields["tags"]) if "tags" in fields else None,
        boxes=_boxes(fields) if "boxes" in fields else None,
        keypoints=_keypoints(fields["keypoints"]) if "keypoints" in fields else None,
        polygons=_polygons(fields) if "polygons" in fields else None,
        values=fields.get("values"),
        attributes=fields.get("attributes"),
        linked=fields.get("linked", False),
    )


def _boxes(fields: Mapping[str, Any]) -> Boxes:
    boxes = Boxes.of(fields["boxes"], fields["box_classes"], fields.get("box_flags"))
    return replace(boxes, visible=np.array(fields["box_visible"])) if "box_visible" in fields else boxes


def _keypoints(instances: Any) -> Keypoints:
    return Keypoints.of(instances) if instances else Keypoints()


def _polygons(fields: Mapping[str, Any]) -> Polygons:
    rings = [[[ring[i : i + 2] for i in range(0, len(ring), 2)] for ring in one] for one in fields["polygons"]]
    return Polygons.of(rings, fields["polygon_classes"])
