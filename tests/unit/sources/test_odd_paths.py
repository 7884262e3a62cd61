"""Paths in a manifest that can be none end in one sentence, whatever the format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataprep.build.work import plan_work
from dataprep.errors import DataprepError
from dataprep.manifest import check
from dataprep.sources import sources
from tests.trees import TREES, unpacked

PATHS = ("root", "images", "annotations", "masks", "config", "labels", "shards")
NEEDED: dict[str, dict[str, Any]] = {
    "coco": {"annotations": "annotations.json"},
    "yolo": {"task": "detect"},
    "face_api": {"holds": "landmarks", "coordinates": "continuous"},
    "idx": {"images": "train-images-idx3-ubyte.gz", "labels": "train-labels-idx1-ubyte.gz"},
}
ODD = ("a\0b", "\ud800", "x" * 300, "/nowhere/x", "../nowhere", "", "nope.zip/x", "/dev/null", "*", "[", "a\nb")


@pytest.mark.parametrize("format", sources())
def test_a_path_that_can_be_none_is_one_sentence(format: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    root = unpacked(next(tree for tree in TREES if tree.format == format).make(), tmp_path / "d")
    for option in sorted(set(PATHS) & set(sources()[format].model_fields)):
        for odd in (*ODD, str(tmp_path / "elsewhere")):
            source = {"format": format, "root": ".", **NEEDED.get(format, {}), option: odd}
            try:
                plan_work(check(json.dumps({"name": "a", "source": source}), root / "m.yaml"))
            except DataprepError as error:
                assert len(str(error)) < 1500
