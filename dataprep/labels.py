"""Labels, and the one rule by which each kind follows an affine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dataprep.errors import LabelError
from dataprep.geometry import Affine, Rect

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

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
        visible: (N,) float64 in [0, 1], the share of the box's area that no crop has cut away.
    """

    corners: Floats = field(default_factory=lambda: _floats(0, 4))
    classes: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    visible: Floats = field(default_factory=lambda: _floats(0))

    @classmethod
    def of(cls, corners: npt.ArrayLike, classes: npt.ArrayLike | None = None) -> Boxes:
        """Wholly visible boxes from anything array-like; without classes, each gets -1.

        Raises:
            LabelError: shapes that don't fit, numbers that are not finite, a right side left of the left one.
        """
        xyxy = np.asarray(corners, np.float64).reshape(-1, 4)
        ids = np.full(len(xyxy), -1, np.int64) if classes is None else np.asarray(classes, np.int64).reshape(-1)
        if len(ids) != len(xyxy):
            raise LabelError(f"{len(xyxy)} boxes but {len(ids)} classes; give one class a box")
        if not np.isfinite(xyxy).all():
            raise LabelError(
                f"a box must have finite corners, found {xyxy[~np.isfinite(xyxy).all(axis=1)][0].tolist()}"
            )
        wrong = (xyxy[:, 0] > xyxy[:, 2]) | (xyxy[:, 1] > xyxy[:, 3])
        if wrong.any():
            raise LabelError(f"a box wants x0 <= x1 and y0 <= y1, found {xyxy[wrong][0].tolist()}")
        return cls(xyxy, ids, np.ones(len(xyxy)))

    def __len__(self) -> int:
        return len(self.corners)

    def take(self, where: npt.NDArray[Any]) -> Boxes:
        """The boxes under a mask or at indices."""
        return Boxes(self.corners[where], self.classes[where], self.visible[where])


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


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What is known about one image; a kind that it lacks is None.

    Attributes:
        class_id: position in the dataset's class list.
        boxes: axis-aligned boxes, each with a class.
        keypoints: points of one or more instances.
    """

    class_id: int | None = None
    boxes: Boxes | None = None
    keypoints: Keypoints | None = None

    def kinds(self) -> tuple[str, ...]:
        """The names of the kinds that are there, in a fixed order."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name) is not None)


def _move_boxes(boxes: Boxes, affine: Affine) -> Boxes:
    rects = boxes.corners[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    xy = affine.apply(rects)
    return replace(boxes, corners=np.concatenate([xy.min(axis=1), xy.max(axis=1)], axis=1).reshape(-1, 4))


def _move_keypoints(keypoints: Keypoints, affine: Affine) -> Keypoints:
    xyv = keypoints.points
    moved = np.concatenate([affine.apply(xyv[:, :, :2]), xyv[:, :, 2:]], axis=2)
    return Keypoints(np.where(xyv[:, :, 2:] == NOT_LABELLED, 0.0, moved))


def _stay(label: Any, affine: Affine) -> Any:
    del affine
    return label


_MOVES: dict[str, Callable[[Any, Affine], Any]] = {
    "class_id": _stay,
    "boxes": _move_boxes,
    "keypoints": _move_keypoints,
}


def move(labels: Labels, affine: Affine) -> Labels:
    """Moves every kind of label by one affine; the only place where labels move.

    Raises:
        LabelError: a kind without a rule; it would silently stay behind while the pixels move.
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


@dataclass(frozen=True, slots=True)
class Clipped:
    """Labels cut to a window, and what was lost by that.

    Attributes:
        labels: the labels that stay.
        dropped: how many labels went, by reason: ``box_outside``, ``box_min_visible``; and ``keypoint_outside`` for
            keypoints that stay, flagged as not visible.
    """

    labels: Labels
    dropped: dict[str, int]


# A coordinate may leave the window by this much without counting as outside: float64 noise of a chain of maps, far
# below the 0.001 px to which coordinates are stored.
_OVERSHOOT = 1e-6


def clip(labels: Labels, window: Rect, min_visible: float = 0.0) -> Clipped:
    """Cuts boxes to the live window, and flags keypoints outside it.

    Args:
        labels: unclipped labels, in the window's coordinates.
        window: what is scene rather than fill.
        min_visible: boxes of which a smaller share of the area stays are dropped; in [0, 1]. A box with no part
            inside is always dropped.
    """
    dropped: dict[str, int] = {}
    changed: dict[str, Any] = {}
    if labels.boxes is not None:
        boxes, gone = _clip_boxes(labels.boxes, window, min_visible)
        changed["boxes"] = boxes
        dropped.update(gone)
    if labels.keypoints is not None:
        xyv = labels.keypoints.points
        x, y, v = xyv[:, :, 0], xyv[:, :, 1], xyv[:, :, 2]
        inside = (
            (x >= window.x0 - _OVERSHOOT)
            & (x <= window.x1 + _OVERSHOOT)
            & (y >= window.y0 - _OVERSHOOT)
            & (y <= window.y1 + _OVERSHOOT)
        )
        flagged = (v == VISIBLE) & ~inside
        if flagged.any():
            dropped["keypoint_outside"] = int(flagged.sum())
            flags = np.where(flagged, NOT_VISIBLE, v)
            changed["keypoints"] = Keypoints(np.concatenate([xyv[:, :, :2], flags[:, :, None]], axis=2))
    return Clipped(replace(labels, **changed), dropped)


def _clip_boxes(boxes: Boxes, window: Rect, min_visible: float) -> tuple[Boxes, dict[str, int]]:
    low = np.array([window.x0, window.y0])
    high = np.array([window.x1, window.y1])
    p0, p1 = boxes.corners[:, :2], boxes.corners[:, 2:]
    q0, q1 = np.clip(p0, low, high), np.clip(p1, low, high)
    area, left = np.prod(p1 - p0, axis=1), np.prod(q1 - q0, axis=1)
    touches = ((p1 >= low - _OVERSHOOT) & (p0 <= high + _OVERSHOOT)).all(axis=1)
    flat = area <= 0  # a box without area is in or out as a whole
    share = np.where(flat, touches, np.minimum(left / np.where(flat, 1, area), 1))
    # Float noise must not turn an untouched box into a clipped one.
    share = np.where(share > 1 - 1e-9, 1.0, share) * boxes.visible
    outside = share <= 0
    small = ~outside & (share < min_visible)
    counts = {"box_outside": int(outside.sum()), "box_min_visible": int(small.sum())}
    kept = Boxes(np.concatenate([q0, q1], axis=1), boxes.classes, share).take(~outside & ~small)
    return kept, {reason: count for reason, count in counts.items() if count}
