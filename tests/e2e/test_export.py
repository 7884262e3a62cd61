"""What every export promises: all of it or nothing, the same bytes every time, and no image that is not the store's."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from dataprep.exports import exports
from tests.e2e.conftest import COMMAND, dataprep

FORMATS = sorted(exports())


def written(folder: Path) -> dict[str, str]:
    """Digest by name of every file."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_is_the_same_twice_and_never_written_over(format: str, sample_store: Path, tmp_path: Path) -> None:
    first = dataprep("export", sample_store, "--format", format, "--out", tmp_path / "one", "--json")
    assert first.returncode == 0, first.stderr
    found = json.loads(first.stdout)
    files = written(tmp_path / "one")
    assert (found["samples"], found["files"]) == (240, len(files))
    assert found["bytes"] == sum((tmp_path / "one" / name).stat().st_size for name in files)
    # From a copy at another place, with other times: nothing of that is in it.
    copy = shutil.copy(sample_store, tmp_path / "copy.db")
    os.utime(copy, (1e9, 1e9))
    again = dataprep("export", copy, "--format", format, "--out", tmp_path / "two")
    assert again.returncode == 0, again.stderr
    assert written(tmp_path / "two") == files
    refused = dataprep("export", sample_store, "--format", format, "--out", tmp_path / "one")
    assert refused.returncode == 2
    assert "wanted a new or empty folder" in refused.stderr
    assert written(tmp_path / "one") == files
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "one", "two"]


@pytest.mark.parametrize("format", FORMATS)
def test_a_changed_image_is_never_exported(format: str, sample_store: Path, tmp_path: Path) -> None:
    store = shutil.copy(sample_store, tmp_path / "store.db")
    with sqlite3.connect(store) as connection:
        (image,) = connection.execute("SELECT content FROM images ORDER BY id DESC LIMIT 1").fetchone()
        changed = bytes([*image[:-9], image[-9] ^ 1, *image[-8:]])
        connection.execute("UPDATE images SET content = ? WHERE id = (SELECT max(id) FROM images)", (changed,))
    connection.close()
    done = dataprep("export", store, "--format", format, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "wanted the image" in done.stderr and "build the store again" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["store.db"]


@pytest.mark.parametrize("format", FORMATS)
def test_an_export_that_is_killed_leaves_all_or_nothing(format: str, sample_store: Path, tmp_path: Path) -> None:
    arguments = ["export", str(sample_store), "--format", format, "--out"]
    process = subprocess.Popen([*COMMAND, *arguments, str(tmp_path / "out")], stderr=subprocess.DEVNULL)
    while process.poll() is None and not any(tmp_path.iterdir()):
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = dataprep(*arguments, tmp_path / "whole")
    assert done.returncode == 0, done.stderr
    # On a busy machine the kill may come too late.
    assert not (tmp_path / "out").exists() or written(tmp_path / "out") == written(tmp_path / "whole")


def test_an_unknown_format_is_named_with_the_known(sample_store: Path, tmp_path: Path) -> None:
    done = dataprep("export", sample_store, "--format", "cocco", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "no export is called 'cocco'" in done.stderr
