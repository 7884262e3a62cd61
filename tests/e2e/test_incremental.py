"""A second build does what has changed, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.e2e.conftest import built, dataprep

MANIFEST = """
name: changing
source: {format: csv, root: ., images: photos, annotations: points.csv, coordinates: continuous,
         keypoints: {names: [nose]}}
split: {by: hash, train: 0.6, val: 0.2, test: 0.2}
transforms:
  - square: {fill: [9, 9, 9]}
  - resize: {size: [32, 32]}
shards: {target_bytes: 12000}
limits: {max_rejected: 50%}
"""
COUNT = 90


def photo(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 50, 3), np.uint8)).save(path)


def table(folder: Path, moved: str = "") -> None:
    with (folder / "points.csv").open("w") as file:
        out = csv.writer(file)
        out.writerow(["file", "nose_x", "nose_y"])
        for path in sorted((folder / "photos").iterdir()):
            out.writerow([path.name, 20 + (path.name == moved), 10])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for index in range(COUNT):
        photo(tmp_path / f"photos/{index:02}.png", index)
    table(tmp_path)
    (tmp_path / "m.yaml").write_text(MANIFEST)
    return tmp_path


def build(folder: Path, *options: str) -> dict[str, Any]:
    return built(folder / "m.yaml", folder / "s.db", *options)


def shards(folder: Path) -> dict[str, tuple[str, str]]:
    with closing(sqlite3.connect(folder / "s.db")) as connection:
        rows = connection.execute("SELECT id, images_sha256, labels_sha256 FROM shards")
        return {id: (images, labels) for id, images, labels in rows}


def fresh(folder: Path) -> str:
    return str(built(folder / "m.yaml", folder / "fresh.db")["digest"])


def test_with_nothing_changed_the_store_is_left_alone(photos: Path) -> None:
    first = build(photos)
    before = (photos / "s.db").stat()
    second = build(photos)
    after = (photos / "s.db").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert second["reused"] == {"previous store": COUNT} and second["redone"] == {}
    same = [name for name in first if name not in ("elapsed_s", "reused")]
    assert {name: first[name] for name in same} == {name: second[name] for name in same}


def test_a_damaged_store_is_built_again(photos: Path) -> None:
    digest = build(photos)["digest"]
    with closing(sqlite3.connect(photos / "s.db")) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'records'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with (photos / "s.db").open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    summary = build(photos)
    assert summary["digest"] == digest and "previous store" not in summary["reused"]


def test_one_changed_label_changes_one_sample_and_one_shards_labels(photos: Path) -> None:
    build(photos)
    before = shards(photos)
    table(photos, moved="17.png")
    summary = build(photos, "--explain")
    assert summary["redone"] == {"labels changed": 1} and summary["reused"] == {"previous store": COUNT - 1}
    after = shards(photos)
    assert len(after) > 3 and after.keys() == before.keys()
    changed = [id for id in after if after[id] != before[id]]
    assert len(changed) == 1 and after[changed[0]][0] == before[changed[0]][0]
    assert summary["digest"] == fresh(photos)


def test_what_is_done_again_is_explained_to_people(photos: Path) -> None:
    build(photos)
    table(photos, moved="17.png")
    (photos / "photos/18.png").write_bytes((photos / "photos/17.png").read_bytes() + b"\0")
    done = dataprep("build", photos / "m.yaml", "--store", photos / "s.db", "--explain")
    lines = dict(line.split(None, 1) for line in done.stdout.splitlines() if " " in line)
    assert lines["reused"] == f"previous store {COUNT - 2}"
    assert sorted(lines["redone"].split(", ")) == ["image changed 1", "labels changed 1"]


def test_one_added_image_changes_at_most_two_shards(photos: Path) -> None:
    build(photos)
    before = set(shards(photos).values())
    photo(photos / "photos/new.png", 999)
    table(photos)
    summary = build(photos)
    assert summary["redone"] == {"new": 1}
    assert len(set(shards(photos).values()) - before) <= 2
    assert summary["digest"] == fresh(photos)


@pytest.mark.parametrize(
    ("old", "new", "redone"),
    [
        ("[32, 32]", "[31, 31]", "transforms changed"),
        ("shards:", "encode: {format: jpeg, quality: 77}\nshards:", "encode changed"),
        ("shards:", "encode: {format: jpeg, subsampling: '4:2:0'}\nshards:", "encode changed"),
        ("seed: 0", "seed: 1", ""),
        ("shards:", "normalize: imagenet\nshards:", ""),
        ("target_bytes: 12000", "target_bytes: 9000", ""),
        ("name: changing", "name: changed", ""),
    ],
)
def test_a_changed_manifest_invalidates_what_it_must(photos: Path, old: str, new: str, redone: str) -> None:
    (photos / "m.yaml").write_text(MANIFEST.replace("test: 0.2}", "test: 0.2, seed: 0}"))
    first = build(photos)
    text = (photos / "m.yaml").read_text()
    (photos / "m.yaml").write_text(text.replace(old, new))
    assert text.count(old) == 1
    summary = build(photos)
    assert summary["redone"] == ({redone: COUNT} if redone else {})
    assert summary["reused"] == ({} if redone else {"previous store": COUNT})
    assert summary["digest"] == fresh(photos)
    assert (summary["digest"] == first["digest"]) == (new.startswith(("target", "name")))
    assert dataprep("verify", photos / "s.db").returncode == 0


def test_a_changed_image_is_seen_even_under_its_old_time(photos: Path) -> None:
    path = photos / "photos/05.png"
    old = time.time() - 3600
    for each in (photos / "photos").iterdir():
        os.utime(each, (old, old))
    build(photos)
    size = path.stat().st_size
    content = bytearray(path.read_bytes())
    # Another picture of the same length, at the same time of modification.
    photo(path, 4242)
    path.write_bytes(path.read_bytes()[:size].ljust(size, b"\0"))
    os.utime(path, (old, old))
    assert path.stat().st_size == len(content)
    summary = build(photos)
    assert sum(summary["redone"].values()) == 1
    assert summary["digest"] == fresh(photos)


def test_files_that_were_left_alone_are_not_read_again(photos: Path) -> None:
    time.sleep(2.1)  # the files settle: their digests are remembered
    build(photos)
    with closing(sqlite3.connect(photos / "s.db.files")) as connection:
        assert connection.execute("SELECT count(*) FROM files").fetchone()[0] == COUNT
        # A wrong digest shows who trusts it.
        connection.execute("UPDATE files SET digest = ? WHERE name LIKE '%/05.png'", ("f" * 64,))
        connection.commit()
    assert build(photos)["redone"] == {"image changed": 1}
    with closing(sqlite3.connect(photos / "s.db.files")) as connection:
        connection.execute("UPDATE files SET digest = ? WHERE name LIKE '%/05.png'", ("f" * 64,))
        connection.commit()
    assert build(photos, "--rehash")["redone"] == {}


def test_a_failed_build_is_a_cache_for_the_next(photos: Path) -> None:
    for index in range(COUNT):
        (photos / f"photos/broken {index}.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    table(photos)
    (photos / "m.yaml").write_text(MANIFEST.replace("50%", "10%"))
    done = dataprep("build", photos / "m.yaml", "--store", photos / "s.db")
    assert done.returncode == 1 and (photos / "s.db.failed").exists() and not (photos / "s.db").exists()
    for path in (photos / "photos").glob("broken*"):
        path.unlink()
    table(photos)
    assert build(photos)["reused"] == {"previous store": COUNT}
    assert not (photos / "s.db.failed").exists()


def ledger(store: Path) -> dict[str, dict[str, Any]]:
    done = dataprep("records", store, "--json")
    assert done.returncode == 0
    return {row["key"]: row for row in map(json.loads, done.stdout.splitlines())}


def test_duplicates_are_kept_once_and_conflicts_are_said(tmp_path: Path) -> None:
    for index in range(12):
        photo(tmp_path / f"photos/{'ab'[index % 2]}/{index:02}.png", index)
    shutil.copy(tmp_path / "photos/a/00.png", tmp_path / "photos/a/copy.png")
    shutil.copy(tmp_path / "photos/a/02.png", tmp_path / "photos/b/mislabelled.png")
    with Image.open(tmp_path / "photos/b/01.png") as image:
        image.save(tmp_path / "photos/b/same.bmp")
        image.save(tmp_path / "photos/a/other.bmp")
    (tmp_path / "m.yaml").write_text(
        "name: twins\nsource: {format: image_folder, root: photos}\nlimits: {max_rejected: 50%}\n"
        "split: {by: hash, train: 0.5, val: 0.5, test: 0}\n"
    )
    with Image.open(tmp_path / "photos/a/04.png") as image:
        image.save(tmp_path / "photos/a/z.bmp")
    summary = built(tmp_path / "m.yaml", tmp_path / "s.db")
    assert (summary["accepted"], summary["duplicates"]) == (12, 5)
    rows = ledger(tmp_path / "s.db")
    found = {key: (row["reason"], row["note"]) for key, row in rows.items() if row["status"] == "duplicate"}
    assert found == {
        "a/z.bmp": ("same_pixels", "the same pixels and labels as a/04.png, which is kept"),
        "a/copy.png": ("same_bytes", "the same bytes and labels as a/00.png, which is kept"),
        "b/mislabelled.png": (
            "conflicting_labels",
            "the same bytes as a/02.png, which is kept, but other labels; look at both, remove the wrong one",
        ),
        "b/01.png": (
            "conflicting_labels",
            "the same pixels as a/other.bmp, which is kept, but other labels; look at both, remove the wrong one",
        ),
        "b/same.bmp": (
            "conflicting_labels",
            "the same bytes as a/other.bmp, which is kept, but other labels; look at both, remove the wrong one",
        ),
    }
    assert dataprep("verify", tmp_path / "s.db").returncode == 0
    again = built(tmp_path / "m.yaml", tmp_path / "s.db")
    assert again["digest"] == summary["digest"]


def test_the_ledger_comes_as_csv_and_for_people(photos: Path) -> None:
    (photos / "photos/line\nbreak.png").write_bytes(b"")
    table(photos)
    build(photos)
    done = dataprep("records", photos / "s.db", "--csv", "--status", "rejected")
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert (row["key"], row["status"], row["reason"]) == ("line\nbreak.png", "rejected", "empty_file")
    shown = dataprep("records", photos / "s.db", "--status", "rejected").stdout
    assert "rejected: empty_file" in shown and "line\\nbreak.png" in shown
    assert len(dataprep("records", photos / "s.db").stdout.splitlines()) == COUNT + 2
    assert dataprep("records", photos / "s.db", "--csv", "--json").returncode == 2
