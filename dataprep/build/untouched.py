"""Whether a store can stay as it is: told in no time where nobody has touched it since it was last found whole."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from dataprep.build.files import Stamp
from dataprep.store.previous import Previous

# SQLite counts its changes within it: two within a file system's tick are seen as well.
_HEADER = 100


def remember(store: Path) -> None:
    """Notes the state of a store that is whole, where the digests of files are remembered, if any are.

    What can't be written is only time lost.
    """
    if not _beside(store).exists() or _is_untouched(store):
        return
    with suppress(OSError, sqlite3.Error), closing(sqlite3.connect(_beside(store))) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS store (state TEXT)")
        connection.execute("DELETE FROM store")
        connection.execute("INSERT INTO store VALUES (?)", (_state(store),))
        connection.commit()


def is_whole(before: Previous, *, rehash: bool) -> bool:
    """Whether a store is what its build has written, to the last byte.

    Args:
        before: the store.
        rehash: look at every byte, also where nobody seems to have touched it.
    """
    return (not rehash and _is_untouched(before.path)) or before.is_whole()


def _is_untouched(store: Path) -> bool:
    uri = f"{_beside(store).resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return connection.execute("SELECT state FROM store").fetchall() == [(_state(store),)]
    except (OSError, sqlite3.Error):
        return False


def _state(store: Path) -> str:
    with store.open("rb") as file:
        header = file.read(_HEADER)
        stamp = Stamp.of(os.fstat(file.fileno()))
    return f"{' '.join(map(str, stamp))} {header.hex()}"


def _beside(store: Path) -> Path:
    return store.with_name(store.name + ".files")
