"""Digests of files from build to build, in a file of their own; what can't be read or written is only time lost."""

from __future__ import annotations

import re
import sqlite3
from array import array
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from dataprep.store.batches import batched

_COLUMNS = "name, size, modified, changed, inode, digest"
# The index comes last: in the order of the records, each name would find its place anywhere in it.
_TABLE = "CREATE TABLE files (name TEXT, size INT, modified INT, changed INT, inode INT, digest TEXT)"
_INDEX = "CREATE INDEX files_name ON files (name)"
_INSERT = "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)"
_COMPLETE = "INSERT INTO files SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM files WHERE name = ?1)"
# Who reads a digest can rely on its being one, whatever has happened to the file. (SQLite's GLOB takes four times as
# long for it.)
_is_digest = re.compile("[0-9a-f]{64}").fullmatch
# Below SQLite's smallest limit of parameters.
_AT_ONCE = 500


class Remembered(NamedTuple):
    """What is remembered of a file: its state as of then, its digest, and its number among all."""

    name: str
    size: int
    modified_ns: int
    changed_ns: int
    inode: int
    digest: str
    number: int


class Memory:
    """The file of digests: only what is asked for next is held in memory.

    What is new goes into another file, which takes the old one's place at the end.
    """

    def __init__(self, path: Path, *, blank: bool = False) -> None:
        """Opens what is there.

        Args:
            path: of the file.
            blank: forget all that is there.
        """
        self._path = path
        self._beginning = path.with_name(path.name + ".new")
        self._old = None if blank or not path.exists() else sqlite3.connect(path)
        self._last = 0  # the number of what was recalled last
        self._held = array("q")
        self._fresh: list[tuple[object, ...]] = []
        self._new: sqlite3.Connection | None = None

    def recall(self, names: Iterable[str]) -> dict[str, Remembered]:
        """What is remembered of some files, by name."""
        found: dict[str, Remembered] = {}
        if self._old is None:
            return found
        with suppress(sqlite3.Error):
            for some in batched(names, _AT_ONCE):
                rows = self._next(some) or self._search(some)
                self._last = max((row[-1] for row in rows), default=self._last)
                ones = map(Remembered._make, rows)
                found.update((one.name, one) for one in ones if type(one.digest) is str and _is_digest(one.digest))
        return found

    def _next(self, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """The rows after the last ones, if they are those of these names.

        A build asks in the order in which the one before has written; an index leads from page to page, and takes
        five times as long.
        """
        assert self._old is not None
        query = f"SELECT {_COLUMNS}, rowid FROM files NOT INDEXED WHERE rowid > ? ORDER BY rowid LIMIT ?"
        rows = self._old.execute(query, (self._last, len(names))).fetchall()
        return rows if [row[0] for row in rows] == list(names) else []

    def _search(self, names: Sequence[str]) -> list[tuple[Any, ...]]:
        assert self._old is not None
        query = f"SELECT {_COLUMNS}, rowid FROM files WHERE name IN ({','.join('?' * len(names))})"
        return self._old.execute(query, names).fetchall()

    def hold(self, one: Remembered) -> None:
        """Says that something is still as it is remembered."""
        self._held.append(one.number)

    def add(self, name: str, size: int, modified_ns: int, changed_ns: int, inode: int, digest: str) -> None:
        """Remembers something new of a file."""
        self._fresh.append((name, size, modified_ns, changed_ns, inode, digest))
        if len(self._fresh) >= _AT_ONCE:
            with suppress(OSError, sqlite3.Error):
                self._write()
            self._fresh.clear()

    def save(self, *, whole: bool) -> None:
        """Puts the file in its place, if anything has changed.

        Args:
            whole: forget what was neither held nor added.
        """
        with suppress(OSError, sqlite3.Error):
            if self._fresh or self._new or (whole and self._holds_more()):
                self._write()
                self._take_over(whole=whole)
                self._beginning.replace(self._path)
        self.close()
        with suppress(OSError):
            self._beginning.unlink(missing_ok=True)

    def close(self) -> None:
        """Lets go of the files."""
        for connection in (self._old, self._new):
            if connection is not None:
                connection.close()

    def _write(self) -> None:
        if self._new is None:
            self._beginning.unlink(missing_ok=True)
            self._new = sqlite3.connect(self._beginning)
            # It is renamed when it is whole, and lost when it never is.
            for line in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", _TABLE):
                self._new.execute(line)
        self._new.executemany(_INSERT, self._fresh)

    def _holds_more(self) -> bool:
        """Whether something is remembered that was not held."""
        if self._old is None:
            return False
        (count,) = self._old.execute("SELECT count(*) FROM files").fetchone()
        return bool(count > len(set(self._held)))

    def _take_over(self, *, whole: bool) -> None:
        """Completes what is new by what is old and still good."""
        assert self._new is not None
        self._new.execute(_INDEX)
        if self._old is not None:
            self._new.executemany(_COMPLETE, _rows(self._old, set(self._held) if whole else None))
        self._new.commit()


def _rows(old: sqlite3.Connection, held: Container[int] | None) -> Iterator[tuple[object, ...]]:
    """What is remembered, or what of it was held, as far as the file can be read."""
    with suppress(sqlite3.Error):
        for *row, number in old.execute(f"SELECT {_COLUMNS}, rowid FROM files"):
            if held is None or number in held:
                yield tuple(row)
