"""COCO: ``images/SPLIT/…`` and ``annotations/instances_SPLIT.json``."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from sqlalchemy import select

from dataprep import canonical
from dataprep.coco.categories import pairs_of
from dataprep.coco.writing import annotation, parts_of
from dataprep.errors import ExportError
from dataprep.exports import Export, Progress
from dataprep.exports.file_names import file_names
from dataprep.exports.samples import ExportSample, samples
from dataprep.inputs import own_key
from dataprep.store import schema
from dataprep.store.read import Store

_SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}
# Official keypoints name pixels; ours are continuous.
_SHIFT = -0.5
# Samples between two reports of progress.
_STEP = 100


class Coco(Export):
    """One JSON file a split, as COCO's own: see docs/sources/coco.md.

    Ids of images are those of the samples in the store, ids of annotations run on over all splits, and ids of
    categories are a class's position and one.
    """

    name: ClassVar[str] = "coco"

    def write(self, store: Store, folder: Path, progress: Progress) -> Counter[str]:
        """Writes images and annotations; see `Export.write`."""
        suffix = _SUFFIXES.get(store.dataset.image["format"])
        if suffix is None:
            raise ExportError(
                f"{store.path}: its images are {store.dataset.image['format']}, which COCO's readers don't open; build "
                f"it with encode: {{format: {' or '.join(_SUFFIXES)}}}"
            )
        with store.connect() as connection:
            names = file_names(connection.execute(select(schema.samples.c.key)).scalars(), suffix)
        with ExitStack() as stack:
            writing = _Writing(store, folder, stack)
            for done, sample in enumerate(samples(store), 1):
                writing.add(sample, names[sample.key])
                if done % _STEP == 0 or done == len(names):
                    progress(done, len(names))
            writing.finish()
        return writing.lost


class _Writing:
    """An export under way: annotations go to their files as they come, the rest at the end."""

    def __init__(self, store: Store, folder: Path, stack: ExitStack) -> None:
        dataset = store.dataset
        self.lost: Counter[str] = Counter()
        self._dataset, self._folder, self._stack = dataset, folder, stack
        keypoints = dataset.keypoints or {"names": (), "pairs": ()}
        self._keypoints = tuple(keypoints["names"])
        written = {frozenset(pair) for pair in pairs_of(self._keypoints)}
        partners = {frozenset(pair) for pair in keypoints["pairs"]}
        if written != partners:
            self.lost["left and right partners of keypoints"] = len(written ^ partners)
        self._files: dict[str, BinaryIO] = {}
        self._images: dict[str, list[bytes]] = {}
        self._annotations = 0
        self._classless = False

    def add(self, sample: ExportSample, name: str) -> None:
        """Writes the image and the annotations of a sample."""
        path = self._folder / "images" / sample.split / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(sample.image)
        width, height = sample.size
        entry = {"id": sample.id, "file_name": name, "width": width, "height": height, "key": sample.key}
        self._images.setdefault(sample.split, []).append(canonical.dumps(entry))
        self._count(sample)
        for part in parts_of(sample.labels):
            value = annotation(part, sample.size, len(self._keypoints), _SHIFT, self.lost)
            self._write(sample, part.class_id, value)
        self._file(sample.split)

    def _write(self, sample: ExportSample, class_id: int, value: dict[str, Any]) -> None:
        if class_id < 0:
            self._classless = True
            self.lost["instances without a class, which get one of their own"] += 1
        self._annotations += 1
        category = len(self._dataset.classes) if class_id < 0 else class_id
        value |= {"id": self._annotations, "image_id": sample.id, "category_id": category + 1}
        file = self._file(sample.split)
        file.write(b"," if file.tell() > len(_BEGINNING) else b"")
        file.write(canonical.dumps(value))

    def _file(self, split: str) -> BinaryIO:
        if split not in self._files:
            path = self._folder / "annotations" / f"instances_{split}.json"
            path.parent.mkdir(exist_ok=True)
            self._files[split] = self._stack.enter_context(path.open("xb"))
            self._files[split].write(_BEGINNING)
        return self._files[split]

    def _count(self, sample: ExportSample) -> None:
        """Counts what COCO has no place for."""
        labels = sample.labels
        for what, there in (
            ("classes of images", labels.class_id is not None),
            ("tags", labels.tags is not None),
            ("masks", sample.mask is not None),
            ("values", labels.values is not None),
            ("attributes", labels.attributes is not None),
        ):
            if there:
                self.lost[what] += 1

    def finish(self) -> None:
        """Writes what comes after the annotations."""
        classes = list(self._dataset.classes)
        if self._classless:
            classes.append(own_key("object", set(classes)))
        points = {"keypoints": list(self._keypoints), "skeleton": []} if self._keypoints else {}
        categories = [{"id": id, "name": name, "supercategory": "", **points} for id, name in enumerate(classes, 1)]
        # No date: the same store gives the same bytes.
        about = {"description": self._dataset.name, "version": self._dataset.digest}
        for split, file in self._files.items():
            file.write(b'],"categories":' + canonical.dumps(categories))
            file.write(b',"images":[' + b",".join(self._images[split]))
            file.write(b'],"info":' + canonical.dumps(about) + b',"licenses":[]}')


_BEGINNING = b'{"annotations":['
