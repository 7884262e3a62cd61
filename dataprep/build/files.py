"""The source's files: their bytes as of one moment, and their digests, remembered from build to build."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

from dataprep.errors import RecordError
from dataprep.locations import file_of, length_of, read_from

# A file that changed this recently may change once more without another time stamp: its digest is not remembered.
_SETTLED_NS = 2_000_000_000


class Stamp(NamedTuple):
    """What tells one state of a file from another without reading it."""

    size: int
    modified_ns: int
    changed_ns: int
    inode: int

    @classmethod
    def of(cls, found: os.stat_result) -> Self:
        """From the file system's words."""
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


class Content(NamedTuple):
    """A file's bytes.

    Attributes:
        whole: the bytes.
        stamp: the state they are from; of the archive, for a member of one.
    """

    whole: bytes
    stamp: Stamp


def read(path: str) -> Content:
    """Reads a file, or a member of an archive, as it was at one moment.

    Args:
        path: its location.

    Raises:
        RecordError: ``unreadable``; ``unsteady``, it changed while it was read, twice.
    """
    try:
        for _ in range(2):
            with open(file_of(path), "rb") as file:
                before = Stamp.of(os.fstat(file.fileno()))
                whole = read_from(file, path)
                alone = file_of(path) == path
                if before == Stamp.of(os.fstat(file.fileno())) and (not alone or len(whole) == before.size):
                    return Content(whole, before)
    except OSError as error:
        raise RecordError("unreadable", f"the file can't be read: {error.strerror or error}") from error
    raise RecordError("unsteady", "the file changes while it is read; let what writes it finish, then build again")


class Files:
    """Digests of files, remembered in ``NAME.db.files`` beside the store."""

    def __init__(self, store: Path, *, rehash: bool = False) -> None:
        """Opens what is remembered; what can't be read is forgotten.

        Args:
            store: the store's path.
            rehash: trust nothing that is remembered.
        """
        self._path = store.with_name(store.name + ".files")
        self._known: dict[str, tuple[Stamp, str]] = {}
        self._fresh: dict[str, tuple[Stamp, str]] = {}
        if not rehash:
            self._known = _load(self._path)

    def digest(self, path: str, most: int) -> str | None:
        """SHA-256 of a file.

        Args:
            path: its location.
            most: bytes; a larger file is not read.

        Returns:
            The digest; None when it can't be read, or is larger.
        """
        try:
            stamp = Stamp.of(os.stat(file_of(path)))
            if length_of(path) > most:
                return None
        except OSError:
            return None
        found = self._known.get(path)
        if found is not None and found[0] == stamp:
            self._fresh[path] = found
            return found[1]
        try:
            content = read(path)
        except RecordError:
            return None
        digest = hashlib.sha256(content.whole).hexdigest()
        self.remember(path, content.stamp, digest)
        return digest

    def remember(self, path: str, stamp: Stamp, digest: str) -> None:
        """Keeps a digest, if the file has been left alone for a while."""
        if max(stamp.modified_ns, stamp.changed_ns) < time.time_ns() - _SETTLED_NS:
            self._fresh[path] = (stamp, digest)

    def save(self, *, whole: bool) -> None:
        """Writes what was seen in this build; what can't be written is only time lost.

        Args:
            whole: every file has been seen; what was not is forgotten.
        """
        kept = self._fresh if whole else self._known | self._fresh
        if kept == self._known:
            return
        beginning = self._path.with_name(self._path.name + ".new")
        try:
            beginning.unlink(missing_ok=True)
            _save(beginning, ((name, *stamp, digest) for name, (stamp, digest) in kept.items()))
            beginning.replace(self._path)
        except (OSError, sqlite3.Error):
            beginning.unlink(missing_ok=True)


def _load(path: Path) -> dict[str, tuple[Stamp, str]]:
    if not path.exists():
        return {}
    try:
        connection = sqlite3.connect(path)
        try:
            rows = connection.execute("SELECT name, size, modified, changed, inode, digest FROM files")
            return {name: (Stamp(*stamp), digest) for name, *stamp, digest in rows}
        finally:
            connection.close()
    except sqlite3.Error:
        return {}


def _save(path: Path, rows: Iterable[tuple[object, ...]]) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA synchronous=OFF")  # a cache: it is renamed when whole
        connection.execute(
            "CREATE TABLE files (name TEXT PRIMARY KEY, size INT, modified INT, changed INT, inode INT, digest TEXT)"
        )
        connection.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
    finally:
        connection.close()
