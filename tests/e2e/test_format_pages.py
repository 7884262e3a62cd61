"""The examples of the pages about YOLO, VOC and folders of classes, built on small trees in their layouts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dataprep.store.read import Store
from tests.e2e.conftest import ROOT, built

# A multiple of what the examples resize to, so that each number is divided by 4 on the way.
SIDE = 896


def photo(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    Image.fromarray(coarse).resize((SIDE, SIDE)).save(path)


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def yolo(root: Path) -> None:
    for seed, split in enumerate(("train", "val", "test")):
        photo(root / f"images/{split}/{split}.jpg", seed)
    text(root / "labels/train/train.txt", "1 0.5 0.25 0.5 0.25\n1 0.5 0.25 0.5 0.25\n")
    text(root / "labels/val/val.txt", "")
    text(root / "data.yaml", "train: images/train\nval: images/val\ntest: images/test\nnames: {0: dog, 1: cat}\n")


def voc(root: Path) -> None:
    for seed, split in enumerate(("train", "val", "test")):
        photo(root / f"JPEGImages/{split}.jpg", seed)
        text(root / f"ImageSets/Main/{split}.txt", f"{split}\n")
    box = "<bndbox><xmin>225</xmin><ymin>113</ymin><xmax>672</xmax><ymax>336</ymax></bndbox>"
    text(root / "Annotations/train.xml", f"<annotation><object><name>cat</name>{box}</object></annotation>")
    text(root / "Annotations/val.xml", "<annotation/>")


def image_folder(root: Path) -> None:
    for seed, name in enumerate(("train/cat", "train/dog", "val/cat", "val/dog", "test/cat")):
        photo(root / f"{name}/{seed}.jpg", seed)


def boxes(store: Store) -> dict[str, Any]:
    return {
        sample.split: json.loads(sample.text.wire)["boxes"] for sample in store.samples() if sample.split is not None
    }


def classes(store: Store) -> list[tuple[str, str]]:
    found = [(sample.key, json.loads(sample.text.wire)["class"]) for sample in store.samples()]
    assert all(store.dataset.classes[id] == key.split("/")[1] for key, id in found)
    return sorted((key.split("/")[0], store.dataset.classes[id]) for key, id in found)


# From a quarter to three quarters across, from an eighth to three eighths down, of 224 pixels.
BOXES = {"train": [[56, 28, 168, 84]], "val": [], "test": []}
FOLDERS = [("test", "cat"), ("train", "cat"), ("train", "dog"), ("val", "cat"), ("val", "dog")]
PAGES: dict[str, tuple[Callable[[Path], None], Callable[[Store], Any], Any]] = {
    "yolo": (yolo, boxes, BOXES),
    "voc": (voc, boxes, BOXES),
    "image_folder": (image_folder, classes, FOLDERS),
}


@pytest.mark.parametrize("page", PAGES)
def test_the_example_of_a_page_builds(page: str, tmp_path: Path) -> None:
    plant, look, wanted = PAGES[page]
    plant(tmp_path / "tree")
    (block,) = re.findall(r"```yaml\n(.*?)```", (ROOT / f"docs/sources/{page}.md").read_text(), re.DOTALL)
    manifest, count = re.subn(r"root: \S+", f"root: {tmp_path}/tree", block)
    assert count == 1
    (tmp_path / "m.yaml").write_text(manifest)
    summary = built(tmp_path / "m.yaml", tmp_path / "s.db")
    assert (summary["rejected"], summary["filtered"]) == (0, 0)
    assert summary["dropped"] == ({"repeated_label": 1} if page == "yolo" else {})
    with Store(tmp_path / "s.db") as store:
        assert look(store) == wanted
