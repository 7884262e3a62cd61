"""What can't be told from the files, and the line of the manifest that it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Doubt:
    """A sentence, and what it is about.

    Attributes:
        text: the sentence.
        about: an option of the source, ``split`` or ``format``.
    """

    text: str
    about: str = "format"


def placed(sentences: Iterable[str], options: Iterable[str]) -> list[Doubt]:
    """Doubts of a source, each at the option that its sentence names first; at the format where it names none.

    >>> placed(["first_pixel: no box tells", "the split is odd; split: {by: folder}", "odd"], ["first_pixel"])
    [Doubt(text='first_pixel: no box tells', about='first_pixel'), \
Doubt(text='the split is odd; split: {by: folder}', about='split'), Doubt(text='odd', about='format')]
    """
    names = "|".join(re.escape(name) for name in (*options, "split"))
    search = re.compile(rf"(?<![\w.])(?:source\.)?({names}):")
    return [Doubt(text, match[1] if (match := search.search(text)) else "format") for text in sentences]
