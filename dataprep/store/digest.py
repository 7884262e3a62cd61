"""The digest of a store: what it holds, not when, where or how it was made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from dataprep import canonical
from dataprep.store import schema

# One by one, rows take SQLAlchemy as long as they take SQLite.
_ROWS = 500


def digest(connection: Connection, meaning: Mapping[str, Any]) -> str:
    """SHA-256 over what the dataset means, its samples and its ledger.

    One canonical JSON line for `meaning`. One for each sample, sorted by key: key, split, SHA-256 of its JSON (labels,
    affine, sizes, and the SHA-256 of its mask), SHA-256 of its image. Then one for each ledger row, sorted: key,
    status, reason. Not covered: versions, limits, notes, paths, times.

    Args:
        connection: of a store whose samples and ledger are in.
        meaning: what numbers in labels and pixels stand for: classes, keypoints, normalize.
    """
    whole = hashlib.sha256(canonical.dumps(meaning) + b"\n")
    sample, image, record = schema.samples.c, schema.images.c, schema.records.c
    samples = connection.execute(
        select(sample.key, sample.split, sample.wire, image.sha256)
        .join(schema.images, image.id == sample.image)
        .order_by(sample.key)
    )
    for rows in samples.partitions(_ROWS):
        for key, split, wire, sha256 in rows:
            whole.update(canonical.texts((key, split, canonical.sha256(wire.encode()), sha256)) + b"\n")
    ledger = connection.execute(
        select(record.key, record.status, record.reason).order_by(record.key, record.status, record.reason)
    )
    for some in ledger.partitions(_ROWS):
        for row in some:
            whole.update(canonical.texts(row) + b"\n")
    return whole.hexdigest()
