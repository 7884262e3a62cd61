"""Images that look alike: named, left out, or kept in one split."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.e2e.conftest import built, dataprep

MANIFEST = """
name: alike
source: {format: image_folder, root: photos}
split: {by: hash, group: '^thing/([^_]+)', train: 0.5, val: 0.5, test: 0}
transforms:
  - resize: {size: [32, 32]}
"""
COUNT = 14


def encoded(quality: int) -> Callable[[Image.Image], Image.Image]:
    def change(image: Image.Image) -> Image.Image:
        content = io.BytesIO()
        image.save(content, "JPEG", quality=quality)
        return Image.open(content).convert("RGB")

    return change


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "encoded": encoded(40),
    "resized": lambda image: image.resize((150, 100), Image.Resampling.BICUBIC),
    "brightened": lambda image: image.point([min(255, round(level * 1.2)) for level in range(256)] * 3),
    "cropped": lambda image: image.crop((6, 4, 294, 196)),
}


def scene(seed: int) -> Image.Image:
    """A picture of its own: shapes at several scales."""
    random = np.random.default_rng(seed)
    total = np.full((200, 300, 3), 110.0)
    for cells in (4, 8, 16):
        coarse = random.normal(0, 130 / cells**0.5, (cells, cells * 3 // 2, 3))
        for channel in range(3):
            layer = Image.fromarray(coarse[:, :, channel].astype(np.float32))
            total[:, :, channel] += np.asarray(layer.resize((300, 200), Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(total, 0, 200).astype(np.uint8))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos/thing").mkdir(parents=True)
    for index in range(COUNT):
        scene(index).save(tmp_path / f"photos/thing/p{index:02}_0.png")
    (tmp_path / "m.yaml").write_text(MANIFEST)
    return tmp_path


def build(folder: Path, mode: str | None = None) -> dict[str, Any]:
    text = MANIFEST + (f"near_duplicates: {mode}\n" if mode else "")
    (folder / "m.yaml").write_text(text)
    summary = built(folder / "m.yaml", folder / "s.db")
    assert dataprep("verify", folder / "s.db").returncode == 0
    return summary


def add_changed(folder: Path) -> dict[str, str]:
    """A changed copy of each of the first photos, under another person's name; original by key."""
    added = {}
    for index, (name, change) in enumerate(CHANGES.items()):
        key = f"thing/q{index:02}_{name}.png"
        change(scene(index)).save(folder / "photos" / key)
        added[key] = f"thing/p{index:02}_0.png"
    return added


def ledger(folder: Path) -> dict[str, dict[str, Any]]:
    done = dataprep("records", folder / "s.db", "--json")
    return {row["key"]: row for row in map(json.loads, done.stdout.splitlines())}


def splits(folder: Path) -> dict[str, str]:
    with sqlite3.connect(folder / "s.db") as connection:
        return dict(connection.execute("SELECT key, split FROM samples"))


def test_what_looks_alike_is_named_by_default(photos: Path) -> None:
    added = add_changed(photos)
    summary = build(photos)
    assert summary["near_duplicates"]["groups"] == len(CHANGES)
    assert summary["near_duplicates"]["images"] == 2 * len(CHANGES)
    assert summary["accepted"] == COUNT + len(CHANGES)
    near = {key: row["near"] for key, row in ledger(photos).items() if row["near"]}
    assert near == {**added, **{original: original for original in added.values()}}
    where = splits(photos)
    assert summary["near_duplicates"]["across_splits"] == sum(where[a] != where[b] for a, b in added.items())
    assert "looks like thing/p00_0.png" in dataprep("records", photos / "s.db").stdout


def test_what_looks_alike_can_be_left_out(photos: Path) -> None:
    added = add_changed(photos)
    summary = build(photos, "drop")
    assert (summary["accepted"], summary["duplicates"]) == (COUNT, len(CHANGES))
    rows = ledger(photos)
    for key, original in added.items():
        assert rows[key]["reason"] == "near_duplicate"
        assert rows[key]["note"] == f"looks like {original}, which is kept"
    # When the one that was kept goes, the other is needed: it is prepared now.
    (photos / "photos/thing/p00_0.png").unlink()
    again = build(photos, "drop")
    assert again["redone"] == {"no duplicate any more": 1}
    assert ledger(photos)["thing/q00_encoded.png"]["status"] == "accepted"
    fresh = built(photos / "m.yaml", photos / "fresh.db")
    assert fresh["digest"] == again["digest"]


def test_what_looks_alike_can_be_kept_in_one_split(photos: Path) -> None:
    build(photos, "same_split")
    before = splits(photos)
    added = add_changed(photos)
    plain = build(photos, "report")
    where = splits(photos)
    assert any(where[key] != where[original] for key, original in added.items())
    assert plain["near_duplicates"]["across_splits"] > 0
    for path in photos.glob("s.db*"):
        path.unlink()
    for key in added:
        (photos / "photos" / key).rename(photos / Path(key).name)
    build(photos, "same_split")
    for key in added:
        (photos / Path(key).name).rename(photos / "photos" / key)
    summary = build(photos, "same_split")
    after = splits(photos)
    assert all(after[key] == after[original] for key, original in added.items())
    assert summary["near_duplicates"]["across_splits"] == 0
    moved = {key for key in before if before[key] != after[key]}
    assert {line.split(":")[0] for line in summary["moved"]} == moved
    assert summary["redone"] == {"new": len(CHANGES)}
    assert built(photos / "m.yaml", photos / "fresh.db")["digest"] == summary["digest"]
    # Nothing has changed since: the store is left alone.
    assert build(photos, "same_split")["reused"] == {"previous store": COUNT + len(CHANGES)}


def test_moved_images_get_the_variants_of_their_new_split(photos: Path) -> None:
    add_changed(photos)
    (photos / "m.yaml").write_text(MANIFEST + "  - random_flip: {variants: 3}\nnear_duplicates: same_split\n")
    built(photos / "m.yaml", photos / "s.db")
    keys = splits(photos)
    for key, split in keys.items():
        name = key.split("::")[0]
        assert sum(other.split("::")[0] == name for other in keys) == (3 if split == "train" else 1)
    assert dataprep("verify", photos / "s.db").returncode == 0


def test_a_given_split_has_the_last_word(photos: Path) -> None:
    text = MANIFEST.replace("{by: hash, group: '^thing/([^_]+)', train: 0.5, val: 0.5, test: 0}", "{by: folder}")
    (photos / "m.yaml").write_text(text + "near_duplicates: same_split\n")
    done = dataprep("build", photos / "m.yaml")
    assert done.returncode == 2
    assert "near_duplicates: same_split wants split: {by: hash}" in done.stderr
