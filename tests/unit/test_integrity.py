"""The check of a database that runs beside other work."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import Future
from contextlib import closing, suppress
from pathlib import Path

import pytest

from dataprep.store.integrity import check_integrity


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A table of some megabytes, and an index."""
    path = tmp_path / "a ?%.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE one (name TEXT)")
        connection.executemany("INSERT INTO one VALUES (?)", ((f"{number:050}",) for number in range(100_000)))
        connection.execute("CREATE INDEX one_name ON one (name)")
        connection.commit()
    return path


def test_what_is_whole_is_ok_and_can_be_read_meanwhile(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, check_integrity(database) as found:
        assert connection.execute("SELECT count(*) FROM one").fetchone() == (100_000,)
    assert found.result() == "ok"


def test_an_index_that_leads_nowhere_is_found(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'one_name'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))
    with check_integrity(database) as found:
        pass
    assert found.result() != "ok"


def test_what_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database" * 1000)
    with check_integrity(tmp_path / "x.db") as found:
        pass
    assert found.result() == "file is not a database"


def test_who_leaves_in_a_hurry_does_not_wait(database: Path) -> None:
    # Now and then a busy machine has not begun with it, or has done all of it, by the time it is broken off.
    assert any(_left(database).result() == "interrupted" for _ in range(50))


def _left(database: Path) -> Future[str]:
    with suppress(KeyboardInterrupt), check_integrity(database) as found:
        while not found.running():
            time.sleep(0.001)
        time.sleep(0.01)
        raise KeyboardInterrupt
    return found
