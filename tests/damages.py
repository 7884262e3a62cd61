"""What can happen to a store's file after its build."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

Damage = Callable[[Path], None]


def sql(*statements: str) -> Damage:
    def damage(store: Path) -> None:
        with closing(sqlite3.connect(store)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return damage


def nulled(column: str, table: str) -> Damage:
    """NULL where the table says that there is none."""

    def damage(store: Path) -> None:
        lift = f"UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name = '{table}'"
        with closing(sqlite3.connect(store)) as connection:
            (before,) = connection.execute(f"SELECT sql FROM sqlite_master WHERE name = '{table}'").fetchone()
        sql("PRAGMA writable_schema = ON", lift)(store)
        sql(f'UPDATE {table} SET "{column}" = NULL WHERE rowid IN (SELECT max(rowid) FROM {table})')(store)
        with closing(sqlite3.connect(store)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (before, table))
            connection.commit()

    return damage


def cut(share: float) -> Damage:
    def damage(store: Path) -> None:
        with store.open("r+b") as file:
            file.truncate(int(store.stat().st_size * share) // 4096 * 4096 or 2048)

    return damage


def scribbled(seed: int) -> Damage:
    """Noise over four stretches of the file, never over its first page, by which it is known for a store."""

    def damage(store: Path) -> None:
        rng = np.random.default_rng(seed)
        content = bytearray(store.read_bytes())
        for start in rng.integers(4096, len(content) - 600, 4):
            content[start : start + 600] = rng.integers(0, 256, 600, np.uint8).tobytes()
        store.write_bytes(content)

    return damage


def damages() -> Iterator[object]:
    """Rows that are lost, wrong or of another type, tables that are gone, and files that are cut or overwritten."""
    for table in ("images", "samples", "shards", "dataset", "records"):
        yield pytest.param(sql(f"DELETE FROM {table}"), id=f"no {table}")
        yield pytest.param(sql(f"DROP TABLE {table}"), id=f"{table} dropped")
    for table, assignment in (
        ("images", "content = 'text'"),
        ("images", "sha256 = 'text'"),
        ("samples", "wire = replace(wire, '\"boxes\":', '\"foxes\":')"),
        ("samples", "wire = 7"),
        ("samples", "width = 'wide'"),
        ("samples", "gap = 'here'"),
        ("samples", "mask = NULL"),
        ("samples", '"offset" = NULL'),
        ("samples", "image = 1"),
        ("samples", "record = 2"),
        ("records", "measures = NULL"),
        ("records", "pixels = NULL"),
        ("records", "dropped = '[5]'"),
        ("records", "status = 'odd'"),
        ("dataset", "statistics = 'null'"),
        ("dataset", "golden = '5'"),
        ("dataset", 'image = \'{"format": "gif"}\''),
        ("dataset", "normalize = x'00'"),
        ("dataset", "recipe = '[]'"),
        ("dataset", "digest = 'text'"),
    ):
        one = f"WHERE id = (SELECT max(id) FROM {table})"
        yield pytest.param(sql(f"UPDATE {table} SET {assignment} {one}"), id=f"{table}, {assignment}")
    yield pytest.param(sql("DELETE FROM samples WHERE key LIKE '%::1'"), id="some of several samples lost")
    yield pytest.param(sql("UPDATE shards SET count = 'many'"), id="text for the counts of shards")
    yield pytest.param(sql("UPDATE shards SET images_sha256 = labels_sha256"), id="other digests of shards")
    yield pytest.param(sql("DROP INDEX samples_shard"), id="an index dropped")
    for table, column in (("images", "content"), ("samples", "wire"), ("shards", "count"), ("dataset", "golden")):
        yield pytest.param(nulled(column, table), id=f"{table}, {column} NULL")
    for share in (0, 0.6, 0.95):
        yield pytest.param(cut(share), id=f"cut at {share:.0%}")
    for seed in range(3):
        yield pytest.param(scribbled(seed), id=f"scribbled {seed}")


def flip(store: Path) -> None:
    """Changes one byte of an image, on the disk and not through SQLite."""
    with closing(sqlite3.connect(store)) as connection:
        (content,) = connection.execute("SELECT content FROM images WHERE id = 2").fetchone()
    at = store.read_bytes().index(content[-80:])
    with store.open("r+b") as file:
        file.seek(at)
        file.write(bytes([content[-80] ^ 1]))
