"""COCO's annotations: one instance each, in this project's convention."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dataprep.coco.categories import Category
from dataprep.coco.document import TWICE, found
from dataprep.convex import signed_area
from dataprep.errors import AnnotationError, SourceError
from dataprep.geometry import FARTHEST, Size
from dataprep.labels import CROWD, VISIBLE, Boxes, Floats, Keypoints, Labels, Polygons
from dataprep.outlines import outlines
from dataprep.runs import counts_of, inside

# No image that we decode has a side of this length; a run-length code for a larger one is a slip, or an attack.
_MOST_PIXELS = 1_000_000


class Instance(NamedTuple):
    """One annotation.

    Attributes:
        place: where it stands, for messages.
        category: the id of its category.
        corners: x0, y0, x1, y1; None without a box.
        crowd: whether it is a crowd of objects.
        points: (K, 3) float64, x, y and visibility; None without keypoints.
        rings: its outline, (M, 2) float64 each; none without one.
        size: of the image, where a mask says so.
    """

    place: str
    category: int
    corners: tuple[float, float, float, float] | None
    crowd: bool
    points: Floats | None
    rings: tuple[Floats, ...]
    size: Size | None


@dataclass(frozen=True, slots=True)
class Rules:
    """By which annotations of a file are read.

    Attributes:
        categories: of the file, by id.
        kinds: of labels that are taken.
        points: how many keypoints an instance of each category has, by id; 0 where none are named.
        shift: what makes a keypoint's numbers continuous coordinates.
    """

    categories: Mapping[int, Category]
    kinds: Collection[str]
    points: Mapping[int, int]
    shift: float

    def instance(self, value: Mapping[str, Any], place: str, size: Size | None) -> Instance:
        """Reads one annotation.

        Args:
            value: the annotation.
            place: where it stands, for messages.
            size: what is said of its image's size.

        Raises:
            AnnotationError: it is not as it should be.
            SourceError: it has keypoints, which nothing names.
        """
        if TWICE in value:
            raise AnnotationError("bad_annotation", f"{place}: {value[TWICE]!r} stands twice; remove one")
        category = value.get("category_id")
        if type(category) is not int or category not in self.categories:
            reason = "unknown_class" if type(category) is int else "bad_annotation"
            hint = "; write it as a number" if isinstance(category, str) else ""
            raise AnnotationError(
                reason, f"{place}.category_id: wanted the id of one of the categories, found {found(category)}{hint}"
            )
        crowd = value.get("iscrowd", 0)
        if crowd not in (0, 1, None):
            raise AnnotationError("bad_annotation", f"{place}.iscrowd: wanted 0 or 1, found {found(crowd)}")
        corners = _corners(value.get("bbox"), place) if "boxes" in self.kinds else None
        points = self._points(value.get("keypoints"), category, place) if "keypoints" in self.kinds else None
        rings: tuple[Floats, ...] = ()
        if "polygons" in self.kinds:
            segmentation, outline = value.get("segmentation"), f"{place}.segmentation"
            if isinstance(segmentation, dict):
                if TWICE in segmentation:
                    raise AnnotationError("bad_polygon", f"{outline}: {segmentation[TWICE]!r} stands twice; remove one")
                size = _size(segmentation.get("size"), size, outline)
                rings = _outlines(segmentation.get("counts"), size, outline)
                return Instance(place, category, corners, bool(crowd), points, rings, size)
            rings = _rings(segmentation, outline)
        return Instance(place, category, corners, bool(crowd), points, rings, None)

    def _points(self, value: Any, category: int, place: str) -> Floats | None:
        if value is None or (isinstance(value, np.ndarray | list) and not len(value)):
            return None
        wanted = self.points[category]
        if not isinstance(value, np.ndarray):
            raise AnnotationError(
                "bad_keypoint", f"{place}.keypoints: wanted {3 * wanted} numbers, found {found(value)}"
            )
        if not wanted:
            if not value.any():
                return None  # zeros, as some tools write for classes without keypoints
            self._nameless(category, place)
        if len(value) != 3 * wanted:
            raise AnnotationError(
                "bad_keypoint",
                f"{place}.keypoints: wanted {3 * wanted} numbers, x, y and v for each name, found {len(value)}",
            )
        points = value.reshape(-1, 3)
        if not np.abs(points).max() <= FARTHEST or not np.isin(points[:, 2], (0, 1, VISIBLE)).all():
            raise AnnotationError(
                "bad_keypoint",
                f"{place}.keypoints: wanted finite numbers up to {FARTHEST:.0f}, each third one 0, 1 or 2, found "
                f"{found(value)}",
            )
        placed: Floats = points + np.array([self.shift, self.shift, 0])
        return placed

    def _nameless(self, category: int, place: str) -> None:
        say = "say source.keypoints.names, or leave keypoints out: source.labels: [boxes, polygons]"
        if not any(self.points.values()):
            raise SourceError(f"{place}.keypoints: no category names its keypoints; {say}")
        name = self.categories[category].name
        raise AnnotationError("bad_keypoint", f"{place}.keypoints: the category {name!r} names no keypoints; {say}")


def labels_of(instances: Sequence[Instance], ids: Sequence[int], kinds: Collection[str], points: int) -> Labels:
    """The labels of an image.

    Args:
        instances: all of them.
        ids: the class of each.
        kinds: of labels that there are.
        points: how many keypoints an instance has.

    Raises:
        AnnotationError: ``bad_box``; one lacks the box that others have.
    """
    boxes = keypoints = polygons = None
    if "boxes" in kinds:
        for one in instances:
            if one.corners is None:
                raise AnnotationError("bad_box", f"{one.place}.bbox: wanted four numbers, found nothing")
        flags = [CROWD if one.crowd else 0 for one in instances]
        boxes = Boxes.of([one.corners for one in instances if one.corners], ids, flags)
    if "keypoints" in kinds:
        nothing = np.zeros((points, 3))
        placed = [nothing if one.points is None else one.points for one in instances]
        keypoints = Keypoints.of(np.stack(placed)) if placed else Keypoints(np.zeros((0, points, 3)))
    if "polygons" in kinds:
        polygons = Polygons(tuple(one.rings for one in instances), np.array(ids, np.int64))
    return Labels(boxes=boxes, keypoints=keypoints, polygons=polygons, linked=len(kinds) > 1)


def _corners(value: Any, place: str) -> tuple[float, float, float, float] | None:
    """COCO counts continuously from the image's corner: x, y, width, height."""
    if value is None or value == []:
        return None
    if not isinstance(value, list) or len(value) != 4 or not set(map(type, value)) <= {int, float}:
        raise AnnotationError("bad_box", f"{place}.bbox: wanted four numbers, found {found(value)}")
    x, y, width, height = value
    if not (abs(x) <= FARTHEST and abs(y) <= FARTHEST and 0 <= width <= FARTHEST and 0 <= height <= FARTHEST):
        raise AnnotationError(
            "bad_box",
            f"{place}.bbox: wanted x, y, and a width and a height of 0 or more, finite and up to {FARTHEST:.0f}, found "
            f"{found(value)}",
        )
    return float(x), float(y), float(x + width), float(y + height)


def _rings(value: Any, place: str) -> tuple[Floats, ...]:
    """The rings of polygons."""
    if value is None or value == []:
        return ()
    if not isinstance(value, tuple):
        raise AnnotationError(
            "bad_polygon", f"{place}: wanted a list of polygons, each a list of numbers, found {found(value)}"
        )
    rings = []
    for index, numbers in enumerate(value):
        if len(numbers) < 6 or len(numbers) % 2 or not np.abs(numbers).max() <= FARTHEST:
            raise AnnotationError(
                "bad_polygon",
                f"{place}[{index}]: wanted an x and a y for each of three points or more, finite and up to "
                f"{FARTHEST:.0f}, found {found(numbers)}",
            )
        ring = numbers.reshape(-1, 2)
        # All of one sense: parts that overlap are one, and no part is another's hole.
        rings.append(ring if signed_area(ring) >= 0 else ring[::-1])
    return tuple(rings)


def _size(sides: Any, size: Size | None, place: str) -> Size:
    """The size of a mask, which is its image's."""
    usable = isinstance(sides, list) and len(sides) == 2 and all(type(one) is int for one in sides)
    if not usable or not all(0 < one < _MOST_PIXELS for one in sides):
        raise AnnotationError("bad_polygon", f"{place}.size: wanted a height and a width, found {found(sides)}")
    own = Size(sides[1], sides[0])
    if size is not None and own != size:
        raise AnnotationError("bad_polygon", f"{place}.size: wanted {size}, as the image has, found {own}")
    return own


def _outlines(counts: Any, size: Size, place: str) -> tuple[Floats, ...]:
    """The outlines of a mask in run-length encoding."""
    try:
        if isinstance(counts, str):
            counts = counts_of(counts)
        elif not isinstance(counts, np.ndarray):
            raise ValueError(f"wanted whole numbers, or COCO's compressed text, found {found(counts)}")
        return outlines(inside(counts, size), size)
    except ValueError as error:
        raise AnnotationError("bad_polygon", f"{place}.counts: {error}") from error
