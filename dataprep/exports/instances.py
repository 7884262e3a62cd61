"""The instances of an image: what labels say of each object, put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dataprep.labels import Floats, Labels


class Instance(NamedTuple):
    """An object in an image; what labels don't say of it is None, or none.

    Attributes:
        class_id: position in the list of classes; -1 without one.
        corners: (4,) float64, x0 y0 x1 y1 in pixels.
        flags: of its box.
        visible: the share of its box that no crop has cut away.
        points: (K, 3) float64, its keypoints.
        rings: its outline.
    """

    class_id: int
    corners: Floats | None = None
    flags: int = 0
    visible: float = 1.0
    points: Floats | None = None
    rings: tuple[Floats, ...] = ()


def instances(labels: Labels) -> list[Instance]:
    """The instances of an image.

    Boxes, outlines and keypoints that are linked are the same instances, and so are those of which there is one each
    and no two classes. Of others nobody knows which belong together: each is an instance of its own. One without a
    class has the image's, where that has one.
    """
    own = -1 if labels.class_id is None else labels.class_id
    kinds = [kind for kind in (_boxes(labels, own), _outlines(labels, own), _points(labels, own)) if kind]
    if labels.linked or _alone(kinds):
        return [_merged(parts) for parts in zip(*kinds, strict=True)]
    return [instance for kind in kinds for instance in kind]


def _boxes(labels: Labels, own: int) -> list[Instance]:
    if labels.boxes is None:
        return []
    of = labels.boxes
    return [
        Instance(int(id) if id >= 0 else own, corners, int(flags), float(visible))
        for corners, id, flags, visible in zip(of.corners, of.classes, of.flags, of.visible, strict=True)
    ]


def _outlines(labels: Labels, own: int) -> list[Instance]:
    if labels.polygons is None:
        return []
    pairs: Iterator[tuple[tuple[Floats, ...], int]] = zip(labels.polygons.rings, labels.polygons.classes, strict=True)
    return [Instance(int(id) if id >= 0 else own, rings=rings) for rings, id in pairs]


def _points(labels: Labels, own: int) -> list[Instance]:
    return [] if labels.keypoints is None else [Instance(own, points=points) for points in labels.keypoints.points]


def _alone(kinds: Sequence[Sequence[Instance]]) -> bool:
    classes = {kind[0].class_id for kind in kinds} - {-1}
    return all(len(kind) == 1 for kind in kinds) and len(classes) < 2


def _merged(parts: Sequence[Instance]) -> Instance:
    whole = parts[0]
    for part in parts[1:]:
        whole = whole._replace(
            class_id=whole.class_id if whole.class_id >= 0 else part.class_id,
            points=part.points if whole.points is None else whole.points,
            rings=whole.rings or part.rings,
        )
    return whole
