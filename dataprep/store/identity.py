"""Which file a store is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, Self

APPLICATION_ID = 0x64707265  # "dpre"
FORMAT_VERSION = 2


class Identity(NamedTuple):
    """A file as it was at one moment; another one under the same name has another identity."""

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """The identity of the file that is there now.

        Raises:
            OSError: there is none.
        """
        found = path.stat()
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


def is_current(connection: sqlite3.Connection) -> bool:
    """Whether a file is a store of this format version, or the beginning of one."""
    marks = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
    return marks == [APPLICATION_ID, FORMAT_VERSION]


def is_store(path: Path) -> bool:
    """Whether a file is a store, of whatever version."""
    try:
        with closing(connect(path)) as connection:
            return bool(connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)
    except sqlite3.Error:
        return False
