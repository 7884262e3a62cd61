"""What is noted of a store that is whole: told in no time that nobody has touched it, or any file it was made from.

It stands beside the digests of files, and holds as long as these are as they were, too.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

from dataprep.build.beside import beside, change_of, state_of
from dataprep.build.remembered import Memory
from dataprep.build.stamp import Stamp
from dataprep.locations import file_of, length_of
from dataprep.store.batches import batched
from dataprep.store.identity import connect
from dataprep.store.ledger import Counts, Near, count

_TABLE = "CREATE TABLE noted (state TEXT, files TEXT, digests BLOB, counts TEXT, change INT)"
_AT_ONCE = 500


class Noted(NamedTuple):
    """What is noted.

    Attributes:
        files: digest of the states of its files, see `look_over`; None where not all of them are remembered.
        digests: SHA-256 of each file, one after the other.
        counts: of its ledger.
    """

    files: str | None
    digests: bytes
    counts: Counts

    @property
    def number(self) -> int:
        """How many files there are."""
        return len(self.digests) // hashlib.sha256().digest_size

    @classmethod
    def of(cls, store: Path) -> Self | None:
        """What is noted of a store; None where that is nothing, or does not hold any more."""
        try:
            change = change_of(beside(store))
            with closing(sqlite3.connect(f"{beside(store).resolve().as_uri()}?mode=ro", uri=True)) as connection:
                query = "SELECT state, files, digests, counts FROM noted WHERE change = ?"
                for state, files, digests, counts in connection.execute(query, (change,)):
                    if state == state_of(store):
                        return cls(files, digests, _counts(json.loads(counts)))
        except (OSError, sqlite3.Error, TypeError, ValueError, LookupError):
            pass
        return None


def remember(store: Path, seen: Iterable[tuple[str, bytes]] = ()) -> None:
    """Notes the state of a store that is whole, where the digests of files are remembered, if any are.

    What can't be written is only time lost.

    Args:
        store: the store.
        seen: locations of the files that it was made from, and the SHA-256 of each.
    """
    if not beside(store).exists():
        return
    with suppress(OSError, sqlite3.Error):
        files, digests = _as_remembered(store, seen)
        with closing(connect(store)) as connection:
            counts = json.dumps(_values(count(connection.execute)))
        with closing(sqlite3.connect(beside(store))) as connection:
            connection.execute("DROP TABLE IF EXISTS noted")
            connection.execute(_TABLE)
            # Of all that changes here, this is the last.
            values = (state_of(store), files, digests, counts, change_of(beside(store)) + 1)
            connection.execute("INSERT INTO noted VALUES (?, ?, ?, ?, ?)", values)
            connection.commit()


def look_over(paths: Iterable[str], most: int) -> str | None:
    """Digest of the states of files: the same one for the same files, as they were.

    Args:
        paths: their locations.
        most: bytes; a larger file is not read.

    Returns:
        None when one can't be looked at, or is larger.
    """
    digest = hashlib.sha256()
    try:
        for some in batched(paths, _AT_ONCE):
            lines = []
            for path in some:
                where = file_of(path)
                found = os.stat(where)
                if (found.st_size if where == path else length_of(path)) > most:
                    return None
                lines.append(_line(path, *Stamp.of(found)))
            digest.update("".join(lines).encode("utf-8", "surrogateescape"))
    except OSError:
        return None
    return digest.hexdigest()


def _line(path: str, size: int, modified_ns: int, changed_ns: int, inode: int) -> str:
    return f"{len(path)}:{path}:{size} {modified_ns} {changed_ns} {inode};"


def _as_remembered(store: Path, seen: Iterable[tuple[str, bytes]]) -> tuple[str | None, bytes]:
    """What `look_over` gives for files as they were read, and their digests; None where one is remembered otherwise."""
    whole, digests = hashlib.sha256(), bytearray()
    with closing(Memory(beside(store))) as memory:
        for some in batched(seen, _AT_ONCE):
            found = memory.recall([path for path, _ in some])
            for path, digest in some:
                one = found.get(path)
                if one is None or bytes.fromhex(one.digest) != digest:
                    return None, b""
                whole.update(_line(path, *one[1:5]).encode("utf-8", "surrogateescape"))
                digests += digest
    return whole.hexdigest(), bytes(digests)


def _values(counts: Counts) -> list[object]:
    reasons = [[*names, number] for names, number in counts.reasons.items()]
    return [counts.statuses, reasons, counts.dropped, counts.splits, counts.near]


def _counts(values: list[Any]) -> Counts:
    statuses, reasons, dropped, splits, near = values
    return Counts(
        statuses, {(status, reason): number for status, reason, number in reasons}, dropped, splits, Near(*near)
    )
