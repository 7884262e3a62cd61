"""Keypoints of one instance, from numbers as they were written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dataprep.errors import AnnotationError
from dataprep.labels import NOT_LABELLED, VISIBLE, Floats
from dataprep.sources.parts.coordinates import Coordinates


def placed(numbers: Floats, names: Sequence[str], coordinates: Coordinates, place: str) -> Floats:
    """The keypoints of one instance.

    Args:
        numbers: (K, 2) or (K, 3) float64: x, y and, where it was written, visibility; NaN where there is nothing.
        names: of the K keypoints.
        coordinates: what x and y mean.
        place: for messages.

    Returns:
        (K, 3) float64, COCO's visibility last. A point that was written without visibility is visible.

    Raises:
        AnnotationError: ``bad_keypoint``, one with half its coordinates, or with an unknown visibility, or with a
            visibility but no place; ``bad_number``, one too far away.
    """
    xy = numbers[:, :2]
    far = ~(np.abs(xy) <= coordinates.farthest)
    points = np.empty((len(numbers), 3))
    points[:, :2] = xy + coordinates.shift
    if numbers.shape[1] == 2 and not far.any():
        points[:, 2] = VISIBLE
        return points
    empty = np.isnan(xy)
    flags = _flags(numbers, empty, names, place)
    for index in np.flatnonzero((far & ~empty).any(axis=1) & (flags != NOT_LABELLED)).tolist():
        for number in xy[index].tolist():
            coordinates.check(number, f"{place}, {names[index]!r}")
    points[:, 2] = flags
    points[flags == NOT_LABELLED] = 0
    return points


def _flags(numbers: Floats, empty: Floats, names: Sequence[str], place: str) -> Floats:
    """The visibility of each."""
    for index in np.flatnonzero(empty[:, 0] != empty[:, 1]).tolist():
        raise AnnotationError("bad_keypoint", f"{place}: {names[index]!r} has only one of its two coordinates")
    flags = np.where(empty[:, 0], float(NOT_LABELLED), float(VISIBLE))
    if numbers.shape[1] == 2:
        return flags
    written = numbers[:, 2]
    for index in np.flatnonzero(~np.isnan(written)).tolist():
        flag = float(written[index])
        if flag not in (0, 1, 2):
            wanted = "wanted 0 (not labelled), 1 (hidden) or 2 (visible)"
            raise AnnotationError("bad_keypoint", f"{place}: {names[index]!r}: {wanted}, found {flag:g}")
        if flag and empty[index, 0]:
            raise AnnotationError(
                "bad_keypoint", f"{place}: {names[index]!r} has the visibility {flag:g}, but no place"
            )
    return np.where(np.isnan(written), flags, written)
