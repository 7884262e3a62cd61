"""VOC: what a build makes of it, and what is recognised; more is in tests/unit/test_sources.py."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dataprep.build.build import build
from dataprep.manifest import load
from dataprep.sources.voc import Voc
from dataprep.store.read import Store
from dataprep.survey import Suggestion, Survey


def xml(width: int = 0, height: int = 0, *boxes: tuple[float, ...], filename: str = "") -> str:
    """An annotation of cats."""
    text = f"<annotation><filename>{filename}</filename>"
    text += f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>" * bool(width)
    for box in boxes:
        corners = "".join(f"<{tag}>{n}</{tag}>" for tag, n in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))
        text += f"<object><name>cat</name><bndbox>{corners}</bndbox></object>"
    return f"{text}</annotation>"


def photo(path: Path, width: int, height: int, orientation: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = [ord(letter) for letter in path.name]
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(path, exif=exif)


def plant(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def built(root: Path, source: str = "", more: str = "") -> tuple[dict[str, str], Store]:
    """Reasons by key of what was refused, and the store."""
    (root / "m.yaml").write_text(
        f"name: cats\nsource: {{format: voc, root: .{source}}}\nencode: {{format: png}}\n"
        f"limits: {{max_rejected: 100%}}\n{more or 'split: {by: hash, train: 1, val: 0, test: 0}'}\n"
    )
    summary = build(load(root / "m.yaml"), root / "s.db", workers=1)
    store = Store(root / "s.db")
    assert summary.failure is None
    return {row.key: row.reason or "" for row in store.records() if row.status != "accepted"}, store


def test_sizes_are_checked_against_the_pixels(tmp_path: Path) -> None:
    for name, orientation in (("right", 1), ("wrong", 1), ("swapped", 1), ("turned", 6), ("unknown", 1)):
        photo(tmp_path / f"JPEGImages/{name}.jpg", 30, 20, orientation)
    files = {"right": xml(30, 20), "wrong": xml(300, 200), "swapped": xml(20, 30), "turned": xml(20, 30)}
    plant(tmp_path, {f"Annotations/{name}.xml": text for name, text in {**files, "unknown": xml()}.items()})
    refused, store = built(tmp_path)
    with store:
        assert refused == {"wrong.jpg": "size_mismatch", "swapped.jpg": "size_mismatch"}
        notes = {row.key: row.note for row in store.records()}
        assert "for 300 x 200 pixels, the image has 30 x 20" in (notes["wrong.jpg"] or "")


def test_boxes_count_from_one_or_from_zero_and_include_both_ends(tmp_path: Path) -> None:
    photo(tmp_path / "JPEGImages/a.png", 30, 20)
    # All of the image, and its first pixel: as VOC counts, and as others do.
    for first, boxes in ((1, [(1, 1, 30, 20), (1, 1, 1, 1)]), (0, [(0, 0, 29, 19), (0, 0, 0, 0)])):
        plant(tmp_path, {"Annotations/a.xml": xml(30, 20, *boxes, filename="another name.jpg")})
        refused, store = built(tmp_path, f", first_pixel: {first}")
        with store:
            assert refused == {}
            (sample,) = store.samples()
            assert '"boxes":[[0,0,30,20],[0,0,1,1]]' in sample.text.wire


def test_masks_keep_the_rim_of_segmentation_and_the_lists_choose_the_images(tmp_path: Path) -> None:
    for name in ("one", "two", "unlisted"):
        photo(tmp_path / f"JPEGImages/{name}.jpg", 30, 20)
    plant(tmp_path, {f"Annotations/{name}.xml": xml(30, 20, (1, 1, 30, 20)) for name in ("one", "two", "unlisted")})
    plant(tmp_path, {"ImageSets/Segmentation/train.txt": "one\n", "ImageSets/Segmentation/val.txt": "two\n"})
    # As VOC's own: palette colours for people, indices that count; 15 a person, 0 nothing, 255 the rim between.
    values = np.zeros((20, 30), np.uint8)
    values[5:15, 5:15] = 255
    values[6:14, 6:14] = 15
    mask = Image.fromarray(values)
    mask.putpalette([byte for index in range(256) for byte in (index, 255 - index, 7)])
    (tmp_path / "SegmentationClass").mkdir()
    for name in ("one", "two"):
        mask.save(tmp_path / f"SegmentationClass/{name}.png")
    found = Voc.recognise(Survey.of(tmp_path))
    assert found is not None and found.split is not None
    assert "masks: SegmentationClass has 2 masks" in " ".join(found.doubts)
    lists = ", ".join(f"{name}: {value}" for name, value in found.split.items())
    refused, store = built(tmp_path, ", masks: SegmentationClass", f"split: {{{lists}}}")
    with store:
        assert refused == {"unlisted.jpg": "not_listed"}
        for _, _, stored in store.iterate():
            with Image.open(io.BytesIO(stored or b"")) as image:
                assert np.array_equal(np.asarray(image), values)


def recognised(root: Path) -> Suggestion:
    found = Voc.recognise(Survey.of(root))
    assert found is not None
    source = Voc.model_validate({"format": "voc", "root": ".", **found.options})
    assert source.read(root, split_folders=found.split is not None and found.split["by"] == "folder").records
    return found


YEARS = [(year, number) for year, count in (("VOC2007", 3), ("VOC2012", 2)) for number in range(count)]
LAYOUTS: dict[str, tuple[dict[str, str], dict[str, Any], Any]] = {
    "voc": (
        {"JPEGImages/a.jpg": "", "Annotations/a.xml": xml(), "ImageSets/Main/train.txt": "a"},
        {"images": "JPEGImages", "annotations": "Annotations", "first_pixel": 1},
        {"by": "lists", "train": "ImageSets/Main/train.txt"},
    ),
    "two years": (
        {f"VOCdevkit/{year}/JPEGImages/a{number}.jpg": "" for year, number in YEARS}
        | {f"VOCdevkit/{year}/Annotations/a{number}.xml": xml() for year, number in YEARS}
        | {"VOCdevkit/VOC2007/ImageSets/Main/trainval.txt": "a0", "VOCdevkit/VOC2007/ImageSets/Main/test.txt": "a1"},
        {"images": "VOCdevkit/VOC2007/JPEGImages", "annotations": "VOCdevkit/VOC2007/Annotations", "first_pixel": 1},
        {
            "by": "lists",
            "train": "VOCdevkit/VOC2007/ImageSets/Main/trainval.txt",
            "test": "VOCdevkit/VOC2007/ImageSets/Main/test.txt",
        },
    ),
    "segmentation only": (
        {"JPEGImages/a.jpg": "", "Annotations/a.xml": xml(), "ImageSets/Segmentation/val.txt": "a"},
        {"images": "JPEGImages", "annotations": "Annotations", "first_pixel": 1},
        {"by": "lists", "val": "ImageSets/Segmentation/val.txt"},
    ),
    "beside, in splits": (
        {f"{split}/a.{suffix}": xml() for split in ("train", "valid") for suffix in ("jpg", "xml")},
        {"images": ".", "annotations": ".", "first_pixel": 1},
        {"by": "folder"},
    ),
    "elsewhere": (
        {"data/pictures/s/a.jpg": "", "data/pictures/s/b.jpg": "", "data/xml/s/a.xml": xml(), "other/c.jpg": ""},
        {"images": "data/pictures/s", "annotations": "data/xml/s", "first_pixel": 1},
        None,
    ),
    "counted from 0": (
        {"a.jpg": "", "a.xml": xml(30, 20, (0, 3, 4, 5)), "b.jpg": "", "b.xml": xml(30, 20, (1, 3, 4, 5))},
        {"images": ".", "annotations": ".", "first_pixel": 0},
        None,
    ),
    "counted from 1": (
        {"a.jpg": "", "a.xml": xml(30, 20, (1, 3, 4, 20))},
        {"images": ".", "annotations": ".", "first_pixel": 1},
        None,
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_recognises(tmp_path: Path, layout: str) -> None:
    files, options, split = LAYOUTS[layout]
    found = recognised(plant(tmp_path, files))
    assert (dict(found.options), found.split) == (options, split)
    assert any("first_pixel" in doubt for doubt in found.doubts) == (not layout.startswith("counted"))
    assert any("as well" in doubt for doubt in found.doubts) == (layout == "two years")
    assert found.confidence == (1 if "JPEGImages" in options["images"] else 0.95)


@pytest.mark.parametrize(
    "files", [{}, {"a.jpg": "", "a.xml": "<svg/>"}, {"b.jpg": "", "a.xml": xml()}, {"a.jpg": "", "a.xml": ""}]
)
def test_does_not_recognise_other_xml(tmp_path: Path, files: dict[str, str]) -> None:
    assert Voc.recognise(Survey.of(plant(tmp_path, files))) is None
