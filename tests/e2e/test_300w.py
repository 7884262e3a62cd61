"""300-W in its real layout: the manifest that stands beside the others, on a small tree."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.conftest import ROOT, built, dataprep

TREE = {
    "afw/1051618982_1": (".jpg", "train"),
    "helen/trainset/100032540_1": (".jpg", "train"),
    "lfpw/trainset/image_0001": (".png", "train"),
    "helen/testset/296814969_3": (".jpg", "test"),
    "lfpw/testset/image_0002": (".png", "test"),
    "ibug/image_003_1": (".jpg", "test"),
    "ibug/image_092 _01": (".jpg", "test"),
}
NOSE = 30


def plant(root: Path, seed: int, stem: str, suffix: str) -> None:
    """A grey photo with one bright spot, and 68 points that name its pixels as Matlab does; the nose is on the spot."""
    random = np.random.default_rng(seed)
    width, height = 97 + seed, 61 + 2 * seed
    points = np.column_stack([random.uniform(30, 70, 68), random.uniform(10, 50, 68)])
    points[0], points[1], points[NOSE] = (30, 10), (70, 50), (48, 33)
    photo = np.full((height, width, 3), 40, np.uint8)
    # Matlab's photo(32:34, 47:49): rows and columns from 1, the last ones included.
    photo[31:34, 46:49] = 250
    path = root / f"{stem}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo).save(path, quality=98, subsampling=0)
    lines = "\n".join(f"{x:.6f} {y:.6f}" for x, y in points)
    (root / f"{stem}.pts").write_text(f"version: 1\nn_points:  68\n{{\n{lines}\n}}\n")


@pytest.mark.parametrize("packed", [False, True])
def test_300w(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    root = tmp_path / "300w"
    for seed, (stem, (suffix, _)) in enumerate(TREE.items()):
        plant(root, seed, stem, suffix)
    if packed:
        root = Path(shutil.make_archive(str(root), "zip", root))
    monkeypatch.setenv("DATAPREP_300W", str(root))
    store = tmp_path / "s.db"
    summary = built(ROOT / "manifests/300w.yaml", store)
    assert (summary["accepted"], summary["rejected"], summary["filtered"]) == (7, 0, 7)
    assert dataprep("verify", store).returncode == 0
    with sqlite3.connect(store) as connection:
        rows = connection.execute(
            "SELECT samples.key, split, wire, content FROM samples JOIN images ON images.id = samples.image"
        ).fetchall()
        (names,) = connection.execute("SELECT keypoints FROM dataset").fetchone()
    assert json.loads(names)["names"][NOSE] == "nose_30"
    assert {key: split for key, split, _, _ in rows} == {
        f"{stem}{suffix}": split for stem, (suffix, split) in TREE.items()
    }
    for _, _, wire, content in rows:
        x, y, v = json.loads(wire)["keypoints"][0][NOSE]
        with Image.open(io.BytesIO(content)) as image:
            assert image.size == (112, 112)
            light = np.asarray(image.convert("L"), np.float64)
        # Where the spot is, by its pixels' weight; half a source pixel would be more than a pixel here.
        light = np.where(light > 60, light - 40, 0)
        ys, xs = np.indices(light.shape) + 0.5
        middle = ((light * xs).sum() / light.sum(), (light * ys).sum() / light.sum())
        assert v == 2 and np.hypot(middle[0] - x, middle[1] - y) < 0.15
