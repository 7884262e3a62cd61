"""The ledger in numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

STATUSES = ("accepted", "rejected", "duplicate", "filtered")

_REASONS = """
SELECT status, reason, count(*) FROM main.records GROUP BY status, reason ORDER BY status, reason
"""
_STATUSES = "SELECT status, count(*) FROM main.records GROUP BY status ORDER BY status"
_DROPPED = """
SELECT each.key, sum(each.value) FROM main.records, json_each(records.dropped) AS each
WHERE each.value > 0 GROUP BY each.key ORDER BY each.key
"""
_SPLITS = "SELECT split, count(*) FROM main.samples GROUP BY split ORDER BY min(id)"
_NEAR = """
SELECT count(*), coalesce(sum(images), 0), coalesce(sum(splits > 1), 0) FROM (
    SELECT count(DISTINCT r.id) AS images, count(DISTINCT s.split) AS splits
    FROM main.records r JOIN main.samples s ON s.record = r.id WHERE r.near IS NOT NULL GROUP BY r.near)
"""


class Near(NamedTuple):
    """Images that look alike: how many groups, how many images in them, how many groups lie in several splits."""

    groups: int
    images: int
    across_splits: int


class Counts(NamedTuple):
    """What became of all inputs.

    Attributes:
        statuses: inputs by status; every one of `STATUSES` is there.
        reasons: inputs by (status, reason).
        dropped: labels lost, by reason.
        splits: samples by split.
        near: near-duplicates that were kept.
    """

    statuses: dict[str, int]
    reasons: dict[tuple[str, str], int]
    dropped: dict[str, int]
    splits: dict[str, int]
    near: Near


def count(execute: Callable[[str], Iterable[Any]]) -> Counts:
    """Counts a finished or assembled store.

    Args:
        execute: gives the rows of a query: a method of SQLite's connections, or of SQLAlchemy's.
    """
    statuses, reasons = dict.fromkeys(STATUSES, 0), {}
    for status, reason, number in execute(_REASONS):
        statuses[status] += number
        if reason is not None:
            reasons[status, reason] = number
    dropped, splits = ({row[0]: row[1] for row in execute(query)} for query in (_DROPPED, _SPLITS))
    (near,) = execute(_NEAR)
    return Counts(statuses, reasons, dropped, splits, Near(*near))


def statuses(execute: Callable[[str], Iterable[Any]]) -> dict[str, int]:
    """Inputs by status, those that occur; found in an index alone, where `count` goes through the whole ledger."""
    return {row[0]: row[1] for row in execute(_STATUSES)}
