"""Reads a store; it is immutable, so any number of readers may."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, Row, Select, create_engine, func, select
from sqlalchemy.exc import DatabaseError, DBAPIError, NoResultFound, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from dataprep.errors import SampleNotFound, StoreCorrupt, StoreError, StoreReplaced, StoreVersionError
from dataprep.store import schema
from dataprep.store.content import Dataset, LedgerRow, Shard, StoredSample
from dataprep.store.identity import APPLICATION_ID, FORMAT_VERSION, Identity, connect, driver
from dataprep.store.rows import SAMPLE, shard_samples, stored_sample, with_files
from dataprep.store.samples import shard_json
from dataprep.store.seal import is_sealed

_sample, _image, _shard, _record = schema.samples.c, schema.images.c, schema.shards.c, schema.records.c


class Store:
    """An open store; safe to share between threads.

    Attributes:
        path: its file.
        dataset: what it says of itself.
    """

    def __init__(self, path: Path) -> None:
        """Opens a store.

        Raises:
            StoreError: there is no file, or it can't be read.
            StoreVersionError: the file is no store, or one of another format version.
            StoreCorrupt: what it says of itself can't be read.
        """
        self.path = path
        if not path.is_file():
            raise StoreError(
                f"{path}: wanted a store, found {'a folder' if path.is_dir() else 'nothing'}; build it first"
            )
        try:
            self._identity = Identity.of(path)
        except OSError as error:
            raise StoreError(f"{path}: the store can't be read: {error.strerror}") from error
        self._engine = create_engine("sqlite://", creator=self._open, poolclass=QueuePool, pool_size=8, max_overflow=32)
        try:
            with self._engine.connect() as connection:
                self._check_version(connection)
                self.dataset = self._read_dataset(connection)
        except (DatabaseError, sqlite3.Error) as error:
            self._engine.dispose()
            raise StoreVersionError(f"{path}: no store that can be read: {_words(error)}; build it again") from error
        except StoreError:
            self._engine.dispose()
            raise

    def _read_dataset(self, connection: Connection) -> Dataset:
        try:
            row = connection.execute(select(schema.dataset)).one()
            return Dataset(
                row.name,
                row.digest,
                row.manifest,
                tuple(row.classes),
                row.keypoints,
                tuple(row.kinds),
                row.image,
                row.normalize,
                row.statistics,
                tuple(row.golden),
                row.versions,
            )
        except NoResultFound:
            raise StoreCorrupt(f"{self.path}: the store was never finished, or is damaged; build it again") from None
        except (SQLAlchemyError, TypeError, ValueError) as error:
            raise StoreCorrupt(
                f"{self.path}: what the store says of itself can't be read: {_words(error)}; build it again"
            ) from error

    def check_seal(self) -> None:
        """Reads every row but the bytes of images.

        Raises:
            StoreCorrupt: one is not as the build has written it.
        """
        with self._engine.connect() as connection:
            if not is_sealed(driver(connection)):
                raise StoreCorrupt(
                    f"{self.path}: the store was changed or damaged after its build; dataprep verify says more, build "
                    "it again"
                )

    def _check_version(self, connection: Connection) -> None:
        application = connection.exec_driver_sql("PRAGMA application_id").scalar()
        version = connection.exec_driver_sql("PRAGMA user_version").scalar()
        if application != APPLICATION_ID:
            raise StoreVersionError(f"{self.path}: an SQLite file, but no store of dataprep; name the .db of a build")
        if version != FORMAT_VERSION:
            raise StoreVersionError(
                f"{self.path}: wanted format version {FORMAT_VERSION}, found {version}; build it again"
            )

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
            return Identity.of(self.path) != self._identity
        except OSError:
            return True

    def close(self) -> None:
        """Lets go of the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if isinstance(error, DatabaseError):
            raise StoreCorrupt(f"{self.path}: the store is damaged: {_words(error)}; build it again") from error

    def connect(self) -> Connection:
        """A connection for checks that need more than the methods here give."""
        return self._engine.connect()

    def shards(self) -> list[Shard]:
        """All shards, in order."""
        with self._engine.connect() as connection:
            return [Shard(*row) for row in connection.execute(select(schema.shards).order_by(_shard.position))]

    def shard_images(self, sha256: str) -> bytes:
        """The images of a shard, one after the other, each followed by its mask.

        Raises:
            SampleNotFound: no shard has images of this digest.
            StoreCorrupt: they are not as long as they should be.
        """
        with self._engine.connect() as connection:
            shard = self._shard(connection, _shard.images_sha256 == sha256, sha256)
            rows = connection.execute(with_files().where(_sample.shard == shard.position))
            try:
                found = b"".join(content for row in rows for content in row if content is not None)
            except TypeError:  # text where bytes should be
                found = b""
        if len(found) != shard.images_bytes:
            raise StoreCorrupt(f"{self.path}: images of the shard {shard.id} are lost or damaged; build it again")
        return found

    def shard_labels(self, sha256: str) -> bytes:
        """The canonical JSON of a shard: its samples, with their labels.

        Raises:
            SampleNotFound: no shard has labels of this digest.
        """
        with self._engine.connect() as connection:
            shard = self._shard(connection, _shard.labels_sha256 == sha256, sha256)
            return shard_json(shard.id, shard.split, shard_samples(connection, shard.position))

    def has_shard_images(self, sha256: str) -> bool:
        """Whether a shard has images of this digest; doesn't read them."""
        return self._any(select(_shard.position).where(_shard.images_sha256 == sha256))

    def has_shard_labels(self, sha256: str) -> bool:
        """Whether a shard has labels of this digest; doesn't read them."""
        return self._any(select(_shard.position).where(_shard.labels_sha256 == sha256))

    def has_image(self, sha256: str) -> bool:
        """Whether there is an image of this digest; doesn't read it."""
        return self._any(select(_image.id).where(_image.sha256 == sha256))

    def _any(self, query: Select[Any]) -> bool:
        with self._engine.connect() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def _shard(self, connection: Connection, is_it: ColumnElement[bool], sha256: str) -> Row[*tuple[Any, ...]]:
        found = connection.execute(select(schema.shards).where(is_it).limit(1)).first()
        if found is None:
            raise SampleNotFound(f"{self.dataset.name} has no shard {sha256}; read the index again")
        return found

    def image(self, sha256: str) -> bytes:
        """One encoded image.

        Raises:
            SampleNotFound: there is none of this digest.
            StoreCorrupt: it has no bytes.
        """
        try:
            with self._engine.connect() as connection:
                content = connection.execute(select(_image.content).where(_image.sha256 == sha256)).scalar()
        except TypeError as error:  # text where bytes should be
            raise StoreCorrupt(f"{self.path}: the image {sha256} is damaged; build it again") from error
        if content is None:
            raise SampleNotFound(f"{self.dataset.name} has no image {sha256}")
        return bytes(content)

    def sample(self, id: int) -> StoredSample:
        """One sample.

        Raises:
            SampleNotFound: there is none of this id.
        """
        with self._engine.connect() as connection:
            row = connection.execute(SAMPLE.where(_sample.id == id)).one_or_none()
        if row is None:
            raise SampleNotFound(f"{self.dataset.name} has no sample {id}")
        return stored_sample(row)

    def samples(
        self,
        *,
        split: str | None = None,
        class_id: int | None = None,
        key: str | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> list[StoredSample]:
        """Samples by ascending id.

        Args:
            split: only of this split.
            class_id: only with this class, or with a box of it.
            key: only with this text in the key, upper and lower case alike.
            after: only with a greater id.
            limit: at most this many.
        """
        query = SAMPLE.where(_sample.id > after).order_by(_sample.id).limit(limit)
        if split is not None:
            query = query.where(_sample.split == split)
        if key:
            query = query.where(_sample.key.icontains(key, autoescape=True))
        if class_id is not None:
            boxes = func.json_each(_sample.wire, "$.box_classes").table_valued("value")
            in_boxes = select(1).select_from(boxes).where(boxes.c.value == class_id).exists()
            query = query.where((func.json_extract(_sample.wire, "$.class") == class_id) | in_boxes)
        with self._engine.connect() as connection:
            return [stored_sample(row) for row in connection.execute(query)]

    def iterate(self) -> Iterator[tuple[StoredSample, bytes | None, bytes | None]]:
        """Every sample in order, with its image (None where a broken store has lost it) and its mask (or None)."""
        after = 0
        while page := self.samples(after=after, limit=256):
            after = page[-1].id
            with self._engine.connect() as connection:
                files = connection.execute(with_files().where(_sample.id.between(page[0].id, after))).all()
            yield from ((sample, image, mask) for sample, (image, mask) in zip(page, files, strict=True))

    def records(self, *, status: str | None = None, after: int = 0, limit: int | None = None) -> list[LedgerRow]:
        """Rows of the ledger by ascending id."""
        query = select(schema.records).where(_record.id > after).order_by(_record.id).limit(limit)
        if status is not None:
            query = query.where(_record.status == status)
        with self._engine.connect() as connection:
            return [_ledger_row(row) for row in connection.execute(query)]

    def record(self, id: int) -> LedgerRow:
        """The ledger row of a sample."""
        with self._engine.connect() as connection:
            return _ledger_row(connection.execute(select(schema.records).where(_record.id == id)).one())


def _words(error: Exception) -> str:
    """What SQLite said, without what SQLAlchemy adds: the statement, and an address."""
    return str(error.orig if isinstance(error, DBAPIError) else error)


def _ledger_row(row: Row[*tuple[Any, ...]]) -> LedgerRow:
    return LedgerRow(row.key, row.status, row.reason, row.note, tuple(row.notes), row.dropped, row.near, row.id)
