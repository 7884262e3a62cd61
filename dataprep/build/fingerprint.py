"""What an outcome depends on, as digests: equal fingerprints, equal outcomes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from dataprep.build.recipe import Recipe
from dataprep.inputs import Record
from dataprep.labels import Labels
from dataprep.transforms import Varying


class Fingerprints:
    """Of the records of one build.

    Attributes:
        parts: digests of what the manifest asks of a record, and of the libraries that do it.
        varies: whether a record's split matters, as a step draws by chance.
    """

    def __init__(self, recipe: Recipe, versions: Mapping[str, str]) -> None:
        """For a recipe, done by these versions."""
        options = recipe.options
        parts = {
            "transforms": [[type(step).name, step.model_dump(mode="json")] for step in recipe.steps],
            "encode": recipe.encoding.model_dump(mode="json"),
            "background": recipe.background,
            "labels": [options.pairs, options.names, options.min_visible, options.mask_fill],
            "decode": [recipe.scaled, recipe.raw],
            "versions": dict(versions),
        }
        self.parts = {name: _sha256(_json(part)) for name, part in parts.items()}
        self._head = _json(self.parts)
        self._plain: dict[tuple[object, ...], str] = {}
        self.varies = any(isinstance(step, Varying) for step in recipe.steps)

    def labels(self, record: Record, mask: str | None) -> str:
        """The digest of a record's labels as read.

        Args:
            record: as its source read it.
            mask: digest of its mask's file; None without one.
        """
        labels = record.labels
        # A folder of classes has few different labels, and each of them many times.
        said = (record.size, record.notes, mask, record.relative, record.dropped)
        plain = (*said, labels.class_id, labels.tags, labels.linked)
        rest = (labels.boxes, labels.keypoints, labels.polygons, labels.mask, labels.values, labels.attributes)
        if any(kind is not None for kind in rest):
            return _digest(plain, labels)
        found = self._plain.get(plain)
        if found is None:
            found = self._plain[plain] = _digest(plain, labels)
        return found

    def of(self, record: Record, source: str, labels: str) -> str:
        """The fingerprint of a record.

        Args:
            record: as planned.
            source: digest of its bytes.
            labels: digest of its labels.
        """
        split = record.split if self.varies else ""
        # No name of a file holds a zero byte.
        return _sha256(self._head + f"{record.key}\0{split}\0{source}\0{labels}".encode())


def _digest(plain: tuple[object, ...], labels: Labels) -> str:
    whole = hashlib.sha256(_json([*plain, labels.values, labels.attributes]))
    for part in _arrays(labels):
        whole.update(part)
    return whole.hexdigest()


def _arrays(labels: Labels) -> list[bytes]:
    """The labels' numbers, to the last bit."""
    found = []
    if labels.boxes is not None:
        boxes = labels.boxes
        found += [b"boxes", *(_array(part) for part in (boxes.corners, boxes.classes, boxes.flags, boxes.visible))]
    if labels.keypoints is not None:
        found += [b"keypoints", _array(labels.keypoints.points)]
    if labels.polygons is not None:
        found += [b"polygons", _array(labels.polygons.classes)]
        found += [b"ring" + _array(ring) for one in labels.polygons.rings for ring in (np.zeros(0), *one)]
    if labels.mask is not None:
        found += [b"mask", _array(labels.mask)]
    return found


def _array(values: Any) -> bytes:
    return f"{values.shape}{values.dtype.str}".encode() + np.ascontiguousarray(values).tobytes()


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, default=dict).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
