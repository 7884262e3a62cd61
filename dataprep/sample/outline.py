"""Closed outlines and strokes as polygons: plain geometry, no pixels.

Every function returns points of shape (N, 2), float64, x before y, y downwards, in whatever unit it was given.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Points: TypeAlias = NDArray[np.float64]
"""(N, 2) float64: x, y."""

Point: TypeAlias = tuple[float, float]


def polygon(points: Sequence[Point]) -> Points:
    """The given corners as an array."""
    return np.asarray(points, dtype=np.float64)


def ellipse(centre: Point, radius_x: float, radius_y: float, corners: int = 64) -> Points:
    """An ellipse with its axes along x and y."""
    turn = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    return np.column_stack((centre[0] + radius_x * np.cos(turn), centre[1] + radius_y * np.sin(turn)))


def disc(centre: Point, radius: float, corners: int = 64) -> Points:
    """A circle."""
    return ellipse(centre, radius, radius, corners)


def smooth(points: Sequence[Point], steps: int = 12) -> Points:
    """An open Catmull-Rom curve that passes through every given point.

    Args:
        points: At least two points.
        steps: Points per stretch between two of them.
    """
    known = polygon(points)
    padded = np.vstack((2 * known[0] - known[1], known, 2 * known[-1] - known[-2]))
    share = np.linspace(0.0, 1.0, steps, endpoint=False)[:, None]
    stretches = []
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        slope = end - before
        bend = 2 * before - 5 * start + 4 * end - after
        twist = 3 * start - before - 3 * end + after
        stretches.append(start + 0.5 * share * (slope + share * (bend + share * twist)))
    return np.vstack((*stretches, known[-1:]))


def stroke(line: Points, width: float) -> Points:
    """The outline of a line drawn with a round pen.

    Args:
        line: (N, 2), N >= 2. It must bend more gently than the pen's radius, or the outline folds over itself.
        width: The pen's diameter.
    """
    radius = width / 2
    along = np.gradient(line, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.column_stack((-along[:, 1], along[:, 0])) * radius
    end_cap = _half_circle(line[-1], across[-1], along[-1] * radius)
    start_cap = _half_circle(line[0], -across[0], -along[0] * radius)
    return np.vstack((line + across, end_cap, (line - across)[::-1], start_cap))


def _half_circle(centre: Points, side: Points, forward: Points) -> Points:
    turn = np.linspace(0.0, np.pi, 10)[1:-1, None]
    return centre + np.cos(turn) * side + np.sin(turn) * forward
