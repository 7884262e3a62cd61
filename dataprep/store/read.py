"""Reads a store; it is immutable, so any number of readers may."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, Row, func, select
from sqlalchemy.exc import DatabaseError, DBAPIError, NoResultFound, SQLAlchemyError

from dataprep import canonical
from dataprep.errors import SampleNotFound, StoreCorrupt, StoreError, StoreVersionError
from dataprep.store import schema
from dataprep.store.connections import Connections
from dataprep.store.content import Dataset, LedgerRow, Shard, StoredSample
from dataprep.store.damage import damaged_image, damaged_sample
from dataprep.store.identity import APPLICATION_ID, FORMAT_VERSION, driver
from dataprep.store.ledger import statuses
from dataprep.store.places import Places
from dataprep.store.rows import SAMPLE, shard_contents, shard_samples, stored_sample, with_files
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
        self._connections = Connections(path)
        self._sound = set[str]()
        self._places = Places(path, self._connections.identity)
        try:
            with self._connections.connect() as connection:
                self._check_version(connection)
                self.dataset = self._read_dataset(connection)
        except (DatabaseError, sqlite3.Error) as error:
            self.close()
            raise StoreVersionError(f"{path}: no store that can be read: {_words(error)}; build it again") from error
        except StoreError:
            self.close()
            raise
        self._connections.name = self.dataset.name

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
        with self._connections.connect() as connection:
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

    def replaced(self) -> bool:
        """Whether another file has taken the store's place."""
        return self._connections.replaced()

    def close(self) -> None:
        """Lets go of the file."""
        self._places.close()
        self._connections.close()

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
        return self._connections.connect()

    def shards(self) -> list[Shard]:
        """All shards, in order."""
        with self._connections.reading() as connection:
            return [Shard(*row) for row in connection.execute(select(schema.shards).order_by(_shard.position))]

    def shard_images(self, sha256: str) -> bytes:
        """The images of a shard, one after the other, each followed by its mask.

        Their digest is checked once in the life of this object: whoever takes a shard over a wire checks it anyway,
        and here it would cost as much again as the reading.

        Raises:
            SampleNotFound: no shard has images of this digest.
            StoreCorrupt: they are not those of the digest; the message names the sample.
        """
        with self._connections.driver() as connection:
            found = shard_contents(connection, sha256)
        if found is None:
            raise self._no_shard(sha256)
        position, content = found
        self._check(position, content, sha256)
        return content

    def shard_file(self, sha256: str) -> bytes | memoryview:
        """As `shard_images`, for one who will want them again: where in the file they lie is remembered."""
        content = self._places.read(sha256, wait=True)
        if content is None:
            with self._connections.driver() as connection:
                content = self._places.learn(connection, sha256)
        return self.shard_images(sha256) if content is None else content

    def shard_at_hand(self, sha256: str) -> memoryview | None:
        """The images of a shard that `shard_file` has read before, if they are in the system's memory; None if not.

        Never waits for a disk, and takes little longer than to copy them.
        """
        return self._places.read(sha256, wait=False)

    def shard_labels(self, sha256: str) -> bytes:
        """The canonical JSON of a shard: its samples, with their labels; checked as `shard_images`.

        Raises:
            SampleNotFound: no shard has labels of this digest.
            StoreCorrupt: they are not those of the digest; the message names the sample or the shard.
        """
        with self._connections.reading() as connection:
            shard = self._shard(connection, _shard.labels_sha256 == sha256, sha256)
            content = shard_json(shard.id, shard.split, shard_samples(connection, shard.position))
        self._check(shard.position, content, sha256)
        return content

    def _check(self, position: int, content: bytes, sha256: str) -> None:
        if sha256 in self._sound:
            return
        if canonical.sha256(content) != sha256:
            with self._connections.reading() as connection:
                raise StoreCorrupt(f"{self.dataset.name}: {damaged_sample(connection, position)}")
        self._sound.add(sha256)

    def _no_shard(self, sha256: str) -> SampleNotFound:
        return SampleNotFound(f"{self.dataset.name} has no shard {sha256}; read the index again")

    def _shard(self, connection: Connection, is_it: ColumnElement[bool], sha256: str) -> Row[*tuple[Any, ...]]:
        found = connection.execute(select(schema.shards).where(is_it).limit(1)).first()
        if found is None:
            raise self._no_shard(sha256)
        return found

    def image_length(self, sha256: str) -> int | None:
        """Bytes of an image or mask, which are not read; None when there is none of this digest."""
        with self._connections.reading() as connection:
            # SQLite knows a blob's length without reading it.
            query = select(func.length(_image.content)).where(_image.sha256 == sha256)
            length: int | None = connection.execute(query).scalar()
        return length

    def image(self, sha256: str) -> bytes:
        """One encoded image, or a mask.

        Raises:
            SampleNotFound: there is none of this digest.
            StoreCorrupt: it is not that of the digest; the message names a sample that has it.
        """
        with self._connections.reading() as connection:
            content = connection.execute(select(_image.content).where(_image.sha256 == sha256)).scalar()
            if content is None:
                raise SampleNotFound(f"{self.dataset.name} has no image {sha256}")
            if canonical.sha256(content) != sha256:
                raise StoreCorrupt(f"{self.dataset.name}: {damaged_image(connection, sha256, content)}")
        return bytes(content)

    def sample(self, id: int) -> StoredSample:
        """One sample.

        Raises:
            SampleNotFound: there is none of this id.
        """
        with self._connections.reading() as connection:
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
        with self._connections.reading() as connection:
            return [stored_sample(row) for row in connection.execute(query)]

    def iterate(self) -> Iterator[tuple[StoredSample, bytes | None, bytes | None]]:
        """Every sample in order, with its image (None where a broken store has lost it) and its mask (or None)."""
        after = 0
        while page := self.samples(after=after, limit=256):
            after = page[-1].id
            with self._connections.reading() as connection:
                files = connection.execute(with_files().where(_sample.id.between(page[0].id, after))).all()
            yield from ((sample, image, mask) for sample, (image, mask) in zip(page, files, strict=True))

    def records(self, *, status: str | None = None, after: int = 0, limit: int | None = None) -> list[LedgerRow]:
        """Rows of the ledger by ascending id."""
        query = select(schema.records).where(_record.id > after).order_by(_record.id).limit(limit)
        if status is not None:
            query = query.where(_record.status == status)
        with self._connections.reading() as connection:
            return [_ledger_row(row) for row in connection.execute(query)]

    def statuses(self) -> dict[str, int]:
        """Rows of the ledger by status."""
        with self._connections.reading() as connection:
            return statuses(connection.exec_driver_sql)

    def record(self, id: int) -> LedgerRow:
        """The ledger row of a sample."""
        with self._connections.reading() as connection:
            return _ledger_row(connection.execute(select(schema.records).where(_record.id == id)).one())


def _words(error: Exception) -> str:
    """What SQLite said, without what SQLAlchemy adds: the statement, and an address."""
    return str(error.orig if isinstance(error, DBAPIError) else error)


def _ledger_row(row: Row[*tuple[Any, ...]]) -> LedgerRow:
    return LedgerRow(row.key, row.status, row.reason, row.note, tuple(row.notes), row.dropped, row.near, row.id)
