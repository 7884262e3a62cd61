"""A CSV table: one row an image, with keypoints, and a class and a box where there are any."""

from __future__ import annotations

import csv
import math
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from dataprep.errors import AnnotationError, SourceError, near
from dataprep.inputs import Record, Refusal, walk
from dataprep.labels import NOT_LABELLED, VISIBLE, Boxes, Keypoints, Labels
from dataprep.sources import KeypointNames, Listing, Source, class_id

Row = Mapping[str, str]


class Columns(BaseModel):
    """Which columns hold what."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    file: str = Field("file", description="the image's path, relative to the folder of images")
    class_name: str | None = Field(None, alias="class", description="the class's name")
    box: tuple[str, str, str, str] | None = Field(None, description="xmin, ymin, xmax, ymax")
    keypoints: str = Field(
        "{name}_x, {name}_y",
        description="a pattern for the x and the y column: {name} is the keypoint's name, {index} its position, "
        "{x} and {y} are 2 * index and 2 * index + 1",
    )

    @field_validator("keypoints")
    @classmethod
    def _two(cls, pattern: str) -> str:
        parts = pattern.split(",")
        if len(parts) != 2:
            raise ValueError(
                f"wanted two column patterns with a comma between, as in '{{name}}_x, {{name}}_y', found {pattern!r}"
            )
        try:
            for part in parts:
                part.format(name="", index=0, x=0, y=1)
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(f"only {{name}}, {{index}}, {{x}} and {{y}} can stand in {pattern!r}: {error}") from None
        return pattern

    def pair(self, index: int, name: str) -> tuple[str, str]:
        """The x and y columns of one keypoint."""
        x, y = (
            part.strip().format(name=name, index=index, x=2 * index, y=2 * index + 1)
            for part in self.keypoints.split(",")
        )
        return x, y


class CsvKeypoints(Source):
    """Keypoints of one instance an image, from a table with a header.

    Empty cells of a keypoint mean "not labelled". Numbers are continuous pixels, or, by ``coordinates: pixel_index``,
    indices of pixels, whose centres lie half a pixel further; a box of indices includes both its ends.
    """

    name: ClassVar[str] = "csv_keypoints"
    format: Literal["csv_keypoints"]
    images: str = Field("images", description="folder of images, relative to the root")
    annotations: str = Field("annotations.csv", description="the table, relative to the root")
    columns: Columns = Columns()
    keypoints: KeypointNames
    coordinates: Literal["continuous", "pixel_index"] = Field(
        description="continuous: pixel i covers [i, i + 1); pixel_index: numbers name pixels, so 0.5 is added"
    )
    unannotated: Literal["keep", "filter"] = Field(
        "keep", description="an image without a row: a negative, or left out"
    )

    def read(self, root: Path, *, split_folders: bool) -> Listing:
        """Pairs each image with its row; a row without image is ``missing_image``, a second row ``second_row``."""
        del split_folders
        files, refusals = walk(root / self.images)
        rows = self._rows(root / self.annotations)
        classes = self._classes(rows)
        labels: dict[str, Labels | AnnotationError] = {}
        for line, row in rows:
            key = unicodedata.normalize("NFC", (row[self.columns.file] or "").strip())
            place = f"{self.annotations}, line {line}"
            if key not in files:
                note = f"{place}: {self.images} has no file {key!r}{near(key, files) if len(files) < 2000 else ''}"
                refusals.append(Refusal(key, "rejected", "missing_image", note))
            elif key in labels:
                labels[key] = AnnotationError("second_row", f"{place}: {key!r} has a row already; keep one")
            else:
                labels[key] = self._labels(row, classes, place)
        records: list[Record] = []
        for key, path in files.items():
            found = labels.get(key)
            if isinstance(found, AnnotationError):
                refusals.append(Refusal(key, "rejected", found.reason, str(found)))
            elif found is not None:
                records.append(Record(key, path, found))
            elif self.unannotated == "filter":
                refusals.append(Refusal(key, "filtered", "no_annotation", f"no row in {self.annotations}"))
            else:
                records.append(Record(key, path, Labels(), notes=("no_annotation",)))
        return Listing(classes, self.keypoints, records, refusals)

    def _rows(self, path: Path) -> list[tuple[int, Row]]:
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                reader = csv.DictReader(file, strict=True)
                header = reader.fieldnames or []
                for column in self._wanted():
                    if column not in header:
                        raise SourceError(f"{path}, line 1: wanted a column {column!r}{near(column, header[:12])}")
                return [(reader.line_num, row) for row in reader]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise SourceError(f"{path}: the table can't be read: {error}") from error

    def _wanted(self) -> list[str]:
        columns = self.columns
        wanted = [columns.file, *(columns.box or ())]
        if columns.class_name is not None:
            wanted.append(columns.class_name)
        for index, name in enumerate(self.keypoints.names):
            wanted += columns.pair(index, name)
        return wanted

    def _classes(self, rows: Sequence[tuple[int, Row]]) -> tuple[str, ...]:
        if self.classes is not None:
            return self.classes
        column = self.columns.class_name
        return (
            () if column is None else tuple(sorted({name for _, row in rows if (name := (row[column] or "").strip())}))
        )

    def _labels(self, row: Row, classes: Sequence[str], place: str) -> Labels | AnnotationError:
        try:
            parts: dict[str, Any] = {"keypoints": Keypoints.of(np.array([self._points(row, place)]))}
            name = (row[self.columns.class_name] or "").strip() if self.columns.class_name else ""
            if name:
                parts["class_id"] = class_id(name, classes, place)
            if self.columns.box:
                parts["boxes"] = self._box(row, parts.get("class_id", -1), place)
        except AnnotationError as error:
            return error
        return Labels(**parts)

    def _points(self, row: Row, place: str) -> list[tuple[float, float, int]]:
        shift = 0.5 if self.coordinates == "pixel_index" else 0.0
        points: list[tuple[float, float, int]] = []
        for index, name in enumerate(self.keypoints.names):
            x, y = (_number(row, column, place) for column in self.columns.pair(index, name))
            if (x is None) != (y is None):
                raise AnnotationError("bad_keypoint", f"{place}: {name!r} has only one of its two coordinates")
            points.append((0.0, 0.0, NOT_LABELLED) if x is None or y is None else (x + shift, y + shift, VISIBLE))
        return points

    def _box(self, row: Row, class_of: int, place: str) -> Boxes:
        columns = self.columns.box or ()
        numbers = [_number(row, column, place) for column in columns]
        if all(number is None for number in numbers):
            return Boxes()
        x0, y0, x1, y1 = (math.nan if number is None else number for number in numbers)
        if not (x0 <= x1 and y0 <= y1):
            raise AnnotationError("bad_box", f"{place}: wanted xmin <= xmax and ymin <= ymax, found {numbers}")
        end = 1 if self.coordinates == "pixel_index" else 0
        return Boxes.of([[x0, y0, x1 + end, y1 + end]], [class_of])


def _number(row: Row, column: str, place: str) -> float | None:
    text = (row[column] or "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise AnnotationError("bad_number", f"{place}, column {column!r}: wanted a finite number, found {text!r}")
    return number
