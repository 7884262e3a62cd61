"""COCO's categories: classes by name, and the keypoints that they name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dataprep.coco.document import TWICE, found
from dataprep.errors import SourceError


class Category(NamedTuple):
    """One category of a file.

    Attributes:
        id: by which annotations name it.
        name: of the class.
        keypoints: names of its keypoints; none where it has none.
        place: where it stands, for messages.
    """

    id: int
    name: str
    keypoints: tuple[str, ...]
    place: str


def categories_of(values: Sequence[Any], shown: str) -> dict[int, Category]:
    """The categories of a file by id.

    Raises:
        SourceError: one is not as it should be, or two have one id: no annotation could be told by it.
    """
    categories: dict[int, Category] = {}
    for index, value in enumerate(values):
        one = _category(value, f"{shown}: categories[{index}]")
        other = categories.setdefault(one.id, one)
        if other is not one and other[:3] != one[:3]:  # a merge of files says the same thing twice
            raise SourceError(f"{one.place}.id: wanted an id of its own, found {one.id}, that of {other.name!r}, too")
    return categories


def _category(value: Any, place: str) -> Category:
    if not isinstance(value, dict):
        raise SourceError(f"{place}: wanted an object, found {found(value)}")
    if TWICE in value:
        raise SourceError(f"{place}: {value[TWICE]!r} stands twice; remove one")
    id, name = value.get("id"), value.get("name")
    if type(id) is not int:
        hint = "; write ids of categories, and category_id, as numbers" if isinstance(id, str) else ""
        raise SourceError(f"{place}.id: wanted a whole number, found {found(id)}{hint}")
    if not isinstance(name, str) or not name.strip():
        raise SourceError(f"{place}.name: wanted a name, found {found(name)}")
    return Category(id, name.strip(), _keypoints(value.get("keypoints"), place), place)


def _keypoints(value: Any, place: str) -> tuple[str, ...]:
    if value is None or (isinstance(value, np.ndarray) and not len(value)):
        return ()
    texts = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
    if not texts or len(set(value)) < len(value):
        raise SourceError(f"{place}.keypoints: wanted a list of names that differ, found {found(value)}")
    return tuple(value)


def class_names(files: Iterable[tuple[Mapping[int, Category], Collection[int]]]) -> tuple[str, ...]:
    """The classes of some files, by ascending id of their categories.

    Args:
        files: the categories of each, and the ids that its annotations use.

    Raises:
        SourceError: files that contradict each other, or two categories of one name that are both in use.
    """
    by_name: dict[str, Category] = {}
    by_id: dict[int, Category] = {}
    for categories, used in files:
        for one in _without_doubles(categories, used):
            for other in (by_name.setdefault(one.name, one), by_id.setdefault(one.id, one)):
                if other[:2] != one[:2]:
                    raise SourceError(
                        f"{one.place}: {one.name!r} has the id {one.id}, but in {other.place} {other.name!r} has "
                        f"{other.id}, so their order can't be told; say it by source.classes"
                    )
    return tuple(by_id[id].name for id in sorted(by_id))


def _without_doubles(categories: Mapping[int, Category], used: Collection[int]) -> list[Category]:
    """The categories, but of several of one name only the one in use: tools write a class's group as a category."""
    named: dict[str, list[Category]] = {}
    for one in categories.values():
        named.setdefault(one.name, []).append(one)
    kept = []
    for several in named.values():
        candidates = [one for one in several if one.id in used] or several[:1]
        if len(candidates) > 1:
            one, other = candidates[:2]
            raise SourceError(
                f"{other.place}.name: wanted a name of its own, found {other.name!r}, that of the id {one.id}, too, "
                "and annotations use both; rename one of them"
            )
        kept += candidates
    return kept


def keypoint_names(categories: Iterable[Category]) -> tuple[str, ...]:
    """The names of keypoints; none where no category has any.

    Raises:
        SourceError: two categories name different ones: a dataset has one list of them.
    """
    first: Category | None = None
    for one in categories:
        if not one.keypoints:
            continue
        if first is not None and first.keypoints != one.keypoints:
            raise SourceError(
                f"{one.place}.keypoints: wanted those of {first.name!r} ({', '.join(first.keypoints[:3])}, …), found "
                f"{', '.join(one.keypoints[:3])}, …: a dataset has one list of keypoints; split the file by category, "
                "or leave keypoints out: source.labels: [boxes, polygons]"
            )
        first = first or one
    return first.keypoints if first else ()


_SIDES = {"left": "right", "Left": "Right", "LEFT": "RIGHT"}


def pairs_of(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Left and right partners, by their names.

    >>> pairs_of(["nose", "left_eye", "right_eye", "EarLeft", "EarRight", "left_foot"])
    (('left_eye', 'right_eye'), ('EarLeft', 'EarRight'))
    """
    pairs = [(name, re.sub("left|Left|LEFT", lambda match: _SIDES[match[0]], name)) for name in names]
    return tuple((left, right) for left, right in pairs if left != right and right in names)
