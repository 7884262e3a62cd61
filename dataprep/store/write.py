"""Writes a store: images go into ``NAME.db.building``, which becomes ``NAME.db`` by one rename.

What became of each record is kept beside it until then, in ``NAME.db.outcomes``, so that a build that was killed goes
on. Everything else is put together at the end, in one transaction; what seals it is the last to be written.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, insert, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from dataprep.errors import StoreCorrupt, StoreError
from dataprep.store import schema
from dataprep.store.assembly import Layout
from dataprep.store.content import Planned
from dataprep.store.digest import digest
from dataprep.store.finish import golden, kinds, one_size
from dataprep.store.identity import APPLICATION_ID, FORMAT_VERSION, driver, is_current, is_store
from dataprep.store.integrity import check_integrity
from dataprep.store.lock import BuildLock
from dataprep.store.outcomes import SCHEMA, Outcomes, has_layout
from dataprep.store.seal import seal


@dataclass(frozen=True, slots=True)
class Description:
    """What the build knows of the dataset as a whole, once all samples are in; `image` is an `image_spec`."""

    name: str
    manifest: Mapping[str, Any]
    classes: Sequence[str]
    keypoints: Mapping[str, Any] | None
    image: Mapping[str, str]
    normalize: Mapping[str, Any]
    statistics: Mapping[str, Any]
    versions: Mapping[str, str]
    recipe: Mapping[str, str]
    inputs: str


class StoreWriter:
    """The one writer of a store.

    Attributes:
        path: where the store will be.
        outcomes: what is known of records so far, an earlier, unfinished build's included.
    """

    outcomes: Outcomes

    def __init__(self, path: Path) -> None:
        """Begins a store, or goes on with one that was not finished.

        Raises:
            StoreError: the folder can't be written, another build holds the store, or what is there is no store.
        """
        self.path = path
        self._building = _beside(path, "building")
        self._outcomes = _beside(path, "outcomes")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _check_target(path)
            self._lock = BuildLock(path)
        except OSError as error:
            raise StoreError(f"{path}: the store can't be written there: {error}") from error
        try:
            try:
                self._open()
            except (SQLAlchemyError, sqlite3.Error):
                # What a crash of the machine may leave is no base to go on from.
                self._remove()
                self._open()
        except (OSError, SQLAlchemyError, sqlite3.Error) as error:
            self._lock.release()
            raise StoreError(f"{path}: the store can't be written there: {error}") from error

    def _open(self) -> None:
        if _holds(self._building, _is_complete):
            self._set_aside()
        if not (_holds(self._building, is_current) and has_layout(self._outcomes)):
            self._remove()
        # A creator, not a URL of SQLAlchemy's: in that, a ? or a % of the path would mean something.
        uri = f"{self._building.resolve().as_uri()}?mode=rwc"
        self._engine = create_engine("sqlite://", creator=partial(sqlite3.connect, uri, uri=True), poolclass=NullPool)
        self._connection = self._engine.connect()
        for pragma in (
            f"application_id={APPLICATION_ID}",
            f"user_version={FORMAT_VERSION}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "wal_autocheckpoint=8000",  # pages: a checkpoint waits for the disk
        ):
            self._connection.exec_driver_sql(f"PRAGMA {pragma}")
        schema.create_tables(self._connection)
        self._connection.commit()
        self.outcomes = Outcomes(self._connection, self._outcomes)

    def _set_aside(self) -> None:
        """Keeps a store whose build was killed between its last commit and its rename, as one that broke a limit."""
        with closing(sqlite3.connect(self._building)) as connection:
            if not connection.execute("SELECT seal FROM dataset").fetchone()[0]:
                connection.execute("UPDATE dataset SET seal = ?", (seal(connection),))
                connection.commit()
            for pragma in ("wal_checkpoint(TRUNCATE)", "journal_mode=DELETE"):
                connection.execute(f"PRAGMA {pragma}")
        self._building.replace(_beside(self.path, "failed"))
        self._remove()

    def lay_out(self, plan: Iterable[Planned]) -> Layout:
        """Lays a plan over the outcomes; see `Layout`."""
        return Layout(self._connection, plan)

    def finish(self, description: Description, *, failed: bool = False) -> tuple[Path, str]:
        """Computes the digest, and puts the store in place; `Layout.assemble` comes before.

        Args:
            description: the dataset as a whole.
            failed: put it at ``NAME.db.failed`` instead, and leave an older store alone.

        Returns:
            Where the store is now, and its digest.
        """
        connection = self._connection
        size = one_size(connection)
        meaning = {name: getattr(description, name) for name in ("classes", "keypoints", "normalize")}
        whole = digest(connection, meaning)
        connection.execute(
            insert(schema.dataset).values(
                id=1,
                name=description.name,
                digest=whole,
                manifest=description.manifest,
                classes=list(description.classes),
                keypoints=description.keypoints,
                kinds=kinds(connection),
                image={
                    **description.image,
                    "width": size.width if size else None,
                    "height": size.height if size else None,
                },
                normalize=description.normalize,
                statistics=description.statistics,
                golden=golden(connection, description.image["format"]),
                versions=description.versions,
                recipe=description.recipe,
                inputs=description.inputs,
                seal="",
            )
        )
        connection.commit()
        final = _beside(self.path, "failed") if failed else self.path
        self._put_in_place(final)
        return final, whole

    def _put_in_place(self, final: Path) -> None:
        connection = self._connection
        connection.exec_driver_sql(f"DETACH DATABASE {SCHEMA}")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self._seal()
        connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
        self._close()
        with self._building.open("rb") as file:
            os.fsync(file.fileno())
        self._building.replace(final)
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        if final == self.path:
            # What an earlier try left has served its purpose.
            _beside(self.path, "failed").unlink(missing_ok=True)
        self._remove()
        self._lock.release()

    def _seal(self) -> None:
        """Has SQLite check the file while the seal is made: the one takes no interpreter, the other as long."""
        connection = self._connection
        with check_integrity(self._building) as check:
            sealed = seal(driver(connection))
        if (found := check.result()) != "ok":
            self._close()
            self._remove()
            raise StoreCorrupt(
                f"{self._building}: SQLite's integrity check says {found!r}; check the disk, build again"
            )
        connection.execute(update(schema.dataset).values(seal=sealed))
        connection.commit()

    def suspend(self) -> None:
        """Stops; what is done is kept, and the next writer of this store goes on from there."""
        self._close()
        if not self.outcomes.count:
            self._remove()
        self._lock.release()

    def _close(self) -> None:
        self._connection.close()
        self._engine.dispose()

    def _remove(self) -> None:
        for database in (self._building, self._outcomes):
            for file in (database, *(_beside(database, tail, "-") for tail in ("wal", "shm", "journal"))):
                file.unlink(missing_ok=True)


def _beside(path: Path, tail: str, joint: str = ".") -> Path:
    return path.with_name(f"{path.name}{joint}{tail}")


def _check_target(path: Path) -> None:
    """Refuses to replace what is no store."""
    if path.is_dir():
        raise StoreError(f"{path}: wanted a file's name for the store, found a folder; name a file in it")
    if path.exists() and not is_store(path):
        raise StoreError(f"{path}: this file is no store and would be lost; choose another --store, or remove it")


def _holds(path: Path, judge: Callable[[sqlite3.Connection], bool]) -> bool:
    """Whether there is a database that a judge finds good."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path)) as connection:
            return judge(connection)
    except sqlite3.Error:
        return False


def _is_complete(connection: sqlite3.Connection) -> bool:
    """Whether a store of this format version wants nothing but its rename."""
    return is_current(connection) and bool(connection.execute("SELECT count(*) FROM dataset").fetchone()[0])
