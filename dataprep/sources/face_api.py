"""face_api: the files from which face-api.js and its detectors were trained, and the results that it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from dataprep.errors import AnnotationError
from dataprep.geometry import Size
from dataprep.inputs import Placed
from dataprep.json_text import JsonError, loads, shown
from dataprep.labels import Boxes, Floats, Keypoints, Labels
from dataprep.sources import KeypointNames
from dataprep.sources.parts.coordinates import MEANING, Coordinates, Four, Meaning
from dataprep.sources.parts.fields import listed, number, whole_size
from dataprep.sources.parts.landmarks import IBUG_68
from dataprep.sources.parts.placed import placed
from dataprep.sources.parts.sidecars import SidecarSource, folders_of
from dataprep.survey import Suggestion, Survey

_PIXELS = Coordinates()

Holds = Literal["landmarks", "boxes", "detections"]

# So many files are looked into to recognise the format, and numbers up to this are taken for shares of the image.
_MOST_FILES, _SHARES = 20, 1.5


@dataclass(frozen=True, slots=True)
class _Faces:
    """The faces of a file; a kind that such files don't have is None."""

    corners: tuple[Four, ...] | None = None
    names: tuple[str, ...] = ()
    points: Floats | None = None
    size: Size | None = None
    image_name: str = ""
    notes: tuple[str, ...] = ()

    def labels(self, ids: Sequence[int]) -> Labels:
        return Labels(
            boxes=None if self.corners is None else Boxes.of(self.corners, ids),
            keypoints=None if self.points is None else Keypoints(self.points),
            linked=self.corners is not None and self.points is not None and len(self.corners) > 0,
        )


class FaceApi(SidecarSource[_Faces]):
    """Landmarks or boxes of faces from JSON files named by the image's id, ``7.json`` for ``7.jpg``.

    What a file holds is declared: ``landmarks``, a list of points {x, y}, or a list of such lists for several faces;
    ``boxes``, a list of {x, y, width, height}, from the upper left corner; ``detections``, what
    ``detectAllFaces().withFaceLandmarks()`` gives, written as JSON. Points and boxes may have the library's private
    names, {_x, _y}, instead.
    """

    name: ClassVar[str] = "face_api"
    suffix: ClassVar[str] = ".json"
    whole_names: ClassVar[bool] = True
    format: Literal["face_api"]
    images: str = Field("jpg", description="folder of images, relative to the root")
    annotations: str = Field("pts", description="folder of JSON files, relative to the root")
    holds: Holds = Field(description="what the files hold")
    coordinates: Meaning | None = Field(
        None, description=f"wanted for landmarks and boxes; detections are in pixels, continuous. {MEANING}"
    )
    face: str = Field("face", min_length=1, description="the class of boxes that have no label of their own")
    keypoints: KeypointNames = Field(IBUG_68, description="names of the points; left out: the 68 of face-api.js")

    @model_validator(mode="after")
    def _declared(self) -> FaceApi:
        if self.holds == "detections" and self.coordinates not in (None, "continuous"):
            raise ValueError("detections are in continuous pixels, as face-api.js gives them; leave out 'coordinates'")
        if self.holds != "detections" and self.coordinates is None:
            raise ValueError(
                f"{self.holds} want a key 'coordinates': the author's landmarks are pixels (continuous), his boxes are "
                "shares of the image (relative), but files that look the same may be either"
            )
        return self

    @classmethod
    def recognise(cls, survey: Survey) -> Suggestion | None:
        """JSON files that are lists of points, of boxes or of detections, and nothing else."""
        files = survey.ending(cls.suffix)
        found = {file: look for file in files[:_MOST_FILES] if (look := _first_look(survey.content(file))) is not None}
        looks = list(found.values())
        holds = {look.holds for look in looks if look.holds}
        if len(holds) != 1 or 2 * len(looks) < len(files[:_MOST_FILES]):
            return None
        theirs = [file for file in files if file in found or file not in files[:_MOST_FILES]]
        images, annotations, share = folders_of(survey, theirs, whole_names=cls.whole_names)
        if not share:
            return None
        (held,) = holds
        options: dict[str, Any] = {"images": images, "annotations": annotations, "holds": held}
        doubts = []
        if held != "detections":
            largest = max((look.largest for look in looks), default=0.0)
            options["coordinates"] = "relative" if largest <= _SHARES else "continuous"
            doubts.append(
                f"coordinates: the largest number is {largest:g}, so they are taken for "
                f"{'shares of the image' if largest <= _SHARES else 'pixels'}"
            )
        count = next((look.points for look in looks if look.points), len(IBUG_68.names))
        if held != "boxes" and count != len(IBUG_68.names):
            options["keypoints"] = {"names": [f"point_{index}" for index in range(count)]}
            doubts.append("keypoints: the files don't name their points; give them names, and pairs of left and right")
        reasons = (f"{len(theirs):,} JSON files hold {held} as face-api.js has them",)
        return Suggestion(options, reasons, tuple(doubts), None, 0.9 * share)

    @property
    def point_names(self) -> KeypointNames | None:
        """The names of the points; None where there are only boxes."""
        return None if self.holds == "boxes" else self.keypoints

    @property
    def relative(self) -> tuple[Placed, ...]:
        """The kinds of labels that are shares of the image."""
        return ("boxes", "keypoints") if self.coordinates == "relative" else ()

    def nothing(self, used: Mapping[str, _Faces]) -> _Faces:
        """No face."""
        del used
        return _Faces(
            corners=None if self.holds == "landmarks" else (),
            points=None if self.holds == "boxes" else np.zeros((0, len(self.keypoints.names), 3)),
        )

    def parse(self, content: bytes, place: str) -> tuple[str, _Faces | AnnotationError]:
        """The faces of a file."""
        try:
            try:
                value = loads(content)
            except JsonError as error:
                raise AnnotationError("bad_annotation", f"{place}: no JSON that can be read: {error}") from error
            read = {"landmarks": self._landmarks, "boxes": self._boxes, "detections": self._detections}[self.holds]
            return "", read(value, place)
        except AnnotationError as error:
            return "", error

    @property
    def _places(self) -> Coordinates:
        return Coordinates(self.coordinates or "continuous")

    def _landmarks(self, value: Any, place: str) -> _Faces:
        found = listed(value, place, "bad_annotation")
        several = bool(found) and isinstance(found[0], list)
        faces = [(one, f"{place}[{index}]") for index, one in enumerate(found)] if several else [(found, place)]
        if not found:
            faces = []
        points = [self._points(one, self._places, where) for one, where in faces]
        return _Faces(points=np.stack(points) if points else np.zeros((0, len(self.keypoints.names), 3)))

    def _points(self, value: Any, places: Coordinates, place: str) -> Floats:
        names = self.keypoints.names
        found = listed(value, place, "bad_annotation")
        if len(found) != len(names):
            raise AnnotationError(
                "bad_keypoint", f"{place}: wanted {len(names)} points, as source.keypoints names, found {len(found)}"
            )
        if any(isinstance(point, dict) and {"width", "_width"} & set(point) for point in found):
            raise AnnotationError("bad_annotation", f"{place}: wanted points, found boxes; set source.holds: boxes")
        numbers = [_fields(point, ("x", "y"), f"{place}[{index}]") for index, point in enumerate(found)]
        return placed(np.array(numbers), names, places, place)

    def _boxes(self, value: Any, place: str) -> _Faces:
        corners, names = [], []
        for index, box in enumerate(listed(value, place, "bad_annotation")):
            where = f"{place}[{index}]"
            corners.append(self._corners(box, self._places, where))
            names.append(self._name(box, where))
        return _Faces(tuple(corners), tuple(names))

    def _corners(self, value: Any, places: Coordinates, place: str) -> Four:
        x, y, width, height = _fields(value, ("x", "y", "width", "height"), place)
        return places.corners((x, y, width, height), "corner_size", place)

    def _name(self, value: Mapping[str, Any], place: str) -> str:
        """The class of a box: a text, or a position in the declared classes."""
        label = value.get("label")
        if label is None:
            return self.face
        if isinstance(label, str) and label.strip():
            return label.strip()
        if type(label) is not int:
            raise AnnotationError("bad_annotation", f"{place}, label: wanted a number or a text, found {shown(label)}")
        if self.classes is None or not 0 <= label < len(self.classes):
            known = "none is declared" if self.classes is None else f"there are {len(self.classes)}"
            hint = "name them in source.classes, in the order of their numbers"
            raise AnnotationError(
                "unknown_class", f"{place}, label: wanted the number of a class, found {label}; {known}; {hint}"
            )
        return self.classes[label]

    def _detections(self, value: Any, place: str) -> _Faces:
        several = isinstance(value, list)
        faces = [(one, f"{place}[{index}]") for index, one in enumerate(value)] if several else [(value, place)]
        corners, points, sizes = [], [], []
        for face, where in faces:
            detection = _object(_object(face, where).get("detection"), f"{where}, detection")
            landmarks = _object(face.get("landmarks"), f"{where}, landmarks")
            corners.append(self._corners(detection.get("_box"), _PIXELS, f"{where}, detection, _box"))
            points.append(self._points(landmarks.get("_positions"), _PIXELS, f"{where}, landmarks, _positions"))
            sides = _object(detection.get("_imageDims"), f"{where}, detection, _imageDims")
            sizes.append(whole_size(sides.get("_width"), sides.get("_height"), f"{where}, detection, _imageDims"))
        if len(set(sizes)) > 1:
            raise AnnotationError("bad_annotation", f"{place}: its detections are of images of different sizes")
        whole = np.stack(points) if points else np.zeros((0, len(self.keypoints.names), 3))
        return _Faces(tuple(corners), (self.face,) * len(corners), whole, sizes[0] if sizes else None)


class _Look(NamedTuple):
    """What a first look at a file finds; an empty list holds nothing that could be told."""

    holds: Holds | None
    largest: float = 0.0
    points: int = 0


def _first_look(content: bytes) -> _Look | None:
    """A first look at a file; None when it is of no kind that is known here."""
    try:
        value = loads(content)
    except JsonError:
        return None
    if isinstance(value, list):
        several = bool(value) and all(isinstance(one, list) for one in value)
        boxes, points = (
            _all_numbers([value], ("x", "y", "width", "height")),
            _all_numbers(value if several else [value]),
        )
        if boxes is not None:
            return _Look("boxes" if boxes else None, max(boxes, default=0.0))
        if points is not None:
            return _Look("landmarks", max(points, default=0.0), len(value[0] if several else value))
    first = value[0] if isinstance(value, list) and value else value
    landmarks = first.get("landmarks") if isinstance(first, dict) and "detection" in first else None
    positions = landmarks.get("_positions") if isinstance(landmarks, dict) else None
    return _Look("detections", points=len(positions)) if isinstance(positions, list) else None


def _all_numbers(lists: Sequence[Sequence[Any]], names: Sequence[str] = ("x", "y")) -> list[float] | None:
    """The sizes of all numbers of objects in lists; None when one of them lacks one."""
    try:
        return [abs(one) for several in lists for each in several for one in _fields(each, names, "")]
    except AnnotationError:
        return None


def _object(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise AnnotationError("bad_annotation", f"{place}: wanted an object, found {shown(value)}")
    return value


def _fields(value: Any, names: Sequence[str], place: str) -> list[float]:
    """The numbers of an object's fields, by their public or their private names, not by some of both."""
    found = _object(value, place)
    private = [f"_{name}" for name in names]
    for keys in (list(names), private):
        if all(key in found for key in keys):
            return [number(found[key], f"{place}, {key}") for key in keys]
    wanted = f"{{{', '.join(names)}}} or {{{', '.join(private)}}}"
    raise AnnotationError(
        "bad_annotation", f"{place}: wanted {wanted}, found the keys {', '.join(list(found)[:6]) or 'none'}"
    )
