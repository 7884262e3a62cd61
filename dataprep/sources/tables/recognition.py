"""What a table's headings and first rows tell about its columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dataprep.inputs import split_suffix
from dataprep.sources import nameable
from dataprep.sources.parts.references import name_of
from dataprep.sources.tables.headings import BOXES, CLASSES, ONE_BOX, POINTS, SIZES, SPLIT_WORDS, SPLITS, plain
from dataprep.survey import Suggestion, Survey, common_folder

# So many rows are looked at.
MOST_ROWS = 2000


@dataclass(frozen=True)
class Sample:
    """The first rows of a table.

    Attributes:
        file: its name in the survey.
        section: what says in the manifest which columns hold what.
        columns: their names, in order.
        rows: cells by column, as texts or as JSON has them.
        more: further options that reading it takes.
    """

    file: str
    section: str
    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    more: Mapping[str, Any] = field(default_factory=dict)

    def cells(self, column: str) -> list[Any]:
        """The cells of a column that hold anything."""
        return [cell for row in self.rows if (cell := row.get(column)) not in (None, "")]


@dataclass
class _Found:
    """What has been recognised so far."""

    columns: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    places: list[str] = field(default_factory=list)
    split: bool = False

    def take(self, key: str, value: Any, *columns: str) -> None:
        """Says what a column is."""
        self.columns[key] = value
        self.used |= set(columns)


def recognised(survey: Survey, samples: Iterable[Sample]) -> Suggestion | None:
    """The suggestion for the table that names most images; None where none names half of its rows' images.

    Args:
        survey: the folder.
        samples: of the tables in it.
    """
    best: Suggestion | None = None
    for sample in samples:
        found = _suggestion(survey, sample)
        if found is not None and (best is None or found.confidence > best.confidence):
            best = found
    return best


def _suggestion(survey: Survey, sample: Sample) -> Suggestion | None:
    # A heading that no manifest can name is left alone.
    sample = replace(sample, columns=[name for name in sample.columns if nameable(name)])
    named = _path(survey, sample)
    if named is None:
        return None
    column, folder, share = named
    found = _Found()
    found.take("path", column, column)
    rows = f"the first {len(sample.rows):,} rows of {sample.file}"
    found.reasons.append(f"{share:.0%} of {rows} name images in {folder}, in the column {column!r}")
    headings = {plain(name): name for name in reversed(sample.columns) if name not in found.used}
    _boxes(sample, headings, found)
    _points(sample, found)
    _class(sample, headings, found)
    _split(sample, headings, found)
    _size(headings, found)
    if "boxes" in found.columns or "keypoints" in found.options:
        found.options = {"coordinates": _coordinates(sample, found), **found.options}
    rest = [name for name in sample.columns if name and name not in found.used]
    if rest:
        shown = ", ".join(rest[:6]) + (" …" if len(rest) > 6 else "")
        found.doubts.append(f"{sample.section}: not read: {shown}; values and attributes can name numbers and texts")
    labelled = len(found.columns) > 1 or "keypoints" in found.options
    options = {"images": folder, "annotations": sample.file, **sample.more}
    if _repeats(sample, column) and "boxes" in found.columns:
        options["rows"] = "object"
        found.reasons.append("an image has several rows, each with one box")
    options |= {sample.section: found.columns, **found.options}
    split = {"by": "source"} if found.split else None
    reasons, doubts = (tuple(map(_in_one_line, texts)) for texts in (found.reasons, found.doubts))
    return Suggestion(options, reasons, doubts, split, (0.8 if labelled else 0.2) * share)


def _in_one_line(text: str) -> str:
    """Cells and headings can hold anything."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def _path(survey: Survey, sample: Sample) -> tuple[str, str, float] | None:
    """The column that names images, the folder that it names them in, and the share of rows that do."""
    parents = (name.rpartition("/")[0] or "." for name in (sample.file, *survey.images))
    folders = dict.fromkeys([common_folder(list(survey.images)), *parents, "."])
    known = {folder: _names(survey, folder) for folder in list(folders)[:20]}
    best: tuple[float, str, str] | None = None
    for column in sample.columns[:50]:
        cells = {name_of(cell.replace("\\", "/")) for cell in sample.cells(column) if isinstance(cell, str)}
        for folder, names in known.items():
            if name_of(column.replace("\\", "/")) in names:
                return None  # what should be headings names an image: the table has none
            share = len(cells & names) / len(cells) if cells else 0.0
            if share >= 0.5 and (best is None or share > best[0]):
                best = (share, column, folder)
    return (best[1], best[2], best[0]) if best is not None else None


def _names(survey: Survey, folder: str) -> set[str]:
    """The images in a folder, with and without suffix."""
    prefix = "" if folder == "." else f"{folder}/"
    inside = [name.removeprefix(prefix) for name in survey.images if name.startswith(prefix)]
    return {*inside, *(split_suffix(name)[0] for name in inside)}


def _repeats(sample: Sample, column: str) -> bool:
    cells = sample.cells(column)
    return len(set(map(str, cells))) < len(cells)


def _boxes(sample: Sample, headings: Mapping[str, str], found: _Found) -> None:
    for form, names in BOXES:
        if all(name in headings for name in names):
            columns = [headings[name] for name in names]
            found.take("boxes", {form: columns}, *columns)
            found.places += columns
            found.reasons.append(f"boxes in the columns {', '.join(columns)}")
            if names[0] == "x":
                found.doubts.append(
                    f"{sample.section}: {columns[0]} and {columns[1]} are taken for a box's upper left corner; where "
                    "they are its middle, say center_size"
                )
            return
    for name in ONE_BOX:
        if name not in headings or not (boxes := list(_four(sample.cells(headings[name])))):
            continue
        corners = all(box[0] <= box[2] and box[1] <= box[3] for box in boxes)
        # Fields of this name have x, y, width and height in COCO, and in what learned from it.
        form = "corner_size" if name.startswith("bbox") or not corners else "corners"
        found.take("boxes", {form: headings[name]}, headings[name])
        found.places.append(headings[name])
        found.reasons.append(f"boxes of four numbers in {headings[name]!r}")
        if corners:
            other = "corners" if form == "corner_size" else "corner_size"
            found.doubts.append(f"{sample.section}: a box's four numbers can be {form} or {other}; look at a preview")
        return


def _four(cells: Iterable[Any]) -> Iterable[list[float]]:
    """The boxes in cells that hold four numbers, or lists of four."""
    for cell in cells:
        if isinstance(cell, str):
            cell = [number for text in re.split(r"[\s,\[\]()]+", cell) if (number := _number(text)) is not None]
        boxes = cell if isinstance(cell, list) and cell and isinstance(cell[0], list) else [cell]
        for box in boxes:
            if isinstance(box, list) and len(box) == 4 and all(_number(one) is not None for one in box):
                yield [float(one) for one in box]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < 1e300 else None


def _points(sample: Sample, found: _Found) -> None:
    names = set(sample.columns)
    for pattern, split in (
        ("{name}_x, {name}_y", re.compile(r"^(?P<name>.+)_x$")),
        ("{name}.x, {name}.y", re.compile(r"^(?P<name>.+)\.x$")),
        ("x_{name}, y_{name}", re.compile(r"^x_(?P<name>.+)$")),
    ):
        points = [match["name"] for column in sample.columns if (match := split.match(column)) is not None]
        columns = [part.strip().format(name=name) for name in points for part in pattern.split(",")]
        if points and set(columns) <= names and not set(columns) & found.used:
            flags = [f"{name}_v" for name in points]
            if pattern.startswith("{name}_x") and set(flags) <= names:
                pattern, columns = f"{pattern}, {{name}}_v", columns + flags
            _take_points(found, points, pattern, columns)
            return
    count = len([name for name in sample.columns if name.isascii() and name.isdigit()])
    if count >= 4 and count % 2 == 0 and {str(index) for index in range(count)} <= names:
        columns = [str(index) for index in range(count)]
        _take_points(found, [f"point_{index}" for index in range(count // 2)], "{x}, {y}", columns)
        found.doubts.append("keypoints: the columns have numbers for names; give the points names that mean something")
        return
    _point_list(sample, found)


def _point_list(sample: Sample, found: _Found) -> None:
    """Points in one field, which only JSON has."""
    for column in sample.columns:
        lists = [cell for cell in sample.cells(column) if isinstance(cell, list) and cell and isinstance(cell[0], list)]
        if plain(column) not in POINTS or not lists or column in found.used or set(column) & set(",{}"):
            continue
        nested = isinstance(lists[0][0][0], list) if lists[0][0] else False
        count = len(lists[0][0] if nested else lists[0])
        _take_points(found, [f"point_{index}" for index in range(count)], column, [column])
        found.doubts.append("keypoints: the points have no names; give them some that mean something")


def _take_points(found: _Found, points: Sequence[str], pattern: str, columns: Sequence[str]) -> None:
    found.take("points", pattern, *columns)
    found.places += [column for column in columns if not column.endswith("_v")]
    found.options["keypoints"] = {"names": list(dict.fromkeys(points))}
    found.reasons.append(f"{len(points):,} keypoints in the columns {pattern}")
    found.doubts.append("keypoints: name the pairs of left and right points, or a flip will mix them up")


def _class(sample: Sample, headings: Mapping[str, str], found: _Found) -> None:
    for name in CLASSES:
        column = headings.get(name)
        if column is None or column in found.used:
            continue
        cells = sample.cells(column)
        if not cells:
            continue
        lists = any(isinstance(cell, list) for cell in cells)
        separated = any(isinstance(cell, str) and "|" in cell for cell in cells)
        if (lists and "boxes" not in found.columns) or separated:
            found.take("tags", column, column)
            found.reasons.append(f"several classes an image in {column!r}")
        else:
            found.take("class", column, column)
            kinds = {str(one) for cell in cells for one in (cell if isinstance(cell, list) else [cell])}
            found.reasons.append(
                f"classes in {column!r}: {', '.join(sorted(kinds)[:5])}{' …' if len(kinds) > 5 else ''}"
            )
            if len(kinds) > max(20, len(cells) // 2):
                found.doubts.append(f"{sample.section}: {column!r} has {len(kinds):,} different texts; is it a class?")
        return


def _split(sample: Sample, headings: Mapping[str, str], found: _Found) -> None:
    for name in SPLITS:
        column = headings.get(name)
        words = {cell for cell in sample.cells(column) if isinstance(cell, str)} if column is not None else set()
        if column is None or not words or not all(nameable(word) and plain(word) in SPLIT_WORDS for word in words):
            continue
        found.take("split", column, column)
        found.split = True
        found.reasons.append(f"splits in {column!r}")
        found.options["splits"] = {word: SPLIT_WORDS[plain(word)] for word in sorted(words)}
        return


def _size(headings: Mapping[str, str], found: _Found) -> None:
    for width, height in SIZES:
        columns = [headings[name] for name in (width, height) if name in headings]
        if len(columns) == 2 and not set(columns) & found.used:
            found.take("size", columns, *columns)
            return


def _coordinates(sample: Sample, found: _Found) -> str:
    """What numbers mean, as far as they tell."""
    numbers = [abs(number) for column in found.places for number in _numbers(sample.cells(column))]
    if numbers and max(numbers) <= 1.5:
        found.reasons.append("no number is larger than 1.5, so they are shares of the image")
        return "relative"
    if all(number == int(number) for number in numbers):
        found.doubts.append(
            "coordinates: whole numbers can lie between pixels (continuous) or name them (pixel_index, with "
            "first_pixel: 1 where they were made from Pascal VOC or by Matlab)"
        )
    return "continuous"


def _numbers(cells: Iterable[Any]) -> Iterable[float]:
    for cell in cells:
        if isinstance(cell, list):
            yield from _numbers(cell)
        elif isinstance(cell, str) and re.search(r"[\s,\[]", cell.strip()):
            yield from _numbers(re.split(r"[\s,\[\]()]+", cell))
        elif (number := _number(cell)) is not None:
            yield number
