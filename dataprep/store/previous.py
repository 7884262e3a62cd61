"""What an earlier build of the same store left: where outcomes can be taken from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from dataprep.store.identity import connect, is_current


class Before(NamedTuple):
    """What an input was when it was prepared before: digests of its bytes and of its labels."""

    source: str | None
    labels: str | None


class Previous:
    """A finished store, or one whose build failed.

    Attributes:
        path: its file.
        digest: its own.
        inputs: digest of all that went into it.
        parts: digests of what its manifest asked of a record.
    """

    def __init__(self, path: Path, digest: str, inputs: str, parts: dict[str, str]) -> None:
        self.path = path
        self.digest = digest
        self.inputs = inputs
        self.parts = parts

    def fingerprints(self) -> set[str]:
        """Those of its records."""
        with closing(connect(self.path)) as connection:
            rows = connection.execute("SELECT fingerprint FROM records WHERE fingerprint IS NOT NULL")
            return {row[0] for row in rows}

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
            if not is_current(connection):
                return None
            digest, inputs, parts = connection.execute("SELECT digest, inputs, recipe FROM dataset").fetchone()
            return Previous(path, digest, inputs, json.loads(parts))
    except (sqlite3.Error, TypeError, ValueError):
        return None
