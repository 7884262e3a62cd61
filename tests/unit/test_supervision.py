"""supervision reads what we write, and what we read beside us."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from supervision import ClassificationDataset, DetectionDataset

from dataprep.exports import export
from dataprep.exports.samples import samples
from dataprep.geometry import Size
from dataprep.inputs import Record
from dataprep.labels import Boxes, Keypoints, Labels, Polygons
from dataprep.pixels.decode import open_image
from dataprep.pixels.labels import source_labels
from dataprep.plan import NO_OPTIONS
from dataprep.sources.coco import Coco
from dataprep.sources.image_folder import ImageFolder
from dataprep.sources.voc import Voc
from dataprep.sources.yolo import Yolo
from tests.image_files import png
from tests.image_files import samples as drawn_pixels
from tests.stores import Drawn, silent, store_of
from tests.trees import class_folders, coco_simple, unpacked

CLASSES = ("no", "wild cat", "01")
POINTS = {"names": ["nose", "tail"], "pairs": []}
# Shares and pixels in float32, of which supervision's boxes are.
CLOSE = 1e-4


def in_pixels(record: Record) -> Labels:
    return source_labels(record, open_image(Path(record.path).read_bytes()), NO_OPTIONS, raw=False)


def same_boxes(found: Any, labels: Labels) -> None:
    """Their detections and our boxes: places, and classes."""
    assert labels.boxes is not None
    np.testing.assert_allclose(found.xyxy.reshape(-1, 4), labels.boxes.corners, atol=CLOSE)
    assert found.class_id.tolist() == labels.boxes.classes.tolist()


def box(seed: int, size: Size) -> list[float]:
    """Corners on thousandths of a pixel, as a store has them."""
    xs, ys = (
        sorted(np.random.default_rng(seed + axis).integers(0, side * 1000, 2) / 1000) for axis, side in enumerate(size)
    )
    return [xs[0], ys[0], xs[1], ys[1]]


def labels(task: str, seed: int, size: Size) -> Labels:
    classes = [seed % 3, 2, 0][: seed % 4]
    boxes = Boxes.of([box(seed + 7 * index, size) for index in range(len(classes))], classes)
    if task == "detect":
        return Labels(boxes=boxes)
    if task == "pose":
        points = np.tile([[1.0, 2.0, 2.0], [0, 0, 0]], (len(classes), 1, 1)).reshape(-1, 2, 3)
        return Labels(boxes=boxes, keypoints=Keypoints.of(points), linked=True)
    rings = [[[(x0, y0), (x1, y0), (x1, y1), (x0, y1)]] for x0, y0, x1, y1 in boxes.corners.tolist()]
    return Labels(boxes=boxes, polygons=Polygons.of(rings, classes), linked=True)


@pytest.mark.parametrize("task", ["detect", "segment", "pose"])
def test_our_yolo_is_read_by_supervision_and_by_us_alike(tmp_path: Path, task: str) -> None:
    drawn = []
    for seed in range(8):
        size = Size(40 + 3 * seed, 31 + seed)
        drawn.append(Drawn(f"deep/{seed}.jpg", ("train", "val")[seed % 2], size, labels(task, seed, size)))
    with store_of(tmp_path / "drawn.db", drawn, CLASSES, POINTS) as store:
        export(store, "yolo", tmp_path / "out", silent)
        stored = {f"deep_{one.key[5:-4]}.png": one for one in samples(store)}
    source = Yolo.model_validate({"format": "yolo", "root": ".", "task": task})
    ours = {Path(one.path).name: one for one in source.read(tmp_path / "out", split_folders=False).records}
    for split in ("train", "val"):
        theirs = DetectionDataset.from_yolo(
            str(tmp_path / f"out/images/{split}"),
            str(tmp_path / f"out/labels/{split}"),
            str(tmp_path / "out/data.yaml"),
        )
        assert theirs.classes == list(CLASSES)
        assert len(theirs) == 4
        for path, picture, found in theirs:
            one, mine = stored[Path(path).name], in_pixels(ours[Path(path).name])
            assert picture.shape == (one.size.height, one.size.width, 3)
            for known in (one.labels, mine):
                assert known.boxes is not None
                if len(known.boxes):
                    same_boxes(found, known)
                else:
                    assert len(found) == 0


@pytest.mark.parametrize(
    "line",
    [
        "0 0.5 0.5 1 1",
        "1 0.123456 0.654321 0.1 0.2",
        "2.0 0.9 0.5 0.3 0.25",  # it leaves the image: kept as it is by both
        "0 0.1 0.1 0.9 0.2 0.5 0.8",
        "1 0 0 1 0 1 1 0 1",
    ],
)
def test_lines_of_yolo_mean_the_same_to_both(tmp_path: Path, line: str) -> None:
    size = Size(37, 23)
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    (tmp_path / "images/a.png").write_bytes(png(drawn_pixels(size, 3), 8, 2))
    (tmp_path / "labels/a.txt").write_text(line)
    (tmp_path / "data.yaml").write_text(f"train: images\nnames: {list(CLASSES)}\n")
    task = "detect" if len(line.split()) == 5 else "segment"
    source = Yolo.model_validate({"format": "yolo", "root": ".", "task": task})
    (record,) = source.read(tmp_path, split_folders=False).records
    ((_, _, found),) = DetectionDataset.from_yolo(
        str(tmp_path / "images"), str(tmp_path / "labels"), str(tmp_path / "data.yaml")
    )
    same_boxes(found, in_pixels(record))


@pytest.mark.parametrize("seed", range(4))
def test_boxes_of_voc_mean_the_same_to_both(tmp_path: Path, seed: int) -> None:
    size = Size(37, 23)
    rng = np.random.default_rng(seed)
    (tmp_path / "JPEGImages").mkdir()
    (tmp_path / "Annotations").mkdir()
    (tmp_path / "JPEGImages/a.png").write_bytes(png(drawn_pixels(size, 3), 8, 2))
    text = f"<annotation><size><width>{size.width}</width><height>{size.height}</height></size>"
    # The whole image, and others, counted from 1 with both ends.
    corners = [(1, 1, *size)]
    for _ in range(3):
        (x0, x1), (y0, y1) = sorted(rng.integers(1, 38, 2)), sorted(rng.integers(1, 24, 2))
        corners.append((int(x0), int(y0), int(x1), int(y1)))
    for number, (x0, y0, x1, y1) in enumerate(corners):
        text += f"<object><name>{CLASSES[number % 3]}</name><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin>"
        text += f"<xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>"
    (tmp_path / "Annotations/a.xml").write_text(text + "</annotation>")
    # Its ids go by the images in which a class comes first, ours by the alphabet; here there is one image.
    (record,) = Voc.model_validate({"format": "voc", "root": "."}).read(tmp_path, split_folders=False).records
    theirs = DetectionDataset.from_pascal_voc(str(tmp_path / "JPEGImages"), str(tmp_path / "Annotations"))
    assert theirs.classes == sorted(CLASSES)
    ((_, _, found),) = theirs
    same_boxes(found, in_pixels(record))
    assert found.xyxy[0].tolist() == [0, 0, *size]


def test_our_folders_of_classes_are_read_by_supervision(tmp_path: Path) -> None:
    # "10" has no image in val, and is a class there all the same.
    classes = ("b", "a", "10")
    drawn = [
        Drawn(f"{split}-{id}.png", split, Size(5, 4), Labels(class_id=id))
        for split, ids in (("train", (0, 1, 2)), ("val", (0, 1)))
        for id in ids
    ]
    with store_of(tmp_path / "drawn.db", drawn, classes) as store:
        export(store, "image_folder", tmp_path / "out", silent)
    for split, count in (("train", 3), ("val", 2)):
        theirs = ClassificationDataset.from_folder_structure(str(tmp_path / f"out/{split}"))
        assert theirs.classes == sorted(classes)
        found = {Path(path).stem: theirs.classes[int(of.class_id[0])] for path, _, of in theirs}
        assert found == {f"{split}-{id}": classes[id] for id in range(count)}


def test_files_of_coco_mean_the_same_to_both(tmp_path: Path) -> None:
    """Ids of categories with gaps and in another order than their names, and images without annotations."""
    unpacked(coco_simple(), tmp_path)
    theirs = DetectionDataset.from_coco(str(tmp_path / "images"), str(tmp_path / "annotations.json"))
    source = Coco(format="coco", root=".", images="images", annotations="annotations.json")
    listing = source.read(tmp_path, split_folders=False)
    ours = {Path(record.path).name: record for record in listing.records}
    assert set(theirs.classes) == set(listing.classes)
    for path, _, found in theirs:
        boxes = ours.pop(Path(path).name).labels.boxes
        assert boxes is not None
        names = [] if found.class_id is None else [theirs.classes[id] for id in found.class_id]
        assert names == [listing.classes[id] for id in boxes.classes]
        np.testing.assert_allclose(found.xyxy.reshape(-1, 4), boxes.corners, atol=CLOSE)
    assert not ours


def test_folders_of_classes_mean_the_same_to_both(tmp_path: Path) -> None:
    unpacked(class_folders(), tmp_path)
    theirs = ClassificationDataset.from_folder_structure(str(tmp_path))
    listing = ImageFolder(format="image_folder", root=".").read(tmp_path, split_folders=False)
    ours = {record.key: listing.classes[record.labels.class_id or 0] for record in listing.records}
    found = {Path(path).relative_to(tmp_path).as_posix(): theirs.classes[int(of.class_id[0])] for path, _, of in theirs}
    assert (found, theirs.classes) == (ours, list(listing.classes))
