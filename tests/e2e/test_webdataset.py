"""A store, exported as shards and built again from them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.archive_files import std_tar
from tests.e2e.conftest import built, dataprep
from tests.e2e.test_archives import picture

MANIFEST = """
name: again
source:
  format: webdataset
  root: shards
  shards: {train: "train-*.tar", val: "val-*.tar", test: "test-*.tar"}
  classes: [happy, sad, surprised]
  keypoints:
    names: [left_brow, right_brow, left_eye, right_eye, nose, mouth_left, mouth_right, mouth_top, mouth_bottom]
    pairs: [[left_brow, right_brow], [left_eye, right_eye], [mouth_left, mouth_right]]
split: {by: source}
encode: {format: png}
"""
# What depends on the key, on the bytes of the image, or on the way from its source.
OWN = ("key", "length", "sha256", "affine", "size")


def labels(store: Path) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The labels of all samples, by split and class, in a fixed order."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    with closing(sqlite3.connect(store)) as connection:
        for split, wire in connection.execute("SELECT split, wire FROM samples"):
            said = {name: value for name, value in json.loads(wire).items() if name not in OWN}
            found.setdefault((split, said["class"]), []).append(said)
    return {place: sorted(each, key=json.dumps) for place, each in found.items()}


def test_a_store_built_from_its_export_has_the_same_labels(sample_store: Path, tmp_path: Path) -> None:
    done = dataprep("export", sample_store, "--format", "webdataset", "--out", tmp_path / "shards", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lost"] == {}
    (tmp_path / "m.yaml").write_text(MANIFEST)
    summary = built(tmp_path / "m.yaml", tmp_path / "s.db")
    assert (summary["accepted"], summary["rejected"]) == (240, 0)
    assert labels(tmp_path / "s.db") == labels(sample_store)
    assert dataprep("verify", tmp_path / "s.db").returncode == 0
    again = built(tmp_path / "m.yaml", tmp_path / "s.db")
    assert again["redone"] == {} and again["digest"] == summary["digest"]


@pytest.mark.parametrize("packed_otherwise", [False, True])
def test_the_store_does_not_depend_on_how_samples_are_packed(tmp_path: Path, packed_otherwise: bool) -> None:
    files: dict[str, bytes] = {}
    for index in range(8):
        files |= {f"s{index}.png": picture(index), f"s{index}.cls": b"%d" % (index % 3)}
    names = list(files)
    whole = {**files, "lost.json": b"{}"}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    std_tar(tmp_path / "one/0.tar", whole)
    cut = 10 if packed_otherwise else 6
    std_tar(tmp_path / "two/a.tar", {name: files[name] for name in reversed(names[cut:])})
    std_tar(tmp_path / "two/b.tar", {name: files[name] for name in names[:cut]})
    digests = []
    for root in ("one", "two"):
        (tmp_path / "m.yaml").write_text(
            f"name: x\nsource: {{format: webdataset, root: {root}}}\nsplit: {{by: hash, train: 1, val: 0, test: 0}}\n"
            "limits: {max_rejected: 50%}\n"
        )
        summary = built(tmp_path / "m.yaml", tmp_path / f"{root}.db")
        assert summary["accepted"] == 8
        digests.append(summary)
    assert digests[0]["reasons"] == {"missing_image": 1} and digests[1]["reasons"] == {}
    with closing(sqlite3.connect(tmp_path / "one.db")) as one, closing(sqlite3.connect(tmp_path / "two.db")) as two:
        query = "SELECT key, split, wire FROM samples ORDER BY key"
        assert one.execute(query).fetchall() == two.execute(query).fetchall()
