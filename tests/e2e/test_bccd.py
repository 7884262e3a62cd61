"""BCCD in its real layout: the manifest that stands beside the others, on a small tree."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataprep.store.read import Store
from tests.e2e.conftest import ROOT, built, dataprep

CLASSES = ["RBC", "WBC", "Platelets"]
SPLITS = {"train": [0, 2, 3, 7], "val": [4, 9], "test": [5]}
# As the set has it: boxes count from 1, some touch the edges of the 640 x 480 pixels, and one is a single pixel.
BOXES = {
    0: [("WBC", 260, 177, 491, 376), ("RBC", 555, 356, 640, 455), ("RBC", 1, 333, 87, 437)],
    2: [("Platelets", 12, 30, 12, 30), ("RBC", 260, 1, 374, 480)],
    3: [("RBC", 78, 336, 184, 435)],
    4: [("WBC", 1, 1, 640, 480)],
    5: [("RBC", 39, 100, 140, 200), ("Platelets", 600, 440, 639, 479)],
    7: [],
    9: [("RBC", 69, 144, 184, 235)],
}


def xml(stem: str, boxes: list[tuple[str, int, int, int, int]]) -> str:
    objects = ""
    for name, x0, y0, x1, y1 in boxes:
        truncated = int(x0 == 1 or y0 == 1 or x1 == 640 or y1 == 480)
        objects += (
            f"\t<object>\n\t\t<name>{name}</name>\n\t\t<pose>Unspecified</pose>\n\t\t<truncated>{truncated}</truncated>"
            f"\n\t\t<difficult>0</difficult>\n\t\t<bndbox>\n\t\t\t<xmin>{x0}</xmin>\n\t\t\t<ymin>{y0}</ymin>\n"
            f"\t\t\t<xmax>{x1}</xmax>\n\t\t\t<ymax>{y1}</ymax>\n\t\t</bndbox>\n\t</object>\n"
        )
    return (
        f"<annotation>\n\t<folder>JPEGImages</folder>\n\t<filename>{stem}.jpg</filename>\n\t<path>/home/pi/"
        f"detection_dataset/JPEGImages/{stem}.jpg</path>\n\t<source>\n\t\t<database>Unknown</database>\n\t</source>\n"
        f"\t<size>\n\t\t<width>640</width>\n\t\t<height>480</height>\n\t\t<depth>3</depth>\n\t</size>\n"
        f"\t<segmented>0</segmented>\n{objects}</annotation>\n"
    )


def plant(root: Path) -> None:
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    (root / "LICENSE").write_text("MIT\n")
    for number, boxes in BOXES.items():
        stem = f"BloodImage_{number:05}"
        coarse = np.random.default_rng(number).integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(coarse).resize((640, 480)).save(root / f"JPEGImages/{stem}.jpg")
        (root / f"Annotations/{stem}.xml").write_text(xml(stem, boxes))
    lists = {**SPLITS, "trainval": SPLITS["train"] + SPLITS["val"]}
    for split, numbers in lists.items():
        text = "".join(f"BloodImage_{number:05}\n" for number in numbers)
        (root / f"ImageSets/Main/{split}.txt").write_text(text)


@pytest.mark.parametrize("packed", [False, True])
def test_the_manifest_builds_bccd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
    plant(tmp_path / "bccd")
    manifest = ROOT / "manifests/bccd.yaml"
    if packed:
        shutil.make_archive(str(tmp_path / "bccd"), "zip", tmp_path, "bccd")
        text = manifest.read_text().replace("}/bccd", "}/bccd.zip/bccd")
        manifest = tmp_path / "packed.yaml"
        manifest.write_text(text)
    monkeypatch.setenv("DATAPREP_REAL_DATA", str(tmp_path))
    summary = built(manifest, tmp_path / "s.db")
    assert (summary["accepted"], summary["rejected"], summary["filtered"], summary["dropped"]) == (7, 0, 0, {})
    assert dataprep("verify", tmp_path / "s.db").returncode == 0
    with Store(tmp_path / "s.db") as store:
        assert list(store.dataset.classes) == CLASSES
        found = {int(sample.key[11:16]): (sample.split, json.loads(sample.text.wire)) for sample in store.samples()}
    assert {number: split for number, (split, _) in found.items()} == {
        number: split for split, numbers in SPLITS.items() for number in numbers
    }
    for number, boxes in BOXES.items():
        fields = found[number][1]
        assert [CLASSES[id] for id in fields["box_classes"]] == [name for name, *_ in boxes]
        # 640 x 480 gets bars of 80 above and below, and becomes 224 x 224: a pixel is 0.35 wide.
        wanted = [[(x0 - 1) * 0.35, (y0 + 79) * 0.35, x1 * 0.35, (y1 + 80) * 0.35] for _, x0, y0, x1, y1 in boxes]
        np.testing.assert_allclose(np.reshape(fields["boxes"], (-1, 4)), np.reshape(wanted, (-1, 4)), atol=0.0006)
        assert "box_visible" not in fields
