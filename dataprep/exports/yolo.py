"""YOLO, as Ultralytics lays it out: ``images/SPLIT``, ``labels/SPLIT`` and ``data.yaml``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Literal

import numpy as np
import yaml

from dataprep.coco.writing import Part, parts_of
from dataprep.convex import signed_area
from dataprep.errors import ExportError
from dataprep.exports import Export, Progress
from dataprep.exports.names import sample_names
from dataprep.exports.pictures import picture
from dataprep.exports.samples import ExportSample, samples
from dataprep.geometry import Size
from dataprep.inputs import own_key
from dataprep.labels import NOT_LABELLED, Floats
from dataprep.store.content import Dataset
from dataprep.store.read import Store

# A box's corner is off by half a unit of the last decimal of its centre and a quarter of one of its side: with nine, by
# 0.75e-9 of a side, which is 0.00005 px where a side has 65,500 pixels, and a tenth of what a store keeps.
_DECIMALS = 9


class Yolo(Export):
    """One text file an image, one object a line, in shares of the image's size.

    The task follows from the kinds of labels: ``pose`` where there are keypoints, else ``segment`` where there are
    polygons, else ``detect``.
    """

    name: ClassVar[str] = "yolo"

    def write(self, store: Store, folder: Path, progress: Progress) -> Counter[str]:
        """Writes images, labels and ``data.yaml``.

        Raises:
            ExportError: the store has no labels that YOLO can hold.
        """
        writer = _Writer(store.dataset, _task(store))
        names = sample_names(store)
        splits = []
        for done, sample in enumerate(samples(store), 1):
            way = PurePosixPath(sample.split, names[sample.id])
            if sample.split not in splits:
                splits.append(sample.split)
                (folder / "images" / sample.split).mkdir(parents=True)
                (folder / "labels" / sample.split).mkdir(parents=True)
            (folder / "images" / way).write_bytes(picture(sample.image, store.dataset.image["format"], sample.size))
            (folder / "labels" / way.with_suffix(".txt")).write_bytes(writer.lines(sample).encode())
            progress(done, len(names))
        (folder / "data.yaml").write_bytes(writer.config(splits).encode())
        return writer.lost


_Task = Literal["detect", "segment", "pose"]


def _task(store: Store) -> _Task:
    kinds = store.dataset.kinds
    if "keypoints" in kinds:
        return "pose"
    if "polygons" in kinds:
        return "segment"
    if "boxes" in kinds:
        return "detect"
    raise ExportError(
        f"{store.path}: YOLO holds boxes, outlines and keypoints, and the store has "
        f"{', '.join(kinds) or 'no labels'}; export classes as image_folder"
    )


class _Writer:
    """The lines of all samples.

    Attributes:
        lost: what they can't hold.
    """

    def __init__(self, dataset: Dataset, task: _Task) -> None:
        self.lost: Counter[str] = Counter()
        self._dataset, self._task = dataset, task
        self._points = len(dataset.keypoints["names"]) if dataset.keypoints else 0
        self._classless = False

    def lines(self, sample: ExportSample) -> str:
        """The label file of a sample."""
        found = parts_of(sample.labels)
        self._count(sample, found)
        lines = [line for one in found if (line := self._line(one, sample.size))]
        repeated = len(lines) - len(set(lines))
        if repeated:
            self.lost["instances that are the same as another, of which readers keep one"] += repeated
        return "".join(f"{line}\n" for line in lines)

    def config(self, splits: Sequence[str]) -> str:
        """``data.yaml``: without ``path``, so that the folder can be moved."""
        classes = list(self._dataset.classes)
        if self._classless:
            classes.append(own_key("object", set(classes)))
        content: dict[str, Any] = {split: f"images/{split}" for split in splits}
        content["names"] = dict(enumerate(classes))
        if self._task == "pose" and self._dataset.keypoints:
            partners = list(range(self._points))
            for left, right in self._dataset.keypoints["pairs"]:
                partners[left], partners[right] = right, left
            content |= {"kpt_shape": [self._points, 3], "flip_idx": partners}
            content["kpt_names"] = {id: list(self._dataset.keypoints["names"]) for id in range(len(classes))}
        head = f"# task: {self._task}\n"
        return head + yaml.dump(content, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=1 << 20)

    def _line(self, one: Part, size: Size) -> str | None:
        numbers = self._outline(one, size) if self._task == "segment" else self._box(one, size)
        if numbers is None:
            return None
        if one.flags:
            self.lost["flags of boxes"] += 1
        if one.visible < 1:
            self.lost["visible shares of boxes"] += 1
        class_id = one.class_id
        if class_id < 0:
            self._classless = True
            self.lost["instances without a class, which get one of their own"] += 1
            class_id = len(self._dataset.classes)
        return " ".join([str(class_id), *numbers])

    def _box(self, one: Part, size: Size) -> list[str] | None:
        """A box, and for pose its keypoints."""
        points = np.zeros((self._points, 3)) if one.points is None else one.points
        labelled = points[points[:, 2] != NOT_LABELLED, :2]
        corners = one.corners
        if corners is None:
            places = np.concatenate([labelled, *(one.rings or ())])
            if not len(places):
                self.lost["instances without a labelled keypoint or a box"] += 1
                return None
            corners = _hull(places)
            self.lost["instances without a box, which get the hull of what they have"] += 1
        if one.rings:
            self.lost["outlines"] += 1
        middle, sides = (corners[:2] + corners[2:]) / 2, corners[2:] - corners[:2]
        numbers = [*_shares(middle, size), *_shares(sides, size)]
        if self._task == "pose":
            for x, y, visible in points.tolist():
                numbers += [*_shares(np.array([x, y]), size), str(int(visible))]
        return numbers

    def _outline(self, one: Part, size: Size) -> list[str] | None:
        if not one.rings:
            self.lost["instances without an outline"] += 1
            return None
        if len(one.rings) > 1:
            self.lost["outlines of several rings, joined to one"] += 1
        ring = joined(one.rings)
        # To what a store keeps.
        if one.corners is not None and not np.allclose(one.corners, _hull(ring), rtol=0, atol=0.001):
            self.lost["boxes that are not the hull of their outline"] += 1
        return _shares(ring, size)

    def _count(self, sample: ExportSample, found: Sequence[Part]) -> None:
        """Counts what YOLO has no place for."""
        labels = sample.labels
        said = labels.class_id is None or labels.class_id in [one.class_id for one in found]
        self.lost += Counter(
            {
                "masks": int(sample.mask is not None),
                "classes of images that none of its instances has": int(not said),
                "tags": len(labels.tags or ()),
                "values": len(labels.values or ()),
                "attributes": len(labels.attributes or ()),
            }
        )


class _Plain(yaml.SafeDumper):
    """Lists in one line, maps over several, as data.yaml is usually written."""

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
        del flow_style
        return super().represent_sequence(tag, sequence, flow_style=True)

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        del flow_style
        return super().represent_mapping(tag, mapping, flow_style=False)

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _hull(places: Floats) -> Floats:
    return np.concatenate([places.min(axis=0), places.max(axis=0)])


def _shares(places: Floats, size: Size) -> list[str]:
    """Numbers in pixels, x and y in turn, as shares."""
    return [_text(share) for share in (places.reshape(-1, 2) / np.array(size)).reshape(-1).tolist()]


def _text(share: float) -> str:
    return f"{share:.{_DECIMALS}f}".rstrip("0").rstrip(".") or "0"


def joined(rings: Sequence[Floats]) -> Floats:
    """One ring of several: a line leads to each, and the same line back, and so bounds nothing.

    By the nonzero rule the ring holds what the rings held, holes as well.

    Args:
        rings: each (M, 2) float64.
    """
    whole, *others = sorted(rings, key=lambda ring: -abs(signed_area(ring)))
    for ring in others:
        # One point at a time: a table of all distances between two outlines of ten thousand points fills a gigabyte.
        ways = [
            (float(gaps.min()), int(gaps.argmin())) for gaps in (((whole - point) ** 2).sum(axis=1) for point in ring)
        ]
        start = min(range(len(ring)), key=lambda index: ways[index])
        near = ways[start][1]
        tour = np.concatenate([ring[start:], ring[: start + 1]])
        whole = np.concatenate([whole[: near + 1], tour, whole[near:]])
    return whole
