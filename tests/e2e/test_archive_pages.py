"""The manifests on the pages of archives, idx and webdataset build what the pages say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.archive_files import std_tar, std_zip
from tests.e2e.conftest import ROOT, built
from tests.e2e.test_archives import picture
from tests.idx_files import mnist


def archives(folder: Path) -> None:
    files = {f"cells/ImageSets/Main/{name}.txt": f"{name}\n".encode() for name in ("train", "val")}
    for index, name in enumerate(("train", "val")):
        box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox>"
        xml = f"<annotation><object><name>cell</name>{box}</object></annotation>"
        files |= {f"cells/JPEGImages/{name}.png": picture(index), f"cells/Annotations/{name}.xml": xml.encode()}
    std_zip(folder / "cells.zip", files)


def idx(folder: Path) -> None:
    mnist(folder / "mnist", 2, 1)


def shards(folder: Path) -> None:
    (folder / "shards").mkdir()
    for index, name in enumerate(("train-000000", "train-000001", "val-000000")):
        files = {f"{index}.png": picture(index), f"{index}.cls": b"1", f"{index}.txt": b"a dog"}
        std_tar(folder / f"shards/{name}.tar", files)


@pytest.mark.parametrize(
    ("page", "write", "splits"),
    [
        ("archives", archives, {"train": 1, "val": 1}),
        ("idx", idx, {"train": 2, "test": 1}),
        ("webdataset", shards, {"train": 2, "val": 1}),
    ],
)
def test_the_manifest_on_the_page_builds(
    page: str, write: Callable[[Path], None], splits: dict[str, int], tmp_path: Path
) -> None:
    write(tmp_path)
    (manifest,) = re.findall(r"```yaml\n(.*?)```", (ROOT / f"docs/sources/{page}.md").read_text(), re.DOTALL)
    (tmp_path / "m.yaml").write_text(manifest)
    summary = built(tmp_path / "m.yaml", tmp_path / "s.db")
    assert summary["splits"] == splits and summary["rejected"] == 0
