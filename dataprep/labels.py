"""Labels, and the one rule by which each kind follows an affine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dataprep.convex import Convex, area
from dataprep.errors import LabelError
from dataprep.geometry import Affine, Rect, Size
from dataprep.placement import Placement

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


@dataclass(frozen=True, slots=True, eq=False)
class Polygons:
    """Outlines of instances.

    Attributes:
        rings: for each instance its rings, each (M, 2) float64, x and y in pixels, M >= 3. An instance that is
            hidden in part has several.
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
    """

    class_id: int | None = None
    tags: tuple[int, ...] | None = None
    boxes: Boxes | None = None
    keypoints: Keypoints | None = None
    polygons: Polygons | None = None
    mask: Mask | None = None
    values: Mapping[str, float] | None = None
    attributes: Mapping[str, str] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        # They travel between processes, and what a data class with slots brings along for that is ten times slower.
        return Labels, tuple(getattr(self, name) for name in self.__slots__)

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


def apply(labels: Labels, placement: Placement, min_visible: float = 0.0, mask_fill: int = 0) -> Clipped:
    """Brings all labels of a source to an output: cut to the live window, then moved, the mask gathered.

    Args:
        labels: in source pixels, unclipped.
        placement: the output's.
        min_visible: see `clip`.
        mask_fill: the class index where there is no scene.

    Raises:
        LabelError: a kind without a rule, or a mask of another size than the source.
    """
    clipped = clip(replace(labels, mask=None), placement.region, min_visible)
    moved = move(clipped.labels, placement.affine)
    if moved.boxes is not None:
        # The map's rounding must not carry a box over the edge at which it was cut.
        width, height = placement.size
        corners = np.clip(moved.boxes.corners, 0, (width, height, width, height))
        moved = replace(moved, boxes=replace(moved.boxes, corners=corners))
    if labels.mask is not None:
        height, width = labels.mask.shape
        if (width, height) != placement.source:
            found = Size(width, height)
            raise LabelError(f"the mask has {found} pixels, its image {placement.source}; they must be the same")
        moved = replace(moved, mask=placement.gather(labels.mask, mask_fill))
    return Clipped(moved, clipped.dropped)


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
        dropped: how many labels went, by reason: ``box_outside``, ``box_min_visible``, ``polygon_outside``,
            ``polygon_min_visible``; and ``keypoint_outside`` for keypoints that stay, flagged as not visible.
    """

    labels: Labels
    dropped: dict[str, int]


# A coordinate may leave the window by this much without counting as outside: float64 noise of a chain of maps, far
# below the 0.001 px to which coordinates are stored.
_OVERSHOOT = 1e-6
# And a share this near to 1 is 1: noise must not turn an untouched box into a clipped one.
_WHOLE = 1 - 1e-9


def clip(labels: Labels, window: Convex, min_visible: float = 0.0) -> Clipped:
    """Cuts boxes and polygons to the live window, and flags keypoints outside it; a mask is not touched.

    Args:
        labels: unclipped labels, in the window's coordinates.
        window: what is scene rather than fill.
        min_visible: boxes and polygons of which a smaller share of the area stays are dropped; in [0, 1]. One with
            no part inside is always dropped.
    """
    dropped: dict[str, int] = {}
    changed: dict[str, Any] = {}
    if labels.boxes is not None:
        corners, share = _clip_corners(labels.boxes.corners, window)
        boxes = replace(labels.boxes, corners=corners, visible=share * labels.boxes.visible)
        changed["boxes"] = boxes.take(_kept(boxes.visible, min_visible, "box", dropped))
    if labels.polygons is not None:
        changed["polygons"] = _clip_polygons(labels.polygons, window, min_visible, dropped)
    if labels.keypoints is not None:
        xyv = labels.keypoints.points
        flagged = (xyv[:, :, 2] == VISIBLE) & ~window.holds(xyv[:, :, :2], _OVERSHOOT)
        if flagged.any():
            dropped["keypoint_outside"] = int(flagged.sum())
            flags = np.where(flagged, NOT_VISIBLE, xyv[:, :, 2])
            changed["keypoints"] = Keypoints(np.concatenate([xyv[:, :, :2], flags[:, :, None]], axis=2))
    return Clipped(replace(labels, **changed), dropped)


def lost(labels: Labels, windows: Sequence[Convex], min_visible: float = 0.0) -> dict[str, int]:
    """What no window of several shows: labels of a source that none of its samples has.

    Args:
        labels: of the source, unclipped.
        windows: the live windows of all its samples, in source pixels.
        min_visible: see `clip`.

    Returns:
        Counts by reason, as `Clipped.dropped`.
    """
    dropped: dict[str, int] = {}
    if labels.boxes is not None:
        shares = [_clip_corners(labels.boxes.corners, window)[1] for window in windows]
        _kept(np.max(shares, axis=0), min_visible, "box", dropped)
    if labels.polygons is not None:
        shares = [_ring_shares(labels.polygons, window)[1] for window in windows]
        _kept(np.max(shares, axis=0), min_visible, "polygon", dropped)
    if labels.keypoints is not None:
        xyv = labels.keypoints.points
        seen = np.any([window.holds(xyv[:, :, :2], _OVERSHOOT) for window in windows], axis=0)
        outside = int(((xyv[:, :, 2] == VISIBLE) & ~seen).sum())
        if outside:
            dropped["keypoint_outside"] = outside
    return dropped


def _kept(share: Floats, min_visible: float, kind: str, dropped: dict[str, int]) -> npt.NDArray[np.bool_]:
    """Which of some shares stay; the others are counted."""
    outside = share <= 0
    small = ~outside & (share < min_visible)
    for reason, count in ((f"{kind}_outside", int(outside.sum())), (f"{kind}_min_visible", int(small.sum()))):
        if count:
            dropped[reason] = count
    return np.asarray(~outside & ~small)


def _clip_corners(corners: Floats, window: Convex) -> tuple[Floats, Floats]:
    """Boxes cut to a window, as hulls of what stays, and the shares of their areas that do."""
    rect = window.rect
    if rect is not None:
        return _clip_to_rect(corners, rect)
    found, shares = corners.copy(), np.zeros(len(corners))
    for index, (x0, y0, x1, y1) in enumerate(corners.tolist()):
        if x0 == x1 or y0 == y1:  # a box without area is in or out as a whole
            shares[index] = float(window.holds(np.array([(x0 + x1) / 2, (y0 + y1) / 2]), _OVERSHOOT))
            continue
        ring = window.clip(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]))
        if len(ring):
            found[index] = [*ring.min(axis=0), *ring.max(axis=0)]
            shares[index] = area(ring) / ((x1 - x0) * (y1 - y0))
    return found, np.where(shares > _WHOLE, 1.0, shares)


def _clip_to_rect(corners: Floats, window: Rect) -> tuple[Floats, Floats]:
    low = np.array([window.x0, window.y0])
    high = np.array([window.x1, window.y1])
    p0, p1 = corners[:, :2], corners[:, 2:]
    q0, q1 = np.clip(p0, low, high), np.clip(p1, low, high)
    size, left = np.prod(p1 - p0, axis=1), np.prod(q1 - q0, axis=1)
    touches = ((p1 >= low - _OVERSHOOT) & (p0 <= high + _OVERSHOOT)).all(axis=1)
    flat = size <= 0  # a box without area is in or out as a whole
    share = np.where(flat, touches, np.minimum(left / np.where(flat, 1, size), 1))
    return np.concatenate([q0, q1], axis=1), np.where(share > _WHOLE, 1.0, share)


def _clip_polygons(polygons: Polygons, window: Convex, min_visible: float, dropped: dict[str, int]) -> Polygons:
    rings, shares = _ring_shares(polygons, window)
    kept = _kept(shares, min_visible, "polygon", dropped)
    return Polygons(tuple(ring for ring, stays in zip(rings, kept, strict=True) if stays), polygons.classes[kept])


def _ring_shares(polygons: Polygons, window: Convex) -> tuple[list[tuple[Floats, ...]], Floats]:
    """Rings cut to a window, and the share of each instance's area that stays."""
    rings, shares = [], []
    for one in polygons.rings:
        cut = [ring for ring in (window.clip(ring) for ring in one) if area(ring) > 0]
        whole = sum(area(ring) for ring in one)
        rings.append(tuple(cut))
        shares.append(sum(area(ring) for ring in cut) / whole if whole else 0.0)
    return rings, np.array(shares, np.float64)
