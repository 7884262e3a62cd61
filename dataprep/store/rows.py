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


# One step of SQLite for a whole shard: after each, other threads of Python take their turn, and a step a row would take
# three times as long in a busy server. Texts are joined as the bytes that they are.
_CONTENTS = """
SELECT position, (
    SELECT CAST(group_concat(content, '') AS BLOB) FROM (
        SELECT iif(mask.content IS NULL, image.content, image.content || mask.content) AS content FROM samples
        LEFT JOIN images AS image ON image.id = samples.image LEFT JOIN images AS mask ON mask.id = samples.mask
        WHERE samples.shard = shards.position ORDER BY samples.id))
FROM shards WHERE images_sha256 = ? LIMIT 1
"""


def shard_contents(driver: sqlite3.Connection, sha256: str) -> tuple[int, bytes] | None:
    """The position of a shard, and its images, one after the other, each followed by its mask; None if there is none.

    Raises:
        sqlite3.Error: the store can't be read.
    """
    found = driver.execute(_CONTENTS, (sha256,)).fetchone()
    return None if found is None else (found[0], found[1] or b"")


def shard_samples(connection: Connection, position: int) -> Iterator[StoredSample]:
    """The samples of a shard, in order."""
    rows = connection.execute(SAMPLE.where(_sample.shard == position).order_by(_sample.id))
    return (stored_sample(row) for row in rows)
