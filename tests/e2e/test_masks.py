"""Masks the whole way: palette PNGs beside VOC boxes, a store, a server, a browser."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image

from dataprep.pixels.encode import decode_mask
from dataprep.store.read import Store
from tests.e2e.chromium import chromium, quiet
from tests.e2e.conftest import built, dataprep, serving

MANIFEST = """
name: masks
source: {format: voc, root: ., masks: SegmentationClass}
split: {by: hash, train: 1, val: 0, test: 0}
labels: {mask_fill: 255}
transforms:
  - square: {fill: [7, 7, 7]}
  - rotate: {degrees: 20}
  - resize: {size: [41, 29]}
encode: {format: png}
"""

MASKS = """async () => {
  const { openDataset } = await import('/client.js');
  const dataset = openDataset(location.origin, 'masks');
  await dataset.sync();
  const found = {};
  for await (const { sample, mask } of dataset.pixels({ split: 'train' })) {
    const digest = mask && new Uint8Array(await crypto.subtle.digest('SHA-256', mask));
    found[sample.key] = mask ? Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') : null;
  }
  return found;
}"""


def write(folder: Path) -> None:
    for name in ("JPEGImages", "Annotations", "SegmentationClass"):
        (folder / name).mkdir()
    for index in range(6):
        rng = np.random.default_rng(index)
        height, width = 40 + index, 70 - 3 * index
        Image.fromarray(rng.integers(0, 256, (height, width, 3), np.uint8)).save(folder / f"JPEGImages/{index}.png")
        box = "<bndbox><xmin>3</xmin><ymin>4</ymin><xmax>20</xmax><ymax>30</ymax></bndbox>"
        text = f"<annotation><object><name>cat</name><difficult>1</difficult>{box}</object></annotation>"
        (folder / f"Annotations/{index}.xml").write_text(text)
        if index == 5:
            continue  # an image without a mask among those that have one
        # As VOC's own: a palette whose indices are the classes, 255 for the rim.
        mask = Image.fromarray(rng.choice(np.array([0, 1, 2, 255], np.uint8), (height, width)))
        mask.putpalette([value for color in rng.integers(0, 256, (256, 3)).tolist() for value in color])
        mask.save(folder / f"SegmentationClass/{index}.png")
    (folder / "m.yaml").write_text(MANIFEST)


def test_masks_reach_the_browser_to_the_byte(tmp_path: Path) -> None:
    write(tmp_path)
    built(tmp_path / "m.yaml", tmp_path / "masks.db")
    assert dataprep("verify", tmp_path / "masks.db").returncode == 0
    wanted: dict[str, str | None] = {}
    with Store(tmp_path / "masks.db") as store:
        assert store.dataset.kinds == ("boxes", "mask")
        for sample, _, content in store.iterate():
            fields = json.loads(sample.text.wire)
            assert ("mask" in fields) is (content is not None)
            assert fields["box_flags"] == [2]
            wanted[sample.key] = None
            if content is not None:
                mask = decode_mask(content, sample.size)
                assert set(np.unique(mask).tolist()) <= {0, 1, 2, 255}
                assert mask.shape == (29, 41)
                wanted[sample.key] = hashlib.sha256(mask.tobytes()).hexdigest()
    assert sorted(wanted) == [f"{index}.png" for index in range(6)]
    with (
        chromium(tmp_path / "profile") as context,
        serving(tmp_path / "masks.db") as server,
        quiet(context) as page,
    ):
        page.goto(f"{server.url}/v1/datasets")
        assert page.evaluate(MASKS) == wanted


def test_a_mask_that_does_not_fit_costs_its_image_only(tmp_path: Path) -> None:
    write(tmp_path)
    Image.fromarray(np.zeros((3, 3), np.uint8)).save(tmp_path / "SegmentationClass/0.png")
    (tmp_path / "SegmentationClass/1.png").write_text("no mask")
    Image.fromarray(np.zeros((42, 64, 3), np.uint8)).save(tmp_path / "SegmentationClass/2.png")
    (tmp_path / "m.yaml").write_text(MANIFEST + "limits: {max_rejected: 60%}\n")
    summary = built(tmp_path / "m.yaml", tmp_path / "masks.db")
    assert (summary["accepted"], summary["reasons"]) == (3, {"bad_mask": 3})
