"""labelme: one JSON file an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from dataprep.errors import AnnotationError
from dataprep.geometry import Size
from dataprep.json_text import JsonError, loads, shown
from dataprep.labels import Boxes, Floats, Keypoints, Labels, Polygons
from dataprep.sources import KeypointNames
from dataprep.sources.parts.fields import listed, whole_size
from dataprep.sources.parts.references import base_of
from dataprep.sources.parts.shapes import KINDS, Instance, Kind, Shape, instances_of, keypoints_of, shape_in
from dataprep.sources.parts.sidecars import SidecarSource, folders_of
from dataprep.survey import Suggestion, Survey

# So many files are looked into to recognise the format: with their pictures in them, they have megabytes.
_MOST_FILES = 50


@dataclass(frozen=True, slots=True)
class _Picture:
    """What a file says; `kinds` are the kinds of labels that it, or any other, has."""

    instances: tuple[Instance, ...] = ()
    points: Floats | None = None
    size: Size | None = None
    class_name: str = ""
    tags: tuple[str, ...] | None = None
    attributes: Mapping[str, str] | None = None
    image_name: str = ""
    notes: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        image = (self.class_name,) if self.class_name else ()
        return (*image, *(one.label for one in self.instances), *(self.tags or ()))

    def labels(self, ids: Sequence[int]) -> Labels:
        given = iter(ids)
        class_id = next(given) if self.class_name else None
        classes = [next(given) for _ in self.instances]
        boxes = Boxes.of([one.corners for one in self.instances], classes, [one.flags for one in self.instances])
        polygons = Polygons.of([one.rings for one in self.instances], classes)
        return Labels(
            class_id,
            None if self.tags is None else tuple(sorted(given)),
            boxes if "boxes" in self.kinds else None,
            None if self.points is None else Keypoints(self.points),
            polygons if "polygons" in self.kinds else None,
            attributes=self.attributes,
            linked=bool(self.instances) and (self.points is None or len(self.points) == len(self.instances)),
        )


class Labelme(SidecarSource[_Picture]):
    """Boxes, outlines and keypoints from the files of labelme, and of tools that write the same.

    Coordinates are continuous pixels of the picture as labelme shows it, turned by its EXIF orientation. A rectangle
    is a box; a polygon, a circle or a rectangle at an angle is an outline, with its hull as box; a point is a keypoint
    by its label. Shapes of one ``group_id`` and label are one instance.
    """

    name: ClassVar[str] = "labelme"
    suffix: ClassVar[str] = ".json"
    whole_names: ClassVar[bool] = True
    format: Literal["labelme"]
    shapes: tuple[Kind, ...] | None = Field(
        None,
        description="the types of shapes that are labels; others are then left out, with a note. Without this key: all "
        "that can be labels, and an image with another shape is rejected, for it would miss an object",
    )
    keypoints: KeypointNames | None = Field(
        None, description="the labels of points, in order; left out: there are none"
    )
    groups: Literal["instance", "ignore"] = Field(
        "instance", description="whether shapes of one label and group_id are one instance, or group_id means nothing"
    )
    flags: Literal["attributes", "tags", "class", "ignore"] = Field(
        "attributes",
        description="what the flags of an image become: attributes, true or false; tags, those that are set; or its "
        "class, the one that is set",
    )

    @model_validator(mode="after")
    def _named(self) -> Labelme:
        if self.keypoints is None and self.shapes is not None and "point" in self.shapes:
            raise ValueError("points want a key 'keypoints' with their names, in order")
        return self

    @property
    def taken(self) -> tuple[Kind, ...]:
        """The types of shapes that are labels."""
        if self.shapes is not None:
            return self.shapes
        return tuple(kind for kind in KINDS if kind != "point" or self.keypoints is not None)

    @property
    def point_names(self) -> KeypointNames | None:
        """The names of keypoints."""
        return self.keypoints

    @classmethod
    def recognise(cls, survey: Survey) -> Suggestion | None:
        """JSON files with shapes that have types and points."""
        files = survey.ending(cls.suffix)
        looks = {file: look for file in files[:_MOST_FILES] if (look := _first_look(survey.content(file))) is not None}
        # Files of other kinds may lie beside; those of this one all say which shapes they have.
        theirs = [file for file in files if file in looks or file not in files[:_MOST_FILES]]
        if not looks or len(looks) * 2 < len(files[:_MOST_FILES]):
            return None
        images, annotations, share = folders_of(survey, theirs, whole_names=cls.whole_names)
        if not share:
            return None
        shapes = [shape for look in looks.values() for shape in look.shapes]
        kinds = dict.fromkeys(kind for kind, _ in shapes)
        options: dict[str, Any] = {"images": images, "annotations": annotations}
        doubts = []
        if unknown := [kind for kind in kinds if kind not in KINDS]:
            options["shapes"] = [kind for kind in KINDS if kind in kinds]
            doubts.append(f"shapes: left out are {', '.join(unknown)}, which can't be labels; turn them into polygons")
        if names := list(dict.fromkeys(label for kind, label in shapes if kind == "point")):
            options["keypoints"] = {"names": names}
            doubts.append("keypoints: these are the labels of points in some files; see to their order and pairs")
        if flags := list(dict.fromkeys(name for look in looks.values() for name in look.flags)):
            doubts.append(f"flags: {', '.join(flags[:5])} become attributes; they can be tags, or the class")
        drawn = ", ".join(kinds) or "no shapes yet"
        reasons = (f"{len(theirs):,} JSON files list shapes as labelme does: {drawn}",)
        return Suggestion(options, reasons, tuple(doubts), None, 0.95 * share)

    def nothing(self, used: Mapping[str, _Picture]) -> _Picture:
        """A picture without shapes."""
        return _Picture(points=self._no_points(), kinds=_kinds(used))

    def settled(self, used: Mapping[str, _Picture]) -> Mapping[str, _Picture]:
        """The pictures with the kinds of labels that any of them has."""
        kinds = _kinds(used)
        return {key: replace(one, kinds=kinds) for key, one in used.items()}

    def parse(self, content: bytes, place: str) -> tuple[str, _Picture | AnnotationError]:
        """The file name in ``imagePath``, and what the file says."""
        name = ""
        try:
            value = _document(content, place)
            if isinstance(value.get("imagePath"), str):
                name = base_of(value["imagePath"])[0]
            return name, replace(self._picture(value, place), image_name=name)
        except AnnotationError as error:
            return name, error

    def _picture(self, value: Mapping[str, Any], place: str) -> _Picture:
        found = listed(value.get("shapes"), f"{place}, shapes", "bad_annotation")
        shapes = [shape_in(one, f"{place}, shapes[{index}]", self.taken) for index, one in enumerate(found)]
        others = [shape for shape in shapes if shape.kind not in self.taken]
        if others and self.shapes is None:
            raise AnnotationError("unsupported_shape", _unsupported(others[0]))
        shapes = [shape for shape in shapes if shape.kind in self.taken]
        grouped = self.groups == "instance"
        instances = instances_of(shapes, grouped=grouped)
        points = self._no_points()
        if self.keypoints is not None:
            groups = [one.group for one in instances]
            points = keypoints_of(shapes, self.keypoints.names, groups, grouped=grouped)
        notes = [f"{kind}_left_out" for kind in sorted({_known(shape.kind) for shape in others})]
        if any(shape.unknown_flags for shape in shapes):
            notes.append("shape_flags_left_out")
        size = whole_size(value.get("imageWidth"), value.get("imageHeight"), f"{place}, imageWidth and imageHeight")
        return replace(
            self._with_flags(value.get("flags"), f"{place}, flags"),
            instances=tuple(instances),
            points=points,
            size=size,
            notes=tuple(notes),
        )

    def _no_points(self) -> Floats | None:
        return None if self.keypoints is None else np.zeros((0, len(self.keypoints.names), 3))

    def _with_flags(self, value: Any, place: str) -> _Picture:
        """What the flags of the image become."""
        if value is not None and not isinstance(value, dict):
            raise AnnotationError("bad_annotation", f"{place}: wanted an object, found {shown(value)}")
        flags: dict[str, Any] = value or {}
        for name, flag in flags.items():
            if not isinstance(flag, bool) or not name:
                raise AnnotationError("bad_annotation", f"{place}, {name!r}: wanted true or false, found {shown(flag)}")
        are_set = tuple(name for name, flag in flags.items() if flag)
        match self.flags:
            case "attributes":
                return _Picture(attributes={name: str(flag).lower() for name, flag in flags.items()} or None)
            case "tags":
                return _Picture(tags=are_set)
            case "class" if len(are_set) > 1:
                both = " and ".join(are_set[:2])
                raise AnnotationError(
                    "bad_annotation", f"{place}: {both} are set; an image has one class, but many tags"
                )
            case "class":
                return _Picture(class_name="".join(are_set))
            case _:
                return _Picture()


@dataclass(frozen=True, slots=True)
class _Look:
    """What a first look at a file finds: types and labels of its shapes, and its flags."""

    shapes: tuple[tuple[str, str], ...]
    flags: tuple[str, ...]


def _first_look(content: bytes) -> _Look | None:
    """A first look at a file; None when it is not one of labelme's."""
    try:
        value = loads(content)
    except JsonError:
        return None
    shapes = value.get("shapes") if isinstance(value, dict) else None
    if not isinstance(shapes, list) or not {"imagePath", "imageData", "imageHeight"} & set(value):
        return None
    found: list[tuple[str, str]] = []
    for shape in shapes:
        kind, label = (shape.get("shape_type") or "polygon", shape.get("label")) if isinstance(shape, dict) else (0, 0)
        if not isinstance(kind, str) or not isinstance(label, str) or not isinstance(shape.get("points"), list):
            return None
        found.append((kind, label.strip()))
    flags = value.get("flags")
    return _Look(tuple(found), tuple(flags) if isinstance(flags, dict) else ())


def _kinds(used: Mapping[str, _Picture]) -> frozenset[str]:
    """Boxes where any image has an instance, polygons where any has an outline."""
    instances = [instance for one in used.values() for instance in one.instances]
    kinds = {"boxes"} if instances else set()
    return frozenset(kinds | ({"polygons"} if any(one.rings for one in instances) else set()))


def _document(content: bytes, place: str) -> dict[str, Any]:
    try:
        value = loads(content)
    except JsonError as error:
        raise AnnotationError("bad_annotation", f"{place}: no JSON that can be read: {error}") from error
    if not isinstance(value, dict) or "shapes" not in value:
        found = f"the keys {', '.join(list(value)[:5])}" if isinstance(value, dict) else shown(value)
        raise AnnotationError(
            "bad_annotation", f"{place}: wanted an object with shapes, as labelme writes, found {found}"
        )
    return value


# Types that labelme can draw, and that are no labels here.
_DRAWN = ("line", "linestrip", "mask", "points")


def _known(kind: str) -> str:
    """A type for a note, whose code must not be what a stranger wrote."""
    return kind if kind in _DRAWN or kind in KINDS else "shape"


def _unsupported(shape: Shape) -> str:
    if shape.kind == "point":
        return f"{shape.place}: points want source.keypoints with their names; or leave them out, by source.shapes"
    hint = "turn it into a polygon, or leave such shapes out, by source.shapes"
    return f"{shape.place}: a {_known(shape.kind)} can't be a label; {hint}"
