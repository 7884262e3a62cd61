"""SQLite's own check of a file, beside what else is done meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def check_integrity(path: Path) -> Iterator[Future[str]]:
    """Checks a database on a thread of its own while the block runs; the end of the block waits for it.

    Args:
        path: of the database, which others may read in the meantime.

    Yields:
        ``ok`` to be, or the first thing that SQLite finds wrong.
    """
    uri = f"{path.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, check_same_thread=False)) as connection, ThreadPoolExecutor(1) as aside:
        try:
            yield aside.submit(_found, connection)
        except BaseException:
            connection.interrupt()
            raise


def _found(connection: sqlite3.Connection) -> str:
    try:
        return str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)
