"""A store goes out in each format and comes in again: what the format can hold is the same, the rest is counted."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataprep.build.work import plan_work
from dataprep.draft.draft import draft
from dataprep.draft.report import as_json
from dataprep.errors import ExportError
from dataprep.exports import export
from dataprep.exports.samples import ExportSample, samples
from dataprep.geometry import Affine, Size
from dataprep.inputs import Record
from dataprep.labels import Labels, move
from dataprep.locations import read
from dataprep.manifest import load
from dataprep.store.read import Store

_PLACED = {"boxes", "keypoints", "polygons"}
_ALL = {"class", "tags", "values", "attributes", *_PLACED}
# A store's thousandths of a pixel, which COCO and WebDataset write as they are; YOLO's nine decimals give them back.
_CLOSE = 0.00051


def holds(format: str, kinds: set[str]) -> set[str]:
    """The kinds of labels that a format can hold of those that there are."""
    task = "keypoints" if "keypoints" in kinds else "polygons" if "polygons" in kinds else "boxes"
    of = {"coco": _PLACED, "image_folder": {"class"}, "webdataset": _ALL, "yolo": {"boxes", task}}
    return kinds & of[format]


def out_and_in(store: Store, folder: Path) -> None:
    """Through every format, with the manifest that `dataprep init` writes for it."""
    kinds = set(store.dataset.kinds)
    folder.mkdir()
    for format in ("coco", "image_folder", "webdataset", "yolo"):
        held = holds(format, kinds)
        if not held and format in ("image_folder", "yolo"):
            with pytest.raises(ExportError):
                export(store, format, folder / format, lambda *_: None)
            continue
        lost = export(store, format, folder / format, lambda *_: None).lost
        # Nothing goes without a line.
        for kind in kinds - held:
            assert any(word in key for key in lost for word in (kind, kind[:-1], "outlines", "classes")), (kind, lost)
        found = draft(folder / format, folder / f"{format}.yaml")
        assert (found.page.chosen.format, found.obstacle) == (format, None), as_json(found)
        found.write()
        _same(store, folder / f"{format}.yaml", held)


def _same(store: Store, manifest: Path, held: set[str]) -> None:
    work = plan_work(load(manifest))
    wanted = {hashlib.sha256(sample.image).hexdigest(): sample for sample in samples(store)}
    splits = Counter(sample.split for sample in wanted.values())
    assert len(work.records) == len(wanted)
    for record in work.records:
        sample = wanted.pop(hashlib.sha256(read(record.path)).hexdigest())
        assert len(splits) == 1 or record.split == sample.split
        found, known = _rows(_labels(record, sample.size), work.classes, held), _known(sample, store, held)
        assert [name for name, _ in found] == [name for name, _ in known]
        for (_, left), (_, right) in zip(found, known, strict=True):
            np.testing.assert_allclose(left, right, atol=_CLOSE)
    assert not wanted


def _labels(record: Record, size: Size) -> Labels:
    return move(record.labels, Affine.scale(*size)) if record.relative else record.labels


def _known(sample: ExportSample, store: Store, held: set[str]) -> list[tuple[str, Any]]:
    return _rows(sample.labels, store.dataset.classes, held)


def _rows(labels: Labels, classes: Any, held: set[str]) -> list[tuple[str, Any]]:
    """Every label as a text and numbers, in an order that tells nothing."""
    rows: list[tuple[str, Any]] = []
    if "class" in held and labels.class_id is not None:
        rows.append((f"class {classes[labels.class_id]}", 0))
    if "tags" in held:
        rows += [(f"tag {classes[id]}", 0) for id in labels.tags or ()]
    if "values" in held:
        rows += [(f"value {name}", number) for name, number in (labels.values or {}).items()]
    if "attributes" in held:
        rows += [(f"attribute {name} {text}", 0) for name, text in (labels.attributes or {}).items()]
    if "boxes" in held and labels.boxes is not None:
        rows += [(f"box {classes[id]}", xy) for id, xy in zip(labels.boxes.classes, labels.boxes.corners, strict=True)]
    if "keypoints" in held and labels.keypoints is not None:
        rows += [("keypoints", points) for points in labels.keypoints.points]
    if "polygons" in held and labels.polygons is not None:
        of = zip(labels.polygons.classes, labels.polygons.rings, strict=True)
        rows += [(f"outline {classes[id]}", np.concatenate(rings)) for id, rings in of]
    return sorted(rows, key=lambda row: (row[0], np.round(row[1], 1).tolist()))
