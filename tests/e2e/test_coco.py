"""COCO the whole way: our manifest on the set's real layout, the documentation's example, and a store out and in."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dataprep.geometry import Affine, Rect
from dataprep.store.read import Store
from tests.e2e.conftest import ROOT, built, dataprep

# A few of COCO's classes, with the gaps of their ids: there is no 12, and 90 is the last.
CATEGORIES = [
    {"supercategory": "person", "id": 1, "name": "person"},
    {"supercategory": "outdoor", "id": 11, "name": "fire hydrant"},
    {"supercategory": "outdoor", "id": 13, "name": "stop sign"},
    {"supercategory": "indoor", "id": 90, "name": "toothbrush"},
]
CLASSES = ["person", "fire hydrant", "stop sign", "toothbrush"]


def photo(path: Path, seed: int, width: int, height: int) -> dict[str, Any]:
    """A JPEG, and its entry as COCO writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    Image.fromarray(small).resize((width, height)).save(path, quality=90)
    return {
        "license": 4,
        "file_name": path.name,
        "coco_url": f"http://images.example.org/{path.parent.name}/{path.name}",
        "height": height,
        "width": width,
        "date_captured": "2013-11-14 17:02:52",
        "flickr_url": f"http://photos.example.org/{seed}.jpg",
        "id": int(path.stem),
    }


def instance(id: int, image: int, category: int, bbox: list[float]) -> dict[str, Any]:
    x, y, width, height = bbox
    outline = [[x, y, x + width, y, x + width, y + height, x, y + height]]
    return {
        "segmentation": outline, "area": width * height, "iscrowd": 0, "image_id": image, "bbox": bbox,
        "category_id": category, "id": id,
    }  # fmt: skip


def crowd(id: int, image: dict[str, Any]) -> dict[str, Any]:
    """A crowd as COCO has it: counts down the columns, here of columns 10 to 29."""
    height, width = image["height"], image["width"]
    counts = [10 * height, 20 * height, (width - 30) * height]
    code = {"counts": counts, "size": [height, width]}
    more = {"segmentation": code, "area": 20 * height, "iscrowd": 1}
    return instance(id, image["id"], 1, [10, 0, 20, height]) | more


def coco_2017(root: Path) -> dict[str, dict[str, list[tuple[int, list[float], int]]]]:
    """COCO 2017 in small, in its own layout; gives what is in each photo: class, corners and flags."""
    found: dict[str, dict[str, list[tuple[int, list[float], int]]]] = {"train": {}, "val": {}}
    numbers = iter(range(139, 10**6, 173))
    for split, count in (("train", 6), ("val", 3)):
        images, annotations = [], []
        for index in range(count):
            number = next(numbers)
            width, height = (640, 427) if index % 2 else (375, 500)
            image = photo(root / f"{split}2017/{number:012d}.jpg", number, width, height)
            images.append(image)
            rng = np.random.default_rng(number)
            instances = [
                instance(number * 10 + one, number, CATEGORIES[int(rng.integers(4))]["id"], box)  # type: ignore[arg-type]
                for one, box in enumerate(np.round(rng.uniform(5, 170, (index % 3, 4)), 2).tolist())
            ]
            if index == 1:
                instances.append(crowd(number * 10 + 9, image))
            annotations += instances
            found[split][f"{split}2017/{image['file_name']}"] = [
                (
                    CLASSES.index(next(str(one["name"]) for one in CATEGORIES if one["id"] == value["category_id"])),
                    [value["bbox"][0], value["bbox"][1], *np.add(value["bbox"][:2], value["bbox"][2:]).tolist()],
                    value["iscrowd"],
                )
                for value in instances
            ]
        path = root / f"annotations/instances_{split}2017.json"
        path.parent.mkdir(exist_ok=True)
        about = {"description": "COCO 2017 Dataset", "version": "1.0", "year": 2017}
        whole = {"info": about, "licenses": [], "images": images, "annotations": annotations, "categories": CATEGORIES}
        path.write_text(json.dumps(whole))
    return found


def test_our_manifest_builds_coco_2017(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = coco_2017(tmp_path / "coco")
    monkeypatch.setenv("DATAPREP_REAL_DATA", str(tmp_path))
    summary = built(ROOT / "manifests/coco.yaml", tmp_path / "coco.db")
    assert (summary["accepted"], summary["rejected"], summary["filtered"], summary["duplicates"]) == (9, 0, 0, 0)
    with Store(tmp_path / "coco.db") as store:
        assert list(store.dataset.classes) == CLASSES
        assert store.dataset.kinds == ("boxes",)
        found: dict[str, dict[str, Any]] = {"train": {}, "val": {}}
        for sample in store.samples():
            fields = json.loads(sample.text.wire)
            assert sample.size == (320, 320)
            back = Affine.of(fields["affine"]).inverse()
            boxes = [list(back.hull(Rect(*box))) for box in fields["boxes"]]
            flags = fields.get("box_flags", [0] * len(boxes))
            found[sample.split][sample.key] = list(zip(fields["box_classes"], boxes, flags, strict=True))
        notes = {row.key: row.notes for row in store.records()}
    assert {split: set(of) for split, of in found.items()} == {split: set(of) for split, of in wanted.items()}
    for split, of in wanted.items():
        for key, instances in of.items():
            assert [(id, flags) for id, _, flags in found[split][key]] == [(id, flags) for id, _, flags in instances]
            for (_, box, _), (_, corners, _) in zip(found[split][key], instances, strict=True):
                # Stored to 0.001 of a pixel, which is two source pixels wide.
                np.testing.assert_allclose(box, corners, atol=0.0015)
            assert notes[key] == (() if instances else ("no_annotation",))
    done = dataprep("verify", tmp_path / "coco.db")
    assert done.returncode == 0, done.stdout


def test_coco_2017_is_read_in_its_zips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the comment in our manifest says."""
    coco_2017(tmp_path / "coco")
    monkeypatch.setenv("DATAPREP_REAL_DATA", str(tmp_path))
    manifest = (ROOT / "manifests/coco.yaml").read_text()
    for name, folder in (("train2017", "train2017"), ("annotations_trainval2017", "annotations")):
        with zipfile.ZipFile(tmp_path / f"coco/{name}.zip", "w") as archive:
            for path in sorted((tmp_path / "coco" / folder).iterdir()):
                archive.write(path, f"{folder}/{path.name}")
                path.unlink()
    zipped = manifest.replace("train: train2017,", "train: train2017.zip/train2017,")
    zipped = zipped.replace(": annotations/", ": annotations_trainval2017.zip/annotations/")
    (tmp_path / "zipped.yaml").write_text(zipped)
    summary = built(tmp_path / "zipped.yaml", tmp_path / "zipped.db")
    assert (summary["accepted"], summary["rejected"], summary["filtered"]) == (9, 0, 0)
    assert {name for name, share in summary["splits"].items() if share} == {"train", "val"}


def example() -> str:
    """The manifest of the documentation's example."""
    match = re.search(r"## Example\n```yaml\n(.*?)```", (ROOT / "docs/sources/coco.md").read_text(), re.DOTALL)
    assert match is not None
    return match[1]


def test_the_documented_example_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    pets = tmp_path / "photos/pets"
    for number, split in enumerate(("train", "valid")):
        image = photo(pets / split / "1.jpg", number, 64, 48) | {"id": 1}
        other = photo(pets / split / "2.jpg", number + 9, 40, 56) | {"id": 2}
        whole = {"images": [image, other], "annotations": [instance(0, 1, 2, [8, 4, 32, 16])]}
        whole["categories"] = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        (pets / split / "_annotations.coco.json").write_text(json.dumps(whole))
    (tmp_path / "pets.yaml").write_text(example())
    summary = built(tmp_path / "pets.yaml", tmp_path / "pets.db")
    assert (summary["accepted"], summary["rejected"], summary["filtered"]) == (4, 0, 2)
    with Store(tmp_path / "pets.db") as store:
        samples = {sample.key: (sample.split, json.loads(sample.text.wire)) for sample in store.samples()}
        reasons = {row.key: row.reason for row in store.records(status="filtered")}
    assert {key: split for key, (split, _) in samples.items()} == {
        "train/1.jpg": "train", "train/2.jpg": "train", "valid/1.jpg": "val", "valid/2.jpg": "val",
    }  # fmt: skip
    # 64 x 48 gets bars of 8 above and below, and is then 3.5 times as large.
    assert samples["train/1.jpg"][1]["boxes"] == [[28, 42, 140, 98]]
    assert samples["train/1.jpg"][1]["box_classes"] == [1]
    assert reasons == dict.fromkeys((f"{of}/_annotations.coco.json" for of in ("train", "valid")), "not_an_image")


def test_a_store_goes_out_and_comes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    coco_2017(tmp_path / "coco")
    monkeypatch.setenv("DATAPREP_REAL_DATA", str(tmp_path))
    manifest = (ROOT / "manifests/coco.yaml").read_text().replace("labels: [boxes]", "labels: [boxes, polygons]")
    manifest = manifest.replace("encode: {format: jpeg, quality: 90}", "encode: {format: png}")
    (tmp_path / "first.yaml").write_text(manifest)
    built(tmp_path / "first.yaml", tmp_path / "first.db")
    done = dataprep("export", tmp_path / "first.db", "--format", "coco", "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    # The crowds' outlines were scaled, and no longer follow pixels.
    assert told["lost"] == {"outlines of crowds, drawn as pixels": 2}
    assert (told["samples"], told["files"]) == (9, 11)
    again = manifest.replace("${DATAPREP_REAL_DATA:-../../shared/data}/coco", "out")
    again = (
        again.replace("train2017,", "images/train,").replace("val2017}", "images/val}").replace("2017.json", ".json")
    )
    (tmp_path / "second.yaml").write_text(again)
    built(tmp_path / "second.yaml", tmp_path / "second.db")
    stores = []
    for name in ("first", "second"):
        with Store(tmp_path / f"{name}.db") as store:
            stores.append(
                {re.sub(".*/", "", sample.key)[:12]: json.loads(sample.text.wire) for sample in store.samples()}
            )
    first, second = stores
    assert first.keys() == second.keys()
    for key, fields in first.items():
        other = second[key]
        # Lossless images of the target's size stay what they are, and labels with them.
        for name in ("sha256", "boxes", "box_classes", "polygon_classes", "linked"):
            assert fields[name] == other[name], (key, name)
        assert fields.get("box_flags") == other.get("box_flags")
        flags = fields.get("box_flags", [0] * len(fields["boxes"]))
        for flag, mine, theirs in zip(flags, fields["polygons"], other["polygons"], strict=True):
            assert flag or mine == theirs
