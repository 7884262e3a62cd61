"""Which file a store is."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:  # a build that has nothing to do starts faster without it
    from sqlalchemy import Connection

APPLICATION_ID = 0x64707265  # "dpre"
FORMAT_VERSION = 3

# SQLite's file format, 1.3: the header, and where in it the application id stands.
_MAGIC, _HEADER_BYTES, _MARK = b"SQLite format 3\0", 100, slice(68, 72)


class Identity(NamedTuple):
    """A file as it was at one moment; another one under the same name has another identity."""

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, file: Path | int) -> Self:
        """The identity of the file that is there now, or of an open one.

        Raises:
            OSError: there is none.
        """
        found = os.stat(file)
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def read_only(path: Path) -> str:
    """The URI of a file that can only be read; immutable, so that SQLite takes no locks and looks for no journal."""
    return f"{path.resolve().as_uri()}?mode=ro&immutable=1"


def connect(path: Path) -> sqlite3.Connection:
    """A connection that can only read, and writes nowhere else either.

    The file is not mapped into memory: one that is cut short while it is mapped, as by `cp` over it, kills the process.
    """
    connection = sqlite3.connect(read_only(path), uri=True, check_same_thread=False)
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection


def driver(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection under SQLAlchemy's."""
    found = connection.connection.driver_connection
    assert isinstance(found, sqlite3.Connection)
    return found


def is_current(connection: sqlite3.Connection) -> bool:
    """Whether a file is a store of this format version, or the beginning of one."""
    marks = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    return marks == [APPLICATION_ID, FORMAT_VERSION]


def is_store(path: Path) -> bool:
    """Whether a file is a store, of whatever version; or what is left of one: SQLite would read none that was cut."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError:
        return False
    return header.startswith(_MAGIC) and header[_MARK] == APPLICATION_ID.to_bytes(4, "big")
