"""The cells of a table's row: which are where, and what their texts say."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from dataprep.errors import AnnotationError
from dataprep.geometry import Size
from dataprep.labels import Floats
from dataprep.sources.parts.coordinates import Coordinates, Four
from dataprep.sources.parts.placed import placed
from dataprep.sources.tables.columns import Columns

Cells = Sequence[str]

_YES, _NO = frozenset({"1", "1.0", "true", "yes"}), frozenset({"", "0", "0.0", "-1", "-1.0", "false", "no"})


def number_in(text: str, column: str, place: str) -> float | None:
    """The number in a cell; None in an empty one.

    Raises:
        AnnotationError: ``bad_number``, another text, or a number that is not finite.
    """
    text = text.strip()
    if not text:
        return None
    try:
        # Python reads 1_000 as a number; no table means that.
        number = math.nan if "_" in text else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise AnnotationError("bad_number", f"{place}, column {column!r}: wanted a finite number, found {text!r}")
    return number


def box_in(cells: Mapping[str, str], columns: Sequence[str], place: str) -> Four | None:
    """The four numbers of a box, from four cells or from one; None where all are empty.

    Raises:
        AnnotationError: ``bad_number`` or ``bad_box``.

    >>> box_in({"box": "[834.0, 222, 56 36]"}, ["box"], "")
    (834.0, 222.0, 56.0, 36.0)
    """
    if len(columns) == 1:
        texts = cells[columns[0]].strip().strip("[]()").replace(",", " ").split()
        names = [columns[0]] * len(texts)
    else:
        texts, names = [cells[column] for column in columns], list(columns)
    numbers = [number_in(text, name, place) for text, name in zip(texts, names, strict=True)]
    if all(number is None for number in numbers):
        return None
    if len(numbers) != 4 or None in numbers:
        shown = ", ".join("nothing" if number is None else f"{number:g}" for number in numbers)
        raise AnnotationError("bad_box", f"{place}: wanted four numbers in {', '.join(columns)}, found {shown}")
    a, b, c, d = (number for number in numbers if number is not None)
    return a, b, c, d


def size_in(cells: Mapping[str, str], columns: Sequence[str], place: str) -> Size | None:
    """A width and a height in whole pixels; None where a cell is empty or 0, as tools write for "not known".

    Raises:
        AnnotationError: ``bad_number``.
    """
    sides = []
    for column in columns:
        side = number_in(cells[column], column, place)
        if side is not None and (side < 0 or side != int(side)):
            raise AnnotationError("bad_number", f"{place}, column {column!r}: wanted whole pixels, found {side:.17g}")
        sides.append(int(side or 0))
    return Size(*sides) if all(sides) else None


def tags_in(cells: Mapping[str, str], columns: str | Sequence[str], separator: str, place: str) -> tuple[str, ...]:
    """The names of classes in one cell, or those of the columns that say yes; each once.

    Raises:
        AnnotationError: ``bad_row``, a cell that says neither yes nor no.
    """
    if isinstance(columns, str):
        names = (name.strip() for name in cells[columns].split(separator))
        return tuple(dict.fromkeys(name for name in names if name))
    found = []
    for column in columns:
        text = cells[column].strip().lower()
        if text in _YES:
            found.append(column)
        elif text not in _NO:
            raise AnnotationError(
                "bad_row", f"{place}, column {column!r}: wanted 1 for yes, and 0 or -1 for no, found {cells[column]!r}"
            )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class PointCells:
    """The cells of one instance's keypoints.

    A table may have hundreds of them a row, so their places are found once, and a row without gaps is read at once.

    Attributes:
        names: of the keypoints.
        columns: of x, y and, where there is one, visibility of each in turn.
        take: those cells of a row.
        coordinates: what the numbers mean.
    """

    names: Sequence[str]
    columns: Sequence[str]
    take: Callable[[Cells], Cells]
    coordinates: Coordinates

    @classmethod
    def of(
        cls, columns: Columns, names: tuple[str, ...], header: Sequence[str], coordinates: Coordinates
    ) -> PointCells:
        """From a table's header, which has all the columns."""
        wanted = columns.of_points(names)
        positions = {column: index for index, column in enumerate(header)}
        return cls(names, wanted, itemgetter(*(positions[column] for column in wanted)), coordinates)

    def read(self, cells: Cells, place: str) -> Floats:
        """The keypoints, (1, K, 3) float64.

        Raises:
            AnnotationError: ``bad_number`` or ``bad_keypoint``.
        """
        texts = self.take(cells)
        numbers = _all_numbers(texts)
        if numbers is None:
            found = [number_in(text, column, place) for text, column in zip(texts, self.columns, strict=True)]
            numbers = np.array([math.nan if number is None else number for number in found])
        for index in np.flatnonzero(np.abs(numbers) > self.coordinates.farthest).tolist():
            where = f"{place}, column {self.columns[index]!r}"
            self.coordinates.check(float(numbers[index]), where, repr(texts[index]))
        return placed(numbers.reshape(len(self.names), -1), self.names, self.coordinates, place)[None]


def _all_numbers(texts: Cells) -> Floats | None:
    """The numbers, where each cell holds a finite one."""
    if "_" in "".join(texts):
        return None
    try:
        numbers = np.fromiter(map(float, texts), np.float64, len(texts))
    except ValueError:
        return None
    return numbers if np.isfinite(numbers).all() else None
