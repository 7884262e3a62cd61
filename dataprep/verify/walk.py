"""The checks that look at every sample, in one walk through the store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from dataprep import canonical
from dataprep.geometry import Affine, Rect, Size
from dataprep.labels import VISIBLE
from dataprep.pixels.encode import decode_mask, decode_stored, subsampling
from dataprep.store.content import Shard, StoredSample
from dataprep.store.read import Store
from dataprep.store.samples import DECIMALS
from dataprep.verify.check import Check

# Coordinates are rounded when stored, so a label on the edge may lie this far beyond it.
_ROUNDING = 0.51 * 10**-DECIMALS


class SampleWalk:
    """Looks at samples in the order of the store.

    Attributes:
        shards: the store's shards, in order.
    """

    def __init__(self, store: Store) -> None:
        self.shards = store.shards()
        self._dataset = store.dataset
        # Samples come in shard order, so counting tells the shard that a sample should be in.
        self._places = [shard for shard in self.shards for _ in range(shard.count)]
        self._seen = 0
        self._hash, self._offset, self._wires = hashlib.sha256(), 0, list[str]()
        self._images = Check("images", "every image has its length and SHA-256")
        self._pixels = Check("pixels", "every image decodes to its size, and is encoded as promised")
        self._labels = Check("labels", "every label lies within its image, and names a class that exists")
        self._parts = Check("shards", "both parts of every shard have their length and SHA-256")

    def look(self, sample: StoredSample, content: bytes | None, mask: bytes | None) -> None:
        """Looks at the next sample, its image (None where the store has lost it) and its mask (None without one)."""
        if content is None:
            self._images.expect(False, f"{sample.key}: its image is not in the store")
            content = b""
        fields = json.loads(sample.text.wire)
        found = canonical.sha256(content)
        good = found == fields["sha256"] and len(content) == sample.length == fields["length"]
        self._images.expect(good, f"{sample.key}: wanted {fields['sha256']}, found {found}")
        problem = self._decode(sample, content, fields)
        self._pixels.expect(problem is None, f"{sample.key}: {problem}")
        problem = self._label_problem(sample, fields) or self._mask_problem(sample, fields, mask)
        self._labels.expect(problem is None, f"{sample.key}: {problem}")
        self._add_to_shard(sample, content + (mask or b""))

    def finish(self) -> tuple[Check, ...]:
        """The checks, once every sample was looked at."""
        expected = len(self._places)
        self._parts.expect(self._seen == expected, f"the shards count {expected} samples, the store has {self._seen}")
        return self._images, self._pixels, self._labels, self._parts

    def _decode(self, sample: StoredSample, content: bytes, fields: Mapping[str, Any]) -> str | None:
        if tuple(fields["image_size"]) != sample.size:
            return f"its JSON says {fields['image_size']}, its row {sample.size}"
        one = (self._dataset.image["width"], self._dataset.image["height"])
        if None not in one and one != sample.size:
            return f"the dataset promises {Size(*one)}, the sample {sample.size}"
        try:
            decode_stored(content, self._dataset.image["format"], sample.size)
        except ValueError as error:
            return str(error)
        # Absent where the images are no JPEGs, and in stores that could only be 4:4:4.
        promised = self._dataset.image.get("subsampling")
        if promised is not None and (found := subsampling(content)) != promised:
            return f"the dataset promises {promised}, its subsampling is {found}"
        return None

    def _label_problem(self, sample: StoredSample, fields: Mapping[str, Any]) -> str | None:
        image = Rect.of(sample.size)
        whole = Rect(-_ROUNDING, -_ROUNDING, image.x1 + _ROUNDING, image.y1 + _ROUNDING)
        ids = [id for name in ("box_classes", "polygon_classes", "tags") for id in fields.get(name, [])]
        ids += [fields["class"]] if "class" in fields else []
        wrong = [id for id in ids if not -1 <= id < len(self._dataset.classes)]
        if wrong:
            return f"class {wrong[0]} is none of the {len(self._dataset.classes)}"
        boxes = fields.get("boxes", [])
        if len(boxes) != len(fields.get("box_classes", [])):
            return f"{len(boxes)} boxes but {len(fields.get('box_classes', []))} classes"
        parts = {kind: len(fields[kind]) for kind in ("boxes", "keypoints", "polygons") if kind in fields}
        if fields.get("linked") and len(set(parts.values())) > 1:
            return f"parts of the same instances are as many, found {parts}"
        for box in boxes:
            if box[0] > box[2] or box[1] > box[3] or not Rect(*box).within(whole):
                return f"the box {box} leaves the image of {sample.size}"
        for xy in (
            xy for one in fields.get("polygons", []) for ring in one for xy in zip(ring[::2], ring[1::2], strict=True)
        ):
            if not Rect(*xy, *xy).within(whole):
                return f"the polygon corner {xy} lies outside the image of {sample.size}"
        for instance in fields.get("keypoints", []):
            for x, y, v in instance:
                if v == VISIBLE and not Rect(x, y, x, y).within(whole):
                    return f"the visible keypoint ({x}, {y}) lies outside the image of {sample.size}"
        if abs(Affine.of(fields["affine"]).determinant) < 1e-12:
            return f"the affine {fields['affine']} can't be inverted"
        return None

    def _mask_problem(self, sample: StoredSample, fields: Mapping[str, Any], mask: bytes | None) -> str | None:
        promised = fields.get("mask")
        if mask is None or promised is None:
            return None if mask is promised else "its JSON and its row disagree on whether it has a mask"
        if (len(mask), canonical.sha256(mask)) != (promised["length"], promised["sha256"]):
            return "its mask is not the promised one"
        try:
            decode_mask(mask, sample.size)
        except ValueError as error:
            return f"its mask: {error}"
        return None

    def _add_to_shard(self, sample: StoredSample, content: bytes) -> None:
        self._seen += 1
        if self._seen > len(self._places):
            return  # `finish` counts
        shard = self._places[self._seen - 1]
        self._hash.update(content)
        self._wires.append(sample.text.at(self._offset))
        self._offset += len(content)
        if self._seen == len(self._places) or self._places[self._seen] is not shard:
            self._close_shard(shard)
            self._hash, self._offset, self._wires = hashlib.sha256(), 0, []

    def _close_shard(self, shard: Shard) -> None:
        # Put together here, not by the store's own code: a check must not share the mistake it looks for.
        text = f'{{"id":"{shard.id}","samples":[{",".join(self._wires)}],"split":"{shard.split}"}}'.encode()
        for part, length, sha256, wanted_length, wanted in (
            ("images", self._offset, self._hash.hexdigest(), shard.images_bytes, shard.images_sha256),
            ("labels", len(text), canonical.sha256(text), shard.labels_bytes, shard.labels_sha256),
        ):
            good = (length, sha256) == (wanted_length, wanted)
            self._parts.expect(good, f"{shard.id}, {part}: wanted {wanted}, found {sha256}")
