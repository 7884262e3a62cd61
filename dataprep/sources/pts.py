"""pts: landmarks of one face an image, as 300-W has them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from dataprep.errors import AnnotationError
from dataprep.inputs import Placed
from dataprep.labels import Floats, Keypoints, Labels
from dataprep.sources import KeypointNames
from dataprep.sources.parts.coordinates import FIRST_PIXEL, MEANING, Coordinates, Meaning
from dataprep.sources.parts.landmarks import IBUG_68
from dataprep.sources.parts.placed import placed
from dataprep.sources.parts.sidecars import SidecarSource, below, folders_of
from dataprep.sources.parts.splits import SPLIT_NAMES, SplitName, split_of_folders
from dataprep.survey import Suggestion, Survey

# The sets of 300-W: trained on AFW and the training sets of LFPW and Helen, tested on the rest.
_FOLDERS: dict[str, SplitName] = {
    **SPLIT_NAMES,
    "trainset": "train",
    "testset": "test",
    "afw": "train",
    "ibug": "test",
}

# So many files are looked into to recognise the format.
_MOST_FILES = 20


@dataclass(frozen=True, slots=True)
class _Face:
    """The points of a file, (N, K, 3) float64: one face, or none."""

    points: Floats
    names: tuple[str, ...] = ()
    size: None = None
    image_name: str = ""
    notes: tuple[str, ...] = ()

    def labels(self, ids: Sequence[int]) -> Labels:
        del ids
        return Labels(keypoints=Keypoints(self.points))


class Pts(SidecarSource[_Face]):
    """Landmarks from files that say ``version: 1``, ``n_points: 68`` and the points between braces.

    The files of 300-W count pixels from 1, as Matlab does, and their numbers name pixels: the middle of the first one,
    which is at 0.5, is 1. Files of other tools may say otherwise in ``coordinates`` and ``first_pixel``.
    """

    name: ClassVar[str] = "pts"
    suffix: ClassVar[str] = ".pts"
    format: Literal["pts"]
    coordinates: Meaning = Field("pixel_index", description=MEANING)
    first_pixel: Literal[0, 1] = Field(1, description=f"{FIRST_PIXEL}: 300-W says 1, some tools 0")
    keypoints: KeypointNames = Field(IBUG_68, description="names of the points; left out: the 68 of 300-W")
    splits: Mapping[str, SplitName] = Field(
        _FOLDERS,
        description="which split the images in a folder of this name are in, the innermost first; for split: source",
    )

    @model_validator(mode="after")
    def _counted(self) -> Pts:
        if "first_pixel" in self.model_fields_set and self.first_pixel and self.coordinates != "pixel_index":
            raise ValueError("first_pixel: 1 counts pixels, and so wants coordinates: pixel_index")
        return self

    @property
    def point_names(self) -> KeypointNames:
        """The names of the points."""
        return self.keypoints

    @property
    def relative(self) -> tuple[Placed, ...]:
        """Whether points are shares of the image."""
        return ("keypoints",) if self.coordinates == "relative" else ()

    def nothing(self, used: Mapping[str, _Face]) -> _Face:
        """No face."""
        del used
        return _Face(np.zeros((0, len(self.keypoints.names), 3)))

    def split_of(self, key: str) -> str:
        """The split that the folders of an image say."""
        return split_of_folders(key, self.splits)

    @classmethod
    def recognise(cls, survey: Survey) -> Suggestion | None:
        """Files that end in .pts and hold points between braces."""
        files = survey.ending(cls.suffix)
        found = [points for file in files[:_MOST_FILES] if (points := _first_look(survey.content(file))) is not None]
        if not found:
            return None
        images, annotations, share = folders_of(survey, files, whole_names=False)
        if not share:
            return None
        count = len(found[0])
        options: dict[str, Any] = {
            "images": images,
            "annotations": annotations,
            "coordinates": "pixel_index",
            "first_pixel": 1,
        }
        doubts = ["coordinates: 300-W counts pixels from 1 and names their middles; files of other tools may not"]
        if count != len(IBUG_68.names):
            options["keypoints"] = {"names": [f"point_{index}" for index in range(count)]}
            doubts.append("keypoints: the files don't name their points; give them names, and pairs of left and right")
        folders = {folder for name in survey.images for folder in below(name, images).split("/")[:-1]}
        named = {folder: split for folder, split in _FOLDERS.items() if folder in folders}
        split = {"by": "source"} if len(set(named.values())) > 1 else None
        if split is not None:
            options["splits"] = named
        reasons = [f"{len(files):,} files end in .pts and hold points between braces, {count} in the first one"]
        return Suggestion(options, tuple(reasons), tuple(doubts), split, 0.95 * share)

    def parse(self, content: bytes, place: str) -> tuple[str, _Face | AnnotationError]:
        """The points of a file."""
        names = self.keypoints.names
        try:
            lines = content.decode("utf-8-sig").splitlines()
            numbers = _points([line.strip() for line in lines], place)
            if len(numbers) != len(names):
                raise AnnotationError(
                    "bad_keypoint",
                    f"{place}: wanted {len(names)} points, as source.keypoints names, found {len(numbers)}",
                )
            return "", _Face(placed(numbers, names, Coordinates(self.coordinates, self.first_pixel), place)[None])
        except UnicodeDecodeError:
            return "", AnnotationError("bad_annotation", f"{place}: wanted text, found other bytes")
        except AnnotationError as error:
            return "", error


def _first_look(content: bytes) -> Floats | None:
    try:
        return _points([line.strip() for line in content.decode("utf-8-sig").splitlines()], "")
    except (UnicodeDecodeError, AnnotationError):
        return None


def _points(lines: Sequence[str], place: str) -> Floats:
    """The numbers between the braces, (K, 2) float64."""
    count: int | None = None
    points: list[tuple[float, float]] = []
    state = "head"
    for index, line in enumerate(lines, 1):
        where = f"{place}, line {index}"
        if not line:
            continue
        if state == "head":
            if line == "{":
                state = "points"
            else:
                count = _head(line, count, where)
        elif state == "points" and line == "}":
            state = "end"
        elif state == "points":
            points.append(_point(line, where))
        else:
            raise AnnotationError(
                "bad_annotation", f"{where}: wanted nothing after the closing brace, found {line[:40]!r}"
            )
    if state != "end":
        raise AnnotationError(
            "bad_annotation", f"{place}: wanted points between {{ and }}, found no {'{}'[state != 'head']}"
        )
    if count is not None and count != len(points):
        raise AnnotationError("bad_annotation", f"{place}: n_points says {count}, found {len(points)}")
    return np.array(points, np.float64).reshape(-1, 2)


def _head(line: str, count: int | None, where: str) -> int | None:
    """What a line before the braces says of the number of points."""
    name, colon, value = (part.strip() for part in line.partition(":"))
    if colon and name.lower() == "version" and value in ("1", "1.0"):
        return count
    if (
        colon
        and name.lower() == "n_points"
        and count is None
        and value.isascii()
        and value.isdigit()
        and len(value) < 10
    ):
        return int(value)
    raise AnnotationError(
        "bad_annotation",
        f"{where}: wanted version: 1, n_points with a number, or an opening brace, found {line[:40]!r}",
    )


def _point(line: str, where: str) -> tuple[float, float]:
    parts = line.split()
    try:
        # Python reads 1_000 as a number; no landmark file means that.
        x, y = (math.nan if "_" in part else float(part) for part in parts)
    except ValueError:
        raise AnnotationError("bad_annotation", f"{where}: wanted two numbers, x and y, found {line[:40]!r}") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise AnnotationError("bad_number", f"{where}: wanted two finite numbers, found {line[:40]!r}")
    return x, y
