"""The JSON of a sample and of a shard, as stored, sent and hashed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from dataprep import canonical
from dataprep.geometry import Affine, Size
from dataprep.labels import Labels
from dataprep.store.content import StoredSample

# Coordinates are kept to this many decimals: a thousandth of a pixel, well below what any label means.
DECIMALS = 3


def sample_json(key: str, image: bytes, source: Size, stored: Size, affine: Affine, labels: Labels) -> tuple[str, str]:
    """The canonical JSON of a sample without its offset, which only its shard knows.

    Args:
        key: the sample's key.
        image: the encoded image.
        source: size of the oriented source image.
        stored: size of the stored image.
        affine: source to stored image.
        labels: in pixels of the stored image.

    Returns:
        The JSON, and the SHA-256 of the image.
    """
    sha256 = canonical.sha256(image)
    sample: dict[str, Any] = {
        "key": key,
        "length": len(image),
        "sha256": sha256,
        "size": list(source),
        "affine": affine.coefficients(),
        "image_size": list(stored),
        **labels_json(labels),
    }
    return canonical.dumps(sample).decode(), sha256


def labels_json(labels: Labels) -> dict[str, Any]:
    """Labels under the names and in the shapes of the wire; a kind that is missing is absent."""
    values: dict[str, Any] = {}
    if labels.class_id is not None:
        values["class"] = labels.class_id
    if labels.boxes is not None:
        values["boxes"] = np.round(labels.boxes.corners, DECIMALS).tolist()
        values["box_classes"] = labels.boxes.classes.tolist()
        if (labels.boxes.visible < 1).any():
            values["box_visible"] = np.round(labels.boxes.visible, DECIMALS).tolist()
    if labels.keypoints is not None:
        values["keypoints"] = np.round(labels.keypoints.points, DECIMALS).tolist()
    return values


def with_offset(wire: str, offset: int) -> str:
    """The sample's JSON with its offset in place.

    Keys are sorted: only ``sha256`` and ``size`` come after ``offset``, and neither holds text of a user's, so the
    last ``,"sha256":`` is the top level's.
    """
    place = wire.rindex(',"sha256":')
    return f'{wire[:place]},"offset":{offset}{wire[place:]}'


def shard_json(id: str, split: str, samples: Iterable[StoredSample]) -> bytes:
    """The canonical JSON of a shard."""
    body = ",".join(with_offset(sample.wire, sample.offset) for sample in samples)
    head, tail = canonical.dumps({"id": id}).decode()[:-1], canonical.dumps({"split": split}).decode()[1:]
    return f'{head},"samples":[{body}],{tail}'.encode()
