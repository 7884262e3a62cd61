"""What YOLO can't hold is counted by what it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dataprep.errors import ExportError
from dataprep.exports import export
from dataprep.geometry import Size
from dataprep.labels import CROWD, DIFFICULT, Boxes, Keypoints, Labels, Polygons
from tests.stores import Drawn, silent, store_of

SIZE = Size(20, 10)
BOX = [5, 2, 15, 4]
RING = [(0, 0), (10, 0), (10, 5), (0, 5)]
POINTS = {"names": ["nose", "tail"], "pairs": []}


def exported(tmp_path: Path, *labels: Labels, classes: tuple[str, ...] = ("cat", "dog")) -> tuple[list[str], dict]:  # type: ignore[type-arg]
    """The label files of some images, and what was lost."""
    drawn = [Drawn(f"{index}.png", "train", SIZE, one) for index, one in enumerate(labels)]
    with store_of(tmp_path / "drawn.db", drawn, classes, POINTS) as store:
        done = export(store, "yolo", tmp_path / "out", silent)
    texts = [(tmp_path / f"out/labels/train/{index}.txt").read_text() for index in range(len(labels))]
    return texts, dict(done.lost)


def test_what_detection_lacks(tmp_path: Path) -> None:
    boxes = Boxes.of([BOX, BOX, BOX, [0, 0, 20, 10]], [0, 0, 1, -1], [CROWD, DIFFICULT, 0, 0])
    labels = Labels(
        class_id=1,
        tags=(0, 1),
        boxes=boxes,
        mask=np.zeros((10, 20), np.uint8),
        values={"age": 3},
        attributes={"a": "b", "c": "d"},
    )
    other = Labels(class_id=0, boxes=Boxes())
    texts, lost = exported(tmp_path, labels, other)
    # A box without a class has that of its image.
    assert texts == ["0 0.5 0.3 0.5 0.2\n0 0.5 0.3 0.5 0.2\n1 0.5 0.3 0.5 0.2\n1 0.5 0.5 1 1\n", ""]
    assert lost == {
        "flags of boxes": 2,
        "instances that are the same as another, of which readers keep one": 1,
        "masks": 1,
        "tags": 2,
        "values": 1,
        "attributes": 2,
        "classes of images that none of its instances has": 1,
    }


def test_what_segmentation_lacks(tmp_path: Path) -> None:
    hole = [(2, 2), (2, 3), (3, 3), (3, 2)]
    polygons = Polygons.of([[RING], [RING, hole], []], [0, 1, 1])
    boxes = Boxes.of([[0, 0, 10, 5], [0, 0, 11, 5], BOX], [0, 1, 1])
    texts, lost = exported(tmp_path, Labels(boxes=boxes, polygons=polygons, linked=True))
    first, second = texts[0].splitlines()
    assert first == "0 0 0 0.5 0 0.5 0.5 0 0.5"
    # The way leads from the outline's first corner to the hole's, around it, and back.
    assert second == "1 0 0 0.1 0.2 0.1 0.3 0.15 0.3 0.15 0.2 0.1 0.2 0 0 0.5 0 0.5 0.5 0 0.5"
    assert lost == {
        "outlines of several rings, joined to one": 1,
        "boxes that are not the hull of their outline": 1,
        "instances without an outline": 1,
    }


def test_what_pose_lacks(tmp_path: Path) -> None:
    keypoints = Keypoints.of([[(5, 5, 2), (10, 10, 1)], [(0, 0, 0), (0, 0, 0)], [(4, 5, 2), (0, 0, 0)]])
    polygons = Polygons.of([[RING], [], []], [0, 1, 0])
    boxes = Boxes.of([BOX, BOX, BOX], [0, 1, 0])
    whole = Labels(boxes=boxes, keypoints=keypoints, polygons=polygons, linked=True)
    bare = Labels(keypoints=keypoints)
    one = Labels(boxes=Boxes.of([BOX], [1]), keypoints=keypoints.take(np.array([0])))
    several = Labels(boxes=Boxes.of([BOX], [1]), keypoints=keypoints.take(np.array([0, 1])))
    texts, lost = exported(tmp_path, whole, bare, one, several)
    box = "0.5 0.3 0.5 0.2"
    assert texts[0].splitlines() == [
        f"0 {box} 0.25 0.5 2 0.5 1 1",
        f"1 {box} 0 0 0 0 0 0",
        f"0 {box} 0.2 0.5 2 0 0 0",
    ]
    # Without a box, the hull of the labelled points; without those nothing.
    assert texts[1].splitlines() == ["2 0.375 0.75 0.25 0.5 0.25 0.5 2 0.5 1 1", "2 0.2 0.5 0 0 0.2 0.5 2 0 0 0"]
    # One box and one set of keypoints belong together, of others nobody knows.
    assert texts[2].splitlines() == [f"1 {box} 0.25 0.5 2 0.5 1 1"]
    assert texts[3].splitlines() == [f"1 {box} 0 0 0 0 0 0", "2 0.375 0.75 0.25 0.5 0.25 0.5 2 0.5 1 1"]
    assert lost == {
        "outlines": 1,
        "instances without a box, which get the hull of what they have": 3,
        "instances without a labelled keypoint or a box": 2,
        "instances without a class, which get one of their own": 3,
    }


@pytest.mark.parametrize(("labels", "kinds"), [(Labels(), "no labels"), (Labels(class_id=1), "class")])
def test_a_store_without_places_is_refused(tmp_path: Path, labels: Labels, kinds: str) -> None:
    with pytest.raises(ExportError, match=f"the store has {kinds}; export classes as image_folder"):
        exported(tmp_path, labels)
    assert [path.name for path in tmp_path.iterdir()] == ["drawn.db"]
