"""Builds from archives: the same stores as from the folders that they were made of."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import tarfile
import time
import zipfile
import zlib
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.archive_files import ENCRYPTED, Packed, std_tar, std_zip, zip_of
from tests.e2e.conftest import COMMAND, built, dataprep

MANIFEST = """
name: cells
source: {format: voc, root: ROOT, masks: Masks}
split: {by: lists, train: Lists/train.txt, val: Lists/val.txt}
transforms:
  - square: {}
  - resize: {size: [24, 24]}
limits: {max_rejected: 100%}
"""
COUNT = 12


def picture(seed: int, width: int = 40, height: int = 30, format: str = "PNG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format)
    return file.getvalue()


def mask(seed: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 3, (30, 40), np.uint8)).save(file, "PNG")
    return file.getvalue()


def voc() -> dict[str, bytes]:
    """A tree with everything that a tree can have: masks, lists, what is refused and what is left out."""
    files = {"readme.txt": b"", "JPEGImages/.DS_Store": b"\0", "__MACOSX/JPEGImages/._00.png": b"\0"}
    for index in range(COUNT):
        box = f"<bndbox><xmin>{index + 1}</xmin><ymin>2</ymin><xmax>30</xmax><ymax>20</ymax></bndbox>"
        xml = f"<annotation><object><name>cell</name>{box}</object></annotation>"
        files[f"JPEGImages/s/{index:02}.png"] = picture(index)
        files[f"Annotations/s/{index:02}.xml"] = xml.encode()
        files[f"Masks/s/{index:02}.png"] = mask(index)
    files["JPEGImages/empty.png"] = b""
    files["JPEGImages/half.png"] = picture(1)[:700]
    files["JPEGImages/e\u0301.png"] = picture(99)
    files["Annotations/lost.xml"] = b"<annotation/>"
    files["Lists/train.txt"] = "".join(f"s/{index:02}\n" for index in range(9)).encode()
    files["Lists/val.txt"] = "s/09\ns/10.png\né\nempty\nhalf\n".encode()
    return files


def write(path: Path, files: dict[str, bytes]) -> None:
    if path.suffix == ".zip":
        std_zip(path, files, zipfile.ZIP_DEFLATED)
    elif path.suffix == ".tar":
        std_tar(path, files, tarfile.PAX_FORMAT)
    else:
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)


def ledger(store: Path) -> list[tuple[str, str, str | None]]:
    with closing(sqlite3.connect(store)) as connection:
        return connection.execute("SELECT key, status, reason FROM records ORDER BY key").fetchall()


def settle(path: Path, seconds: int = 3600) -> None:
    """Gives a file an age, so that its digests are remembered; its change can't be set back, so that is waited for."""
    old = time.time() - seconds
    os.utime(path, (old, old))
    time.sleep(2.1)


def test_a_store_is_the_same_from_a_folder_a_zip_and_a_tar(tmp_path: Path) -> None:
    found = []
    for name in ("folder", "x.zip", "x.tar"):
        write(tmp_path / name, voc())
        (tmp_path / "m.yaml").write_text(MANIFEST.replace("ROOT", name))
        summary = built(tmp_path / "m.yaml", tmp_path / f"{name}.db")
        found.append((summary["digest"], ledger(tmp_path / f"{name}.db")))
    assert dataprep("verify", tmp_path / "x.tar.db").returncode == 0
    assert found[0] == found[1] == found[2]
    rows = {key: (status, reason) for key, status, reason in found[0][1]}
    assert len(rows) == COUNT + 5 and rows["s/03.png"] == ("accepted", None)
    assert {key: row for key, row in rows.items() if not key.startswith("s/")} == {
        ".DS_Store": ("filtered", "hidden_file"),
        "empty.png": ("rejected", "empty_file"),
        "half.png": ("rejected", "truncated"),
        "é.png": ("accepted", None),
        "Annotations/lost.xml": ("rejected", "missing_image"),
    }
    # The folders of one root can be archives, each in its own.
    for name in ("JPEGImages", "Annotations", "Masks"):
        part = {key.removeprefix(f"{name}/"): content for key, content in voc().items() if key.startswith(f"{name}/")}
        write(tmp_path / f"parts/{name}", {})
        (tmp_path / "parts").mkdir(exist_ok=True)
        write(tmp_path / f"parts/{name}.zip", part)
    write(tmp_path / "parts", {key: content for key, content in voc().items() if key.startswith("Lists/")})
    options = "root: parts, images: JPEGImages.zip, annotations: Annotations.zip, masks: Masks.zip"
    (tmp_path / "m.yaml").write_text(MANIFEST.replace("root: ROOT, masks: Masks", options))
    assert built(tmp_path / "m.yaml", tmp_path / "parts.db")["accepted"] == COUNT


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_a_second_build_does_what_has_changed_in_an_archive(tmp_path: Path, suffix: str) -> None:
    path, store, files = tmp_path / f"x{suffix}", tmp_path / "s.db", voc()
    write(path, files)
    settle(path)
    (tmp_path / "m.yaml").write_text(MANIFEST.replace("ROOT", path.name))
    first = built(tmp_path / "m.yaml", store)
    before = store.stat()
    again = built(tmp_path / "m.yaml", store)
    records = len([name for name in files if name.startswith("JPEGImages/")]) - 1
    assert again["digest"] == first["digest"] and again["redone"] == {}
    assert (store.stat().st_ino, store.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    # Touched, it is read again, and found to be the same.
    settle(path, 1800)
    touched = built(tmp_path / "m.yaml", store)
    assert touched["redone"] == {} and touched["digest"] == first["digest"]
    # Another member: only that is done again; the others have other places now.
    files["JPEGImages/s/03.png"] = picture(333, 50, 40)
    files["Annotations/s/05.xml"] = files["Annotations/s/05.xml"].replace(b"<xmax>30<", b"<xmax>31<")
    del files["Masks/s/03.png"]
    write(path, files)
    changed = built(tmp_path / "m.yaml", store)
    assert changed["redone"] == {"image changed": 1, "labels changed": 1}
    assert sum(changed["reused"].values()) == records - 2 - 1  # and what the lists leave out
    assert changed["digest"] != first["digest"]
    assert changed["digest"] == built(tmp_path / "m.yaml", tmp_path / "fresh.db")["digest"]


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_an_archive_that_is_replaced_during_a_build_gives_rows_and_no_wrong_images(tmp_path: Path, suffix: str) -> None:
    path, store = tmp_path / f"x{suffix}", tmp_path / "s.db"
    # Other pictures under the same names, of the same length in the same places; and slow enough to be in time.
    pictures = {f"c/{index:02}.bmp": picture(index, 120, 90, "BMP") for index in range(40)}
    names = sorted(pictures)
    write(path, pictures)
    write(tmp_path / f"y{suffix}", dict(zip(names, reversed(pictures.values()), strict=True)))
    (tmp_path / "m.yaml").write_text(
        f"name: x\nsource: {{format: image_folder, root: x{suffix}}}\nsplit: {{by: hash, train: 1, val: 0, test: 0}}\n"
        "transforms: [{resize: {size: [400, 300]}}]\nlimits: {max_rejected: 100%}\nencode: {format: png}\n"
    )
    command = [*COMMAND, "build", str(tmp_path / "m.yaml"), "--store", str(store), "--workers", "1", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        outcomes, deadline = tmp_path / "s.db.outcomes", time.monotonic() + 60
        while time.monotonic() < deadline and not kept(outcomes):
            time.sleep(0.01)
        (tmp_path / f"y{suffix}").replace(path)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    rows = ledger(store)
    reasons = {reason for _, _, reason in rows}
    assert len(rows) == 40 and reasons == {None, "unreadable"}
    with closing(sqlite3.connect(store)) as connection:
        notes = {note for (note,) in connection.execute("SELECT note FROM records WHERE status = 'rejected'")}
        query = "SELECT key, sha256 FROM samples JOIN images ON image = images.id"
        there = dict(connection.execute(query))
    assert notes == {f"the file can't be read: x{suffix} was changed after it was listed; build again"}
    # What was accepted is the picture of that name in the archive that was listed.
    write(path, pictures)
    fresh = built(tmp_path / "m.yaml", tmp_path / "t.db")
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection:
        wanted = dict(connection.execute(query))
    assert {key: wanted[key] for key in there} == there and len(wanted) == 40
    # And the next build has all of it.
    assert built(tmp_path / "m.yaml", store)["digest"] == fresh["digest"]


def kept(outcomes: Path) -> bool:
    if not outcomes.exists():
        return False
    try:
        with closing(sqlite3.connect(f"file:{outcomes}?mode=ro", uri=True)) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return any(connection.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone() for name in tables)
    except sqlite3.Error:  # it is being made
        return False


@pytest.mark.parametrize("again", [False, True], ids=["first build", "second build"])
def test_hostile_members_end_as_rows(tmp_path: Path, again: bool) -> None:
    good, small = picture(1), zlib.crc32(bytes(100))
    members = [
        Packed(b"c/good.png", good),
        Packed(b"c/good2.png", picture(2), 8),
        Packed(b"c/declared huge.png", bytes(9), 8, length=(4 << 30) - 2),
        Packed(b"c/inflates.png", bytes(100 << 20), 8, length=100, crc=small),
        Packed(b"c/secret.png", good, flags=ENCRYPTED),
        Packed(b"c/method.png", good, 14),
        Packed(b"../c/out.png", good),
        Packed(b"/c/absolute.png", good),
        Packed(b"c/damaged.png", good, crc=1),
    ]
    (tmp_path / "x.zip").write_bytes(zip_of(members))
    (tmp_path / "m.yaml").write_text(
        "name: x\nsource: {format: image_folder, root: x.zip}\nsplit: {by: hash, train: 1, val: 0, test: 0}\n"
        "limits: {max_rejected: 100%, memory_mb: 64}\ntransforms: [{resize: {size: [9, 9]}}]\n"
    )
    for _ in range(2 if again else 1):
        built(tmp_path / "m.yaml", tmp_path / "s.db")
    assert {key: reason for key, _, reason in ledger(tmp_path / "s.db")} == {
        "c/good.png": None,
        "c/good2.png": None,
        "c/declared huge.png": "too_large",
        "c/inflates.png": "unreadable",
        "c/secret.png": "unreadable",
        "c/method.png": "unreadable",
        "../c/out.png": "outside_root",
        "/c/absolute.png": "outside_root",
        "c/damaged.png": "unreadable",
    }


@pytest.mark.parametrize(
    ("root", "words"),
    [
        ("x.tar.gz", "found the file x.tar.gz; gunzip it"),
        ("x.zip", "x.zip: the archive can't be read: no zip that can be read"),
        ("x.tar", "x.tar: the archive can't be read"),
    ],
)
def test_a_root_that_is_no_archive_is_one_sentence(tmp_path: Path, root: str, words: str) -> None:
    (tmp_path / root).write_bytes(b"something else")
    (tmp_path / "m.yaml").write_text(f"name: x\nsource: {{format: image_folder, root: {root}}}\n")
    done = dataprep("build", tmp_path / "m.yaml", "--store", tmp_path / "s.db")
    assert done.returncode == 2 and words in done.stderr and len(done.stderr.splitlines()) == 1
