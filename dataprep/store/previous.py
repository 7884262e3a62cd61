"""What an earlier build of the same store left: where outcomes can be taken from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from dataprep.store import schema
from dataprep.store.identity import connect


class Before(NamedTuple):
    """What an input was when it was prepared before: digests of its bytes and of its labels."""

    source: str | None
    labels: str | None


class Previous:
    """A finished store, or one whose build failed.

    Attributes:
        path: its file.
        inputs: digest of all that went into it.
        parts: digests of what its manifest asked of a record.
        fingerprints: those of its records.
    """

    def __init__(self, path: Path, inputs: str, parts: dict[str, str], fingerprints: set[str]) -> None:
        self.path = path
        self.inputs = inputs
        self.parts = parts
        self.fingerprints = fingerprints

    def records(self) -> dict[str, Before]:
        """What every input was, by key."""
        with closing(connect(self.path)) as connection:
            rows = connection.execute("SELECT key, source, labels FROM records")
            return {key: Before(source, labels) for key, source, labels in rows}

    def splits(self) -> dict[str, str]:
        """The split of every input that has samples, by key."""
        query = "SELECT DISTINCT r.key, s.split FROM samples s JOIN records r ON r.id = s.record"
        with closing(connect(self.path)) as connection:
            return dict(connection.execute(query).fetchall())

    def has(self, reasons: Sequence[str]) -> bool:
        """Whether any input was rejected for one of these reasons."""
        marks = ",".join("?" * len(reasons))
        with closing(connect(self.path)) as connection:
            query = f"SELECT 1 FROM records WHERE status = 'rejected' AND reason IN ({marks}) LIMIT 1"
            return connection.execute(query, tuple(reasons)).fetchone() is not None


def previous(path: Path) -> Previous | None:
    """Opens what is at a path; None when it is nothing to take outcomes from."""
    if not path.is_file():
        return None
    try:
        with closing(connect(path)) as connection:
            marks = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
            if marks != [schema.APPLICATION_ID, schema.FORMAT_VERSION]:
                return None
            inputs, parts = connection.execute("SELECT inputs, recipe FROM dataset").fetchone()
            rows = connection.execute("SELECT fingerprint FROM records WHERE fingerprint IS NOT NULL")
            return Previous(path, inputs, json.loads(parts), {row[0] for row in rows})
    except (sqlite3.Error, TypeError, ValueError):
        return None
