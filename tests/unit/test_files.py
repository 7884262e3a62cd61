"""Digests of source files, remembered from build to build."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from dataprep.build.files import Files
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
    monkeypatch.setattr("dataprep.build.files._SETTLED_NS", -(10**18))
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
