"""Instances as COCO's annotations: what labels say, in the format's own numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from dataprep.convex import signed_area
from dataprep.geometry import Size
from dataprep.labels import CROWD, NOT_LABELLED, Floats, Labels
from dataprep.outlines import along_pixels, within
from dataprep.runs import counts_from

_DECIMALS = 3  # as the store has them


class Part(NamedTuple):
    """What labels say of one instance; what they don't is None, or none.

    Attributes:
        class_id: position in the list of classes; -1 without one.
        corners: (4,) float64.
        flags: of its box.
        visible: the share of its box that no crop has cut away.
        points: (K, 3) float64.
        rings: its outline, which may be of nothing.
    """

    class_id: int
    corners: Floats | None = None
    flags: int = 0
    visible: float = 1.0
    points: Floats | None = None
    rings: tuple[Floats, ...] | None = None


def parts_of(labels: Labels) -> list[Part]:
    """The instances of an image: those that are linked, or alone of their kind, with all that is said of them.

    What is neither becomes an instance for each box, each outline and each set of keypoints.
    """
    class_id = -1 if labels.class_id is None else labels.class_id
    boxes = [] if labels.boxes is None else list(_boxes(labels, class_id))
    outlines = [] if labels.polygons is None else list(_outlines(labels, class_id))
    points = [] if labels.keypoints is None else [Part(class_id, points=one) for one in labels.keypoints.points]
    several = [parts for parts in (boxes, outlines, points) if parts]
    if labels.linked or _alone(several):
        return [_merged(same) for same in zip(*several, strict=True)]
    return [*boxes, *outlines, *points]


def _boxes(labels: Labels, class_id: int) -> Iterator[Part]:
    if labels.boxes is not None:
        of = labels.boxes
        for corners, id, flags, visible in zip(of.corners, of.classes, of.flags, of.visible, strict=True):
            yield Part(int(id) if id >= 0 else class_id, corners=corners, flags=int(flags), visible=float(visible))


def _outlines(labels: Labels, class_id: int) -> Iterator[Part]:
    if labels.polygons is not None:
        for rings, id in zip(labels.polygons.rings, labels.polygons.classes, strict=True):
            yield Part(int(id) if id >= 0 else class_id, rings=rings)


def _alone(several: Sequence[Sequence[Part]]) -> bool:
    """Whether there is at most one of each kind, and they don't differ in their class."""
    return all(len(parts) == 1 for parts in several) and len({parts[0].class_id for parts in several} - {-1}) < 2


def _merged(same: Sequence[Part]) -> Part:
    whole = same[0]
    for part in same[1:]:
        whole = whole._replace(
            class_id=whole.class_id if whole.class_id >= 0 else part.class_id,
            points=part.points if whole.points is None else whole.points,
            rings=part.rings if whole.rings is None else whole.rings,
        )
    return whole


def annotation(part: Part, size: Size, points: int, shift: float, lost: Counter[str]) -> dict[str, Any]:
    """An annotation but its ids.

    Args:
        part: the instance.
        size: of its image.
        points: how many keypoints an instance has; 0 writes none.
        shift: what takes continuous coordinates of keypoints to COCO's.
        lost: where it is counted what COCO can't hold.
    """
    crowd = bool(part.flags & CROWD)
    corners = part.corners if part.corners is not None else _hull(part)
    x0, y0, x1, y1 = np.round(corners, _DECIMALS).tolist()
    if part.corners is None:
        lost["instances without a box, which get the hull of what they have"] += 1
    if part.flags & ~CROWD:
        lost["difficult and truncated boxes"] += 1
    if part.visible < 1:
        lost["visible shares of boxes"] += 1
    rings = part.rings or ()
    area = abs(sum(signed_area(ring) for ring in rings)) if rings else (x1 - x0) * (y1 - y0)
    value = {
        "bbox": [x0, y0, round(x1 - x0, _DECIMALS), round(y1 - y0, _DECIMALS)],
        "area": round(area, _DECIMALS),
        "iscrowd": int(crowd),
        "segmentation": _mask(rings, size, lost) if crowd and part.rings is not None else _polygons(rings, lost),
    }
    if points:
        found = np.zeros((points, 3)) if part.points is None else part.points
        there = found[:, 2:] != NOT_LABELLED
        placed = np.where(there, found + np.array([shift, shift, 0]), 0)
        value["keypoints"] = np.round(placed, _DECIMALS).reshape(-1).tolist()
        value["num_keypoints"] = int(there.sum())
    return value


def _hull(part: Part) -> Floats:
    there = [] if part.points is None else [part.points[part.points[:, 2] != NOT_LABELLED, :2]]
    places = np.concatenate([*(part.rings or ()), *there, np.zeros((0, 2))])
    return np.concatenate([places.min(axis=0), places.max(axis=0)]) if len(places) else np.zeros(4)


def _mask(rings: Sequence[Floats], size: Size, lost: Counter[str]) -> dict[str, Any]:
    """A crowd's outline, which COCO wants as run-length encoding."""
    if not along_pixels(rings):
        lost["outlines of crowds, drawn as pixels"] += 1
    return {"counts": counts_from(within(rings, size)).tolist(), "size": [size.height, size.width]}


def _polygons(rings: Sequence[Floats], lost: Counter[str]) -> list[list[float]]:
    """An outline, whose holes COCO can't hold: each is joined to the ring around it, there and back by one line."""
    sense = 1 if sum(signed_area(ring) for ring in rings) >= 0 else -1
    outer = [ring for ring in rings if sense * signed_area(ring) >= 0]
    for hole in (ring for ring in rings if sense * signed_area(ring) < 0):
        around = [_inside(hole, ring) for ring in outer]
        best = max(range(len(outer)), key=lambda index: (around[index], -abs(signed_area(outer[index]))))
        outer[best] = _joined(outer[best], hole)
        lost["holes, joined to their outlines"] += 1
    return [np.round(ring, _DECIMALS).reshape(-1).tolist() for ring in outer]


def _inside(hole: Floats, ring: Floats) -> int:
    """How many middles of a hole's edges lie in a ring; its corners may touch the ring."""
    x, y = ((hole + np.roll(hole, -1, axis=0)) / 2).T[:, :, None]
    (x0, y0), (x1, y1) = ring.T, np.roll(ring, -1, axis=0).T
    crosses = (y0 <= y) != (y1 <= y)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = x < x0 + (y - y0) / (y1 - y0) * (x1 - x0)
    return int((np.count_nonzero(crosses & left, axis=1) % 2).sum())


def _joined(ring: Floats, hole: Floats) -> Floats:
    """One ring of two: the line between them is walked both ways, and so bounds nothing, whatever it crosses."""
    nearest = int(np.argmin(((ring - hole[0]) ** 2).sum(axis=1)))
    return np.concatenate([ring[: nearest + 1], hole, hole[:1], ring[nearest:]])
