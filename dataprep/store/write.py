"""Writes a store: everything goes into ``NAME.db.building``, which becomes ``NAME.db`` by one rename."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from dataprep import canonical
from dataprep.errors import StoreCorrupt, StoreError
from dataprep.pixels.encode import MEDIA_TYPES
from dataprep.store import schema
from dataprep.store.content import LedgerRow, NewSample
from dataprep.store.digest import digest
from dataprep.store.finish import golden, kinds, one_size, write_shard
from dataprep.store.identity import is_store
from dataprep.store.lock import BuildLock
from dataprep.store.sharding import record_hash, spans


@dataclass(frozen=True, slots=True)
class Description:
    """What the build knows of the dataset as a whole, once all samples are in."""

    name: str
    manifest: Mapping[str, Any]
    classes: Sequence[str]
    keypoints: Mapping[str, Any] | None
    format: str
    normalize: Mapping[str, Any]
    statistics: Mapping[str, Any]
    versions: Mapping[str, str]
    target_bytes: int


@dataclass(slots=True)
class _Run:
    """The samples of one record, which stay together."""

    hash: bytes
    first: int
    last: int
    weight: int


class StoreWriter:
    """The one writer of a store.

    Records must be added in the order of (split, hash of the key), so that images are written in shard order; those
    without samples can come at any time.
    """

    def __init__(self, path: Path) -> None:
        """Begins a store.

        Raises:
            StoreError: the folder can't be written, another build holds the store, or what is there is no store.
        """
        self.path = path
        self._building = path.with_name(path.name + ".building")
        self._splits: dict[str, list[_Run]] = {}
        self._images = self._samples = self._records = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _check_target(path)
            self._lock = BuildLock(path)
        except OSError as error:
            raise StoreError(f"{path}: the store can't be written there: {error}") from error
        try:
            self._begin()
        except (OSError, SQLAlchemyError) as error:
            self._lock.release()
            raise StoreError(f"{path}: the store can't be written there: {error}") from error

    def _begin(self) -> None:
        for leftover in _files(self._building):
            leftover.unlink(missing_ok=True)
        # A creator, not a URL: in a URL, a ? or a % of the path would mean something.
        self._engine = create_engine("sqlite://", creator=partial(sqlite3.connect, self._building), poolclass=NullPool)
        self._connection = self._engine.connect()
        for pragma in (
            f"application_id={schema.APPLICATION_ID}",
            f"user_version={schema.FORMAT_VERSION}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
        ):
            self._connection.exec_driver_sql(f"PRAGMA {pragma}")
        schema.metadata.create_all(self._connection)
        self._connection.commit()

    def add(self, entries: Sequence[tuple[LedgerRow, str, Sequence[NewSample]]]) -> None:
        """Writes ledger rows with their samples, in one transaction.

        Args:
            entries: (row, split, samples); the split of a row without samples is not used.
        """
        new = [sample for _, _, samples in entries for sample in samples]
        files = {canonical.sha256(content): content for one in new for content in (one.image, one.mask) if content}
        known = self._known_images(list(files))
        image_rows: list[dict[str, Any]] = []
        sample_rows: list[dict[str, Any]] = []
        record_rows = []
        for row, split, samples in entries:
            self._records += 1
            record_rows.append(_record_row(self._records, row))
            for sample in samples:
                ids: list[int | None] = []
                for content in (sample.image, sample.mask):
                    ids.append(self._keep(content, known, image_rows) if content is not None else None)
                self._samples += 1
                sample_rows.append(_sample_row(self._samples, self._records, ids, split, sample))
            if samples:
                self._splits.setdefault(split, []).append(
                    _Run(
                        record_hash(row.key),
                        self._samples - len(samples) + 1,
                        self._samples,
                        sum(len(sample.image) + len(sample.mask or b"") for sample in samples),
                    )
                )
        for table, rows in ((schema.records, record_rows), (schema.images, image_rows), (schema.samples, sample_rows)):
            if rows:
                self._connection.execute(insert(table), rows)
        self._connection.commit()

    def _keep(self, content: bytes, known: dict[str, int], rows: list[dict[str, Any]]) -> int:
        """The id of an image or a mask; one that is not known yet gets the next, and a row."""
        sha256 = canonical.sha256(content)
        if sha256 not in known:
            self._images += 1
            known[sha256] = self._images
            rows.append({"id": self._images, "sha256": sha256, "content": content})
        return known[sha256]

    def _known_images(self, hashes: Sequence[str]) -> dict[str, int]:
        image = schema.images.c
        found = self._connection.execute(select(image.sha256, image.id).where(image.sha256.in_(hashes)))
        return {row.sha256: row.id for row in found}

    def counts(self) -> dict[str, int]:
        """Samples in each split so far."""
        return {split: sum(run.last - run.first + 1 for run in runs) for split, runs in self._splits.items()}

    def finish(self, description: Description, *, failed: bool = False) -> tuple[Path, str]:
        """Cuts the shards, computes the digests, and puts the store in place.

        Args:
            description: the dataset as a whole.
            failed: put it at ``NAME.db.failed`` instead, and leave an older store alone.

        Returns:
            Where the store is now, and its digest.
        """
        connection = self._connection
        for position, (id, split, first, last) in enumerate(self._spans(description.target_bytes), 1):
            connection.execute(insert(schema.shards), write_shard(connection, position, id, split, first, last))
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
                    "format": description.format,
                    "media_type": MEDIA_TYPES[description.format],
                    "width": size.width if size else None,
                    "height": size.height if size else None,
                },
                normalize=description.normalize,
                statistics=description.statistics,
                golden=golden(connection, description.format),
                versions=description.versions,
            )
        )
        connection.commit()
        final = self.path.with_name(self.path.name + ".failed") if failed else self.path
        self._seal(final)
        return final, whole

    def _spans(self, target: int) -> Iterator[tuple[str, str, int, int]]:
        for split, runs in self._splits.items():
            for span in spans([run.hash for run in runs], [run.weight for run in runs], target):
                name = f"{split}-{span.prefix}" if span.prefix else split
                yield name, split, runs[span.start].first, runs[span.stop - 1].last

    def _seal(self, final: Path) -> None:
        connection = self._connection
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
        found = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
        if found != "ok":
            raise StoreCorrupt(
                f"{self._building}: SQLite's integrity check says {found!r}; check the disk, build again"
            )
        connection.close()
        self._engine.dispose()
        with self._building.open("rb") as file:
            os.fsync(file.fileno())
        self._building.replace(final)
        folder = os.open(final.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._lock.release()

    def discard(self) -> None:
        """Throws away what was written so far; the store that was there before stays."""
        self._connection.close()
        self._engine.dispose()
        for file in _files(self._building):
            file.unlink(missing_ok=True)
        self._lock.release()


def _check_target(path: Path) -> None:
    """Refuses to replace what is no store."""
    if path.is_dir():
        raise StoreError(f"{path}: wanted a file's name for the store, found a folder; name a file in it")
    if path.exists() and not is_store(path):
        raise StoreError(f"{path}: this file is no store and would be lost; choose another --store, or remove it")


def _files(database: Path) -> list[Path]:
    return [database, *(database.with_name(database.name + tail) for tail in ("-wal", "-shm", "-journal"))]


def _record_row(id: int, row: LedgerRow) -> dict[str, Any]:
    return {
        "id": id,
        "key": row.key,
        "status": row.status,
        "reason": row.reason,
        "note": row.note,
        "notes": list(row.notes),
        "dropped": dict(row.dropped),
    }


def _sample_row(id: int, record: int, files: Sequence[int | None], split: str, sample: NewSample) -> dict[str, Any]:
    return {
        "id": id,
        "key": sample.key,
        "record": record,
        "split": split,
        "image": files[0],
        "mask": files[1],
        "length": len(sample.image),
        "width": sample.size.width,
        "height": sample.size.height,
        "wire": sample.text.wire,
        "gap": sample.text.gap,
    }
