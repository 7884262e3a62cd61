"""COCO: JSON files of boxes, keypoints and outlines; detection, keypoints and segmentation, crowds included."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from dataprep.coco.categories import class_names, keypoint_names, pairs_of
from dataprep.coco.instances import Instance, labels_of
from dataprep.coco.reading import CocoFile, Contents, Wanted, read_file
from dataprep.coco.recognition import recognise
from dataprep.errors import AnnotationError, SourceError, near
from dataprep.inputs import Record, Refusal, walk
from dataprep.pairing import Images, Pairs, pair, position, rows
from dataprep.sources import KeypointNames, Listing, Source
from dataprep.survey import Suggestion, Survey

Kind = Literal["boxes", "keypoints", "polygons"]
Places = str | dict[Literal["train", "val", "test"], str]

_KINDS: tuple[Kind, ...] = ("boxes", "keypoints", "polygons")


class Coco(Source):
    """Instances from COCO's JSON: boxes, keypoints and outlines of one annotation belong together.

    Boxes and polygons are continuous in COCO, and are taken as they are; masks in run-length encoding become the rings
    around their pixels, without loss. Keypoints are indices of pixels, as in the official files, and get 0.5 added;
    ``keypoint_coordinates: continuous`` takes them as they are. See docs/sources/coco.md.
    """

    name: ClassVar[str] = "coco"
    format: Literal["coco"]
    images: Places = Field(
        ".", description="folder of images, relative to the root; or one for each split: {train: train2017, …}"
    )
    annotations: Places = Field(
        description="the JSON file, relative to the root; or one for each split: {train: annotations/…, val: …}"
    )
    labels: tuple[Kind, ...] | None = Field(None, description="what is taken; left out: all that the files hold")
    keypoints: KeypointNames | None = Field(
        None,
        description="names, and left and right partners; left out: the names of the categories, and partners by 'left' "
        "and 'right' in them",
    )
    keypoint_coordinates: Literal["pixel_index", "continuous"] = Field(
        "pixel_index",
        description="pixel_index: keypoints name pixels, as in the official files, so 0.5 is added; continuous: pixel "
        "i covers [i, i + 1), as labelling tools write them",
    )
    unannotated: Literal["keep", "filter"] = Field(
        "keep", description="an image without annotation: a negative, or left out"
    )

    @field_validator("images", "annotations")
    @classmethod
    def _some_split(cls, places: Places) -> Places:
        if not places:
            raise ValueError("wanted a path, or one for each split: {train: …, val: …}")
        return places

    @model_validator(mode="after")
    def _fitting(self) -> Coco:
        if self.labels == ():
            raise ValueError("labels: wanted one kind or more, found none; leave labels out to take all there are")
        if not isinstance(self.images, dict):
            return self
        for folder in self.images.values():
            if PurePosixPath(folder).is_absolute() or ".." in PurePosixPath(folder).parts:
                raise ValueError(f"images: wanted folders below the root, found {folder!r}; set root higher up")
        if isinstance(self.annotations, dict) and self.annotations.keys() != self.images.keys():
            raise ValueError(
                f"images has the splits {', '.join(self.images)}, annotations {', '.join(self.annotations)}; "
                "give each split both"
            )
        return self

    @classmethod
    def recognise(cls, survey: Survey) -> Suggestion | None:
        """Files with images, annotations and categories, and folders with images that they name."""
        return recognise(survey)

    def read(self, root: Path, *, split_folders: bool) -> Listing:
        """Gives each image its annotations.

        An entry of ``images`` without image, and annotations whose ``image_id`` none has, are ``missing_image``;
        ``outside_root`` where the name leads out of the root. An image is rejected when one of its annotations can't be
        used, and as ``second_annotation`` when two entries name it. An image without annotation is noted as
        ``no_annotation``.
        """
        del split_folders
        images, refusals, splits = self._images(root)
        files = self._files(root, images)
        annotations = [one for file in files for one in file.annotations]
        first = next(iter(_by_split(self.annotations).values()))
        pairs = pair(images, annotations, root / first, "source.annotations", "second_annotation")
        refusals = rows(images, refusals, [*pairs.alone, *(one for file in files for one in file.alone)])
        keypoints = self._keypoint_names(files)
        classes = self.classes or class_names((file.categories, file.used) for file in files)
        listed = _Listed(self, files, classes, self._kinds(files), len(keypoints.names) if keypoints else 0)
        records: list[Record] = []
        for key, path in images.files.items():
            row = listed.row(key, path, splits.get(key, ""), pairs)
            if isinstance(row, Record):
                records.append(row)
            else:
                refusals.append(row)
        return Listing(classes, keypoints if "keypoints" in listed.kinds else None, records, refusals)

    def _images(self, root: Path) -> tuple[Images, list[Refusal], dict[str, str]]:
        """The images, rows of what else lies among them, and the splits of those in a split's folder."""
        several = isinstance(self.images, dict)
        found: dict[str, str] = {}
        refused: dict[str, Refusal] = {}
        splits: dict[str, set[str]] = {}
        for split, folder in _by_split(self.images).items():
            prefix = _prefix(folder) if several else ""
            files, refusals = walk(root / folder)
            for key, path in files.items():
                found[prefix + key] = path
                splits.setdefault(prefix + key, set()).add(split)
            for one in refusals:
                meant = prefix + one.meant if one.meant else ""
                refused[prefix + one.key] = Refusal(prefix + one.key, one.status, one.reason, one.note, meant)
        base = root if several else root / str(self.images)
        shown = ", ".join(_by_split(self.images).values())
        for file in _by_split(self.annotations).values():
            among = position(root / file, base)
            if among in found:
                del found[among]
                refused[among] = Refusal(
                    among, "filtered", "not_an_image", "an annotation file that lies among the images"
                )
        keys = sorted(found)
        images = Images.of(base, shown, {key: found[key] for key in keys}, refused.values())
        # A folder of two splits says nothing; their annotation files do.
        one_split = {key: next(iter(splits[key])) for key in keys if len(splits[key]) == 1}
        return images, [refused[key] for key in sorted(refused)], one_split

    def _files(self, root: Path, images: Images) -> list[CocoFile]:
        points = len(self.keypoints.names) if self.keypoints else 0
        shift = 0.5 if self.keypoint_coordinates == "pixel_index" else 0.0
        wanted = Wanted(self.labels or _KINDS, points, shift)
        files = []
        for number, (split, file) in enumerate(_by_split(self.annotations).items()):
            folders: tuple[str, ...] = ("",)
            if isinstance(self.images, dict):
                own = {name: _prefix(folder) for name, folder in self.images.items()}
                folders = (own[split],) if split in own else tuple(own.values())
            files.append(read_file(root / file, number, file, images, folders, wanted))
        return files

    def _keypoint_names(self, files: Sequence[CocoFile]) -> KeypointNames | None:
        if "keypoints" not in (self.labels or _KINDS):
            return None
        names = keypoint_names(one for file in files for one in file.categories.values())
        if self.keypoints is None:
            return KeypointNames(names=names, pairs=pairs_of(names)) if names else None
        if names and self.keypoints.names != names:
            raise SourceError(
                f"{files[0].shown}: the categories name the keypoints {', '.join(names)}, source.keypoints.names "
                f"{', '.join(self.keypoints.names)}; write them as the file has them"
            )
        return self.keypoints

    def _kinds(self, files: Sequence[CocoFile]) -> tuple[Kind, ...]:
        if self.labels is not None:
            return tuple(kind for kind in _KINDS if kind in self.labels)
        held = {kind for file in files for kind in file.kinds}
        # Files without a single annotation are of negatives.
        return tuple(kind for kind in _KINDS if kind in held) or ("boxes",)


class _Listed:
    """Makes rows of images and of what is said of them."""

    def __init__(
        self, source: Coco, files: Sequence[CocoFile], classes: Sequence[str], kinds: Collection[str], points: int
    ) -> None:
        self._source, self._classes, self.kinds, self._points = source, classes, kinds, points
        ids = {name: id for id, name in enumerate(classes)}
        self._ids = [{one.id: ids.get(one.name) for one in file.categories.values()} for file in files]
        self._files = files
        self._split_of_file = list(_by_split(source.annotations))

    def row(self, key: str, path: str, split: str, pairs: Pairs[Contents]) -> Record | Refusal:
        """The row of an image; `split` is that of its folder, if that says one."""
        if key in pairs.rejected:
            return pairs.rejected[key]
        contents = pairs.used.get(key)
        if (contents is None or not contents.instances) and self._source.unannotated == "filter":
            files = ", ".join(file.shown for file in self._files)
            note = f"{contents.place} has no annotation" if contents else f"no entry in {files} names this image"
            return Refusal(key, "filtered", "no_annotation", note)
        try:
            labels = labels_of(*self._instances(contents), self.kinds, self._points)
        except AnnotationError as error:
            return Refusal(key, "rejected", error.reason, str(error))
        if contents is None:
            return Record(key, path, labels, notes=("no_annotation",), split=split)
        notes = contents.notes or (() if contents.instances else ("no_annotation",))
        return Record(key, path, labels, contents.size, notes, self._split_of_file[contents.file] or split)

    def _instances(self, contents: Contents | None) -> tuple[Sequence[Instance], list[int]]:
        if contents is None:
            return (), []
        ids = []
        for one in contents.instances:
            id = self._ids[contents.file][one.category]
            if id is None:
                name = self._files[contents.file].categories[one.category].name
                raise AnnotationError(
                    "unknown_class",
                    f"{one.place}.category_id: {name!r} is none of the declared classes{near(name, self._classes)}",
                )
            ids.append(id)
        return contents.instances, ids


def _by_split(places: Places) -> Mapping[str, str]:
    """Paths by split, in the order of the splits; by an empty one where there is one for all."""
    if isinstance(places, str):
        return {"": places}
    return {split: places[split] for split in ("train", "val", "test") if split in places}


def _prefix(folder: str) -> str:
    """How the keys of a split's folder begin."""
    path = PurePosixPath(folder).as_posix()
    return "" if path == "." else f"{unicodedata.normalize('NFC', path)}/"
