"""The JSON of a sample and of a shard, as stored, sent and hashed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataprep import canonical
from dataprep.geometry import Affine, Size
from dataprep.labels import Boxes, Labels

if TYPE_CHECKING:
    from dataprep.store.content import StoredSample

# Coordinates are kept to this many decimals: a thousandth of a pixel, well below what any label means.
DECIMALS = 3


class SampleText(NamedTuple):
    """The JSON of a sample, which lacks the one thing that only its shard knows.

    Attributes:
        wire: canonical JSON without ``offset``.
        gap: where in it ``offset`` goes, so that the keys stay sorted.
    """

    wire: str
    gap: int

    def at(self, offset: int) -> str:
        """The whole JSON, for a place in a shard."""
        return f'{self.wire[: self.gap]},"offset":{offset}{self.wire[self.gap :]}'


def sample_json(
    key: str, image: bytes, mask: bytes | None, source: Size, stored: Size, affine: Affine, labels: Labels
) -> SampleText:
    """The JSON of a sample.

    Args:
        key: the sample's key.
        image: the encoded image.
        mask: the encoded mask, where the labels have one.
        source: size of the oriented source image.
        stored: size of the stored image.
        affine: source to stored image.
        labels: in pixels of the stored image.
    """
    values = labels_json(labels)
    if mask is not None:
        values["mask"] = {"length": len(mask), "sha256": canonical.sha256(mask)}
    texts = {name: str(value) if type(value) is int else _text(value) for name, value in values.items()}
    # All samples have these, so they are spelled out.
    texts["affine"] = _affine(affine)
    texts["image_size"], texts["size"] = (f"[{size.width},{size.height}]" for size in (stored, source))
    texts["key"], texts["length"], texts["sha256"] = _text(key), str(len(image)), f'"{canonical.sha256(image)}"'
    before, after = _in_order(tuple(texts))
    head = "{" + ",".join([f'"{name}":{texts[name]}' for name in before])
    tail = ",".join([f'"{name}":{texts[name]}' for name in after])
    return SampleText(f"{head},{tail}}}", len(head))


# Samples of a dataset have labels of the same kinds, or of a few.
@lru_cache(maxsize=256)
def _in_order(names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Sorted, those before ``offset`` and those after it."""
    names = tuple(sorted(names))
    return [name for name in names if name < "offset"], [name for name in names if name > "offset"]


def _text(value: Any) -> str:
    return canonical.dumps(value).decode()


# A folder's images have a size or two.
@lru_cache(maxsize=256)
def _affine(affine: Affine) -> str:
    return _text(affine.coefficients())


def labels_json(labels: Labels) -> dict[str, Any]:
    """Labels but the mask, under the names and in the shapes of the wire; a kind that is missing is absent."""
    values: dict[str, Any] = {}
    if labels.class_id is not None:
        values["class"] = labels.class_id
    if labels.tags is not None:
        values["tags"] = list(labels.tags)
    if labels.boxes is not None:
        values.update(_boxes(labels.boxes))
    if labels.keypoints is not None:
        values["keypoints"] = np.round(labels.keypoints.points, DECIMALS).tolist()
    if labels.polygons is not None:
        rings = [[np.round(ring, DECIMALS).reshape(-1).tolist() for ring in one] for one in labels.polygons.rings]
        values["polygons"], values["polygon_classes"] = rings, labels.polygons.classes.tolist()
    if labels.values is not None:
        values["values"] = dict(labels.values)
    if labels.attributes is not None:
        values["attributes"] = dict(labels.attributes)
    if labels.linked:
        values["linked"] = True
    return values


def _boxes(boxes: Boxes) -> dict[str, Any]:
    values: dict[str, Any] = {
        "boxes": np.round(boxes.corners, DECIMALS).tolist(),
        "box_classes": boxes.classes.tolist(),
    }
    if boxes.flags.any():
        values["box_flags"] = boxes.flags.tolist()
    if (boxes.visible < 1).any():
        values["box_visible"] = np.round(boxes.visible, DECIMALS).tolist()
    return values


def shard_json(id: str, split: str, samples: Iterable[StoredSample]) -> bytes:
    """The canonical JSON of a shard."""
    return joined_json(id, split, (sample.text.at(sample.offset) for sample in samples))


def joined_json(id: str, split: str, samples: Iterable[str]) -> bytes:
    """The canonical JSON of a shard, from the whole JSON of each of its samples."""
    body = ",".join(samples)
    head, tail = canonical.dumps({"id": id}).decode()[:-1], canonical.dumps({"split": split}).decode()[1:]
    return f'{head},"samples":[{body}],{tail}'.encode()
