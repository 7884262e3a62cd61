"""From outcomes to the ledger and the samples, in the order of the plan."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from dataprep.store import schema
from dataprep.store.batches import batched
from dataprep.store.content import LedgerRow, Planned
from dataprep.store.digests import Digests
from dataprep.store.duplicates import Duplicate, duplicates
from dataprep.store.finish import describe_shard
from dataprep.store.outcomes import UNSTABLE
from dataprep.store.sharding import record_hash, spans

_PLAN = """
CREATE TEMP TABLE plan (position INTEGER PRIMARY KEY, outcome INTEGER, split TEXT, reason TEXT, note TEXT, near TEXT)
"""
_KEPT = """
FROM temp.plan p JOIN kept.outcomes o ON o.id = p.outcome
WHERE o.status = 'accepted' AND p.reason IS NULL
"""
_RECORDS = f"""
INSERT INTO main.records
    (id, key, status, reason, note, notes, dropped, near, fingerprint, source, labels, pixels, measures)
SELECT p.position + ?, o.key, iif(p.reason IS NULL, o.status, 'duplicate'), coalesce(p.reason, o.reason),
    coalesce(p.note, o.note), o.notes, iif(p.reason IS NULL, o.dropped, '{{}}'), p.near,
    iif(o.fingerprint LIKE '{UNSTABLE}%', NULL, o.fingerprint), o.source, o.labels, o.pixels, o.measures
FROM temp.plan p JOIN kept.outcomes o ON o.id = p.outcome ORDER BY p.position
"""
# Records with samples, in order; and the bytes of these.
_RUNS = """
SELECT p.position, p.split, o.key, sum(a.length + a.mask_length)
FROM temp.plan p JOIN kept.outcomes o ON o.id = p.outcome JOIN kept.parts a ON a.outcome = p.outcome
WHERE p.reason IS NULL GROUP BY p.position ORDER BY p.position
"""
_SAMPLES = """
INSERT INTO main.samples (id, key, record, split, shard, "offset", image, length, mask, width, height, wire, gap)
SELECT ? + row_number() OVER places, a.key, p.position + ?, p.split, ?,
    sum(a.length + a.mask_length) OVER places - a.length - a.mask_length,
    a.image, a.length, a.mask, a.width, a.height, a.wire, a.gap
FROM temp.plan p JOIN kept.parts a ON a.outcome = p.outcome
WHERE p.reason IS NULL AND p.position BETWEEN ? AND ?
WINDOW places AS (ORDER BY p.position, a.place) ORDER BY p.position, a.place
"""
# Every image belongs to some outcome, if only to one that is not kept.
_ORPHANS = """
DELETE FROM main.images WHERE id IN (
    SELECT image FROM kept.parts UNION SELECT mask FROM kept.parts
    EXCEPT SELECT image FROM main.samples EXCEPT SELECT mask FROM main.samples)
"""
# The second and further ones of equal images.
_TWINS = (
    """CREATE TEMP TABLE twins AS SELECT i.id, first FROM main.images i
       JOIN (SELECT sha256, min(id) AS first FROM main.images GROUP BY sha256 HAVING count(*) > 1) USING (sha256)
       WHERE i.id != first""",
    "CREATE UNIQUE INDEX temp.twins_id ON twins (id)",
    "UPDATE main.samples SET image = first FROM temp.twins t WHERE t.id = samples.image",
    "UPDATE main.samples SET mask = first FROM temp.twins t WHERE t.id = samples.mask",
    "DELETE FROM main.images WHERE id IN (SELECT id FROM temp.twins)",
    "DROP TABLE temp.twins",
)
# Rows written by one call, and parameters in one.
_ROWS = 500


class Layout:
    """The plan of a store laid over the outcomes: what is kept, what is a duplicate.

    A record is known by its position in the plan, from 1 on.
    """

    def __init__(self, connection: Connection, plan: Iterable[Planned]) -> None:
        """Lays out a plan, and marks its exact duplicates.

        Args:
            connection: of the store being written.
            plan: all records that have outcomes, in the order of (split, hash of the key).
        """
        self._connection = connection
        connection.exec_driver_sql("DROP TABLE IF EXISTS temp.plan")
        connection.exec_driver_sql(_PLAN)
        for rows in batched(((position, *one) for position, one in enumerate(plan, 1)), _ROWS):
            connection.exec_driver_sql("INSERT INTO temp.plan (position, outcome, split) VALUES (?, ?, ?)", list(rows))
        self.drop(list(duplicates(connection)))

    def looks(self) -> Iterator[tuple[int, bytes]]:
        """Perceptual hashes of the records that are kept and have one, with their positions, ascending."""
        look = "json_extract(o.measures, '$.look')"
        query = f"SELECT p.position, {look} {_KEPT} AND {look} IS NOT NULL ORDER BY p.position"
        for position, hash in self._connection.exec_driver_sql(query):
            yield position, bytes.fromhex(hash)

    def keys(self, positions: Iterable[int]) -> dict[int, str]:
        """The keys of some records, by position."""
        query = (
            "SELECT p.position, o.key FROM temp.plan p JOIN kept.outcomes o ON o.id = p.outcome WHERE p.position IN "
        )
        found: dict[int, str] = {}
        for some in batched(positions, _ROWS):
            marks = ",".join("?" * len(some))
            found.update(tuple(row) for row in self._connection.exec_driver_sql(f"{query} ({marks})", some))
        return found

    def hollow(self) -> list[int]:
        """Ids of outcomes that are kept, and whose samples nobody has: they were duplicates before."""
        return list(self._connection.exec_driver_sql(f"SELECT o.id {_KEPT} AND o.hollow").scalars())

    def drop(self, dropped: Sequence[Duplicate]) -> None:
        """Marks records as duplicates."""
        if dropped:
            rows = [(one.reason, one.note, one.position) for one in dropped]
            self._connection.exec_driver_sql("UPDATE temp.plan SET reason = ?, note = ? WHERE position = ?", rows)

    def connect(self, near: Mapping[int, str]) -> None:
        """Says which records look alike: the key of the first of each group, by position."""
        if near:
            rows = [(first, position) for position, first in near.items()]
            self._connection.exec_driver_sql("UPDATE temp.plan SET near = ? WHERE position = ?", rows)

    def assemble(self, refused: Sequence[LedgerRow], target: int) -> Connection:
        """Makes ledger, samples and shards.

        Args:
            refused: ledger rows of the inputs that have no outcome.
            target: bytes of a shard, see `spans`.

        Returns:
            A connection to look at the result; nothing is committed before the store is finished.
        """
        connection = self._connection
        for start in range(0, len(refused), _ROWS):
            rows = [_record_row(id, row) for id, row in enumerate(refused[start : start + _ROWS], start + 1)]
            connection.execute(insert(schema.records), rows)
        connection.exec_driver_sql(_RECORDS, (len(refused),))
        samples = 0
        for shard, (name, split, first, last) in enumerate(self._shards(target), 1):
            values = (samples, len(refused), shard, first, last)
            first, samples = samples + 1, samples + connection.exec_driver_sql(_SAMPLES, values).rowcount
            connection.execute(insert(schema.shards), describe_shard(connection, shard, name, split, first, samples))
        self._settle_images()
        for table in schema.metadata.sorted_tables:
            schema.create_indexes(connection, table)
        return connection

    def _settle_images(self) -> None:
        """Removes images that no sample has, and merges equal ones."""
        connection = self._connection
        connection.exec_driver_sql(_ORPHANS)
        try:
            schema.create_indexes(connection, schema.images)
        except IntegrityError:
            for step in _TWINS:
                connection.exec_driver_sql(step)

    def _shards(self, target: int) -> Iterator[tuple[str, str, int, int]]:
        """Name and split of each shard, and the positions of its first and last record."""
        rows = chain.from_iterable(self._connection.exec_driver_sql(_RUNS).partitions(_ROWS))
        for split, run in groupby(rows, key=lambda row: str(row[1])):
            positions, hashes, weights = array("Q"), Digests(), array("Q")
            for position, _, key, weight in run:
                positions.append(position)
                hashes.append(record_hash(key))
                weights.append(weight)
            for span in spans(hashes, weights, target):
                name = f"{split}-{span.prefix}" if span.prefix else split
                yield name, split, positions[span.start], positions[span.stop - 1]


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
