"""From outcomes to the ledger and the samples, in the order of the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert

from dataprep.store import schema
from dataprep.store.content import LedgerRow, Planned
from dataprep.store.duplicates import Duplicate, duplicates
from dataprep.store.outcomes import UNSTABLE
from dataprep.store.sharding import record_hash

_PLAN = """
CREATE TEMP TABLE plan (
    position INTEGER PRIMARY KEY, fingerprint TEXT UNIQUE, split TEXT, reason TEXT, note TEXT, near TEXT)
"""
_KEPT = """
FROM temp.plan p JOIN kept.outcomes o ON o.fingerprint = p.fingerprint
WHERE o.status = 'accepted' AND p.reason IS NULL
"""
_RECORDS = f"""
INSERT INTO main.records
    (id, key, status, reason, note, notes, dropped, near, fingerprint, source, labels, pixels, measures)
SELECT p.position + ?, o.key, iif(p.reason IS NULL, o.status, 'duplicate'), coalesce(p.reason, o.reason),
    coalesce(p.note, o.note), o.notes, iif(p.reason IS NULL, o.dropped, '{{}}'), p.near,
    iif(o.fingerprint LIKE '{UNSTABLE}%', NULL, o.fingerprint), o.source, o.labels, o.pixels, o.measures
FROM temp.plan p JOIN kept.outcomes o ON o.fingerprint = p.fingerprint ORDER BY p.position
"""
_SAMPLES = """
INSERT INTO main.samples (id, key, record, split, image, length, mask, width, height, wire, gap)
SELECT row_number() OVER (ORDER BY p.position, a.place), a.key, p.position + ?, p.split, i.id, a.length, m.id,
    a.width, a.height, a.wire, a.gap
FROM temp.plan p JOIN kept.parts a ON a.fingerprint = p.fingerprint
    JOIN main.images i ON i.sha256 = a.image LEFT JOIN main.images m ON m.sha256 = a.mask
WHERE p.reason IS NULL ORDER BY p.position, a.place
"""
_ORPHANS = """
DELETE FROM main.images WHERE id NOT IN (SELECT image FROM main.samples)
    AND id NOT IN (SELECT mask FROM main.samples WHERE mask IS NOT NULL)
"""
_RUNS = """
SELECT r.key, s.split, min(s.id), max(s.id), sum(s.length + coalesce(length(m.content), 0))
FROM main.samples s JOIN main.records r ON r.id = s.record LEFT JOIN main.images m ON m.id = s.mask
GROUP BY s.record ORDER BY s.record
"""


class Layout:
    """The plan of a store laid over the outcomes: what is kept, what is a duplicate."""

    def __init__(self, connection: Connection, plan: Sequence[Planned]) -> None:
        """Lays out a plan, and marks its exact duplicates.

        Args:
            connection: of the store being written.
            plan: all records that have outcomes, in the order of (split, hash of the key).
        """
        self._connection = connection
        connection.exec_driver_sql("DROP TABLE IF EXISTS temp.plan")
        connection.exec_driver_sql(_PLAN)
        if plan:
            rows = [(position, one.fingerprint, one.split) for position, one in enumerate(plan, 1)]
            connection.exec_driver_sql("INSERT INTO temp.plan (position, fingerprint, split) VALUES (?, ?, ?)", rows)
        self.drop(list(duplicates(connection)))

    def looks(self) -> dict[str, str | None]:
        """Perceptual hashes of the records that are kept, as hexadecimal digits, by fingerprint."""
        query = f"SELECT o.fingerprint, json_extract(o.measures, '$.look') {_KEPT} ORDER BY p.position"
        return {row[0]: row[1] for row in self._connection.exec_driver_sql(query)}

    def hollow(self) -> list[str]:
        """Fingerprints of records that are kept, and whose samples nobody has: they were duplicates before."""
        query = f"SELECT o.fingerprint {_KEPT} AND o.fingerprint NOT IN (SELECT fingerprint FROM kept.parts)"
        return list(self._connection.exec_driver_sql(query).scalars())

    def drop(self, dropped: Sequence[Duplicate]) -> None:
        """Marks records as duplicates."""
        if dropped:
            rows = [(one.reason, one.note, one.fingerprint) for one in dropped]
            self._connection.exec_driver_sql("UPDATE temp.plan SET reason = ?, note = ? WHERE fingerprint = ?", rows)

    def connect(self, near: Mapping[str, str]) -> None:
        """Says which records look alike: the key of the first of each group, by fingerprint."""
        if near:
            rows = [(first, fingerprint) for fingerprint, first in near.items()]
            self._connection.exec_driver_sql("UPDATE temp.plan SET near = ? WHERE fingerprint = ?", rows)

    def assemble(self, refused: Sequence[LedgerRow]) -> Connection:
        """Makes ledger and samples.

        Args:
            refused: ledger rows of the inputs that have no outcome.

        Returns:
            A connection to look at the result; nothing is committed before the store is finished.
        """
        connection = self._connection
        if refused:
            connection.execute(insert(schema.records), [_record_row(id, row) for id, row in enumerate(refused, 1)])
        connection.exec_driver_sql(_RECORDS, (len(refused),))
        connection.exec_driver_sql(_SAMPLES, (len(refused),))
        connection.exec_driver_sql(_ORPHANS)
        return connection


def _record_row(id: int, row: LedgerRow) -> dict[str, Any]:
    return {
        "id": id,
        "key": row.key,
        "status": row.status,
        "reason": row.reason,
        "note": row.note,
        "notes": list(row.notes),
        "dropped": dict(row.dropped),
    }


@dataclass(frozen=True, slots=True)
class Run:
    """The samples of one record, which stay together.

    Attributes:
        hash: of the record's key.
        first: id of its first sample.
        last: id of its last one.
        weight: bytes of its images and masks.
    """

    hash: bytes
    first: int
    last: int
    weight: int


def runs(connection: Connection) -> dict[str, list[Run]]:
    """Records with samples, by split, in the order of their hashes."""
    found: dict[str, list[Run]] = {}
    for key, split, first, last, weight in connection.exec_driver_sql(_RUNS):
        found.setdefault(split, []).append(Run(record_hash(key), first, last, weight))
    return found
