"""Which samples travel together: the samples under one hash prefix of a split.

A shard over the target splits in two by the next bit, so a record that is added or changed touches the one shard whose
prefix its hash has. That shard is replaced; all others stay, byte for byte.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate


def record_hash(key: str) -> bytes:
    """The place of a record in the order of its split: SHA-256 of its key."""
    return hashlib.sha256(key.encode()).digest()


@dataclass(frozen=True, slots=True)
class Span:
    """A run of records that make a shard.

    Attributes:
        prefix: the bits that its records' hashes share, as a string of 0 and 1.
        start: position of the first record.
        stop: position after the last one.
    """

    prefix: str
    start: int
    stop: int


def spans(hashes: Sequence[bytes], weights: Sequence[int], target: int) -> Iterator[Span]:
    """Splits records into shards.

    Args:
        hashes: of the records, ascending.
        weights: image bytes of each record, all its samples together.
        target: a shard of more bytes splits, unless it holds one record only.

    Yields:
        The shards in order; together they hold every record once. None is empty.
    """
    totals = array("Q", accumulate(weights, initial=0))

    def split(prefix: str, start: int, stop: int) -> Iterator[Span]:
        if start == stop:
            return
        if totals[stop] - totals[start] <= target or stop - start == 1 or hashes[start] == hashes[stop - 1]:
            yield Span(prefix, start, stop)
            return
        middle = _first_one(hashes, len(prefix), start, stop)
        yield from split(prefix + "0", start, middle)
        yield from split(prefix + "1", middle, stop)

    yield from split("", 0, len(hashes))


def _first_one(hashes: Sequence[bytes], bit: int, start: int, stop: int) -> int:
    """The first position in a run whose hash has the given bit set."""
    while start < stop:
        middle = (start + stop) // 2
        if hashes[middle][bit // 8] >> (7 - bit % 8) & 1:
            stop = middle
        else:
            start = middle + 1
    return start
