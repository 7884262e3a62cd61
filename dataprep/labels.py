"""Labels, and the one rule by which each kind follows an affine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dataprep.errors import LabelError
from dataprep.geometry import Affine

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.uint8]

# Flags of a box: a crowd of objects (COCO), hard to see, cut off by the image's edge (both Pascal VOC).
CROWD, DIFFICULT, TRUNCATED = 1, 2, 4
# COCO's visibility flags.
NOT_LABELLED, NOT_VISIBLE, VISIBLE = 0, 1, 2


def _floats(*shape: int) -> Floats:
    return np.zeros(shape, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Axis-aligned boxes.

    Attributes:
        corners: (N, 4) float64, x0 y0 x1 y1 in pixels, x0 <= x1 and y0 <= y1.
        classes: (N,) int64, positions in the dataset's class list; -1 for a box without a class.
        flags: (N,) int64, a sum of `CROWD`, `DIFFICULT` and `TRUNCATED`.
        visible: (N,) float64 in [0, 1], the share of the box's area that no crop has cut away.
    """

    corners: Floats = field(default_factory=lambda: _floats(0, 4))
    classes: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    flags: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    visible: Floats = field(default_factory=lambda: _floats(0))

    @classmethod
    def of(
        cls, corners: npt.ArrayLike, classes: npt.ArrayLike | None = None, flags: npt.ArrayLike | None = None
    ) -> Boxes:
        """Wholly visible boxes from anything array-like; without classes, each gets -1, without flags, 0.

        Raises:
            LabelError: shapes that don't fit, numbers that are not finite, a right side left of the left one.
        """
        xyxy = np.asarray(corners, np.float64).reshape(-1, 4)
        ids = np.full(len(xyxy), -1, np.int64) if classes is None else np.asarray(classes, np.int64).reshape(-1)
        marks = np.zeros(len(xyxy), np.int64) if flags is None else np.asarray(flags, np.int64).reshape(-1)
        if len(ids) != len(xyxy) or len(marks) != len(xyxy):
            raise LabelError(f"{len(xyxy)} boxes, {len(ids)} classes, {len(marks)} flags; give one of each a box")
        if not np.isfinite(xyxy).all():
            raise LabelError(
                f"a box must have finite corners, found {xyxy[~np.isfinite(xyxy).all(axis=1)][0].tolist()}"
            )
        wrong = (xyxy[:, 0] > xyxy[:, 2]) | (xyxy[:, 1] > xyxy[:, 3])
        if wrong.any():
            raise LabelError(f"a box wants x0 <= x1 and y0 <= y1, found {xyxy[wrong][0].tolist()}")
        return cls(xyxy, ids, marks, np.ones(len(xyxy)))

    def __len__(self) -> int:
        return len(self.corners)

    def take(self, where: npt.NDArray[Any]) -> Boxes:
        """The boxes under a mask or at indices."""
        return Boxes(self.corners[where], self.classes[where], self.flags[where], self.visible[where])


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """Keypoints of one or more instances.

    Attributes:
        points: (N, K, 3) float64: x, y in pixels, and COCO's visibility v (0 not labelled, 1 labelled but not
            visible, 2 visible). Where v is 0, x and y are 0.
    """

    points: Floats = field(default_factory=lambda: _floats(0, 0, 3))

    @classmethod
    def of(cls, points: npt.ArrayLike) -> Keypoints:
        """From (N, K, 3), or (N, K, 2) where all are visible.

        Raises:
            LabelError: another shape, or a labelled point that is not finite.
        """
        xyv = np.asarray(points, np.float64)
        if xyv.ndim == 3 and xyv.shape[2] == 2:
            xyv = np.concatenate([xyv, np.full((*xyv.shape[:2], 1), VISIBLE)], axis=2)
        if xyv.ndim != 3 or xyv.shape[2] != 3:
            raise LabelError(f"keypoints want the shape (instances, points, 2 or 3), found {xyv.shape}")
        if not np.isfinite(xyv).all():
            raise LabelError("a keypoint must be finite; leave it out (visibility 0) where it is not labelled")
        return cls(np.where(xyv[:, :, 2:] == NOT_LABELLED, 0.0, xyv))

    def __len__(self) -> int:
        return len(self.points)

    def take(self, where: npt.NDArray[Any]) -> Keypoints:
        """The instances under a mask or at indices."""
        return Keypoints(self.points[where])


@dataclass(frozen=True, slots=True, eq=False)
class Polygons:
    """Outlines of instances.

    Attributes:
        rings: for each instance its rings, each (M, 2) float64, x and y in pixels, M >= 3. An instance that is
            hidden in part has several, all of one sense; a hole runs the other way round (the nonzero rule). An
            instance without an outline has none.
        classes: (N,) int64, positions in the dataset's class list; -1 for an instance without a class.
    """

    rings: tuple[tuple[Floats, ...], ...] = ()
    classes: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def of(cls, rings: Sequence[Sequence[npt.ArrayLike]], classes: npt.ArrayLike | None = None) -> Polygons:
        """From nested sequences; without classes, each instance gets -1.

        Raises:
            LabelError: a ring with fewer than three points or with numbers that are not finite, or classes that
                don't fit.
        """
        found = tuple(tuple(np.asarray(ring, np.float64).reshape(-1, 2) for ring in one) for one in rings)
        for ring in (ring for one in found for ring in one):
            if len(ring) < 3 or not np.isfinite(ring).all():
                raise LabelError(f"a ring wants three finite points or more, found {ring.tolist()[:4]}")
        ids = np.full(len(found), -1, np.int64) if classes is None else np.asarray(classes, np.int64).reshape(-1)
        if len(ids) != len(found):
            raise LabelError(f"{len(found)} polygons but {len(ids)} classes; give one class a polygon")
        return cls(found, ids)

    def __len__(self) -> int:
        return len(self.rings)

    def take(self, where: npt.NDArray[Any]) -> Polygons:
        """The instances under a mask or at indices."""
        indices = np.arange(len(self.rings))[where]
        return Polygons(tuple(self.rings[index] for index in indices), self.classes[where])


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What is known about one image; a kind that it lacks is None.

    Attributes:
        class_id: position in the dataset's class list.
        tags: positions in the class list, for images with several classes; sorted.
        boxes: axis-aligned boxes, each with a class.
        keypoints: points of one or more instances.
        polygons: outlines of instances.
        mask: (height, width) uint8, a class index for every pixel of the image.
        values: named numbers about the image as a whole; no map changes them.
        attributes: named texts likewise.
        linked: boxes, keypoints and polygons, as far as they are there, are of the same instances in the same order;
            an instance that goes takes all its parts along.
    """

    class_id: int | None = None
    tags: tuple[int, ...] | None = None
    boxes: Boxes | None = None
    keypoints: Keypoints | None = None
    polygons: Polygons | None = None
    mask: Mask | None = None
    values: Mapping[str, float] | None = None
    attributes: Mapping[str, str] | None = None
    linked: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        # They travel between processes, and what a data class with slots brings along for that is ten times slower.
        return Labels, tuple(getattr(self, name) for name in self.__slots__)

    @property
    def unplaced(self) -> bool:
        """Whether nothing of it lies anywhere in the image."""
        return self.boxes is None and self.keypoints is None and self.polygons is None and self.mask is None

    def kinds(self) -> tuple[str, ...]:
        """The names of the kinds that are there, in a fixed order."""
        return tuple(f.name for f in fields(self) if f.name != "linked" and getattr(self, f.name) is not None)


def _move_boxes(boxes: Boxes, affine: Affine) -> Boxes:
    rects = boxes.corners[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    xy = affine.apply(rects)
    return replace(boxes, corners=np.concatenate([xy.min(axis=1), xy.max(axis=1)], axis=1).reshape(-1, 4))


def _move_keypoints(keypoints: Keypoints, affine: Affine) -> Keypoints:
    xyv = keypoints.points
    moved = np.concatenate([affine.apply(xyv[:, :, :2]), xyv[:, :, 2:]], axis=2)
    return Keypoints(np.where(xyv[:, :, 2:] == NOT_LABELLED, 0.0, moved))


def _move_polygons(polygons: Polygons, affine: Affine) -> Polygons:
    return replace(polygons, rings=tuple(tuple(affine.apply(ring) for ring in one) for one in polygons.rings))


def _stay(label: Any, affine: Affine) -> Any:
    del affine
    return label


_MOVES: dict[str, Callable[[Any, Affine], Any]] = {
    "class_id": _stay,
    "tags": _stay,
    "boxes": _move_boxes,
    "keypoints": _move_keypoints,
    "polygons": _move_polygons,
    "values": _stay,
    "attributes": _stay,
}


def move(labels: Labels, affine: Affine) -> Labels:
    """Moves every kind of label but the mask by an affine; the only place where labels move.

    Raises:
        LabelError: a kind without a rule; it would silently stay behind while the pixels move. A mask needs more than
            an affine: see `apply`.
    """
    moved: dict[str, Any] = {}
    for kind in labels.kinds():
        if kind not in _MOVES:
            raise LabelError(f"no rule moves labels of the kind {kind!r}; add one to dataprep.labels")
        moved[kind] = _MOVES[kind](getattr(labels, kind), affine)
    return replace(labels, **moved)


def swap_sides(labels: Labels, pairs: tuple[tuple[int, int], ...]) -> Labels:
    """Exchanges left and right keypoints, as a mirrored image needs.

    Args:
        labels: any labels.
        pairs: positions (left, right) in the dataset's keypoint list.
    """
    if labels.keypoints is None or not pairs:
        return labels
    order = np.arange(labels.keypoints.points.shape[1])
    for left, right in pairs:
        order[left], order[right] = right, left
    return replace(labels, keypoints=Keypoints(labels.keypoints.points[:, order]))
