"""Small data sets, laid out on the disk as each format lays them out, with real pictures and labels that are known.

A tree is its files by name, so it can be written to a folder or into an archive. What its photos show is drawn first,
in continuous pixels; each layout then says it in the format's own convention.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from dataprep.geometry import Size

Files = dict[str, bytes]
Corners = tuple[float, float, float, float]
Point = tuple[float, float]

# Not in the alphabet's order: a class's id and its place among sorted names differ.
CLASSES = ("dog", "bird", "cat")
KEYPOINTS = ("nose", "left", "right")
SPLITS = {"train": 8, "val": 4, "test": 3}


@dataclass(frozen=True)
class Thing:
    """Something that a photo shows: a box on whole pixels, and three points in it."""

    name: str
    box: tuple[int, int, int, int]

    @property
    def points(self) -> tuple[Point, ...]:
        x0, y0, x1, y1 = self.box
        return ((x0 + x1) / 2, (y0 + y1) / 2), (x0 + 1.5, y0 + 1.5), (x1 - 1.5, y0 + 1.5)

    @property
    def outline(self) -> tuple[Point, ...]:
        """A triangle that touches all four sides of the box."""
        x0, y0, x1, y1 = self.box
        return (x0, y1), ((x0 + x1) / 2, y0), (x1, y1)


@dataclass(frozen=True)
class Photo:
    """A picture that is like no other one, and what it shows: up to three things, or nothing."""

    stem: str
    number: int

    @property
    def size(self) -> Size:
        return Size(64 + self.number % 7, 49 + self.number % 5)

    @property
    def name(self) -> str:
        return CLASSES[self.number % len(CLASSES)]

    @property
    def things(self) -> tuple[Thing, ...]:
        count = self.number % 4
        boxes = [(3 + 17 * one, 5 + one + self.number % 3, 15 + 17 * one, 31 + one) for one in range(count)]
        return tuple(Thing(CLASSES[(self.number + one) % len(CLASSES)], box) for one, box in enumerate(boxes))

    def file(self, format: str = "JPEG") -> bytes:
        coarse = np.random.default_rng(self.number).integers(0, 256, (9, 11, 3), np.uint8)
        out = io.BytesIO()
        Image.fromarray(coarse).resize(self.size, Image.Resampling.BILINEAR).save(out, format)
        return out.getvalue()


class Truth(NamedTuple):
    """What is known of a photo: None for what the layout does not say.

    Attributes:
        name: its class.
        boxes: (class, x0 y0 x1 y1), continuous pixels.
        points: of each instance.
    """

    name: str | None = None
    boxes: tuple[tuple[str, Corners], ...] | None = None
    points: tuple[tuple[Point, ...], ...] | None = None


@dataclass(frozen=True)
class Tree:
    """A data set as files.

    Attributes:
        layout: what it is called here.
        format: the source that reads it, as manifests name it.
        make: writes it.
        truth: by the image's name without folders; empty where samples have other names.
        images: how many images there are, and so samples.
        splits: how many samples in each, where the layout says it.
        counts: how many samples of each class, by its number, where `truth` can't say it.
    """

    layout: str
    format: str
    make: Callable[[], Files]
    truth: Mapping[str, Truth]
    images: int
    splits: Mapping[str, int] | None = None
    counts: tuple[int, ...] | None = None

    def write(self, folder: Path) -> Path:
        """Writes the files into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        return unpacked(self.make(), folder)


def unpacked(files: Files, folder: Path) -> Path:
    """Files in a folder."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def zipped(files: Files, path: Path) -> Path:
    """Files in a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(files: Files, path: Path) -> Path:
    """Files in a tar."""
    path.write_bytes(_tar(files))
    return path


def _tar(files: Files) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def photos(pattern: str = "IMG_{:04}", count: int = sum(SPLITS.values())) -> list[Photo]:
    """So many photos; the pattern names them."""
    return [Photo(pattern.format(number), number) for number in range(1, count + 1)]


def split(all_photos: Sequence[Photo], names: Sequence[str] = ("train", "val", "test")) -> dict[str, list[Photo]]:
    """The photos of each split, by what the layout calls it."""
    parts: dict[str, list[Photo]] = {}
    start = 0
    for name, count in zip(names, SPLITS.values(), strict=False):
        parts[name] = list(all_photos[start : start + count])
        start += count
    return parts


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def _truth(
    of: Iterable[Photo], suffix: str = ".jpg", *, name: bool = False, boxes: bool = False, points: bool = False
) -> dict[str, Truth]:
    return {
        photo.stem + suffix: Truth(
            photo.name if name else None,
            tuple((thing.name, thing.box) for thing in photo.things) if boxes else None,
            tuple(thing.points for thing in photo.things) if points else None,
        )
        for photo in of
    }


# --- image_folder ---


def class_folders() -> Files:
    """One folder a class."""
    return {f"{photo.name}/{photo.stem}.jpg": photo.file() for photo in photos()}


def class_folders_in_splits() -> Files:
    """One folder a class, in one folder a split; ``val``, as torchvision's examples have it."""
    parts = split(photos())
    return {f"{part}/{photo.name}/{photo.stem}.jpg": photo.file() for part, of in parts.items() for photo in of}


def bare_photos() -> Files:
    """Photos, and nothing else."""
    return {f"{photo.stem}.jpg": photo.file() for photo in photos()}


def bare_photos_in_folder() -> Files:
    """Photos in one folder that names no class."""
    return {f"photos/{photo.stem}.jpg": photo.file() for photo in photos()}


# --- voc ---


def voc_xml(photo: Photo, folder: str = "JPEGImages") -> bytes:
    """Pascal VOC counts pixels from 1 and includes both ends."""
    text = f"<annotation>\n\t<folder>{folder}</folder>\n\t<filename>{photo.stem}.jpg</filename>\n\t<size>"
    text += f"<width>{photo.size.width}</width><height>{photo.size.height}</height><depth>3</depth></size>\n"
    text += "\t<segmented>0</segmented>\n"
    for thing in photo.things:
        x0, y0, x1, y1 = thing.box
        text += f"\t<object><name>{thing.name}</name><pose>Unspecified</pose><truncated>0</truncated>"
        text += f"<difficult>0</difficult><bndbox><xmin>{x0 + 1}</xmin><ymin>{y0 + 1}</ymin>"
        text += f"<xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>\n"
    return (text + "</annotation>\n").encode()


def voc() -> Files:
    """As the challenge's archives: three folders, and lists of stems; those of a class have a column more."""
    files = {}
    for photo in photos("2007_{:06}"):
        files[f"JPEGImages/{photo.stem}.jpg"] = photo.file()
        files[f"Annotations/{photo.stem}.xml"] = voc_xml(photo)
    parts = split(photos("2007_{:06}"))
    for part, of in {**parts, "trainval": parts["train"] + parts["val"]}.items():
        files[f"ImageSets/Main/{part}.txt"] = "".join(f"{photo.stem}\n" for photo in of).encode()
        for name in CLASSES:
            marks = [(photo.stem, 1 if name in {thing.name for thing in photo.things} else -1) for photo in of]
            files[f"ImageSets/Main/{name}_{part}.txt"] = "".join(f"{one} {mark:2}\n" for one, mark in marks).encode()
    return files


def voc_devkit() -> Files:
    """The same, as deep as the challenge's archives have it."""
    return {f"VOCdevkit/VOC2007/{name}": content for name, content in voc().items()}


def voc_beside() -> Files:
    """As LabelImg writes it: each XML beside its image."""
    files = {}
    for photo in photos():
        files[f"{photo.stem}.jpg"] = photo.file()
        files[f"{photo.stem}.xml"] = voc_xml(photo, "cells")
    return files


def voc_roboflow() -> Files:
    """As Roboflow exports it: a folder a split, each XML beside its image."""
    files = {"README.roboflow.txt": b"cells - v1\n", "README.dataset.txt": b"# cells\n"}
    for part, of in split(photos(), ("train", "valid", "test")).items():
        for photo in of:
            files[f"{part}/{photo.stem}.jpg"] = photo.file()
            files[f"{part}/{photo.stem}.xml"] = voc_xml(photo, "")
    return files


# --- coco ---

# Ids with gaps, as in the original.
COCO_IDS = {"dog": 18, "bird": 16, "cat": 17}


def coco_document(
    of: Sequence[Photo], kind: str = "instances", categories: Mapping[str, int] = COCO_IDS, group: str = "animal"
) -> bytes:
    """Boxes are x, y, width, height; images without annotations are named all the same."""
    annotations: list[dict[str, Any]] = []
    for photo in of:
        for thing in photo.things:
            x0, y0, x1, y1 = thing.box
            one: dict[str, Any] = {"id": len(annotations) + 1, "image_id": photo.number}
            if kind == "captions":
                annotations.append({**one, "caption": f"A {thing.name}."})
                continue
            one |= {"category_id": categories[thing.name], "bbox": [x0, y0, x1 - x0, y1 - y0], "iscrowd": 0}
            one |= {"area": (x1 - x0) * (y1 - y0) / 2, "segmentation": [[n for xy in thing.outline for n in xy]]}
            if kind == "person_keypoints":
                one |= {"num_keypoints": 3, "keypoints": [n for x, y in thing.points for n in (x, y, 2)]}
            annotations.append(one)
    found: dict[str, Any] = {
        "info": {"description": "a small one", "version": "1.0", "year": 2017},
        "licenses": [{"id": 1, "name": "none", "url": ""}],
        "images": [
            {
                "id": photo.number,
                "file_name": f"{photo.stem}.jpg",
                "width": photo.size.width,
                "height": photo.size.height,
                "license": 1,
            }
            for photo in of
        ],
        "annotations": annotations,
    }
    if kind != "captions":
        found["categories"] = [
            {"id": id, "name": name, "supercategory": group if name != group else "none"}
            | ({"keypoints": list(KEYPOINTS), "skeleton": [[1, 2], [1, 3]]} if kind == "person_keypoints" else {})
            for name, id in categories.items()
        ]
    return _json(found)


def coco(kinds: Sequence[str] = ("instances",)) -> Files:
    """As the original: ``annotations`` beside a folder of images for each split."""
    files: Files = {}
    for part, of in split(photos("{:012}")[:12], ("train2017", "val2017")).items():
        files |= {f"{part}/{photo.stem}.jpg": photo.file() for photo in of}
        files |= {f"annotations/{kind}_{part}.json": coco_document(of, kind) for kind in kinds}
    return files


def coco_all() -> Files:
    """The original whole: captions and keypoints beside the instances."""
    return coco(("captions", "instances", "person_keypoints"))


def coco_roboflow() -> Files:
    """As Roboflow exports it: the document beside the images; category 0 is a group, and nothing is of it."""
    files = {"README.roboflow.txt": b"cells - v1\n", "README.dataset.txt": b"# cells\n"}
    categories = {"animals": 0, "bird": 1, "cat": 2, "dog": 3}
    for part, of in split(photos(), ("train", "valid", "test")).items():
        files |= {f"{part}/{photo.stem}.jpg": photo.file() for photo in of}
        files[f"{part}/_annotations.coco.json"] = coco_document(of, "instances", categories, "animals")
    return files


def coco_simple() -> Files:
    """One document, one folder of images: what most tools export."""
    files = {f"images/{photo.stem}.jpg": photo.file() for photo in photos()}
    return {**files, "annotations.json": coco_document(photos())}


# --- yolo ---


def yolo_lines(photo: Photo, task: str = "detect") -> bytes:
    """A line a thing: the class's number, then shares of the image's sides."""
    lines = []
    width, height = photo.size
    for thing in photo.things:
        x0, y0, x1, y1 = thing.box
        numbers = [(x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height]
        if task == "segment":
            numbers = [n for x, y in thing.outline for n in (x / width, y / height)]
        if task == "pose":
            numbers += [n for x, y in thing.points for n in (x / width, y / height, 2)]
        lines.append(" ".join([str(CLASSES.index(thing.name)), *(f"{n:.6f}" for n in numbers)]))
    return "".join(f"{line}\n" for line in lines).encode()


def yolo(task: str = "detect") -> Files:
    """As Ultralytics lays it out: images and labels, in them the splits; names as a map."""
    files = {}
    for part, of in split(photos("{:012}")).items():
        for photo in of:
            files[f"images/{part}/{photo.stem}.jpg"] = photo.file()
            if photo.things:
                files[f"labels/{part}/{photo.stem}.txt"] = yolo_lines(photo, task)
    names = "".join(f"  {number}: {name}\n" for number, name in enumerate(CLASSES))
    text = f"path: .\ntrain: images/train\nval: images/val\ntest: images/test\n\nnames:\n{names}"
    if task == "pose":
        text += "\nkpt_shape: [3, 3]\nflip_idx: [0, 2, 1]\n"
    files["data.yaml"] = text.encode()
    return files


def yolo_segment() -> Files:
    """Outlines."""
    return yolo("segment")


def yolo_pose() -> Files:
    """Boxes with keypoints."""
    return yolo("pose")


def yolo_roboflow() -> Files:
    """As Roboflow exports it: splits, in them images and labels; names as a list; paths that start at a sibling."""
    files = {"README.roboflow.txt": b"cells - v1\n", "README.dataset.txt": b"# cells\n"}
    for part, of in split(photos(), ("train", "valid", "test")).items():
        for photo in of:
            files[f"{part}/images/{photo.stem}.jpg"] = photo.file()
            # A file without lines is an image without things.
            files[f"{part}/labels/{photo.stem}.txt"] = yolo_lines(photo)
    text = "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\n"
    files["data.yaml"] = (text + f"nc: {len(CLASSES)}\nnames: {list(CLASSES)}\n").encode()
    return files


# --- csv, jsonl ---


def csv_boxes() -> Files:
    """A line a box, as TensorFlow's detection tutorials have it; an image without boxes has no line."""
    files = {f"images/{photo.stem}.jpg": photo.file() for photo in photos()}
    header = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")
    rows = [(f"{photo.stem}.jpg", *photo.size, thing.name, *thing.box) for photo in photos() for thing in photo.things]
    return {**files, "annotations.csv": _table(header, rows)}


def csv_classes() -> Files:
    """A line an image: its name and its class."""
    files = {f"images/{photo.stem}.jpg": photo.file() for photo in photos()}
    rows = [(f"{photo.stem}.jpg", photo.name) for photo in photos()]
    return {**files, "labels.csv": _table(("filename", "label"), rows)}


def csv_keypoints() -> Files:
    """A line an image: its first thing's points."""
    shown = [photo for photo in photos("face_{:03}") if photo.things]
    files = {f"images/{photo.stem}.png": photo.file("PNG") for photo in shown}
    header = ("file", *(f"{name}_{axis}" for name in KEYPOINTS for axis in "xy"))
    rows = [(f"{photo.stem}.png", *(n for point in photo.things[0].points for n in point)) for photo in shown]
    return {**files, "keypoints.csv": _table(header, rows)}


def _csv_keypoints_truth() -> dict[str, Truth]:
    shown = [photo for photo in photos("face_{:03}") if photo.things]
    return {f"{photo.stem}.png": Truth(points=(photo.things[0].points,)) for photo in shown}


def jsonl_boxes() -> Files:
    """As Hugging Face's image folders: ``metadata.jsonl`` among the images; boxes are x, y, width, height."""
    files = {f"{photo.stem}.jpg": photo.file() for photo in photos()}
    lines = []
    for photo in photos():
        boxes = [[x0, y0, x1 - x0, y1 - y0] for x0, y0, x1, y1 in (thing.box for thing in photo.things)]
        objects = {"bbox": boxes, "categories": [thing.name for thing in photo.things]}
        lines.append(json.dumps({"file_name": f"{photo.stem}.jpg", "objects": objects}))
    return {**files, "metadata.jsonl": "".join(f"{line}\n" for line in lines).encode()}


def jsonl_classes() -> Files:
    """A line an image: its name and its class."""
    files = {f"images/{photo.stem}.jpg": photo.file() for photo in photos()}
    lines = [json.dumps({"image": f"{photo.stem}.jpg", "label": photo.name}) for photo in photos()]
    return {**files, "labels.jsonl": "".join(f"{line}\n" for line in lines).encode()}


# --- labelme, pts, face_api ---


def labelme() -> Files:
    """Each JSON beside its image; boxes as two corners, in no order that holds."""
    files = {}
    for photo in photos():
        shapes: list[dict[str, object]] = []
        for number, thing in enumerate(photo.things):
            x0, y0, x1, y1 = thing.box
            points = [[x0, y0], [x1, y1]] if number % 2 else [[x1, y1], [x0, y0]]
            shapes.append(
                {"label": thing.name, "points": points, "group_id": None, "shape_type": "rectangle", "flags": {}}
            )
        files[f"{photo.stem}.jpg"] = photo.file()
        files[f"{photo.stem}.json"] = _json(
            {
                "version": "5.5.0",
                "flags": {},
                "shapes": shapes,
                "imagePath": f"{photo.stem}.jpg",
                "imageData": None,
                "imageHeight": photo.size.height,
                "imageWidth": photo.size.width,
            }
        )
    return files


def landmarks(photo: Photo) -> tuple[Point, ...]:
    """68 points, as 300-W has them: on a spiral within the picture."""
    width, height = photo.size
    turns = [(n / 68, n * 0.7) for n in range(68)]
    return tuple(
        (round(width / 2 + r * width * 0.4 * np.cos(a), 3), round(height / 2 + r * height * 0.4 * np.sin(a), 3))
        for r, a in turns
    )


def _landmarks(photo: Photo, shift: float = 0.0) -> Truth:
    return Truth(points=(tuple((x + shift, y + shift) for x, y in landmarks(photo)),))


def _faces(of: Iterable[Photo]) -> dict[str, Truth]:
    return {f"{photo.stem}.jpg": Truth(boxes=tuple(("face", thing.box) for thing in photo.things)) for photo in of}


def _pts_name(photo: Photo) -> str:
    return f"outdoor_{photo.stem}" if photo.number % 2 else f"indoor_{photo.stem}"


def pts() -> Files:
    """As 300-W: indoor and outdoor, each pts beside its image."""
    files = {}
    for photo in photos("{:03}"):
        stem = f"{'02_Outdoor' if photo.number % 2 else '01_Indoor'}/{_pts_name(photo)}"
        lines = "".join(f"{x:.3f} {y:.3f}\n" for x, y in landmarks(photo))
        files[f"{stem}.png"] = photo.file("PNG")
        files[f"{stem}.pts"] = f"version: 1\nn_points:  68\n{{\n{lines}}}\n".encode()
    return files


def face_api_landmarks() -> Files:
    """As the article's author keeps them: images in ``jpg``, and in ``pts`` a list of points in pixels for each."""
    files = {}
    for photo in photos("{}"):
        files[f"jpg/{photo.stem}.jpg"] = photo.file()
        files[f"pts/{photo.stem}.json"] = _json([{"x": x, "y": y} for x, y in landmarks(photo)])
    return files


def face_api_boxes() -> Files:
    """The boxes of all faces of an image, in shares of its sides."""
    files = {}
    for photo in photos("{}"):
        (width, height), boxes = photo.size, []
        for x0, y0, x1, y1 in (thing.box for thing in photo.things):
            boxes.append({"x": x0 / width, "y": y0 / height, "width": (x1 - x0) / width, "height": (y1 - y0) / height})
        files[f"images/{photo.stem}.jpg"] = photo.file()
        files[f"boxes/{photo.stem}.json"] = _json(boxes)
    return files


# --- idx, webdataset ---

IDX_SIZE = Size(24, 20)


def idx() -> Files:
    """As MNIST: gzipped arrays, big-endian, with a header that says their shape."""
    files = {}
    for part, count, seed in (("train", 24, 1), ("t10k", 8, 2)):
        random = np.random.default_rng(seed)
        pixels = random.integers(0, 256, (count, IDX_SIZE.height, IDX_SIZE.width), np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        head = struct.pack(">4B3I", 0, 0, 8, 3, count, IDX_SIZE.height, IDX_SIZE.width)
        files[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(head + pixels.tobytes(), mtime=0)
        files[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(
            struct.pack(">4BI", 0, 0, 8, 1, count) + labels.tobytes(), mtime=0
        )
    return files


def webdataset() -> Files:
    """Tar files, one a shard; what belongs to one sample has one stem."""
    files = {}
    for part, of in split(photos("{:06}")).items():
        half = len(of) // 2
        for number, shard in enumerate((of[:half], of[half:])):
            members: Files = {}
            for photo in shard:
                members[f"{photo.stem}.jpg"] = photo.file()
                members[f"{photo.stem}.cls"] = str(CLASSES.index(photo.name)).encode()
            files[f"animals-{part}-{number:06}.tar"] = _tar(members)
    return files


_COUNT = sum(SPLITS.values())
_TWO = {"train": SPLITS["train"], "val": SPLITS["val"]}
_BOXES = _truth(photos(), boxes=True)

TREES = (
    Tree("class-folders", "image_folder", class_folders, _truth(photos(), name=True), _COUNT),
    Tree(
        "class-folders-in-splits",
        "image_folder",
        class_folders_in_splits,
        _truth(photos(), name=True),
        _COUNT,
        SPLITS,
    ),
    Tree("bare-photos", "image_folder", bare_photos, _truth(photos()), _COUNT),
    Tree("bare-photos-in-folder", "image_folder", bare_photos_in_folder, _truth(photos()), _COUNT),
    Tree("voc", "voc", voc, _truth(photos("2007_{:06}"), boxes=True), _COUNT, SPLITS),
    Tree("voc-devkit", "voc", voc_devkit, _truth(photos("2007_{:06}"), boxes=True), _COUNT, SPLITS),
    Tree("voc-beside", "voc", voc_beside, _BOXES, _COUNT),
    Tree("voc-roboflow", "voc", voc_roboflow, _BOXES, _COUNT, SPLITS),
    Tree("coco", "coco", coco, _truth(photos("{:012}")[:12], boxes=True), 12, _TWO),
    Tree("coco-all", "coco", coco_all, _truth(photos("{:012}")[:12], boxes=True), 12, _TWO),
    Tree("coco-roboflow", "coco", coco_roboflow, _BOXES, _COUNT, SPLITS),
    Tree("coco-simple", "coco", coco_simple, _BOXES, _COUNT),
    Tree("yolo", "yolo", yolo, _truth(photos("{:012}"), boxes=True), _COUNT, SPLITS),
    Tree("yolo-segment", "yolo", yolo_segment, _truth(photos("{:012}")), _COUNT, SPLITS),
    Tree("yolo-pose", "yolo", yolo_pose, _truth(photos("{:012}"), boxes=True, points=True), _COUNT, SPLITS),
    Tree("yolo-roboflow", "yolo", yolo_roboflow, _BOXES, _COUNT, SPLITS),
    Tree("csv-boxes", "csv", csv_boxes, _BOXES, _COUNT),
    Tree("csv-classes", "csv", csv_classes, _truth(photos(), name=True), _COUNT),
    Tree("csv-keypoints", "csv", csv_keypoints, _csv_keypoints_truth(), len(_csv_keypoints_truth())),
    Tree("jsonl-boxes", "jsonl", jsonl_boxes, _BOXES, _COUNT),
    Tree("jsonl-classes", "jsonl", jsonl_classes, _truth(photos(), name=True), _COUNT),
    Tree("labelme", "labelme", labelme, _BOXES, _COUNT),
    # 300-W counts pixels from 1, and its numbers name their middles.
    Tree("pts", "pts", pts, {_pts_name(photo) + ".png": _landmarks(photo, -0.5) for photo in photos("{:03}")}, _COUNT),
    Tree(
        "face-api-landmarks",
        "face_api",
        face_api_landmarks,
        {f"{photo.stem}.jpg": _landmarks(photo) for photo in photos("{}")},
        _COUNT,
    ),
    Tree("face-api-boxes", "face_api", face_api_boxes, _faces(photos("{}")), _COUNT),
    # Of each file, the classes 0 to 9 in turn.
    Tree("idx", "idx", idx, {}, 32, {"train": 24, "test": 8}, (4, 4, 4, 4, 3, 3, 3, 3, 2, 2)),
    Tree("webdataset", "webdataset", webdataset, {}, _COUNT, SPLITS, (5, 5, 5)),
)
