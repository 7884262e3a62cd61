"""CSV and TSV: a table of text with a header."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from dataprep.errors import AnnotationError, SourceError, near
from dataprep.locations import content
from dataprep.sources.parts.references import name_of
from dataprep.sources.tables.cells import PointCells, box_in, number_in, size_in, tags_in
from dataprep.sources.tables.columns import Columns
from dataprep.sources.tables.entry import Entry, Row, of_object
from dataprep.sources.tables.recognition import MOST_ROWS, Sample, recognised
from dataprep.sources.tables.source import TableSource
from dataprep.surroundings import instead_of
from dataprep.survey import Suggestion, Survey


class Csv(TableSource):
    """Classes, tags, boxes, keypoints, numbers and texts from a table with a header.

    A row is an image, or, by ``rows: object``, one of the objects on it. Columns are found by their names. Empty cells
    mean "not labelled". What the numbers of boxes and keypoints mean is said by ``coordinates``.
    """

    name: ClassVar[str] = "csv"
    section: ClassVar[str] = "columns"
    format: Literal["csv"]
    annotations: str = Field("annotations.csv", description="the table, relative to the root")
    columns: Columns = Columns()
    delimiter: str = Field(",", min_length=1, max_length=1, description='what stands between cells; "\\t" for TSV')

    @property
    def layout(self) -> Columns:
        """Which columns hold what."""
        return self.columns

    @model_validator(mode="after")
    def _patterns(self) -> Csv:
        if self.keypoints is not None and len(self.columns.pattern) < 2:
            raise ValueError(
                "columns.points wants two column patterns with a comma between, as in '{name}_x, {name}_y', "
                f"found {self.columns.points!r}"
            )
        if self.delimiter in '\r\n"':
            raise ValueError(f"no table has {self.delimiter!r} between its cells")
        return self

    @classmethod
    def recognise(cls, survey: Survey) -> Suggestion | None:
        """A table with a column that names images."""
        return recognised(survey, _samples(survey))

    def content(self, table: Path) -> Iterator[Row]:
        """The rows of the table; one with more or fewer cells than the header is ``bad_row``."""
        try:
            whole = content(table)
        except OSError as error:
            what = f"{error.strerror or error}{instead_of(table)}"
            raise SourceError(f"{table}: the table can't be read: {what}") from error
        # Not one string: as such, four bytes a letter would lie beside all that is read from them.
        text = io.TextIOWrapper(io.BytesIO(whole), encoding="utf-8-sig", newline="")
        try:
            reader = csv.reader(text, strict=True, delimiter=self.delimiter)
            header = next(reader, [])
            self._check(header, table)
            of_row = _Reader(self, header)
            for cells in reader:
                if cells:
                    yield of_row.row(cells, reader.line_num)
        except UnicodeDecodeError as error:
            raise SourceError(f"{table}, line {_line_of_other_bytes(whole)}: wanted UTF-8; save it as that") from error
        except csv.Error as error:
            raise SourceError(f"{table}, line {reader.line_num}: the table can't be read: {error}") from error

    def _check(self, header: Sequence[str], table: Path) -> None:
        for column in self._wanted():
            if column not in header:
                hint = near(column, header[:12])
                if len(header) == 1 and any(mark in header[0] for mark in "\t;|"):
                    hint = "; is another delimiter between its cells? Set source.delimiter"
                raise SourceError(f"{table}, line 1: wanted a column {column!r}{hint}")
        for column, count in Counter(header).items():
            # Columns without a name come from trailing commas, and nobody can ask for one.
            if column and count > 1:
                raise SourceError(f"{table}, line 1: the column {column!r} stands twice; rename one of them")

    def _wanted(self) -> list[str]:
        columns = self.layout
        one = (columns.path, columns.class_name, columns.split)
        tags = (columns.tags,) if isinstance(columns.tags, str) else columns.tags or ()
        boxes = columns.boxes.columns if columns.boxes is not None else ()
        points = columns.of_points(self.keypoints.names) if self.keypoints is not None else ()
        several = (*tags, *boxes, *points, *columns.values, *columns.attributes, *(columns.size or ()))
        return [column for column in (*one, *several) if column is not None]


class _Reader:
    """Reads the rows of one table; what is the same for all of them is done once."""

    def __init__(self, source: Csv, header: Sequence[str]) -> None:
        self._source = source
        self._header = header
        self._path = header.index(source.layout.path)
        self._places = source.places
        self._plain = self._only_plain()
        self._points: PointCells | None = None
        if source.keypoints is not None:
            self._points = PointCells.of(source.layout, source.keypoints.names, header, self._places)

    def _only_plain(self) -> list[tuple[str, int]]:
        """The columns that are asked for one by one, and where they are."""
        wanted = set(self._source._wanted())
        if self._source.keypoints is not None:
            wanted -= set(self._source.layout.of_points(self._source.keypoints.names))
        return [(column, index) for index, column in enumerate(self._header) if column in wanted]

    def row(self, cells: Sequence[str], number: int) -> Row:
        """One row."""
        place = f"{self._source.annotations}, line {number}"
        name = name_of(cells[self._path]) if self._path < len(cells) else ""
        if len(cells) != len(self._header):
            # A comma without quotes moves all cells behind it, so no cell of such a row can be believed.
            wanted = f"wanted {len(self._header)} cells, as the header has, found {len(cells)}"
            return Row(number, name, AnnotationError("bad_row", f"{place}: {wanted}"))
        try:
            return Row(number, name, self._entry({column: cells[at] for column, at in self._plain}, cells, place))
        except AnnotationError as error:
            return Row(number, name, error)

    def _entry(self, plain: Mapping[str, str], cells: Sequence[str], place: str) -> Entry:
        columns = self._source.layout
        name = plain[columns.class_name].strip() if columns.class_name is not None else ""
        corners = self._corners(plain, place)
        points = self._points.read(cells, place) if self._points is not None else None
        notes: tuple[str, ...] = ()
        if self._source.rows == "object":
            points, notes = of_object(name, corners, points, place)
        return Entry(
            class_name="" if self._source.rows == "object" else name,
            tags=None if columns.tags is None else tags_in(plain, columns.tags, columns.tag_separator, place),
            corners=corners,
            box_names=(name,) * len(corners or ()),
            points=points,
            values=self._values(plain, place),
            attributes=self._attributes(plain),
            split=plain[columns.split].strip() if columns.split is not None else "",
            size=None if columns.size is None else size_in(plain, columns.size, place),
            notes=notes,
        )

    def _corners(self, plain: Mapping[str, str], place: str) -> tuple[tuple[float, float, float, float], ...] | None:
        boxes = self._source.layout.boxes
        if boxes is None:
            return None
        numbers = box_in(plain, boxes.columns, place)
        return () if numbers is None else (self._places.corners(numbers, boxes.form, place),)

    def _values(self, plain: Mapping[str, str], place: str) -> dict[str, float] | None:
        if not self._source.layout.values:
            return None
        found = {column: number_in(plain[column], column, place) for column in self._source.layout.values}
        return {column: number for column, number in found.items() if number is not None}

    def _attributes(self, plain: Mapping[str, str]) -> dict[str, str] | None:
        if not self._source.layout.attributes:
            return None
        found = {column: plain[column].strip() for column in self._source.layout.attributes}
        return {column: text for column, text in found.items() if text}


def _line_of_other_bytes(whole: bytes) -> int:
    """The first line that is not UTF-8."""
    for number, line in enumerate(whole.split(b"\n"), 1):
        try:
            line.decode()
        except UnicodeDecodeError:
            return number
    return 1


# So many tables are looked into, and so many bytes of each.
_MOST_TABLES, _MOST_BYTES = 20, 4 << 20


def _samples(survey: Survey) -> Iterator[Sample]:
    """The first rows of each table."""
    for file in survey.ending(".csv", ".tsv")[:_MOST_TABLES]:
        whole = survey.content(file)
        part = whole if len(whole) <= _MOST_BYTES else whole[:_MOST_BYTES].rpartition(b"\n")[0]
        try:
            text = io.TextIOWrapper(io.BytesIO(part), encoding="utf-8-sig", newline="")
            first = text.readline()
            text.seek(0)
            delimiter = max(",\t;|", key=first.count)
            rows = list(islice(csv.reader(text, delimiter=delimiter), MOST_ROWS + 1))
        except (UnicodeDecodeError, csv.Error):
            continue
        if len(rows) > 1:
            header = list(dict.fromkeys(rows[0]))
            cells = [dict(zip(rows[0], row, strict=False)) for row in rows[1:] if row]
            yield Sample(file, Csv.section, header, cells, {} if delimiter == "," else {"delimiter": delimiter})
