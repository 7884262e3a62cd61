"""Shares of the image that are declared as pixels are refused, whatever the format; pixels never are."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dataprep.build.shares import refuse_shares
from dataprep.build.work import plan_work
from dataprep.errors import SourceError
from dataprep.geometry import Affine, Size
from dataprep.inputs import Record
from dataprep.labels import Labels, move
from dataprep.manifest import LoadedManifest, check
from tests import strategies, trees
from tests.trees import Files, Photo, unpacked


def loaded(source: str, folder: Path) -> LoadedManifest:
    return check(f"name: a\nsource: {{{source}, root: .}}\n", folder / "m.yaml")


@given(st.data(), strategies.sizes(3))
def test_shares_are_told_from_pixels(data: st.DataObject, size: Size) -> None:
    drawn = replace(data.draw(strategies.labels(size)), mask=None)
    assert drawn.boxes is not None and drawn.keypoints is not None and drawn.polygons is not None
    points = drawn.keypoints.points
    places = [drawn.boxes.corners, points[points[:, :, 2] > 0, :2]]
    places += [ring for one in drawn.polygons.rings for ring in one]
    numbers = np.concatenate([place.ravel() for place in places])
    shares = move(drawn, Affine.scale(1 / size.width, 1 / size.height))
    voc = loaded("format: voc", Path("/"))
    # The image with known places stands behind one that has none.
    first = Record("a.jpg", "a.jpg", Labels())
    if (numbers > 2).any():
        refuse_shares(voc, [first, Record("b.jpg", "b.jpg", drawn), Record("c.jpg", "c.jpg", shares)])
    refuse_shares(voc, [Record("b.jpg", "b.jpg", shares, relative=("boxes", "keypoints", "polygons"))])
    along = np.concatenate([(2 * place / np.array(size)[[0, 1] * (place.shape[-1] // 2)]).ravel() for place in places])
    assume((along % 1 != 0).any() and (np.abs(along % 1) > 1e-9).any())
    with pytest.raises(SourceError, match=r"such as \w+ of b.jpg at .*image's size: multiply them"):
        refuse_shares(voc, [first, Record("b.jpg", "b.jpg", shares)])


PHOTOS = trees.photos(count=3)


def shares_of(photo: Photo) -> list[tuple[str, list[float]]]:
    return [(thing.name, (np.array(thing.box) / ([*photo.size] * 2)).tolist()) for thing in photo.things]


def with_photos(files: Files, folder: str = "images") -> Files:
    return {**files, **{f"{folder}/{photo.stem}.jpg": photo.file() for photo in PHOTOS}}


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


def coco() -> Files:
    document = json.loads(trees.coco_document(PHOTOS))
    sizes = {one["id"]: (one["width"], one["height"]) for one in document["images"]}
    for one in document["annotations"]:
        one["bbox"] = (np.array(one["bbox"]) / ([*sizes[one["image_id"]]] * 2)).tolist()
        one["segmentation"] = []
    return with_photos({"a.json": as_json(document)})


def voc() -> Files:
    files = {}
    for photo in PHOTOS:
        text = "<annotation>"
        for name, corners in shares_of(photo):
            box = "".join(
                f"<{tag}>{n}</{tag}>" for tag, n in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
            )
            text += f"<object><name>{name}</name><bndbox>{box}</bndbox></object>"
        files[f"Annotations/{photo.stem}.xml"] = f"{text}</annotation>".encode()
    return with_photos(files, "JPEGImages")


def rows() -> list[tuple[str, str, list[float]]]:
    return [(f"{photo.stem}.jpg", name, corners) for photo in PHOTOS for name, corners in shares_of(photo)]


def csv() -> Files:
    lines = ["file,class,x0,y0,x1,y1", *(",".join([file, name, *map(str, box)]) for file, name, box in rows())]
    return with_photos({"annotations.csv": "\n".join(lines).encode()})


def jsonl() -> Files:
    lines = [as_json({"file": file, "class": name, "box": box}) for file, name, box in rows()]
    return with_photos({"annotations.jsonl": b"\n".join(lines)})


def labelme() -> Files:
    files = {}
    for photo in PHOTOS:
        shapes = [
            {"label": name, "shape_type": "rectangle", "points": [corners[:2], corners[2:]]}
            for name, corners in shares_of(photo)
        ]
        files[f"{photo.stem}.json"] = as_json({"shapes": shapes})
    return with_photos(files, ".")


def pts() -> Files:
    lines = "".join(f"{n / 70} {n / 80}\n" for n in range(68))
    files = {f"{photo.stem}.pts": f"version: 1\nn_points: 68\n{{\n{lines}}}\n".encode() for photo in PHOTOS}
    return with_photos(files, ".")


def webdataset() -> Files:
    members: Files = {}
    for photo in PHOTOS:
        members[f"{photo.stem}.jpg"] = photo.file()
        members[f"{photo.stem}.json"] = as_json({"boxes": [corners for _, corners in shares_of(photo)]})
    return {"a.tar": trees._tar(members)}


TABLE = "boxes: {corners: %s}}, coordinates: continuous, rows: object"
RELATIVE = "set source.coordinates: relative"
CASES: dict[str, tuple[Callable[[], Files], str, str]] = {
    "coco": (coco, "images: images, annotations: a.json", "multiply them"),
    "voc": (voc, "", "multiply them"),
    "csv": (csv, f"columns: {{class: class, {TABLE % '[x0, y0, x1, y1]'}", RELATIVE),
    "jsonl": (jsonl, f"fields: {{class: class, {TABLE % 'box'}", RELATIVE),
    "labelme": (labelme, "", "multiply them"),
    "pts": (pts, "", RELATIVE),
    "face_api": (
        trees.face_api_boxes,
        "images: images, annotations: boxes, holds: boxes, coordinates: continuous",
        RELATIVE,
    ),
    "webdataset": (webdataset, "", "multiply them"),
}


@pytest.mark.parametrize("format", CASES)
def test_no_format_takes_shares_for_pixels(format: str) -> None:
    make, options, step = CASES[format]
    with tempfile.TemporaryDirectory() as name:
        unpacked(make(), Path(name))
        manifest = loaded(", ".join(filter(None, (f"format: {format}", options))), Path(name))
        with pytest.raises(SourceError, match="look like shares of the image's size") as raised:
            plan_work(manifest)
    assert step in str(raised.value)
