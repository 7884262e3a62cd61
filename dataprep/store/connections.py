"""Connections to a store's file, as long as it is the same one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool

from dataprep.errors import StoreCorrupt, StoreError, StoreReplaced
from dataprep.store.damage import NEXT
from dataprep.store.identity import Identity, connect


class Connections:
    """Connections to one file; safe to share between threads.

    Attributes:
        path: of the file.
        identity: of the file that is read.
        name: what errors call it.
    """

    def __init__(self, path: Path) -> None:
        """Connects to nothing yet.

        Raises:
            StoreError: there is no file, or it can't be looked at.
        """
        self.path, self.name = path, str(path)
        if not path.is_file():
            raise StoreError(
                f"{path}: wanted a store, found {'a folder' if path.is_dir() else 'nothing'}; build it first"
            )
        try:
            self.identity = Identity.of(path)
        except OSError as error:
            raise StoreError(f"{path}: the store can't be read: {error.strerror}") from error
        self._engine = create_engine("sqlite://", creator=self._open, poolclass=QueuePool, pool_size=8, max_overflow=32)

    def _open(self) -> sqlite3.Connection:
        connection = connect(self.path)
        # Every connection must read the file that this store began with.
        if self.replaced():
            connection.close()
            raise StoreReplaced(f"{self.path}: the store was replaced while it was open; open it again")
        return connection

    def replaced(self) -> bool:
        """Whether another file has taken the store's place."""
        try:
            return Identity.of(self.path) != self.identity
        except OSError:
            return True

    def close(self) -> None:
        """Closes those that nobody uses."""
        self._engine.dispose()

    def connect(self) -> Connection:
        """A connection; what fails in its use is SQLAlchemy's error."""
        return self._engine.connect()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection; what fails in its use is an error that says of what and why."""
        with self._explained(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def driver(self) -> Iterator[sqlite3.Connection]:
        """As `reading`, without SQLAlchemy: for a shard, its part would be as long as SQLite's."""
        with self._explained(), closing(self._engine.raw_connection()) as pooled:
            connection = pooled.driver_connection
            assert isinstance(connection, sqlite3.Connection)
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        # A damaged row may be anything: text that is no JSON any more, a number where a text was, nothing at all.
        except (DatabaseError, sqlite3.Error, ValueError, TypeError, AttributeError, LookupError) as error:
            if self.replaced():
                raise StoreReplaced(f"{self.path}: the store was replaced while it was read; open it again") from error
            cause = error.orig if isinstance(error, DatabaseError) else error
            raise StoreCorrupt(f"{self.name}: the store can't be read: {cause}; {NEXT}") from error
