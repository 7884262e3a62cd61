"""The examples of the pages about tables and landmark files, built on small trees in their layouts."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.e2e.conftest import ROOT, built

# Twice the size of the samples that the examples make, so that each number is halved on the way.
SIZE = (64, 48)
Files = dict[str, Any]


def examples(page: str) -> dict[str, str]:
    """The manifests on a page, by name."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / f"docs/sources/{page}.md").read_text(), re.DOTALL)
    return {yaml.safe_load(block)["name"]: block for block in blocks}


def plant(root: Path, images: list[str], files: Files) -> None:
    """Writes images that are like no other ones, and texts or JSON."""
    for seed, name in enumerate(images):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)
        Image.fromarray(pixels).save(root / name)
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content if isinstance(content, str) else json.dumps(content))


def people(root: Path) -> None:
    head = "file,expression,xmin,ymin,xmax,ymax,nose_x,nose_y,left_x,left_y,right_x,right_y,age,use\n"
    rows = "a.png,glad,4,6,24,46,10,20,8,9,,,31,train\nb.png,sad,0,0,64,48,1,2,3,4,5,6,7,val\nc.png,,,,,,,,,,,,,test\n"
    plant(root, ["images/a.png", "images/b.png", "images/c.png"], {"people.csv": head + rows})


def objects(root: Path) -> None:
    head = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax\n"
    rows = "a,x,/m/1,1,0.25,0.5,0.125,1\na,x,/m/2,1,0,1,0,0.5\n"
    plant(root, ["train/a.png", "train/b.png"], {"train-annotations-bbox.csv": head + rows})


def pets(root: Path) -> None:
    page = (ROOT / "docs/sources/jsonl.md").read_text()
    (line,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    plant(root, ["a.png"], {"metadata.jsonl": line.replace("a.jpg", "a.png")})


def points_file(count: int) -> str:
    return "\n".join(
        ["version: 1", f"n_points: {count}", "{", *(f"{index} {index + 0.5}" for index in range(count)), "}"]
    )


def landmarks_300w(root: Path) -> None:
    stems = ["afw/1", "lfpw/testset/2"]
    plant(root, [f"{stem}.png" for stem in stems], {f"{stem}.pts": points_file(68) for stem in stems})


def cells(root: Path) -> None:
    shapes: list[dict[str, Any]] = [
        {"label": "cell", "shape_type": "rectangle", "points": [[24, 46], [4, 6]], "group_id": None, "flags": {}}
    ]
    shapes.append({"label": "dust", "shape_type": "polygon", "points": [[0, 0], [8, 0], [8, 4]], "group_id": None})
    said: dict[str, Any] = {
        "shapes": shapes,
        "imagePath": "a.png",
        "imageData": None,
        "imageWidth": 64,
        "imageHeight": 48,
        "flags": {},
    }
    plant(root, ["a.png", "b.png"], {"a.json": said})


def landmarks(root: Path) -> None:
    plant(root, ["jpg/7.png"], {"pts/7.json": [{"x": index, "y": index / 2} for index in range(68)]})


def faces(root: Path) -> None:
    box = {"x": 0.25, "y": 0.5, "width": 0.125, "height": 0.25}
    plant(root, ["final_images/a.png", "final_images/b.png"], {"final_detections/a.png.json": [box]})


# Of each example: the page, its tree, and what is known of the samples, in pixels of 32 x 24.
CASES: dict[str, tuple[str, str, Callable[[Path], None], dict[str, dict[str, Any]]]] = {
    "people": (
        "csv",
        "people",
        people,
        {
            "a.png": {"boxes": [[2, 3, 12, 23]], "keypoints": [[[5, 10, 2], [4, 4.5, 2], [0, 0, 0]]], "class": 0},
            "b.png": {"boxes": [[0, 0, 32, 24]], "values": {"age": 7}, "class": 1},
            "c.png": {"boxes": []},
        },
    ),
    "objects": (
        "csv",
        "objects",
        objects,
        {"a.png": {"boxes": [[8, 3, 16, 24], [0, 0, 32, 12]], "box_classes": [0, 1]}, "b.png": {"boxes": []}},
    ),
    "pets": (
        "jsonl",
        "pets",
        pets,
        {"a.png": {"boxes": [[2, 3, 12, 8]], "box_classes": [0], "keypoints": [[[2.5, 3.5, 2], [0, 0, 0]]]}},
    ),
    "300w": ("pts", "landmarks", landmarks_300w, {"afw/1.png": {}, "lfpw/testset/2.png": {}}),
    "cells": (
        "labelme",
        "cells",
        cells,
        {
            "a.png": {"boxes": [[2, 3, 12, 23], [0, 0, 4, 2]], "box_classes": [0, 1], "linked": True},
            "b.png": {"boxes": []},
        },
    ),
    "landmarks": ("face_api", "landmarks", landmarks, {"7.png": {}}),
    "faces": (
        "face_api",
        "faces",
        faces,
        {"a.png": {"boxes": [[8, 12, 12, 18]], "box_classes": [0]}, "b.png": {"boxes": []}},
    ),
}


def test_every_example_is_built_here() -> None:
    pages = {page for page, _, _, _ in CASES.values()}
    assert {(page, name) for page in pages for name in examples(page)} == {
        (page, name) for page, name, _, _ in CASES.values()
    }


@pytest.mark.parametrize("root", CASES)
def test_an_example(tmp_path: Path, root: str) -> None:
    page, name, write, wanted = CASES[root]
    write(tmp_path / root)
    (tmp_path / "m.yaml").write_text(examples(page)[name])
    summary = built(tmp_path / "m.yaml", tmp_path / "s.db")
    assert (summary["accepted"], summary["rejected"]) == (len(wanted), 0)
    with sqlite3.connect(tmp_path / "s.db") as connection:
        rows = connection.execute("SELECT key, split, wire FROM samples").fetchall()
    found = {key: json.loads(wire) for key, _, wire in rows}
    assert set(found) == set(wanted)
    for key, fields in wanted.items():
        assert {name: found[key].get(name) for name in fields} == fields, key
    if root == "people":
        assert {key: split for key, split, _ in rows} == {"a.png": "train", "b.png": "val", "c.png": "test"}
    if root == "300w":
        assert {key: split for key, split, _ in rows} == {"afw/1.png": "train", "lfpw/testset/2.png": "test"}
        # Point 20 is written as 20 20.5, where the middle of the first pixel is 1.
        assert found["afw/1.png"]["keypoints"][0][20] == [9.75, 10, 2]
    if root == "landmarks":
        assert found["7.png"]["keypoints"][0][20] == [10, 5, 2]
