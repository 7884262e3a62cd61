"""A few at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(all: Iterable[T], count: int) -> Iterator[tuple[T, ...]]:
    """All in order, so many at a time; Python has this itself from 3.12 on.

    >>> list(batched("abcde", 2))
    [('a', 'b'), ('c', 'd'), ('e',)]
    """
    rest = iter(all)
    while some := tuple(islice(rest, count)):
        yield some
