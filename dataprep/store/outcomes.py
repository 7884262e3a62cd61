"""What became of records so far, kept in a file of its own while a store is being built.

A killed build goes on from here. Images go straight into the store to be; these rows are what their samples will be
made of, in no order, found by fingerprint.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from dataprep import canonical
from dataprep.store.content import NewSample, Prepared
from dataprep.store.identity import read_only

SCHEMA = "kept"
# The fingerprints of outcomes that depend on more than the inputs (time, memory) begin with this: no later build, and
# not this one when it goes on, may take them for known.
UNSTABLE = "unstable "
_CHUNK = 500  # below SQLite's smallest limit of parameters

_TABLES = (
    f"""CREATE TABLE IF NOT EXISTS {SCHEMA}.outcomes (
        fingerprint TEXT PRIMARY KEY, key TEXT, status TEXT, reason TEXT, note TEXT, notes TEXT, dropped TEXT,
        source TEXT, labels TEXT, pixels TEXT, measures TEXT)""",
    f"""CREATE TABLE IF NOT EXISTS {SCHEMA}.parts (
        fingerprint TEXT, place INTEGER, key TEXT, image TEXT, mask TEXT, length INTEGER, width INTEGER,
        height INTEGER, wire TEXT, gap INTEGER, PRIMARY KEY (fingerprint, place))""",
)
_IMAGE = "INSERT OR IGNORE INTO main.images (sha256, content) VALUES (?, ?)"
_OUTCOME = f"INSERT OR IGNORE INTO {SCHEMA}.outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PART = f"INSERT OR IGNORE INTO {SCHEMA}.parts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

Row = tuple[Any, ...]


class Outcomes:
    """The outcomes of the store that a connection writes."""

    def __init__(self, connection: Connection, path: Path) -> None:
        """Opens those of an earlier, unfinished build, or begins.

        Args:
            connection: of the store being written.
            path: of the file of outcomes.
        """
        self._connection = connection
        connection.exec_driver_sql(f"ATTACH DATABASE ? AS {SCHEMA}", (path.resolve().as_uri(),))
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-65536"):
            connection.exec_driver_sql(f"PRAGMA {SCHEMA}.{pragma}")
        for table in _TABLES:
            connection.exec_driver_sql(table)
        # The two files are not written at one instant: what an outcome names must be in the other one.
        connection.exec_driver_sql(
            f"""DELETE FROM {SCHEMA}.outcomes WHERE fingerprint LIKE '{UNSTABLE}%' OR fingerprint IN (
                SELECT fingerprint FROM {SCHEMA}.parts WHERE image NOT IN (SELECT sha256 FROM main.images)
                OR mask IS NOT NULL AND mask NOT IN (SELECT sha256 FROM main.images))"""
        )
        self._sweep()
        found = connection.exec_driver_sql(f"SELECT fingerprint FROM {SCHEMA}.outcomes").scalars()
        self.known: set[str] = set(found)

    def keep_only(self, wanted: Collection[str]) -> None:
        """Drops what an earlier plan wanted and this one does not."""
        stale = self.known.difference(wanted)
        if stale:
            self.forget(list(stale))
            self._sweep()

    def _sweep(self) -> None:
        """Removes what no outcome names any more."""
        self._connection.exec_driver_sql(
            f"DELETE FROM {SCHEMA}.parts WHERE fingerprint NOT IN (SELECT fingerprint FROM {SCHEMA}.outcomes)"
        )
        self._connection.exec_driver_sql(
            f"""DELETE FROM main.images WHERE sha256 NOT IN (SELECT image FROM {SCHEMA}.parts)
                AND sha256 NOT IN (SELECT mask FROM {SCHEMA}.parts WHERE mask IS NOT NULL)"""
        )
        self._connection.commit()

    def add(self, all: Sequence[Prepared]) -> None:
        """Keeps outcomes with their images."""
        images: dict[str, bytes] = {}
        outcomes, parts = [], []
        for one in all:
            outcomes.append(_outcome_row(one))
            for place, sample in enumerate(one.samples):
                hashes: list[str | None] = [None, None]
                for index, content in enumerate((sample.image, sample.mask)):
                    if content is not None:
                        sha256 = canonical.sha256(content)
                        hashes[index], images[sha256] = sha256, content
                parts.append(_part_row(one.fingerprint, place, sample, hashes))
        self._write(list(images.items()), outcomes, parts)

    def _write(self, images: Sequence[Row], outcomes: list[Row], parts: list[Row]) -> None:
        # Images first: an outcome without its images would be a promise that nobody keeps.
        if images:
            self._connection.exec_driver_sql(_IMAGE, images)
            self._connection.commit()
        if parts:
            self._connection.exec_driver_sql(_PART, parts)
        if outcomes:
            self._connection.exec_driver_sql(_OUTCOME, outcomes)
            self.known.update(row[0] for row in outcomes)
        self._connection.commit()

    def forget(self, fingerprints: Sequence[str]) -> None:
        """Drops outcomes that are not good enough."""
        rows = [(fingerprint,) for fingerprint in fingerprints]
        self._connection.exec_driver_sql(f"DELETE FROM {SCHEMA}.outcomes WHERE fingerprint = ?", rows)
        self.known.difference_update(fingerprints)

    def borrow(self, store: Path, wanted: Sequence[str]) -> Iterator[int]:
        """Copies outcomes from another store; one whose image is not what its digest says is left there.

        Args:
            store: a finished store of this format version, whose rows are right.
            wanted: fingerprints that it has.

        Yields:
            How many of them have been looked at so far.
        """
        self._connection.exec_driver_sql("ATTACH DATABASE ? AS other", (read_only(store),))
        try:
            for start in range(0, len(wanted), _CHUNK):
                chunk = wanted[start : start + _CHUNK]
                self._write(*self._read_other(chunk))
                yield start + len(chunk)
        finally:
            self._connection.rollback()
            self._connection.exec_driver_sql("DETACH DATABASE other")

    def _read_other(self, wanted: Sequence[str]) -> tuple[list[Row], list[Row], list[Row]]:
        marks = ",".join("?" * len(wanted))
        # A duplicate is known by its digests, and has no samples: it needs none while it stays one.
        outcomes = self._connection.exec_driver_sql(
            f"""SELECT fingerprint, key, iif(status = 'duplicate', 'accepted', status),
                    iif(status = 'duplicate', NULL, reason), iif(status = 'duplicate', NULL, note), notes, dropped,
                    source, labels, pixels, measures, id
                FROM other.records WHERE fingerprint IN ({marks}) AND (status != 'accepted' OR EXISTS (
                SELECT 1 FROM other.samples WHERE record = records.id))""",
            tuple(wanted),
        ).all()
        images: dict[str, bytes] = {}
        good, parts = [], []
        for outcome in outcomes:
            own, whole = self._read_samples(outcome[-1], outcome[0], images)
            if whole:
                good.append(tuple(outcome[:-1]))
                parts += own
        return list(images.items()), good, parts

    def _read_samples(self, record: int, fingerprint: str, images: dict[str, bytes]) -> tuple[list[Row], bool]:
        rows = self._connection.exec_driver_sql(
            """SELECT s.key, i.sha256, m.sha256, s.length, s.width, s.height, s.wire, s.gap, i.content, m.content
               FROM other.samples s JOIN other.images i ON i.id = s.image LEFT JOIN other.images m ON m.id = s.mask
               WHERE s.record = ? ORDER BY s.id""",
            (record,),
        ).all()
        parts = []
        for place, row in enumerate(rows):
            for sha256, content in ((row[1], row[8]), (row[2], row[9])):
                if sha256 is None:  # it has no mask
                    continue
                if type(content) is not bytes or canonical.sha256(content) != sha256:
                    return [], False
                images[sha256] = content
            parts.append((fingerprint, place, *row[:8]))
        return parts, True


def _outcome_row(one: Prepared) -> Row:
    row = one.row
    return (
        one.fingerprint,
        row.key,
        row.status,
        row.reason,
        row.note,
        json.dumps(row.notes) if row.notes else "[]",
        json.dumps(dict(row.dropped)) if row.dropped else "{}",
        one.source,
        one.labels,
        one.pixels,
        json.dumps(dict(one.measures)),
    )


def _part_row(fingerprint: str, place: int, sample: NewSample, hashes: Sequence[str | None]) -> Row:
    return (
        fingerprint,
        place,
        sample.key,
        *hashes,
        len(sample.image),
        sample.size.width,
        sample.size.height,
        sample.text.wire,
        sample.text.gap,
    )
