"""Keypoints as JSON writes them: lists of points, of one instance or of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dataprep.errors import AnnotationError
from dataprep.json_text import shown
from dataprep.labels import Floats
from dataprep.sources.parts.coordinates import Coordinates
from dataprep.sources.parts.fields import listed, number
from dataprep.sources.parts.placed import placed


def instances(value: Any, names: Sequence[str], coordinates: Coordinates, place: str) -> Floats:
    """The keypoints in a value.

    An instance is a list of points, each [x, y] or [x, y, visibility] or null; a flat list of their numbers; or an
    object that has points by name. Several instances are a list of such lists, or objects. Null is no instance.

    Args:
        value: from JSON.
        names: of the keypoints.
        coordinates: what the numbers mean.
        place: for messages.

    Returns:
        (N, K, 3) float64.

    Raises:
        AnnotationError: ``bad_keypoint`` or ``bad_number``.
    """
    if isinstance(value, dict):
        found = [(value, place)]
    else:
        several = [] if value is None else listed(value, place, "bad_keypoint")
        if not several:
            return np.zeros((0, len(names), 3))
        nested = _is_several(several)
        found = [(one, f"{place}[{index}]") for index, one in enumerate(several)] if nested else [(value, place)]
    return np.stack([placed(_numbers(one, names, where), names, coordinates, where) for one, where in found])


def _is_several(value: list[Any]) -> bool:
    """Whether a list is of instances: its first element that is not null holds lists, or is an object."""
    first = next((one for one in value if one is not None), None)
    if isinstance(first, list):
        return any(isinstance(one, list) for one in first) or (bool(first) and all(one is None for one in first))
    return isinstance(first, dict)


def _numbers(value: Any, names: Sequence[str], place: str) -> Floats:
    """The numbers of one instance, (K, 2) or (K, 3), NaN where there are none."""
    if value is None:
        return np.full((len(names), 2), np.nan)
    if isinstance(value, dict):
        unknown = [name for name in value if name not in names]
        if unknown:
            raise AnnotationError("bad_keypoint", f"{place}: no keypoint is called {unknown[0]!r}")
        value = [value.get(name) for name in names]
    value = listed(value, place, "bad_keypoint")
    if value and not any(isinstance(one, list) or one is None for one in value):
        return _flat(value, names, place)
    if len(value) != len(names):
        raise AnnotationError("bad_keypoint", f"{place}: wanted {len(names)} points, found {len(value)}")
    points = np.full((len(names), 3), np.nan)
    for index, point in enumerate(value):
        if point is not None:
            numbers = _point(point, f"{place}[{index}]")
            points[index, : len(numbers)] = numbers
    return points


def _flat(value: list[Any], names: Sequence[str], place: str) -> Floats:
    if len(value) not in (2 * len(names), 3 * len(names)):
        wanted = f"wanted {len(names)} points, or {2 * len(names)} or {3 * len(names)} numbers"
        raise AnnotationError("bad_keypoint", f"{place}: {wanted}, found {len(value)}")
    numbers = [number(one, f"{place}[{index}]", "bad_keypoint") for index, one in enumerate(value)]
    return np.array(numbers).reshape(len(names), -1)


def _point(value: Any, place: str) -> list[float]:
    found = listed(value, place, "bad_keypoint")
    if len(found) not in (2, 3):
        raise AnnotationError("bad_keypoint", f"{place}: wanted x and y, and a visibility if any, found {shown(value)}")
    return [number(one, f"{place}[{index}]") for index, one in enumerate(found)]
