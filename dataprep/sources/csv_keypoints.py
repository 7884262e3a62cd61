"""A CSV table: one row an image, with keypoints, and a class and a box where there are any."""

from __future__ import annotations

import csv
import io
import math
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from dataprep.errors import AnnotationError, SourceError, near
from dataprep.inputs import Record, Refusal, walk
from dataprep.labels import NOT_LABELLED, VISIBLE, Boxes, Keypoints, Labels
from dataprep.locations import content
from dataprep.pairing import Annotation, Images, pair, rows
from dataprep.sources import FARTHEST, AnnotatedSource, KeypointNames, Listing

Row = Mapping[str, str]
# Below this many images, the ones with names near to a missing one are looked for: that takes a look at all of them.
_FEW = 2000


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of the table.

    Attributes:
        number: of its last line in the file.
        cells: by column, as far as there are both.
        error: what is wrong with the row as a whole.
    """

    number: int
    cells: Row
    error: AnnotationError | None


@dataclass(frozen=True, slots=True)
class _Labels:
    """What a row says; `corners` is None in a table without boxes, and empty in a row without one."""

    names: tuple[str, ...]
    keypoints: Keypoints
    corners: tuple[tuple[float, float, float, float], ...] | None
    size: None = None

    def labels(self, ids: Sequence[int]) -> Labels:
        id = ids[0] if ids else None
        boxes = None if self.corners is None else Boxes.of(self.corners, [-1 if id is None else id] * len(self.corners))
        return Labels(class_id=id, boxes=boxes, keypoints=self.keypoints)


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


class CsvKeypoints(AnnotatedSource):
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

    def read(self, root: Path, *, split_folders: bool) -> Listing:
        """Pairs each image with its row.

        A row without image is ``missing_image``. An image is rejected as ``second_row`` when it has two, and as
        ``bad_row`` when its row has more or fewer cells than the header.
        """
        del split_folders
        folder, table = root / self.images, root / self.annotations
        files, refusals = walk(folder)
        images = Images.of(folder, self.images, files, refusals)
        annotations = [self._annotation(line, images) for line in self._lines(table)]
        pairs = pair(images, annotations, table, "source.annotations", "second_row")
        classes = self.class_names(pairs.used.values())
        records: list[Record] = []
        refusals = rows(images, refusals, pairs.alone)
        for key, path in files.items():
            row = pairs.rejected.get(key) or self.record(key, path, pairs.used, classes)
            if isinstance(row, Record):
                records.append(row)
            else:
                refusals.append(row)
        return Listing(classes, self.keypoints, records, refusals)

    def _annotation(self, line: _Line, images: Images) -> Annotation[_Labels]:
        place = f"{self.annotations}, line {line.number}"
        key = unicodedata.normalize("NFC", line.cells.get(self.columns.file, "").strip())
        found = line.error or self._parse(line.cells, place)
        keys = (key,) if key in images.files else ()
        return Annotation(place, keys, found, self._alone(line, place, key, images) if not keys else None)

    def _alone(self, line: _Line, place: str, key: str, images: Images) -> Refusal:
        reason, note = "missing_image", f"{place}: {self._missing(key, images)}"
        if line.error is not None:
            reason, note = line.error.reason, str(line.error)
        return Refusal(f"{PurePosixPath(self.annotations)}:{line.number}", "rejected", reason, note, key)

    def _missing(self, key: str, images: Images) -> str:
        if not key:
            return f"the cell {self.columns.file!r} is empty"
        if key in images.refused:
            refusal = images.refused[key]
            return f"{refusal.key}: {refusal.reason}: {refusal.note}"
        return f"{self.images} has no file {key!r}{near(key, images.files) if len(images.files) < _FEW else ''}"

    def _lines(self, path: Path) -> list[_Line]:
        try:
            text = content(path).decode("utf-8-sig")
            reader = csv.reader(io.StringIO(text, newline=""), strict=True)
            header = next(reader, [])
            self._check(header, path)
            return [self._line(header, cells, reader.line_num) for cells in reader if cells]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise SourceError(f"{path}: the table can't be read: {error}") from error

    def _check(self, header: Sequence[str], path: Path) -> None:
        for column in self._wanted():
            if column not in header:
                raise SourceError(f"{path}, line 1: wanted a column {column!r}{near(column, header[:12])}")
        for column, count in Counter(header).items():
            # Columns without a name come from trailing commas, and nobody can ask for one.
            if column and count > 1:
                raise SourceError(f"{path}, line 1: the column {column!r} stands twice; rename one of them")

    def _line(self, header: Sequence[str], cells: Sequence[str], number: int) -> _Line:
        error = None
        if len(cells) != len(header):
            # A comma without quotes moves all cells behind it, so no cell of such a row can be believed.
            wanted = f"wanted {len(header)} cells, as the header has, found {len(cells)}"
            error = AnnotationError("bad_row", f"{self.annotations}, line {number}: {wanted}")
        return _Line(number, dict(zip(header, cells, strict=False)), error)

    def _wanted(self) -> list[str]:
        columns = self.columns
        wanted = [columns.file, *(columns.box or ())]
        if columns.class_name is not None:
            wanted.append(columns.class_name)
        for index, name in enumerate(self.keypoints.names):
            wanted += columns.pair(index, name)
        return wanted

    def _parse(self, row: Row, place: str) -> _Labels | AnnotationError:
        name = row[self.columns.class_name].strip() if self.columns.class_name is not None else ""
        try:
            keypoints = Keypoints.of(np.array([self._points(row, place)]))
            return _Labels((name,) if name else (), keypoints, self._corners(row, place))
        except AnnotationError as error:
            return error

    def _points(self, row: Row, place: str) -> list[tuple[float, float, int]]:
        shift = 0.5 if self.coordinates == "pixel_index" else 0.0
        points: list[tuple[float, float, int]] = []
        for index, name in enumerate(self.keypoints.names):
            x, y = (_number(row, column, place) for column in self.columns.pair(index, name))
            if (x is None) != (y is None):
                raise AnnotationError("bad_keypoint", f"{place}: {name!r} has only one of its two coordinates")
            points.append((0.0, 0.0, NOT_LABELLED) if x is None or y is None else (x + shift, y + shift, VISIBLE))
        return points

    def _corners(self, row: Row, place: str) -> tuple[tuple[float, float, float, float], ...] | None:
        if self.columns.box is None:
            return None
        numbers = [_number(row, column, place) for column in self.columns.box]
        if all(number is None for number in numbers):
            return ()
        x0, y0, x1, y1 = (math.nan if number is None else number for number in numbers)
        if not (x0 <= x1 and y0 <= y1):
            raise AnnotationError("bad_box", f"{place}: wanted xmin <= xmax and ymin <= ymax, found {numbers}")
        end = 1 if self.coordinates == "pixel_index" else 0
        return ((x0, y0, x1 + end, y1 + end),)


def _number(row: Row, column: str, place: str) -> float | None:
    text = row[column].strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not abs(number) <= FARTHEST:
        wanted = f"wanted a finite number up to {FARTHEST:.0f}"
        raise AnnotationError("bad_number", f"{place}, column {column!r}: {wanted}, found {text!r}")
    return number
