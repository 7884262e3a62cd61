"""JSON Lines: one object a line."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from dataprep.errors import AnnotationError, SourceError, near
from dataprep.geometry import Size
from dataprep.json_text import JsonError, loads, shown
from dataprep.labels import Floats
from dataprep.locations import content
from dataprep.sources.parts.coordinates import Four
from dataprep.sources.parts.fields import Object, at, four, listed, number, scalar, text, texts, whole_size
from dataprep.sources.parts.instances import instances
from dataprep.sources.parts.placed import placed
from dataprep.sources.parts.references import name_of
from dataprep.sources.tables.columns import Columns
from dataprep.sources.tables.entry import Entry, Row, of_object
from dataprep.sources.tables.recognition import MOST_ROWS, Sample, recognised
from dataprep.sources.tables.source import TableSource
from dataprep.surroundings import instead_of
from dataprep.survey import Suggestion, Survey


class Jsonl(TableSource):
    """Classes, tags, boxes, keypoints, numbers and texts from a file with one JSON object a line.

    A line is an image, with lists of its boxes and their classes, or, by ``rows: object``, one of the objects on it.
    Fields are found by their names; one that is not there, or null, means "not labelled". What the numbers of boxes
    and keypoints mean is said by ``coordinates``.
    """

    name: ClassVar[str] = "jsonl"
    section: ClassVar[str] = "fields"
    format: Literal["jsonl"]
    annotations: str = Field("annotations.jsonl", description="the file, relative to the root")
    fields: Columns = Columns()

    @property
    def layout(self) -> Columns:
        """Which fields hold what."""
        return self.fields

    @classmethod
    def recognise(cls, survey: Survey) -> Suggestion | None:
        """A file of objects with a field that names images."""
        return recognised(survey, _samples(survey))

    def content(self, table: Path) -> Iterator[Row]:
        """The lines of the file; one that is no object is ``bad_row``.

        Raises:
            SourceError: it can't be read, no line is an object, or a field is in none of them.
        """
        try:
            lines = content(table).split(b"\n")
        except OSError as error:
            raise SourceError(
                f"{table}: the file can't be read: {error.strerror or error}{instead_of(table)}"
            ) from error
        reader = _Reader(self)
        for index, line in enumerate(lines, 1):
            if line.strip():
                yield reader.row(line, index)
        reader.check(table)


class _Reader:
    """Reads the lines of one file, and remembers which fields there were."""

    def __init__(self, source: Jsonl) -> None:
        self._source = source
        self._places = source.places
        self._names = source.keypoints.names if source.keypoints is not None else ()
        self._missing = set(self._wanted())
        self._known: dict[str, None] = {}
        self._broken: AnnotationError | None = None
        self._list = False

    def check(self, table: Path) -> None:
        """Refuses a file of another kind, and names that no line has: a slip in one would lose its labels silently."""
        if not self._known:
            if self._broken is not None:
                hint = "; write the elements of the list one a line" if self._list else ""
                raise SourceError(f"{table}: no line is a JSON object; {self._broken}{hint}") from self._broken
            return
        for name in sorted(self._missing):
            raise SourceError(f"{table}: no line has a field {name!r}{near(name, list(self._known)[:12])}")

    def row(self, line: bytes, index: int) -> Row:
        """One line."""
        place, name = f"{self._source.annotations}, line {index}", ""
        try:
            value = _object(line, place)
            self._known |= dict.fromkeys(value)
            self._missing -= {name for name in self._missing if at(value, name)[1]}
            name = name_of(text(self._at(value, self._source.layout.path), f"{place}, {self._source.layout.path}"))
            return Row(index, name, self._entry(value, place))
        except AnnotationError as error:
            if self._broken is None:
                self._broken, self._list = error, line.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")
            return Row(index, name, error)

    def _wanted(self) -> list[str]:
        fields = self._source.layout
        tags = (fields.tags,) if isinstance(fields.tags, str) else fields.tags or ()
        boxes = fields.boxes.columns if fields.boxes is not None else ()
        points: tuple[str, ...] = ()
        if self._names:
            points = fields.of_points(self._names) if len(fields.pattern) > 1 else fields.pattern
        one = (fields.path, fields.class_name, fields.split)
        several = (*tags, *boxes, *points, *fields.values, *fields.attributes, *(fields.size or ()))
        return [name for name in (*one, *several) if name is not None]

    def _at(self, value: Object, name: str) -> Any:
        return at(value, name)[0]

    def _entry(self, value: Object, place: str) -> Entry:
        fields, rows = self._source.layout, self._source.rows
        corners = self._corners(value, place)
        name, box_names = self._classes(value, place, len(corners or ()))
        points = self._points(value, place)
        notes: tuple[str, ...] = ()
        if rows == "object":
            for what, found in (("box", corners), ("instance of keypoints", points)):
                if found is not None and len(found) > 1:
                    raise AnnotationError("bad_row", f"{place}: wanted one {what} a line, found {len(found)}")
            points, notes = of_object(name, corners, points, place)
        return Entry(
            class_name="" if rows == "object" else name,
            tags=self._tags(value, place),
            corners=corners,
            box_names=box_names,
            points=points,
            values=self._values(value, place),
            attributes=self._attributes(value, place),
            split=text(self._at(value, fields.split), f"{place}, {fields.split}") if fields.split else "",
            size=self._size(value, place),
            notes=notes,
        )

    def _size(self, value: Object, place: str) -> Size | None:
        if self._source.layout.size is None:
            return None
        width, height = self._source.layout.size
        return whole_size(self._at(value, width), self._at(value, height), f"{place}, {width} and {height}")

    def _classes(self, value: Object, place: str, boxes: int) -> tuple[str, tuple[str, ...]]:
        """The class of the image, and those of its boxes: a list gives one to each, a text is that of all."""
        field = self._source.layout.class_name
        if field is None:
            return "", ("",) * boxes
        found, place = self._at(value, field), f"{place}, {field}"
        if isinstance(found, list) and self._source.layout.boxes is not None:
            if len(found) != boxes:
                raise AnnotationError(
                    "bad_row", f"{place}: wanted a class for each of {boxes} boxes, found {len(found)}"
                )
            return "", texts(found, place)
        name = text(found, place)
        return name, (name,) * boxes

    def _corners(self, value: Object, place: str) -> tuple[Four, ...] | None:
        boxes = self._source.layout.boxes
        if boxes is None:
            return None
        if isinstance(boxes.names, str):
            place = f"{place}, {boxes.names}"
            found = self._at(value, boxes.names)
            found = listed([] if found is None else found, place, "bad_box")
            if found and not isinstance(found[0], list):
                return (self._places.corners(four(found, place), boxes.form, place),)
            lists = [
                (listed(one, f"{place}[{index}]", "bad_box"), f"{place}[{index}]") for index, one in enumerate(found)
            ]
        else:
            found = [self._at(value, name) for name in boxes.names]
            place = f"{place}, {', '.join(boxes.names)}"
            lists = [] if found == [None] * 4 else [(found, place)]
        return tuple(self._places.corners(four(one, where), boxes.form, where) for one, where in lists)

    def _points(self, value: Object, place: str) -> Floats | None:
        if not self._names:
            return None
        pattern = self._source.layout.pattern
        if len(pattern) == 1:
            place = f"{place}, {pattern[0]}"
            found = self._at(value, pattern[0])
            if found is None and self._source.rows == "object":
                return np.zeros((1, len(self._names), 3))  # none of this object's points is labelled
            return instances(found, self._names, self._places, place)
        columns = self._source.layout.of_points(self._names)
        numbers = [
            np.nan if (one := self._at(value, column)) is None else number(one, f"{place}, {column}")
            for column in columns
        ]
        table = np.array(numbers).reshape(len(self._names), -1)
        return placed(table, self._names, self._places, place)[None]

    def _tags(self, value: Object, place: str) -> tuple[str, ...] | None:
        fields = self._source.layout
        if fields.tags is None:
            return None
        if isinstance(fields.tags, str):
            found, place = self._at(value, fields.tags), f"{place}, {fields.tags}"
            if isinstance(found, str):
                found = [name for name in map(str.strip, found.split(fields.tag_separator)) if name]
            return tuple(dict.fromkeys(texts(found, place)))
        return tuple(name for name in fields.tags if _yes(self._at(value, name), f"{place}, {name}"))

    def _values(self, value: Object, place: str) -> dict[str, float] | None:
        names = self._source.layout.values
        found = {name: self._at(value, name) for name in names}
        if not names:
            return None
        return {name: number(one, f"{place}, {name}") for name, one in found.items() if one is not None}

    def _attributes(self, value: Object, place: str) -> dict[str, str] | None:
        names = self._source.layout.attributes
        if not names:
            return None
        found = {name: scalar(self._at(value, name), f"{place}, {name}") for name in names}
        return {name: one for name, one in found.items() if one}


def _object(line: bytes, place: str) -> Object:
    try:
        value = loads(line)
    except JsonError as error:
        raise AnnotationError("bad_row", f"{place}: no JSON that can be read: {error}") from error
    if not isinstance(value, dict):
        raise AnnotationError("bad_row", f"{place}: wanted an object, found {shown(value)}")
    return value


def _yes(value: Any, place: str) -> bool:
    if isinstance(value, bool):
        return value
    if value is None or (type(value) is int and value in (0, 1, -1)):
        return bool(value == 1)
    raise AnnotationError("bad_row", f"{place}: wanted true or false, or 1 or 0, found {shown(value)}")


# So many files are looked into.
_MOST_FILES = 20


def _samples(survey: Survey) -> Iterator[Sample]:
    """The first objects of each file, with fields within fields beside those that hold them."""
    for file in survey.ending(".jsonl", ".ndjson")[:_MOST_FILES]:
        rows: list[Object] = []
        for line in islice(io.BytesIO(survey.content(file)), MOST_ROWS):
            try:
                value = loads(line) if line.strip() else None
            except JsonError:
                continue
            if isinstance(value, dict):
                within = {name: inner for name, inner in value.items() if isinstance(inner, dict)}
                plain = {name: inner for name, inner in value.items() if name not in within}
                deep = {f"{name}.{one}": found for name, inner in within.items() for one, found in inner.items()}
                rows.append({**plain, **deep})
        if rows:
            yield Sample(file, Jsonl.section, list(dict.fromkeys(name for row in rows for name in row)), rows)
