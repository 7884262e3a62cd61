"""Names that look like frames: numbers that follow one another, of one subject after another.

Frames of one video, or photos of one person, are alike. With some of them in train and some in test, a model is tested
on what it has seen.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

# Each has the subject in its first group, and the frame's number, if names have one, in the second. The first that fits
# all names is taken: what is more specific stands first.
_PATTERNS = (
    # Roboflow's variants of one picture: its name, and a hash each.
    r"^(.+)\.rf\.[^/]+$",
    r"^(.+)_frame_?(\d+)\.[^./]+$",
    r"^(.+)_(\d+)\.[^./]+$",
    r"^(.+)-(\d+)\.[^./]+$",
    r"^(.+) ?\((\d+)\)\.[^./]+$",
    r"^(.*[^\d/])(\d+)\.[^./]+$",
    # A folder a subject.
    r"^(.+)/[^/]*?(\d+)\.[^./]+$",
)
_LEAST_GROUPS = 3


@dataclass(frozen=True, slots=True)
class Frames:
    """Names that look like frames of subjects.

    Attributes:
        group: the regular expression for ``split.group``, of one capture group.
        subjects: how many there are.
        examples: two names of one subject.
    """

    group: str
    subjects: int
    examples: tuple[str, str]


def frames(classes: Mapping[str, int | None]) -> Frames | None:
    r"""Looks for subjects in names.

    Args:
        classes: the class of each image by its key; None where it has none.

    Returns:
        The first pattern by which the names are frames; None when they are none.

    >>> frames({f"anna_{number:02}.jpg": None for number in range(9)}) is None
    True
    >>> found = frames({f"{name}_{number:02}.jpg": None for name in ("anna", "ben", "cleo") for number in range(9)})
    >>> found.group, found.subjects
    ('^(.+)_\\d+\\.[^./]+$', 3)
    """
    for pattern in _PATTERNS:
        groups = _groups(pattern, classes)
        if groups is None or len(groups) < _LEAST_GROUPS or not _are_frames(groups):
            continue
        # Names that begin with their class are no frames: a class that lay in one split could not be learnt.
        if _name_classes(groups, classes):
            return None
        most = max(groups.values(), key=len)
        first, second = sorted(most.values())[:2]
        return Frames(pattern.replace(r"(\d+)", r"\d+"), len(groups), (first, second))
    return None


def _groups(pattern: str, classes: Mapping[str, int | None]) -> dict[str, dict[int, str]] | None:
    """Keys by number by subject; None when the pattern doesn't fit all keys."""
    found: dict[str, dict[int, str]] = defaultdict(dict)
    search = re.compile(pattern)
    for key in classes:
        match = search.search(key)
        if match is None:
            return None
        of = found[match[1]]
        # Digits beyond what int takes at once are no frame's number.
        of[int(match[2][-18:]) if search.groups > 1 else len(of)] = key
    return found


def _are_frames(groups: Mapping[str, Mapping[int, str]]) -> bool:
    """Whether most names have a neighbour: the number before or after theirs, of the same subject."""
    total = sum(len(group) for group in groups.values())
    neighbours = sum((number - 1 in group) + (number + 1 in group) > 0 for group in groups.values() for number in group)
    return neighbours > total / 2


def _name_classes(groups: Mapping[str, Mapping[int, str]], classes: Mapping[str, int | None]) -> bool:
    named = {id for id in classes.values() if id is not None}
    pure = all(len({classes[key] for key in group.values()}) == 1 for group in groups.values())
    return len(named) > 1 and pure and len(groups) <= len(named)
