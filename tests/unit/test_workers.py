"""How many workers a build starts when nobody says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from dataprep.build import engine
from dataprep.build.build import build
from dataprep.build.machine import processors, worthwhile
from dataprep.build.worker import Worker
from dataprep.manifest import load
from tests.image_files import save

MANIFEST = (
    "name: few\nsource: {format: image_folder, root: photos}\nsplit: {by: hash, train: 0.8, val: 0.1, test: 0.1}\n"
)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux tells which processors a process may use")
def test_at_most_one_a_processor_that_this_process_may_use() -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert worthwhile(1_000_000) == 1
    finally:
        os.sched_setaffinity(0, before)
    assert worthwhile(1_000_000) == processors() <= len(before)


@pytest.mark.parametrize(("images", "workers"), [(1, 1), (31, 1), (32, min(2, worthwhile(1000)))])
def test_few_images_are_done_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: int, workers: int) -> None:
    started = []

    class Counted(Worker):
        def __init__(self, *arguments: object) -> None:
            started.append(arguments)
            super().__init__(*arguments)  # type: ignore[arg-type]  # whatever they are

    monkeypatch.setattr(engine, "Worker", Counted)
    (tmp_path / "photos/a").mkdir(parents=True)
    for index in range(images):
        (tmp_path / f"photos/a/{index}.png").write_bytes(save(Image.new("L", (8 + index, 9)), "PNG"))
    (tmp_path / "m.yaml").write_text(MANIFEST)
    summary = build(load(tmp_path / "m.yaml"), tmp_path / "s.db", workers=None)
    assert (summary.accepted, len(started)) == (images, workers)
