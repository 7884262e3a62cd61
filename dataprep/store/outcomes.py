"""What became of records so far, kept in a file of its own while a store is being built.

A killed build goes on from here. Images go straight into the store to be; these rows are what their samples will be
made of. Everything is appended, under numbers that only grow, and nothing has an index before the store is assembled:
a digest finds its place anywhere in one, and each outcome would rewrite several pages of the file.
"""

from __future__ import annotations

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Container, Iterator, Sequence
from contextlib import closing
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
# Raised whenever the tables change.
_LAYOUT = 1
# Images that come again and again (an empty tile, an empty mask) are stored once from the start. Other twins, seldom
# and far apart, are merged when the store is assembled.
_RECENT_IMAGES = 4096

_TABLES = (
    # `hollow`: accepted, and yet without samples, as it was a duplicate when it was prepared.
    f"""CREATE TABLE IF NOT EXISTS {SCHEMA}.outcomes (
        id INTEGER PRIMARY KEY, fingerprint TEXT, key TEXT, status TEXT, reason TEXT, note TEXT, notes TEXT,
        dropped TEXT, source TEXT, labels TEXT, pixels TEXT, measures TEXT, hollow INTEGER)""",
    f"""CREATE TABLE IF NOT EXISTS {SCHEMA}.parts (
        outcome INTEGER, place INTEGER, key TEXT, image INTEGER, length INTEGER, mask INTEGER, mask_length INTEGER,
        width INTEGER, height INTEGER, wire TEXT, gap INTEGER, PRIMARY KEY (outcome, place))""",
)
_IMAGE = "INSERT INTO main.images (id, sha256, content) VALUES (?, ?, ?)"
_OUTCOME = f"INSERT INTO {SCHEMA}.outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PART = f"INSERT INTO {SCHEMA}.parts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

Row = tuple[Any, ...]


class Outcomes:
    """The outcomes of the store that a connection writes.

    Attributes:
        count: how many there are.
    """

    def __init__(self, connection: Connection, path: Path) -> None:
        """Opens those of an earlier, unfinished build, or begins.

        Args:
            connection: of the store being written.
            path: of the file of outcomes.
        """
        self._connection = connection
        self._recent: OrderedDict[str, int] = OrderedDict()
        connection.exec_driver_sql(f"ATTACH DATABASE ? AS {SCHEMA}", (path.resolve().as_uri(),))
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"user_version={_LAYOUT}"):
            connection.exec_driver_sql(f"PRAGMA {SCHEMA}.{pragma}")
        for table in _TABLES:
            connection.exec_driver_sql(table)
        # The two files are not written at one instant: what an outcome names must be in the other one.
        connection.exec_driver_sql(
            f"""DELETE FROM {SCHEMA}.outcomes WHERE fingerprint LIKE '{UNSTABLE}%' OR id IN (
                SELECT outcome FROM {SCHEMA}.parts WHERE image NOT IN (SELECT id FROM main.images)
                OR mask IS NOT NULL AND mask NOT IN (SELECT id FROM main.images))"""
        )
        self._sweep()
        self._next, self._next_image = (
            connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").scalar_one()
            for table in (f"{SCHEMA}.outcomes", "main.images")
        )
        self.count: int = connection.exec_driver_sql(f"SELECT count(*) FROM {SCHEMA}.outcomes").scalar_one()

    def known(self) -> Iterator[tuple[str, int]]:
        """The fingerprints of all outcomes, with their ids."""
        for row in self._connection.exec_driver_sql(f"SELECT fingerprint, id FROM {SCHEMA}.outcomes"):
            yield row[0], row[1]

    def keep_only(self, wanted: Container[str]) -> None:
        """Drops what an earlier plan wanted and this one does not."""
        stale = [id for fingerprint, id in self.known() if fingerprint not in wanted]
        if stale:
            self.forget(stale)
            self._sweep()

    def _sweep(self) -> None:
        """Removes what no outcome names any more."""
        self._connection.exec_driver_sql(
            f"DELETE FROM {SCHEMA}.parts WHERE outcome NOT IN (SELECT id FROM {SCHEMA}.outcomes)"
        )
        self._connection.exec_driver_sql(
            f"""DELETE FROM main.images WHERE id NOT IN (SELECT image FROM {SCHEMA}.parts)
                AND id NOT IN (SELECT mask FROM {SCHEMA}.parts WHERE mask IS NOT NULL)"""
        )
        self._connection.commit()
        self._recent.clear()

    def add(self, all: Sequence[Prepared]) -> list[int]:
        """Keeps outcomes with their images; gives the id of each."""
        images: list[Row] = []
        outcomes, parts = [], []
        ids = list(range(self._next, self._next + len(all)))
        for id, one in zip(ids, all, strict=True):
            outcomes.append((id, *_outcome_row(one), 0))
            for place, sample in enumerate(one.samples):
                image, mask = (self._image(content, images) for content in (sample.image, sample.mask))
                parts.append(_part_row(id, place, sample, image, mask))
        self._write(images, outcomes, parts)
        return ids

    def _image(self, content: bytes | None, images: list[Row], sha256: str | None = None) -> int | None:
        """The id of an image or a mask, which joins those to be written unless it is there."""
        if content is None:
            return None
        sha256 = sha256 or canonical.sha256(content)
        id = self._recent.get(sha256)
        if id is None:
            id = self._recent[sha256] = self._next_image
            self._next_image += 1
            images.append((id, sha256, content))
            if len(self._recent) > _RECENT_IMAGES:
                self._recent.popitem(last=False)
        else:
            self._recent.move_to_end(sha256)
        return id

    def _write(self, images: list[Row], outcomes: list[Row], parts: list[Row]) -> None:
        # Images first: an outcome without its images would be a promise that nobody keeps.
        if images:
            self._connection.exec_driver_sql(_IMAGE, images)
            self._connection.commit()
        if parts:
            self._connection.exec_driver_sql(_PART, parts)
        if outcomes:
            self._connection.exec_driver_sql(_OUTCOME, outcomes)
            self._next += len(outcomes)
            self.count += len(outcomes)
        self._connection.commit()

    def forget(self, ids: Sequence[int]) -> None:
        """Drops outcomes that are not good enough."""
        self._connection.exec_driver_sql(f"DELETE FROM {SCHEMA}.outcomes WHERE id = ?", [(id,) for id in ids])
        self.count -= len(ids)

    def borrow(self, store: Path, wanted: Sequence[str]) -> Iterator[tuple[int, dict[str, int]]]:
        """Copies outcomes from another store; one whose image is not what its digest says is left there.

        Args:
            store: a finished store of this format version, whose rows are right.
            wanted: fingerprints that it has.

        Yields:
            How many of them have been looked at since, and the ids of those that were taken.
        """
        self._connection.exec_driver_sql("ATTACH DATABASE ? AS other", (read_only(store),))
        try:
            for start in range(0, len(wanted), _CHUNK):
                chunk = wanted[start : start + _CHUNK]
                images, outcomes, parts = self._read_other(chunk)
                self._write(images, outcomes, parts)
                yield len(chunk), {row[1]: row[0] for row in outcomes}
        finally:
            self._connection.rollback()
            self._connection.exec_driver_sql("DETACH DATABASE other")

    def _read_other(self, wanted: Sequence[str]) -> tuple[list[Row], list[Row], list[Row]]:
        marks = ",".join("?" * len(wanted))
        # A duplicate is known by its digests, and has no samples: it needs none while it stays one.
        found = self._connection.exec_driver_sql(
            f"""SELECT fingerprint, key, iif(status = 'duplicate', 'accepted', status),
                    iif(status = 'duplicate', NULL, reason), iif(status = 'duplicate', NULL, note), notes, dropped,
                    source, labels, pixels, measures, status = 'duplicate', id
                FROM other.records WHERE fingerprint IN ({marks}) AND (status != 'accepted' OR EXISTS (
                SELECT 1 FROM other.samples WHERE record = records.id))""",
            tuple(wanted),
        ).all()
        images: list[Row] = []
        outcomes: list[Row] = []
        parts: list[Row] = []
        for *outcome, record in found:
            id = self._next + len(outcomes)
            own = self._read_samples(record, id, images)
            if own is not None:
                outcomes.append((id, *outcome))
                parts += own
        return images, outcomes, parts

    def _read_samples(self, record: int, id: int, images: list[Row]) -> list[Row] | None:
        """The parts of a record in the other store; None where one is spoilt."""
        rows = self._connection.exec_driver_sql(
            """SELECT i.sha256, i.content, m.sha256, m.content, s.key, s.length, s.width, s.height, s.wire, s.gap
               FROM other.samples s JOIN other.images i ON i.id = s.image LEFT JOIN other.images m ON m.id = s.mask
               WHERE s.record = ? ORDER BY s.id""",
            (record,),
        ).all()
        files = [(sha256, content) for row in rows for sha256, content in (row[0:2], row[2:4])]
        # Without a digest there is no mask; whatever has one must be its bytes.
        named = [(sha256, content) for sha256, content in files if sha256 is not None]
        if any(type(content) is not bytes or canonical.sha256(content) != sha256 for sha256, content in named):
            return None
        ids = [self._image(content, images, sha256) for sha256, content in files]
        return [
            (id, place, key, ids[2 * place], length, ids[2 * place + 1], len(mask or b""), width, height, wire, gap)
            for place, (_, _, _, mask, key, length, width, height, wire, gap) in enumerate(rows)
        ]


def has_layout(path: Path) -> bool:
    """Whether a file of outcomes has this version's tables: another one is no base to go on from."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path)) as connection:
            return bool(connection.execute("PRAGMA user_version").fetchone()[0] == _LAYOUT)
    except sqlite3.Error:
        return False


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
        one.measures,
    )


def _part_row(id: int, place: int, sample: NewSample, image: int | None, mask: int | None) -> Row:
    return (
        id,
        place,
        sample.key,
        image,
        len(sample.image),
        mask,
        len(sample.mask or b""),
        sample.size.width,
        sample.size.height,
        sample.text.wire,
        sample.text.gap,
    )
