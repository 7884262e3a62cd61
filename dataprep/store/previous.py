"""What an earlier build of the same store left: where outcomes can be taken from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

from dataprep.store.identity import connect, is_current
from dataprep.store.seal import is_sound, is_whole


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

    def is_sound(self) -> bool:
        """Whether every row is as its build has written it: then outcomes can be taken from it."""
        return self._holds(is_sound)

    def is_whole(self) -> bool:
        """Whether it is so to the last byte of its images: then it can stay."""
        return self._holds(is_whole)

    def _holds(self, promise: Callable[[sqlite3.Connection], bool]) -> bool:
        try:
            with closing(connect(self.path)) as connection:
                return promise(connection)
        except sqlite3.Error:
            return False

    def fingerprints(self) -> Iterator[str]:
        """Those of its records."""
        for row in self._rows("SELECT fingerprint FROM records NOT INDEXED WHERE fingerprint IS NOT NULL"):
            yield row[0]

    def _rows(self, query: str, values: Sequence[str] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, as far as they can be read: from a store that is damaged nothing is taken."""
        with suppress(sqlite3.Error), closing(connect(self.path)) as connection:
            yield from connection.execute(query, tuple(values))

    def records(self, keys: Sequence[str]) -> dict[str, Before]:
        """What some inputs were, by key."""
        marks = ",".join("?" * len(keys))
        rows = self._rows(f"SELECT key, source, labels FROM records WHERE key IN ({marks})", keys)
        return {key: Before(source, labels) for key, source, labels in rows}

    def splits(self) -> dict[str, str]:
        """The split of every input that has samples, by key."""
        query = "SELECT DISTINCT r.key, s.split FROM samples s JOIN records r ON r.id = s.record"
        return dict(self._rows(query))

    def has(self, reasons: Sequence[str]) -> bool:
        """Whether any input was rejected for one of these reasons."""
        marks = ",".join("?" * len(reasons))
        query = f"SELECT 1 FROM records WHERE status = 'rejected' AND reason IN ({marks}) LIMIT 1"
        return any(self._rows(query, reasons))


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
