"""`dataprep init` over data sets laid out as each format lays them out: what it writes builds, and means the right.

What the photos show is known (`tests/trees.py`), so a build's labels are mapped back by each sample's affine and held
against that: a format that is mistaken for another one, or a wrong first pixel, shows here. Each store then goes out
in every format that can be exported, and comes in again (`tests/pairs.py`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataprep.build.build import build
from dataprep.draft.draft import draft
from dataprep.draft.report import as_json
from dataprep.manifest import load
from dataprep.sources import sources
from dataprep.store.read import Store
from tests.e2e.conftest import built, dataprep
from tests.pairs import out_and_in
from tests.trees import TREES, Tree, Truth, coco_simple, csv_classes, tarred, unpacked, zipped

RECOGNISING = {name for name, source in sources().items() if source.recognise.__qualname__ != "Source.recognise"}
# Labels are kept to a thousandth of a stored pixel, and YOLO's shares to a millionth of a side.
_CLOSE = 0.02
# Layouts of labels that another tree has as well.
_SAME = ("-all", "-beside", "-devkit", "-in-folder", "-roboflow")


def test_every_format_has_a_tree_and_recognises_itself() -> None:
    assert {tree.format for tree in TREES} >= set(sources())
    assert set(sources()) == RECOGNISING


def _cases() -> list[Any]:
    """Every tree as a folder; one of each format that people pack as archives."""
    ready = [tree for tree in TREES if tree.format in RECOGNISING]
    packed = [tree for tree in ready if tree.layout in ("voc", "class-folders-in-splits", "yolo", "coco", "csv-boxes")]
    cases = [(tree, "") for tree in ready] + [(tree, suffix) for tree in packed for suffix in (".zip", ".tar")]
    return [pytest.param(tree, suffix, id=f"{tree.layout}{suffix}") for tree, suffix in cases]


@pytest.mark.parametrize(("tree", "suffix"), _cases())
def test_what_init_writes_builds(tree: Tree, suffix: str, tmp_path: Path) -> None:
    files, path = tree.make(), tmp_path / f"{tree.layout}{suffix}"
    if suffix == ".zip":
        # Who packs a folder often packs it with its name.
        files = {f"My data/{name}": content for name, content in files.items()}
    root = {"": unpacked, ".zip": zipped, ".tar": tarred}[suffix](files, path)
    found = draft(root, tmp_path / "m.yaml")
    assert found.page.chosen.format == tree.format, as_json(found)
    assert found.candidates.chosen.suggestion.reasons
    assert found.obstacle is None
    # A README beside the folders of the splits is no image that they leave out.
    assert not any("in no split" in doubt.text for doubt in found.page.doubts)
    found.write()
    summary = build(load(tmp_path / "m.yaml"), tmp_path / "s.db")
    assert summary.failure is None
    assert (summary.accepted, summary.samples, summary.rejected) == (tree.images, tree.images, 0), summary.reasons
    assert found.contents is not None and found.contents.splits == summary.splits
    if tree.splits is not None:
        assert summary.splits == tree.splits
    with Store(tmp_path / "s.db") as store:
        means(store, tree.truth)
        if tree.counts is not None:
            found_classes = Counter(json.loads(sample.text.wire)["class"] for sample in store.samples())
            assert tuple(found_classes[id] for id in range(len(store.dataset.classes))) == tree.counts
        if not suffix and not tree.layout.endswith(_SAME):
            out_and_in(store, tmp_path / "out")


def means(store: Store, truth: Mapping[str, Truth]) -> None:
    """A store's labels, mapped back to the photos, are those that were drawn."""
    classes, seen = store.dataset.classes, set()
    for sample, _, _ in store.iterate():
        name = sample.key.rpartition("/")[2]
        known, found = truth.get(name, Truth()), json.loads(sample.text.wire)
        seen.add(name)
        assert (known.name is None) or classes[found["class"]] == known.name
        if known.boxes is not None:
            ids = found.get("box_classes", [])
            boxes = sorted(
                (classes[id], *back(found, corners)) for id, corners in zip(ids, found["boxes"], strict=True)
            )
            same(boxes, sorted((one, *corners) for one, corners in known.boxes))
        if known.points is not None:
            points = [back(found, [n for x, y, _ in one for n in (x, y)]) for one in found.get("keypoints", [])]
            same(sorted(("", *one) for one in points), sorted(("", *np.ravel(one)) for one in known.points))
    assert not truth or seen == set(truth)
    said = {one.name for one in truth.values() if one.name} | {n for one in truth.values() for n, _ in one.boxes or ()}
    assert not said or set(classes) == said


def back(sample: Mapping[str, Any], numbers: list[float]) -> list[float]:
    """Places in the stored image as places in the photo."""
    a, b, c, d, e, f = sample["affine"]
    places = np.array(numbers).reshape(-1, 2) - (c, f)
    found: list[float] = (places @ np.linalg.inv([[a, b], [d, e]]).T).ravel().tolist()
    return found


def same(found: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]]) -> None:
    assert [name for name, *_ in found] == [name for name, *_ in wanted]
    for (_, *left), (_, *right) in zip(found, wanted, strict=True):
        np.testing.assert_allclose(left, right, atol=_CLOSE)


def test_a_process_says_what_it_found_and_writes_what_builds(tmp_path: Path) -> None:
    unpacked(csv_classes(), tmp_path / "My photos")
    done = dataprep("init", "My photos", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "csv (confidence" in done.stdout and "because" in done.stdout and "15 images" in done.stdout
    assert "dataprep preview my-photos.yaml --out my-photos.png" in done.stdout
    summary = built(tmp_path / "my-photos.yaml", tmp_path / "s.db")
    assert (summary["accepted"], summary["inputs"]) == (15, 15)
    before = (tmp_path / "my-photos.yaml").read_bytes()
    again = dataprep("init", "My photos", cwd=tmp_path)
    assert again.returncode == 2 and "my-photos.yaml is there already" in again.stderr
    assert (tmp_path / "my-photos.yaml").read_bytes() == before
    (tmp_path / "manifests").mkdir()
    as_object = dataprep("init", "My photos", "--out", "manifests/a.yaml", "--json", cwd=tmp_path)
    found = json.loads(as_object.stdout)
    assert (found["manifest"], found["root"], found["format"]) == ("manifests/a.yaml", "../My photos", "csv")
    assert found["reasons"] and found["files"]["images"] == 15 and found["obstacle"] is None
    assert dataprep("preview", tmp_path / "manifests/a.yaml", "--out", tmp_path / "a.png").returncode == 0


def test_nothing_to_recognise_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/a.docx").touch()
    for name, words in (
        ("empty", "no files are in it"),
        ("texts", "no format is recognised; known: "),
        ("nowhere", "found nothing"),
        ("texts/a.docx", "archive (.tar or .zip)"),
    ):
        done = dataprep("init", tmp_path / name, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr and len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.glob("*.yaml"))


def test_a_folder_in_two_formats_names_both(tmp_path: Path) -> None:
    files = {**csv_classes(), **coco_simple()}
    found = draft(unpacked(files, tmp_path / "both"), tmp_path / "m.yaml")
    assert found.page.chosen.format == "coco"
    assert any("it may be csv as well" in doubt.text for doubt in found.page.doubts)
    found.write()
    assert "it may be csv as well" in found.text
    assert build(load(tmp_path / "m.yaml"), tmp_path / "s.db").accepted == 15
