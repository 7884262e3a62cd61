"""What the annotations of a sample say: a class, and JSON in the shapes of the wire (docs/wire.md)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from dataprep.errors import AnnotationError
from dataprep.geometry import FARTHEST, Size
from dataprep.json_text import shown
from dataprep.labels import CROWD, DIFFICULT, NOT_LABELLED, TRUNCATED, Boxes, Floats, Keypoints, Labels, Polygons
from dataprep.sources.parts.fields import Object, at, four, listed, number, text, whole_size

# A class as it is written: its id, or its name; None for an instance without one.
ClassValue = int | str | None
_ALL_FLAGS = CROWD | DIFFICULT | TRUNCATED


class Fields(BaseModel):
    """Which fields of the JSON hold what: ``a.b`` is b within a, null means not to look. Our export's by default."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    class_name: str | None = Field("class", alias="class", description="the class of the image, its id or its name")
    tags: str | None = Field("tags", description="a list of classes")
    boxes: str | None = Field("boxes", description="a list of [x0, y0, x1, y1], in continuous pixels")
    box_classes: str | None = Field("box_classes", description="a class for each box; -1 or null for none")
    box_flags: str | None = Field("box_flags", description="for each box a sum of 1 crowd, 2 difficult, 4 truncated")
    box_visible: str | None = Field("box_visible", description="for each box the share that no crop has cut away")
    keypoints: str | None = Field("keypoints", description="for each instance a list of [x, y, v]")
    polygons: str | None = Field("polygons", description="for each instance a list of rings, each [x, y, x, y, …]")
    polygon_classes: str | None = Field("polygon_classes", description="a class for each instance")
    values: str | None = Field("values", description="an object of numbers, or one number")
    attributes: str | None = Field("attributes", description="an object of texts, or one text")
    linked: str | None = Field(
        "linked", description="true when boxes, keypoints and polygons are of the same instances in the same order"
    )
    size: str | None = Field("image_size", description="[width, height] of the image, checked against it")


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of an image, before classes have ids; the classes of `labels` are all -1.

    Attributes:
        classes: of the image, however often it is said.
        tags: None where nothing is said.
        box_classes: for each box.
        polygon_classes: for each instance.
        labels: everything else.
        size: of the image.
    """

    classes: tuple[ClassValue, ...] = ()
    tags: tuple[ClassValue, ...] | None = None
    box_classes: tuple[ClassValue, ...] = ()
    polygon_classes: tuple[ClassValue, ...] = ()
    labels: Labels = field(default_factory=Labels)
    size: Size | None = None

    def used(self) -> tuple[ClassValue, ...]:
        """All classes that are named."""
        return (*self.classes, *(self.tags or ()), *self.box_classes, *self.polygon_classes)

    def resolved(self, id_of: Callable[[ClassValue], int]) -> Labels:
        """The labels.

        Args:
            id_of: from a class to its id; -1 for None.

        Raises:
            AnnotationError: a class is not known, or the image's is said twice and differs.
        """
        ids = {id_of(one) for one in self.classes}
        if len(ids) > 1:
            found = " and ".join(map(shown, self.classes))
            raise AnnotationError("bad_annotation", f"wanted one class of the image, found {found}")
        labels = self.labels
        if labels.boxes is not None:
            labels = replace(labels, boxes=replace(labels.boxes, classes=_ids(self.box_classes, id_of)))
        if labels.polygons is not None:
            labels = replace(labels, polygons=replace(labels.polygons, classes=_ids(self.polygon_classes, id_of)))
        tags = None if self.tags is None else tuple(sorted({id_of(one) for one in self.tags}))
        return replace(labels, class_id=next(iter(ids), None), tags=tags)


def _ids(classes: Sequence[ClassValue], id_of: Callable[[ClassValue], int]) -> Any:
    return np.array([id_of(one) for one in classes], np.int64)


class Reading:
    """Reads the JSON of one sample."""

    def __init__(self, value: Any, fields: Fields, keypoints: int | None, place: str) -> None:
        """For one value.

        Args:
            value: from JSON.
            fields: which field holds what.
            keypoints: how many an instance has; None when none are declared.
            place: for messages.
        """
        if not isinstance(value, dict):
            raise AnnotationError("bad_annotation", f"{place}: wanted an object, found {shown(value)}")
        self._value: Object = value
        self._fields, self._keypoints, self._place = fields, keypoints, place

    def said(self) -> Said:
        """All of it.

        Raises:
            AnnotationError: a field is not what it must be.
        """
        boxes, polygons = self._boxes(), self._polygons()
        keypoints = self._points()
        linked = self._get("linked") or False
        if not isinstance(linked, bool):
            raise self._wrong("bad_annotation", "linked", f"true or false, found {shown(linked)}")
        counts = {len(kind) for kind in (boxes, keypoints, polygons) if kind is not None}
        if linked and len(counts) > 1:
            raise self._wrong("bad_annotation", "linked", f"as many of each kind, found {sorted(counts)}")
        labels = Labels(
            boxes=boxes,
            keypoints=keypoints,
            polygons=polygons,
            values=self._mapping("values", number),
            attributes=self._mapping("attributes", _attribute),
            linked=linked,
        )
        one, tags = self._get("class_name"), self._get("tags")
        return Said(
            classes=() if one is None else (self._class(one, "class_name"),),
            tags=None if tags is None else tuple(self._class(each, "tags") for each in self._list(tags, "tags")),
            box_classes=self._classes("box_classes", boxes),
            polygon_classes=self._classes("polygon_classes", polygons),
            labels=labels,
            size=self._size(),
        )

    def _get(self, field: str) -> Any:
        name = getattr(self._fields, field)
        return None if name is None else at(self._value, name)[0]

    def _at(self, field: str) -> str:
        return f"{self._place}, {getattr(self._fields, field)}"

    def _wrong(self, reason: str, field: str, wanted: str) -> AnnotationError:
        return AnnotationError(reason, f"{self._at(field)}: wanted {wanted}")

    def _list(self, value: Any, field: str, reason: str = "bad_annotation") -> list[Any]:
        return listed(value, self._at(field), reason)

    def _class(self, value: Any, field: str) -> ClassValue:
        if type(value) is int or (isinstance(value, str) and value):
            return value
        raise self._wrong("bad_annotation", field, f"an id or a name, found {shown(value)}")

    def _classes(self, field: str, of: Boxes | Polygons | None) -> tuple[ClassValue, ...]:
        if of is None:
            return ()
        value = self._get(field)
        if value is None:
            return (None,) * len(of)
        found = self._list(value, field)
        if len(found) != len(of):
            raise self._wrong("bad_annotation", field, f"{len(of)} classes, one each, found {len(found)}")
        return tuple(None if one is None or one == -1 else self._class(one, field) for one in found)

    def _boxes(self) -> Boxes | None:
        value = self._get("boxes")
        if value is None:
            return None
        corners = []
        for index, one in enumerate(self._list(value, "boxes", "bad_box")):
            where = f"{self._at('boxes')}[{index}]"
            x0, y0, x1, y1 = four(listed(one, where, "bad_box"), where)
            if x0 > x1 or y0 > y1 or max(map(abs, (x0, y0, x1, y1))) > FARTHEST:
                wanted = f"x0 <= x1 and y0 <= y1, up to {FARTHEST:.0f}"
                raise AnnotationError("bad_box", f"{where}: wanted {wanted}, found {x0:g}, {y0:g}, {x1:g}, {y1:g}")
            corners.append((x0, y0, x1, y1))
        boxes = Boxes.of(corners, flags=self._numbers("box_flags", len(corners), 0, _ALL_FLAGS, whole=True))
        visible = self._numbers("box_visible", len(corners), 0, 1)
        return boxes if visible is None else replace(boxes, visible=np.array(visible, np.float64))

    def _numbers(self, field: str, count: int, least: int, most: int, *, whole: bool = False) -> list[float] | None:
        """A number for each box."""
        value = self._get(field)
        if value is None:
            return None
        found = [number(one, self._at(field), "bad_box") for one in self._list(value, field, "bad_box")]
        if len(found) != count:
            raise self._wrong("bad_box", field, f"{count} numbers, one a box, found {len(found)}")
        if not all(least <= one <= most and (not whole or one == int(one)) for one in found):
            raise self._wrong("bad_box", field, f"numbers from {least} to {most}, found {found}")
        return found

    def _points(self) -> Keypoints | None:
        value = self._get("keypoints")
        if value is None or (self._keypoints is None and value == []):
            return None
        if self._keypoints is None:
            raise self._wrong("bad_keypoint", "keypoints", "their names in source.keypoints, found none")
        found = []
        for index, one in enumerate(self._list(value, "keypoints", "bad_keypoint")):
            where = f"{self._at('keypoints')}[{index}]"
            points = listed(one, where, "bad_keypoint")
            if len(points) != self._keypoints:
                raise AnnotationError("bad_keypoint", f"{where}: wanted {self._keypoints} points, found {len(points)}")
            found.append([_point(point, f"{where}[{number}]") for number, point in enumerate(points)])
        return Keypoints.of(np.array(found, np.float64).reshape(-1, self._keypoints, 3))

    def _polygons(self) -> Polygons | None:
        value = self._get("polygons")
        if value is None:
            return None
        found = []
        for index, one in enumerate(self._list(value, "polygons", "bad_polygon")):
            where = f"{self._at('polygons')}[{index}]"
            rings = listed(one, where, "bad_polygon")
            found.append([_ring(ring, f"{where}[{number}]") for number, ring in enumerate(rings)])
        return Polygons.of(found)

    def _mapping(self, field: str, read: Callable[[Any, str], Any]) -> dict[str, Any] | None:
        value = self._get(field)
        if value is None:
            return None
        named = value if isinstance(value, dict) else {getattr(self._fields, field): value}
        return {name: read(one, f"{self._at(field)}, {name}") for name, one in named.items()}

    def _size(self) -> Size | None:
        value = self._get("size")
        if value is None:
            return None
        found = self._list(value, "size", "bad_number")
        if len(found) != 2:
            raise self._wrong("bad_number", "size", f"width and height, found {len(found)} numbers")
        return whole_size(found[0], found[1], self._at("size"))


def _attribute(value: Any, place: str) -> str:
    # A text stays as it is, blanks included.
    return value if isinstance(value, str) else text(value, place)


def _point(value: Any, place: str) -> list[float]:
    found = [number(one, place, "bad_keypoint") for one in listed(value, place, "bad_keypoint")]
    if len(found) != 3 or found[2] not in (0, 1, 2) or (found[2] != NOT_LABELLED and not _near(found[:2])):
        raise AnnotationError("bad_keypoint", f"{place}: wanted [x, y, v] with v of 0, 1 or 2, found {found}")
    return found


def _ring(value: Any, place: str) -> Floats:
    found = [number(one, place, "bad_polygon") for one in listed(value, place, "bad_polygon")]
    if len(found) < 6 or len(found) % 2 or not _near(found):
        raise AnnotationError("bad_polygon", f"{place}: wanted x and y of three points or more, found {len(found)}")
    return np.array(found, np.float64).reshape(-1, 2)


def _near(numbers: Sequence[float]) -> bool:
    return max(map(abs, numbers), default=math.inf) <= FARTHEST
