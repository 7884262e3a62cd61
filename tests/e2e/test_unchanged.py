"""A build that has nothing to do looks at all files together; whatever has changed is seen all the same."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dataprep.build import untouched
from dataprep.build.build import build
from dataprep.build.files import Files
from dataprep.build.glance import glance
from dataprep.build.inventory import Inventory
from dataprep.build.summary import Summary
from dataprep.build.untouched import Noted
from dataprep.build.work import list_work
from dataprep.manifest import load
from tests.e2e.still import CHANGES, INPUTS, lay_out, picture


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # As if the files had been there for years: the system's own stamp of change can't be set back.
    monkeypatch.setattr("dataprep.build.stamp._SETTLED_NS", -(10**18))
    lay_out(tmp_path)
    return tmp_path


def run(folder: Path, name: str = "s.db") -> Summary:
    return build(load(folder / "m.yaml"), folder / name)


def recognised(folder: Path) -> bool:
    """Whether a build would see all files as they were noted."""
    loaded, files = load(folder / "m.yaml"), Files(folder / "s.db")
    inventory = Inventory(loaded, list_work(loaded), files, None)
    inventory.look(None, Noted.of(folder / "s.db"))
    files.save(whole=False)
    return inventory.recognised


def test_what_is_noted_is_what_a_look_at_every_file_finds(photos: Path) -> None:
    first = run(photos)
    assert recognised(photos)
    files, loaded = Files(photos / "s.db"), load(photos / "m.yaml")
    slow, fast = (Inventory(loaded, list_work(loaded), files, None) for _ in range(2))
    slow.look(None)
    fast.look(None, Noted.of(photos / "s.db"))
    files.save(whole=False)
    assert (slow.recognised, fast.recognised) == (False, True)
    seen = list(slow.seen())
    assert seen == list(fast.seen()) and len(seen) == 2 * INPUTS - 1
    assert slow.digest() == fast.digest() and slow.fingerprints() == fast.fingerprints()
    again = run(photos)
    assert again.reused == {"previous store": INPUTS} and again.digest == first.digest
    same = ("inputs", "accepted", "rejected", "samples", "bytes", "splits", "reasons", "dropped", "near_duplicates")
    assert [getattr(again, name) for name in same] == [getattr(first, name) for name in same]
    assert recognised(photos)


def test_no_file_is_looked_at_by_itself_when_none_has_changed(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(photos)
    before = (photos / "s.db.files").stat()

    def never(*_: object) -> None:
        raise AssertionError("asked for one file")

    monkeypatch.setattr(Files, "digest", never)
    monkeypatch.setattr(Files, "recall", never)
    assert run(photos).reused == {"previous store": INPUTS}
    after = (photos / "s.db.files").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(photos: Path, change: str) -> None:
    first = run(photos)
    assert recognised(photos) and run(photos).reused == {"previous store": INPUTS}
    assert glance(photos / "m.yaml", photos / "s.db", None) is not None
    CHANGES[change](photos)
    assert glance(photos / "m.yaml", photos / "s.db", None) is None
    found, fresh = run(photos), run(photos, "fresh.db")
    assert (found.digest, found.inputs) == (fresh.digest, fresh.inputs)
    assert (found.digest == first.digest) == (change == "memory")
    # And what is new is noted in its turn.
    if change not in ("empty", "cut short"):
        assert recognised(photos)
    assert run(photos).reused == {"previous store": found.inputs - found.filtered - len(refused(photos))}


def refused(folder: Path) -> list[str]:
    loaded = load(folder / "m.yaml")
    return [row.key for row in list_work(loaded).refused if row.status != "filtered"]


def test_another_version_does_all_again(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(photos)
    monkeypatch.setattr("dataprep.build.versions.RENDER_VERSION", 10_000)
    assert run(photos).redone == {"versions changed": INPUTS}


def test_a_touched_file_is_read_again_and_nothing_is_built(photos: Path) -> None:
    run(photos)
    os.utime(photos / "data/JPEGImages/2.bmp")
    assert not recognised(photos)
    assert run(photos).reused == {"previous store": INPUTS}
    assert recognised(photos)


def test_fewer_inputs_are_not_the_same_ones(photos: Path) -> None:
    run(photos)
    loaded = load(photos / "m.yaml")
    found = build(loaded, photos / "s.db", limit=3)
    assert (found.inputs, found.accepted) == (3, 3)
    assert build(loaded, photos / "s.db", limit=3).reused == {"previous store": 3}
    assert run(photos).inputs == INPUTS


def test_it_holds_only_while_the_digests_of_files_are_as_they_were(photos: Path) -> None:
    run(photos)
    with closing(sqlite3.connect(photos / "s.db.files")) as connection:
        connection.execute("UPDATE files SET digest = ? WHERE name LIKE '%/2.bmp'", ("f" * 64,))
        connection.commit()
    assert Noted.of(photos / "s.db") is None
    assert run(photos).redone == {"image changed": 1}


def test_it_holds_only_for_the_store_that_was_noted(photos: Path) -> None:
    run(photos)
    shutil.copy(photos / "s.db", photos / "copy.db")
    shutil.copy(photos / "s.db.files", photos / "copy.db.files")
    assert Noted.of(photos / "s.db") is not None and Noted.of(photos / "copy.db") is None
    with closing(sqlite3.connect(photos / "s.db")) as connection:
        connection.execute("PRAGMA user_version = 0")
    assert Noted.of(photos / "s.db") is None


def test_a_file_that_could_not_be_noted_is_looked_at_every_time(photos: Path) -> None:
    (photos / "data/JPEGImages/2.bmp").chmod(0)
    if os.access(photos / "data/JPEGImages/2.bmp", os.R_OK):  # root reads everything
        (photos / "data/JPEGImages/2.bmp").unlink()
        (photos / "data/JPEGImages/2.bmp").symlink_to("1.bmp")
        assert run(photos).duplicates == 1
        assert recognised(photos)  # a link is known by what it leads to
        picture(photos / "data/JPEGImages/1.bmp", 50)
        assert not recognised(photos)
        return
    assert run(photos).reasons["unreadable"] == 1
    assert not recognised(photos)


def test_states_of_files_are_told_apart(tmp_path: Path) -> None:
    """Of two lists of files, neither can be written so that it passes for the other."""
    for name in ("a", "a:1", "1", "b"):
        (tmp_path / name).write_bytes(b"12")
    names = [str(tmp_path / name) for name in ("a", "a:1", "1", "b")]
    lists = [names, names[::-1], names[:3], [*names, names[0]], []]
    assert len({untouched.look_over(paths, 2) for paths in lists}) == len(lists)
    assert untouched.look_over(names, 1) is None
    assert untouched.look_over([*names, str(tmp_path / "gone")], 2) is None
