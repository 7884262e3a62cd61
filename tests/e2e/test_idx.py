"""The manifests of the MNIST family, on small sets in the layout of the real ones."""

from __future__ import annotations

import io
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.conftest import ROOT, built, dataprep
from tests.idx_files import idx, mnist, write


@pytest.mark.parametrize(("name", "classes"), [("mnist", "0123456789"), ("fashion-mnist", None)])
def test_the_manifest_builds_what_is_in_the_files(
    name: str, classes: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = mnist(tmp_path / name, 70, 25)
    monkeypatch.setenv("DATAPREP_REAL_DATA", str(tmp_path))
    summary = built(ROOT / f"manifests/{name}.yaml", tmp_path / "s.db")
    assert (summary["inputs"], summary["accepted"], summary["splits"]) == (95, 95, {"train": 70, "test": 25})
    found = json.loads(dataprep("inspect", tmp_path / "s.db", "--json").stdout)
    names = list(found["classes"])
    assert len(names) == 10 and (classes is None or names == list(classes))
    assert (found["image"]["width"], found["image"]["height"]) == (28, 28)
    # Nothing was lost on the way: each stored picture is the one in the file, and so is its class.
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection:
        query = "SELECT key, split, wire, content FROM samples JOIN images ON image = images.id"
        rows = connection.execute(query).fetchall()
    for key, split, wire, content in rows:
        drawn, ids = wanted[split]
        number = int(key[-5:])
        assert json.loads(wire)["class"] == ids[number]
        gray = np.asarray(Image.open(io.BytesIO(content)))
        np.testing.assert_array_equal(gray, np.repeat(drawn[number][..., None], 3, axis=2))
    mean, deviation = wanted["train"][0].mean(), wanted["train"][0].std()
    np.testing.assert_allclose(found["normalize"]["scale"], 1 / deviation)
    np.testing.assert_allclose(found["normalize"]["offset"], -mean / deviation)
    again = built(ROOT / f"manifests/{name}.yaml", tmp_path / "s.db")
    assert again["redone"] == {} and again["digest"] == summary["digest"]


def test_unpacked_files_give_the_same_store_and_a_changed_class_one_other_sample(tmp_path: Path) -> None:
    wanted = mnist(tmp_path / "d", 40, 9)
    text = (ROOT / "manifests/mnist.yaml").read_text().replace("${DATAPREP_REAL_DATA:-../../shared/data}/mnist", "d")
    (tmp_path / "m.yaml").write_text(text)
    digest = built(tmp_path / "m.yaml", tmp_path / "s.db")["digest"]
    mnist(tmp_path / "d", 40, 9, "")
    (tmp_path / "m.yaml").write_text(text.replace("-ubyte.gz", "-ubyte"))
    assert built(tmp_path / "m.yaml", tmp_path / "s.db")["digest"] == digest
    classes = wanted["test"][1].copy()
    classes[3] ^= 1
    write(tmp_path / "d/t10k-labels-idx1-ubyte", idx(classes))
    changed = built(tmp_path / "m.yaml", tmp_path / "s.db")
    assert changed["redone"] == {"labels changed": 1} and changed["reused"] == {"previous store": 48}


def test_files_that_do_not_fit_together_are_one_sentence(tmp_path: Path) -> None:
    mnist(tmp_path / "mnist", 5, 3)
    mnist(tmp_path / "other", 4, 3)
    os.replace(tmp_path / "other/train-labels-idx1-ubyte.gz", tmp_path / "mnist/train-labels-idx1-ubyte.gz")
    text = (ROOT / "manifests/mnist.yaml").read_text()
    (tmp_path / "m.yaml").write_text(text.replace("${DATAPREP_REAL_DATA:-../../shared/data}/", ""))
    done = dataprep("build", tmp_path / "m.yaml", "--store", tmp_path / "s.db")
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "wanted 5 classes, as train-images-idx3-ubyte.gz has pictures, found 4" in done.stderr
