"""Shapes as labelme draws them, and the instances that they make up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from dataprep.convex import signed_area
from dataprep.errors import AnnotationError, near
from dataprep.json_text import shown
from dataprep.labels import CROWD, DIFFICULT, TRUNCATED, VISIBLE, Floats
from dataprep.sources.parts.coordinates import Coordinates, Four
from dataprep.sources.parts.fields import listed, number, text

Kind = Literal["rectangle", "polygon", "circle", "oriented_rectangle", "rotation", "point"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Corners in turn, however they were drawn; the last two are rectangles at an angle, of labelme and of a tool like it.
_OUTLINES = ("polygon", "oriented_rectangle", "rotation")
# So many corners that the outline of a circle lies less than a thousandth of its radius inside it; a multiple of 4, so
# that it touches its box.
_CORNERS = 72
_FLAGS = {"crowd": CROWD, "difficult": DIFFICULT, "truncated": TRUNCATED}
_ANYWHERE = Coordinates()

Group = str | int | None


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape.

    Attributes:
        kind: labelme's ``shape_type``; not only those that can be labels.
        label: its class, or the name of a keypoint.
        group: what it shares with others of its instance; None for one of its own.
        points: (N, 2) float64, continuous pixels.
        flags: a sum of those of a box.
        unknown_flags: whether others are set.
        place: for messages.
    """

    kind: str
    label: str
    group: Group
    points: Floats
    flags: int
    unknown_flags: bool
    place: str

    @property
    def ring(self) -> Floats | None:
        """Its outline; None for a shape that has none."""
        if self.kind in _OUTLINES:
            return self.points
        if self.kind == "circle":
            middle, radius = self.points[0], float(np.hypot(*(self.points[1] - self.points[0])))
            turns = np.arange(_CORNERS) * (2 * math.pi / _CORNERS)
            return np.asarray(middle + radius * np.column_stack([np.cos(turns), np.sin(turns)]))
        return None

    @property
    def corners(self) -> Four:
        """The box around it."""
        points = self.points
        if self.kind == "circle":
            radius = np.hypot(*(points[1] - points[0]))
            points = np.array([points[0] - radius, points[0] + radius])
        (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        return x0, y0, x1, y1


def shape_in(value: Any, place: str, kinds: Sequence[str]) -> Shape:
    """A shape from JSON.

    Args:
        value: an element of ``shapes``.
        place: for messages.
        kinds: those that are labels; of others, no more is looked at.

    Raises:
        AnnotationError: ``bad_annotation``, ``bad_box``, ``bad_polygon``, ``bad_keypoint`` or ``bad_number``.
    """
    if not isinstance(value, dict):
        raise AnnotationError("bad_annotation", f"{place}: wanted an object, found {shown(value)}")
    # Files from before labelme 3.3 know polygons only, and don't say so.
    kind = value.get("shape_type") or "polygon"
    if not isinstance(kind, str):
        raise AnnotationError("bad_annotation", f"{place}, shape_type: wanted a text, found {shown(kind)}")
    label = _label(value.get("label"), f"{place}, label")
    group = value.get("group_id")
    if group is not None and not isinstance(group, str) and type(group) is not int:
        raise AnnotationError("bad_annotation", f"{place}, group_id: wanted a number or null, found {shown(group)}")
    points = np.zeros((0, 2))
    if kind in kinds:
        points = _points(value.get("points"), kind, f"{place} ({kind}), points")
    flags, unknown = _flags(value, place)
    return Shape(kind, label, group, points, flags, unknown, place)


def _label(value: Any, place: str) -> str:
    try:
        label = text(value, place)
    except AnnotationError as error:
        raise AnnotationError("bad_annotation", str(error)) from error
    if not label:
        raise AnnotationError("bad_annotation", f"{place}: wanted a text, found none")
    return label


def _points(value: Any, kind: str, place: str) -> Floats:
    found = []
    for index, point in enumerate(listed(value, place, "bad_annotation")):
        where = f"{place}[{index}]"
        if not isinstance(point, list) or len(point) != 2:
            raise AnnotationError("bad_annotation", f"{where}: wanted x and y, found {shown(point)}")
        x, y = (number(one, where) for one in point)
        _ANYWHERE.check(x, where)
        _ANYWHERE.check(y, where)
        found.append((x, y))
    points = np.array(found, np.float64).reshape(-1, 2)
    return _rectangle(points, place) if kind == "rectangle" else _counted(points, kind, place)


def _counted(points: Floats, kind: str, place: str) -> Floats:
    wanted = {"circle": 2, "point": 1, "oriented_rectangle": 4, "rotation": 4}.get(kind)
    reason = "bad_keypoint" if kind == "point" else "bad_polygon"
    if wanted is not None and len(points) != wanted:
        raise AnnotationError(reason, f"{place}: wanted {wanted}, found {len(points)}")
    if wanted is None and len(points) < 3:
        raise AnnotationError(reason, f"{place}: wanted three or more, found {len(points)}")
    return points


def _rectangle(points: Floats, place: str) -> Floats:
    """Two corners that lie opposite, in any order; some tools write all four."""
    if len(points) == 4:
        xs, ys = sorted(points[:, 0].tolist()), sorted(points[:, 1].tolist())
        turning = all(bool((a == b).any()) for a, b in zip(points, np.roll(points, -1, axis=0), strict=True))
        if turning and xs[0] == xs[1] and xs[2] == xs[3] and ys[0] == ys[1] and ys[2] == ys[3]:
            return points
        raise AnnotationError(
            "bad_box", f"{place}: wanted the corners of an upright rectangle; use a polygon for others"
        )
    if len(points) != 2:
        raise AnnotationError("bad_box", f"{place}: wanted two corners, found {len(points)}")
    return points


def _flags(value: dict[str, Any], place: str) -> tuple[int, bool]:
    """The flags that boxes have, and whether there are others."""
    flags = value.get("flags") or {}
    if not isinstance(flags, dict):
        raise AnnotationError("bad_annotation", f"{place}, flags: wanted an object, found {shown(flags)}")
    # A tool like labelme writes this one beside the flags.
    said = {**flags, **({"difficult": True} if value.get("difficult") is True else {})}
    names = [name for name, is_set in said.items() if is_set is True]
    return sum(_FLAGS[name] for name in names if name in _FLAGS), any(name not in _FLAGS for name in names)


@dataclass(frozen=True, slots=True)
class Instance:
    """What several shapes make up.

    Attributes:
        label: its class.
        group: of its shapes.
        corners: its box.
        rings: its outline, all of one sense; empty without one.
        flags: of its box.
    """

    label: str
    group: Group
    corners: Four
    rings: tuple[Floats, ...]
    flags: int


def instances_of(shapes: Sequence[Shape], *, grouped: bool) -> list[Instance]:
    """The instances that rectangles and outlines make up: those of one label and one group, or each its own.

    The box is the rectangle, or, where there is none, the hull of the outline.

    Args:
        shapes: those that are labels; points are left aside.
        grouped: whether groups mean anything.

    Raises:
        AnnotationError: ``bad_box``, two rectangles in one group.
    """
    parts: dict[tuple[str, Group] | int, list[Shape]] = {}
    for index, shape in enumerate(shapes):
        if shape.kind != "point":
            own = shape.group is None or not grouped
            parts.setdefault(index if own else (shape.label, shape.group), []).append(shape)
    return [_instance(several) for several in parts.values()]


def _instance(parts: Sequence[Shape]) -> Instance:
    boxes = [part for part in parts if part.kind == "rectangle"]
    if len(boxes) > 1:
        raise AnnotationError(
            "bad_box",
            f"{boxes[1].place}: another rectangle {boxes[1].label!r} has the group_id {boxes[1].group!r}, too, and one "
            "instance has one box; set source.groups: ignore where groups mean something else",
        )
    corners = np.array([part.corners for part in boxes or parts])
    x0, y0 = corners[:, :2].min(axis=0).tolist()
    x1, y1 = corners[:, 2:].max(axis=0).tolist()
    rings = [ring for part in parts if (ring := part.ring) is not None]
    flags = 0
    for part in parts:
        flags |= part.flags
    # Parts of one instance must run the same way round, or one would be a hole in the other.
    turned = tuple(ring if signed_area(ring) >= 0 else ring[::-1].copy() for ring in rings)
    return Instance(parts[0].label, parts[0].group, (x0, y0, x1, y1), turned, flags)


def keypoints_of(shapes: Sequence[Shape], names: Sequence[str], groups: Sequence[Group], *, grouped: bool) -> Floats:
    """The keypoints of each instance.

    Points of a group are those of the instance of this group; points without a group are those of the only instance.

    Args:
        shapes: all; only points are looked at.
        names: of the keypoints.
        groups: those of the instances; without instances, each group of points is one of its own.
        grouped: whether groups mean anything.

    Returns:
        (N, K, 3) float64.

    Raises:
        AnnotationError: ``bad_keypoint``, an unknown name, a name that comes twice, or a point of no instance.
    """
    points = [shape for shape in shapes if shape.kind == "point"]
    found = list(groups) or list(dict.fromkeys(point.group if grouped else None for point in points))
    placed = np.zeros((len(found), len(names), 3))
    for point in points:
        if point.label not in names:
            raise AnnotationError(
                "bad_keypoint", f"{point.place}: no keypoint is called {point.label!r}{near(point.label, names)}"
            )
        row = _row_of(point, found, groups, grouped=grouped)
        cell = placed[row, names.index(point.label)]
        if cell[2]:
            raise AnnotationError(
                "bad_keypoint",
                f"{point.place}: a second {point.label!r} in one instance; give each instance a group_id",
            )
        cell[:] = (*point.points[0], VISIBLE)
    return placed


def _row_of(point: Shape, found: Sequence[Group], groups: Sequence[Group], *, grouped: bool) -> int:
    """The instance of a point: the only one, or that of its group."""
    group = point.group if grouped else None
    rows = [0] if group is None and len(found) == 1 else []
    if not rows and (group is not None or not groups):
        rows = [index for index, one in enumerate(found) if one == group]
    if len(rows) != 1:
        has = "no group_id" if group is None else f"the group_id {group!r}"
        raise AnnotationError(
            "bad_keypoint",
            f"{point.place}: {point.label!r} has {has}, which is that of {len(rows)} of {len(found)} instances; give "
            "each instance and its points a group_id of their own",
        )
    return rows[0]
