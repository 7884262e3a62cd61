"""From rows to values: the queries that writer, reader and checks share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from dataprep.geometry import Size
from dataprep.store import schema
from dataprep.store.content import StoredSample
from dataprep.store.samples import SampleText

_sample = schema.samples.c
SAMPLE = select(
    _sample.id,
    _sample.key,
    _sample.split,
    _sample.record,
    _sample.width,
    _sample.height,
    _sample.offset,
    _sample.length,
    _sample.wire,
    _sample.gap,
)


def stored_sample(row: Row[*tuple[Any, ...]]) -> StoredSample:
    """The value of a row of `SAMPLE`."""
    return StoredSample(
        row.id,
        row.key,
        row.split,
        row.record,
        Size(row.width, row.height),
        row.offset,
        row.length,
        SampleText(row.wire, row.gap),
    )


def with_files(*columns: Any) -> Select[Any]:
    """A query for some columns of samples, followed by the bytes of each one's image and mask (or None)."""
    image, mask = schema.images.alias(), schema.images.alias()
    return (
        select(*columns, image.c.content, mask.c.content)
        .select_from(schema.samples)
        .outerjoin(image, image.c.id == _sample.image)
        .outerjoin(mask, mask.c.id == _sample.mask)
        .order_by(_sample.id)
    )


# SQLAlchemy's rows would take as long again as the reading; this is the one place where that is felt.
# A build writes images in the order of shards, so most often those of one lie side by side: one walk, half the time. It
# is one step of SQLite, during which Python's other threads go on; texts are joined as the bytes that they are.
_RUN = """
SELECT CAST(group_concat(content, '') AS BLOB) FROM (SELECT content FROM images WHERE id BETWEEN ? AND ? ORDER BY id)
"""
_CONTENTS = """
SELECT image.content, mask.content FROM samples
LEFT JOIN images AS image ON image.id = samples.image LEFT JOIN images AS mask ON mask.id = samples.mask
WHERE samples.shard = ? ORDER BY samples.id
"""


def shard_contents(driver: sqlite3.Connection, position: int) -> bytes:
    """The images of a shard, one after the other, each followed by its mask.

    Raises:
        sqlite3.Error: the store can't be read.
    """
    rows = driver.execute("SELECT image, mask FROM samples WHERE shard = ? ORDER BY id", (position,))
    ids = [id for row in rows for id in row if id is not None]
    if ids and ids == list(range(ids[0], ids[0] + len(ids))):
        content: bytes | None = driver.execute(_RUN, (ids[0], ids[-1])).fetchone()[0]
        return content or b""
    found = driver.execute(_CONTENTS, (position,)).fetchall()
    return b"".join([content for row in found for content in row if content is not None])


def shard_samples(connection: Connection, position: int) -> Iterator[StoredSample]:
    """The samples of a shard, in order."""
    rows = connection.execute(SAMPLE.where(_sample.shard == position).order_by(_sample.id))
    return (stored_sample(row) for row in rows)
