"""The COCO export as supervision reads it, beside our own source."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import supervision

from dataprep.exports import export
from dataprep.geometry import Size
from dataprep.labels import CROWD, Boxes, Labels, Polygons
from dataprep.outlines import outlines, within
from dataprep.runs import counts_from, inside
from dataprep.sources.coco import Coco
from tests.stores import Drawn, store_of

CLASSES = ("cat", "dog", "emu")


def test_supervision_reads_the_same() -> None:
    """Boxes, classes and crowds' pixels alike; polygons it draws on whole numbers, with their edges."""
    size = Size(30, 20)
    crowd = np.zeros((20, 30), bool)
    crowd[3:9, 4:20] = crowd[15:, 25:] = True
    square = [[(5.0, 6.0), (15.0, 6.0), (15.0, 12.0), (5.0, 12.0)]]
    labels = Labels(
        boxes=Boxes.of([[4.0, 3.0, 30.0, 20.0], [5.25, 6.5, 15.0, 12.0]], [2, 0], [CROWD, 0]),
        polygons=Polygons.of([outlines(inside(counts_from(crowd), size), size), square], [2, 0]),
        linked=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "out"
        with store_of(Path(folder) / "drawn.db", [Drawn("sub/a.png", "train", size, labels)], CLASSES) as store:
            export(store, "coco", root, lambda *_: None)
        images, annotations = "images/train", "annotations/instances_train.json"
        theirs = supervision.DetectionDataset.from_coco(str(root / images), str(root / annotations), force_masks=True)
        ours = Coco(format="coco", root=".", images=images, annotations=annotations)
        (record,) = ours.read(root, split_folders=False).records
        ((path, image, detections),) = list(theirs)
        assert Path(path).relative_to(root / images).as_posix() == record.key == "sub/a.png"
    assert image.shape == (20, 30, 3)
    assert tuple(theirs.classes) == CLASSES
    assert record.labels.boxes is not None and record.labels.polygons is not None
    np.testing.assert_array_equal(detections.xyxy, record.labels.boxes.corners)
    np.testing.assert_array_equal(detections.class_id, record.labels.boxes.classes)
    np.testing.assert_array_equal(detections.data["iscrowd"], [1, 0])
    assert detections.mask is not None
    np.testing.assert_array_equal(detections.mask[0], crowd)
    np.testing.assert_array_equal(detections.mask[0], within(record.labels.polygons.rings[0], size))
    inner, edged = np.zeros((2, 20, 30), bool)
    inner[6:12, 5:15] = edged[6:13, 5:16] = True  # a column and a row more than there are pixels within
    np.testing.assert_array_equal(detections.mask[1], edged)
    np.testing.assert_array_equal(within(record.labels.polygons.rings[1], size), inner)
