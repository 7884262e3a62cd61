"""Folders of classes: ``SPLIT/CLASS/file``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from dataprep.errors import ExportError
from dataprep.exports import Export, Progress
from dataprep.exports.names import safe, sample_names, unique
from dataprep.exports.pictures import picture
from dataprep.exports.samples import ExportSample, samples
from dataprep.store.read import Store

# Names of folders that are the same on every disk: no separators, nothing hidden or lost at the ends.
_GOOD = re.compile(r"[^\s.\-/\\:*?\"<>|\x00-\x1f]([^/\\:*?\"<>|\x00-\x1f]{0,78}[^\s./\\:*?\"<>|\x00-\x1f])?")


class ImageFolder(Export):
    """The class of an image is the name of its folder, as torchvision's ImageFolder and Keras read it.

    Every split has a folder of every class, empty ones too: readers number classes by the folders that they find.
    """

    name: ClassVar[str] = "image_folder"

    def write(self, store: Store, folder: Path, progress: Progress) -> Counter[str]:
        """Writes the images that have a class, and ``classes.txt``, the classes in the order of their ids.

        Raises:
            ExportError: no image has a class.
        """
        if "class" not in store.dataset.kinds:
            raise ExportError(
                f"{store.path}: no image has a class, so there is no folder to put it in; export boxes, outlines and "
                "keypoints as yolo or coco"
            )
        classes = class_folders(store.dataset.classes)
        names = sample_names(store)
        lost = Counter({"names of classes, changed for a folder": _changed(store.dataset.classes, classes)})
        for done, sample in enumerate(samples(store), 1):
            _count(sample, lost)
            if sample.labels.class_id is not None:
                _make(folder / sample.split, classes)
                path = folder / sample.split / classes[sample.labels.class_id] / names[sample.id]
                path.write_bytes(picture(sample.image, store.dataset.image["format"], sample.size))
            progress(done, len(names))
        (folder / "classes.txt").write_bytes("".join(f"{name}\n" for name in classes).encode())
        return +lost


def class_folders(classes: Sequence[str]) -> list[str]:
    """A folder for each class: its name, where every disk takes that.

    >>> class_folders(["laughing cat", "a/b", "A_b", "..", "C++"])
    ['laughing cat', 'a_b-c14cddc0', 'A_b-08eb65ad', '_', 'C++']
    """
    return unique([name if _is_good(name) else safe(name) for name in classes], classes)


def _is_good(name: str) -> bool:
    return _GOOD.fullmatch(name) is not None and safe(name) == re.sub(r"[^\w.-]+", "_", name)


def _changed(classes: Sequence[str], folders: Sequence[str]) -> int:
    return sum(name != folder for name, folder in zip(classes, folders, strict=True))


def _make(split: Path, classes: Sequence[str]) -> None:
    if not split.exists():
        for name in classes:
            (split / name).mkdir(parents=True)


def _count(sample: ExportSample, lost: Counter[str]) -> None:
    """Counts what folders have no place for."""
    labels = sample.labels
    if labels.class_id is None:
        lost["images without a class"] += 1
    for what, kind in (
        ("boxes", labels.boxes),
        ("instances with keypoints", labels.keypoints),
        ("outlines", labels.polygons),
        ("tags", labels.tags),
        ("values", labels.values),
        ("attributes", labels.attributes),
    ):
        lost[what] += len(kind or ())
    lost["masks"] += int(sample.mask is not None)
