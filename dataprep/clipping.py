"""Labels cut to what is scene: which stay, and what is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dataprep.convex import Convex, area, signed_area
from dataprep.errors import LabelError
from dataprep.geometry import Rect, Size
from dataprep.labels import NOT_VISIBLE, VISIBLE, Floats, Keypoints, Labels, Polygons, move
from dataprep.placement import Placement


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
    if labels.unplaced:
        return Clipped(labels, {})
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
    kept: dict[str, npt.NDArray[np.bool_]] = {}
    if labels.boxes is not None:
        corners, share = _clip_corners(labels.boxes.corners, window)
        boxes = replace(labels.boxes, corners=corners, visible=share * labels.boxes.visible)
        changed["boxes"], kept["boxes"] = boxes, _kept(boxes.visible, min_visible, "box", dropped)
    if labels.polygons is not None:
        rings, shares = _ring_shares(labels.polygons, window)
        changed["polygons"] = replace(labels.polygons, rings=tuple(rings))
        if not (labels.linked and kept):
            kept["polygons"] = _kept(shares, min_visible, "polygon", dropped)
    if labels.keypoints is not None:
        changed["keypoints"] = _flag(labels.keypoints, window, dropped)
    if labels.linked:
        # An instance stays or goes as a whole, as its box does; its outline, where it has no box.
        kept = {kind: one for one in list(kept.values())[:1] for kind in changed}
    changed |= {kind: changed[kind].take(stays) for kind, stays in kept.items()}
    return Clipped(replace(labels, **changed), dropped)


def _flag(keypoints: Keypoints, window: Convex, dropped: dict[str, int]) -> Keypoints:
    """Keypoints outside a window are no longer visible."""
    xyv = keypoints.points
    flagged = (xyv[:, :, 2] == VISIBLE) & ~window.holds(xyv[:, :, :2], _OVERSHOOT)
    if not flagged.any():
        return keypoints
    dropped["keypoint_outside"] = int(flagged.sum())
    flags = np.where(flagged, NOT_VISIBLE, xyv[:, :, 2])
    return Keypoints(np.concatenate([xyv[:, :, :2], flags[:, :, None]], axis=2))


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
    if labels.polygons is not None and not (labels.linked and labels.boxes is not None):
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


def _ring_shares(polygons: Polygons, window: Convex) -> tuple[list[tuple[Floats, ...]], Floats]:
    """Rings cut to a window, and the share of each instance's area that stays."""
    rings, shares = [], []
    for one in polygons.rings:
        cut = [ring for ring in (window.clip(ring) for ring in one) if area(ring) > 0]
        whole = abs(sum(signed_area(ring) for ring in one))
        rings.append(tuple(cut))
        shares.append(abs(sum(signed_area(ring) for ring in cut)) / whole if whole else 0.0)
    return rings, np.array(shares, np.float64)
