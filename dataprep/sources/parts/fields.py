"""The fields of a JSON object, each of the kind that it must be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dataprep.errors import AnnotationError
from dataprep.geometry import Size
from dataprep.json_text import shown
from dataprep.sources.parts.coordinates import Four

Object = Mapping[str, Any]


def at(value: Object, name: str) -> tuple[Any, bool]:
    """A field, or one within fields, and whether it is there.

    >>> at({"a": {"b": 1}, "a.c": None}, "a.b"), at({"a": {"b": 1}, "a.c": None}, "a.c"), at({"a": 1}, "a.b")
    ((1, True), (None, True), (None, False))
    """
    if name in value:
        return value[name], True
    inner, dot, rest = name.partition(".")
    if dot and isinstance(value.get(inner), dict):
        return at(value[inner], rest)
    return None, False


def number(value: Any, place: str, reason: str = "bad_number") -> float:
    """A finite number.

    Raises:
        AnnotationError: it is none.
    """
    # Python counts true and false among the integers.
    if type(value) is float or type(value) is int:
        try:
            found = float(value)
        except OverflowError:
            found = math.inf
        if math.isfinite(found):
            return found
    raise AnnotationError(reason, f"{place}: wanted a finite number, found {shown(value)}")


def four(value: Sequence[Any], place: str) -> Four:
    """Four numbers.

    Raises:
        AnnotationError: ``bad_box`` or ``bad_number``.
    """
    if len(value) != 4:
        raise AnnotationError("bad_box", f"{place}: wanted four numbers, found {len(value)}")
    a, b, c, d = (number(one, f"{place}[{index}]") for index, one in enumerate(value))
    return a, b, c, d


def text(value: Any, place: str) -> str:
    """A text; whole numbers, as which some tools write classes, are texts, too, and null is none.

    Raises:
        AnnotationError: ``bad_row``.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if type(value) is int:
        return str(value)
    raise AnnotationError("bad_row", f"{place}: wanted a text, found {shown(value)}")


def texts(value: Any, place: str) -> tuple[str, ...]:
    """A list of texts, none of them empty; null is an empty one.

    Raises:
        AnnotationError: ``bad_row``.
    """
    if value is None:
        return ()
    found = tuple(text(one, f"{place}[{index}]") for index, one in enumerate(listed(value, place)))
    if "" in found:
        raise AnnotationError("bad_row", f"{place}[{found.index('')}]: wanted a text, found an empty one")
    return found


def listed(value: Any, place: str, reason: str = "bad_row") -> list[Any]:
    """A list.

    Raises:
        AnnotationError: it is none.
    """
    if not isinstance(value, list):
        raise AnnotationError(reason, f"{place}: wanted a list, found {shown(value)}")
    return value


def whole_size(width: Any, height: Any, place: str) -> Size | None:
    """A width and a height in whole pixels; None where either is null or 0, as tools write for "not known".

    Raises:
        AnnotationError: ``bad_number``.
    """
    if width is None or height is None:
        return None
    sides = [number(side, f"{place}, {name}") for side, name in ((width, "the width"), (height, "the height"))]
    for side in sides:
        if side < 0 or side != int(side):
            raise AnnotationError("bad_number", f"{place}: wanted a size in whole pixels, found {side:.17g}")
    return Size(int(sides[0]), int(sides[1])) if all(sides) else None


def scalar(value: Any, place: str) -> str:
    """A text, or a number or truth as JSON writes it; null is empty.

    Raises:
        AnnotationError: ``bad_row``, a list or an object.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(number(value, place))
    return text(value, place)
