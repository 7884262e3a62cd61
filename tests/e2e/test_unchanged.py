"""A build that has nothing to do looks at all files together; whatever has changed is seen all the same."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataprep.build import untouched
from dataprep.build.build import build
from dataprep.build.files import Files
from dataprep.build.inventory import Inventory
from dataprep.build.summary import Summary
from dataprep.build.untouched import Noted
from dataprep.build.work import list_work
from dataprep.manifest import load

MANIFEST = """
name: still
source: {format: voc, root: ., masks: masks}
split: {by: hash, train: 0.6, val: 0.4, test: 0}
transforms:
  - resize: {size: [16, 16]}
limits: {max_rejected: 50%}
"""
BOX = "<bndbox><xmin>3</xmin><ymin>4</ymin><xmax>20</xmax><ymax>{}</ymax></bndbox>"
INPUTS = 7


def annotate(path: Path, bottom: int) -> None:
    path.write_text(f"<annotation><object><name>cat</name>{BOX.format(bottom)}</object></annotation>")


def picture(path: Path, seed: int) -> None:
    # An index of 4 bits a pixel, or a bitmap of 3 bytes a pixel: another one is as long.
    rng = np.random.default_rng(seed)
    if path.parent.name == "masks":
        Image.fromarray(rng.integers(0, 3, (30, 50), np.uint8)).save(path, compress_level=0)
    else:
        Image.fromarray(rng.integers(0, 256, (30, 50, 3), np.uint8)).save(path, "BMP")


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # As if the files had been there for years: the system's own stamp of change can't be set back.
    monkeypatch.setattr("dataprep.build.files._SETTLED_NS", -(10**18))
    for name in ("JPEGImages", "Annotations", "masks"):
        (tmp_path / name).mkdir()
    for index in range(INPUTS):
        picture(tmp_path / f"JPEGImages/{index}.bmp", index)
        if index != 3:  # an image without a mask among those that have one
            picture(tmp_path / f"masks/{index}.png", index)
        annotate(tmp_path / f"Annotations/{index}.xml", 25)
    (tmp_path / "m.yaml").write_text(MANIFEST)
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


def under_its_old_time(path: Path, seed: int) -> None:
    """Another picture of the same length, at the same time of modification, in the same place."""
    before = path.stat()
    picture(path, seed)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)


def added(folder: Path) -> None:
    picture(folder / "JPEGImages/new.bmp", 99)
    annotate(folder / "Annotations/new.xml", 20)


def renamed(folder: Path) -> None:
    for old in ("JPEGImages/4.bmp", "Annotations/4.xml", "masks/4.png"):
        (folder / old).rename((folder / old).with_stem("renamed"))


def exchanged(folder: Path) -> None:
    """Two files, each under the other's name: all states are still there."""
    one, other, free = (folder / f"JPEGImages/{name}" for name in ("1.bmp", "2.bmp", "free"))
    one.rename(free)
    other.rename(one)
    free.rename(other)


def manifest(old: str, new: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "m.yaml").write_text(MANIFEST.replace(old, new))


CHANGES: dict[str, Callable[[Path], object]] = {
    "image": lambda folder: under_its_old_time(folder / "JPEGImages/2.bmp", 77),
    "mask": lambda folder: under_its_old_time(folder / "masks/2.png", 77),
    "mask gone": lambda folder: (folder / "masks/2.png").unlink(),
    "label": lambda folder: annotate(folder / "Annotations/2.xml", 26),
    "added": added,
    "removed": lambda folder: (folder / "JPEGImages/5.bmp").unlink(),
    "renamed": renamed,
    "exchanged": exchanged,
    "cut short": lambda folder: os.truncate(folder / "JPEGImages/1.bmp", 900),
    "empty": lambda folder: os.truncate(folder / "JPEGImages/1.bmp", 0),
    "resize": manifest("16, 16", "16, 17"),
    "split": manifest("test: 0}", "test: 0, seed: 5}"),
    "memory": manifest("max_rejected", "memory_mb: 20, max_rejected"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(photos: Path, change: str) -> None:
    first = run(photos)
    assert recognised(photos) and run(photos).reused == {"previous store": INPUTS}
    CHANGES[change](photos)
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
    os.utime(photos / "JPEGImages/2.bmp")
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
    (photos / "JPEGImages/2.bmp").chmod(0)
    if os.access(photos / "JPEGImages/2.bmp", os.R_OK):  # root reads everything
        (photos / "JPEGImages/2.bmp").unlink()
        (photos / "JPEGImages/2.bmp").symlink_to("1.bmp")
        assert run(photos).duplicates == 1
        assert recognised(photos)  # a link is known by what it leads to
        picture(photos / "JPEGImages/1.bmp", 50)
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
