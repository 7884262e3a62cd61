"""The seal of a store: one digest over all rows, by which damage is told from what its build has written."""

from __future__ import annotations

import hashlib
import sqlite3

# Named here, not taken from `dataprep.store.schema`: a build that has nothing to do starts faster without SQLAlchemy.
_TABLES = ("dataset", "images", "records", "samples", "shards")
# The seal can't cover itself. An image's bytes have a digest of their own, which the seal covers.
_LEFT_OUT = {("dataset", "seal"), ("images", "content")}
_ROWS = 256


def seal(connection: sqlite3.Connection) -> str:
    """SHA-256 over the definitions of all tables and indices, and over every row but the bytes of images.

    Args:
        connection: of a store.

    Raises:
        sqlite3.Error: a row can't be read.
    """
    whole = hashlib.sha256()
    queries = ["SELECT type, name, tbl_name, sql FROM main.sqlite_master ORDER BY type, name"]
    for table in _TABLES:
        columns = [row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?, 'main')", (table,))]
        names = ", ".join(f'"{column}"' for column in columns if (table, column) not in _LEFT_OUT)
        # By the table itself: an index may be what is damaged.
        queries.append(f"SELECT {names} FROM main.{table} NOT INDEXED ORDER BY rowid")
    for query in queries:
        cursor = connection.execute(query)
        while rows := cursor.fetchmany(_ROWS):
            whole.update(repr(rows).encode())
        whole.update(b"\n")
    return whole.hexdigest()


def is_sealed(connection: sqlite3.Connection) -> bool:
    """Whether every row is as the build has written it."""
    try:
        return connection.execute("SELECT seal FROM main.dataset").fetchall() == [(seal(connection),)]
    except sqlite3.Error:
        return False


def is_sound(connection: sqlite3.Connection) -> bool:
    """Whether every row is as the build has written it, and every index leads to the right ones."""
    try:
        return connection.execute("PRAGMA integrity_check(1)").fetchall() == [("ok",)] and is_sealed(connection)
    except sqlite3.Error:
        return False


def is_whole(connection: sqlite3.Connection) -> bool:
    """Whether a store is sound, and every image has the bytes that its digest names."""
    try:
        images = connection.execute("SELECT sha256, content FROM main.images")
        return is_sound(connection) and all(_holds(*row) for row in images)
    except sqlite3.Error:
        return False


def _holds(sha256: str, content: object) -> bool:
    return isinstance(content, bytes) and hashlib.sha256(content).hexdigest() == sha256
