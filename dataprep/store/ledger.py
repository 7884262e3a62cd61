"""The ledger in numbers."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

STATUSES = ("accepted", "rejected", "duplicate", "filtered")

_REASONS = """
SELECT status, reason, count(*) FROM main.records GROUP BY status, reason ORDER BY status, reason
"""
_DROPPED = """
SELECT each.key, sum(each.value) FROM main.records, json_each(records.dropped) AS each
WHERE each.value > 0 GROUP BY each.key ORDER BY each.key
"""
_SPLITS = "SELECT split, count(*) FROM main.samples GROUP BY split ORDER BY min(id)"


class Counts(NamedTuple):
    """What became of all inputs.

    Attributes:
        statuses: inputs by status; every one of `STATUSES` is there.
        reasons: inputs by (status, reason).
        dropped: labels lost, by reason.
        splits: samples by split.
    """

    statuses: dict[str, int]
    reasons: dict[tuple[str, str], int]
    dropped: dict[str, int]
    splits: dict[str, int]


def count(connection: Connection) -> Counts:
    """Counts a finished or assembled store."""
    statuses, reasons = dict.fromkeys(STATUSES, 0), {}
    for status, reason, number in connection.exec_driver_sql(_REASONS):
        statuses[status] += number
        if reason is not None:
            reasons[status, reason] = number
    dropped: dict[str, int] = dict(connection.exec_driver_sql(_DROPPED).tuples().all())
    splits: dict[str, int] = dict(connection.exec_driver_sql(_SPLITS).tuples().all())
    return Counts(statuses, reasons, dropped, splits)
