"""A small data set in which nothing changes, and every way in which something can."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

MANIFEST = """
name: still
source: {format: voc, root: data, masks: masks}
split: {by: hash, train: 0.6, val: 0.4, test: 0}
transforms:
  - resize: {size: [16, 16]}
limits: {max_rejected: 50%}
"""
BOX = "<bndbox><xmin>3</xmin><ymin>4</ymin><xmax>20</xmax><ymax>{}</ymax></bndbox>"
INPUTS = 7


def annotate(path: Path, bottom: int) -> None:
    path.write_text(f"<annotation><object><name>cat</name>{BOX.format(bottom)}</object></annotation>")


def picture(path: Path, seed: int) -> None:
    # An index of 4 bits a pixel, or a bitmap of 3 bytes a pixel: another one is as long.
    rng = np.random.default_rng(seed)
    if path.parent.name == "masks":
        Image.fromarray(rng.integers(0, 3, (30, 50), np.uint8)).save(path, compress_level=0)
    else:
        Image.fromarray(rng.integers(0, 256, (30, 50, 3), np.uint8)).save(path, "BMP")


def lay_out(folder: Path) -> None:
    """Writes the manifest, and the data set below it."""
    for name in ("JPEGImages", "Annotations", "masks"):
        (folder / "data" / name).mkdir(parents=True)
    for index in range(INPUTS):
        picture(folder / f"data/JPEGImages/{index}.bmp", index)
        if index != 3:  # an image without a mask among those that have one
            picture(folder / f"data/masks/{index}.png", index)
        annotate(folder / f"data/Annotations/{index}.xml", 25)
    (folder / "m.yaml").write_text(MANIFEST)


def under_its_old_time(path: Path, seed: int) -> None:
    """Another picture, or label, of the same length, at the same time of modification, in the same place."""
    before = path.stat()
    if path.suffix == ".xml":
        annotate(path, seed)
    else:
        picture(path, seed)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)


def added(folder: Path) -> None:
    picture(folder / "data/JPEGImages/new.bmp", 99)
    annotate(folder / "data/Annotations/new.xml", 20)


def renamed(folder: Path) -> None:
    for old in ("data/JPEGImages/4.bmp", "data/Annotations/4.xml", "data/masks/4.png"):
        (folder / old).rename((folder / old).with_stem("renamed"))


def exchanged(folder: Path) -> None:
    """Two files, each under the other's name: all states are still there."""
    one, other, free = (folder / f"data/JPEGImages/{name}" for name in ("1.bmp", "2.bmp", "free"))
    one.rename(free)
    other.rename(one)
    free.rename(other)


def manifest(old: str, new: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "m.yaml").write_text(MANIFEST.replace(old, new))


CHANGES: dict[str, Callable[[Path], object]] = {
    "image": lambda folder: under_its_old_time(folder / "data/JPEGImages/2.bmp", 77),
    "mask": lambda folder: under_its_old_time(folder / "data/masks/2.png", 77),
    "mask gone": lambda folder: (folder / "data/masks/2.png").unlink(),
    "mask added": lambda folder: picture(folder / "data/masks/3.png", 77),
    "label under its old time": lambda folder: under_its_old_time(folder / "data/Annotations/2.xml", 27),
    "label gone": lambda folder: (folder / "data/Annotations/2.xml").unlink(),
    "label": lambda folder: annotate(folder / "data/Annotations/2.xml", 26),
    "added": added,
    "removed": lambda folder: (folder / "data/JPEGImages/5.bmp").unlink(),
    "renamed": renamed,
    "exchanged": exchanged,
    "cut short": lambda folder: os.truncate(folder / "data/JPEGImages/1.bmp", 900),
    "empty": lambda folder: os.truncate(folder / "data/JPEGImages/1.bmp", 0),
    "resize": manifest("16, 16", "16, 17"),
    "split": manifest("test: 0}", "test: 0, seed: 5}"),
    "memory": manifest("max_rejected", "memory_mb: 20, max_rejected"),
}
