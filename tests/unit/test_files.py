"""Digests of source files, remembered from build to build."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from dataprep.build.files import Files, read
from dataprep.build.stamp import Stamp
from dataprep.errors import RecordError
from dataprep.locations import location
from tests.archive_files import std_zip

LONG_AGO = 1_600_000_000


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    found = []
    for name in ("a", "b"):
        path = tmp_path / name
        path.write_bytes(name.encode())
        os.utime(path, (LONG_AGO, LONG_AGO))
        found.append(str(path))
    return found


@pytest.mark.parametrize(("whole", "kept"), [(True, 1), (False, 2)])
def test_a_build_that_was_interrupted_forgets_no_file(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool, kept: int
) -> None:
    store = tmp_path / "s.db"
    # The system's own stamp of change can't be set back: time goes on instead.
    monkeypatch.setattr("dataprep.build.stamp._SETTLED_NS", -(10**18))
    files = Files(store)
    digests = [files.digest(path, 9) for path in photos]
    files.save(whole=True)
    again = Files(store)
    assert again.digest(photos[0], 9) == digests[0]
    again.save(whole=whole)
    with closing(sqlite3.connect(tmp_path / "s.db.files")) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM files ORDER BY name")]
    assert names == photos[:kept]


@pytest.mark.parametrize("name", ["x", "x.zip"])
def test_a_file_that_is_larger_than_any_image_may_be_is_not_read(tmp_path: Path, name: str) -> None:
    content = bytes(range(100)) * 9
    (tmp_path / "x").write_bytes(content)
    std_zip(tmp_path / "x.zip", {"x": content}, zipfile.ZIP_DEFLATED)
    where = location(tmp_path / name / "x" if name == "x.zip" else tmp_path / name)
    assert Files(tmp_path / "s.db").digest(where, len(content)) == hashlib.sha256(content).hexdigest()
    assert Files(tmp_path / "s.db").digest(where, len(content) - 1) is None


def remembered(store: Path) -> dict[str, str]:
    with closing(sqlite3.connect(store.with_name("s.db.files"))) as connection:
        return dict(connection.execute("SELECT name, digest FROM files"))


def test_more_files_than_are_written_at_once_are_remembered(tmp_path: Path) -> None:
    store, stamp = tmp_path / "s.db", Stamp(1, 2, 3, 4)
    files = Files(store)
    wanted = {f"/gone/{number}": f"{number:064x}" for number in range(1_200)}
    for path, digest in wanted.items():
        files.remember(path, stamp, digest)
    files.save(whole=True)
    assert remembered(store) == wanted
    # A build that is interrupted adds to it, and what it has seen anew counts.
    files = Files(store)
    files.remember("/gone/7", stamp, "f" * 64)
    files.remember("/new", stamp, "e" * 64)
    files.save(whole=False)
    assert remembered(store) == wanted | {"/gone/7": "f" * 64, "/new": "e" * 64}
    assert [path.name for path in tmp_path.iterdir()] == ["s.db.files"]


@pytest.mark.parametrize("damage", ["no digest", "F" * 64, "", None, 5])
def test_what_is_no_digest_is_not_remembered(photos: list[str], tmp_path: Path, damage: object) -> None:
    store = tmp_path / "s.db"
    found = os.stat(photos[0])
    files = Files(store)
    files.remember(photos[0], Stamp(found.st_size, LONG_AGO, LONG_AGO, found.st_ino), "0" * 64)
    files.save(whole=True)
    with closing(sqlite3.connect(tmp_path / "s.db.files")) as connection:
        connection.execute(
            "UPDATE files SET modified = ?, changed = ?, digest = ?", (found.st_mtime_ns, found.st_ctime_ns, damage)
        )
        connection.commit()
    files = Files(store)
    assert files.digest(photos[0], 1 << 20) == hashlib.sha256(b"a").hexdigest()
    files.save(whole=True)


def test_a_file_of_digests_that_is_spoilt_is_forgotten(photos: list[str], tmp_path: Path) -> None:
    (tmp_path / "s.db.files").write_bytes(b"no database" * 100)
    files = Files(tmp_path / "s.db")
    assert files.digest(photos[0], 1 << 20) == hashlib.sha256(b"a").hexdigest()
    files.remember("/new", Stamp(1, 2, 3, 4), "e" * 64)
    files.save(whole=True)
    assert remembered(tmp_path / "s.db")["/new"] == "e" * 64


def test_a_system_that_gives_less_at_a_time_gives_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(os.urandom(10_001))
    whole = os.read
    monkeypatch.setattr("os.read", lambda file, length: whole(file, min(length, 1000)))
    assert read(str(path)).whole == path.read_bytes()


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_that_gets_another_length_while_it_is_read_is_not_taken(tmp_path: Path, change: int) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(bytes(5000))

    def other(length: int) -> None:
        os.truncate(path, length + change)

    with pytest.raises(RecordError, match="changes while it is read"):
        read(str(path), other)
