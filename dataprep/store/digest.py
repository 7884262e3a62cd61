"""The digest of a store: what it holds, not when, where or how it was made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from dataprep import canonical

_SAMPLES = """
SELECT s.key, s.split, s.wire, i.sha256 FROM main.samples s JOIN main.images i ON i.id = s.image ORDER BY s.key
"""
# Sorted here: the index of keys would lead from page to page. (Samples' texts may be too long to sort.)
_LEDGER = "SELECT key, status, reason FROM main.records NOT INDEXED ORDER BY key, status, reason"
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
    for rows in connection.exec_driver_sql(_SAMPLES).partitions(_ROWS):
        for key, split, wire, sha256 in rows:
            whole.update(canonical.texts((key, split, canonical.sha256(wire.encode()), sha256)) + b"\n")
    for rows in connection.exec_driver_sql(_LEDGER).partitions(_ROWS):
        for row in rows:
            whole.update(canonical.texts(row) + b"\n")
    return whole.hexdigest()
