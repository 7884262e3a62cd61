"""A COCO file, image by image."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from dataprep.coco.categories import Category, categories_of, keypoint_names
from dataprep.coco.document import TWICE, found, load
from dataprep.coco.instances import Instance, Rules
from dataprep.coco.lookup import Lookup, leads_out, shared_folders, tidy
from dataprep.errors import AnnotationError, SourceError
from dataprep.geometry import FARTHEST, Size
from dataprep.inputs import Refusal
from dataprep.pairing import Annotation, Images


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file says of one image.

    Attributes:
        place: where it stands, for messages.
        file: the number of its file.
        instances: its annotations.
        size: what is said of the image's size.
        notes: what was odd but not fatal, as stable codes.
    """

    place: str
    file: int
    instances: tuple[Instance, ...]
    size: Size | None
    notes: tuple[str, ...]


class Entry(NamedTuple):
    """An element of ``images``.

    Attributes:
        place: where it stands, for messages.
        key: of its ledger row, where there is no such image.
        id: by which annotations name it; None where there is no usable one.
        name: of its file; empty where there is none.
        size: of the image; None when it says nothing.
        error: why it can't be used.
    """

    place: str
    key: str
    id: int | str | None
    name: str
    size: Size | None
    error: AnnotationError | None


@dataclass(slots=True)
class CocoFile:
    """A file of annotations, read.

    Attributes:
        number: which of the source's files it is.
        shown: its path as the manifest writes it.
        categories: by id.
        annotations: of each of its images, or why they can't be used.
        alone: rows of annotations that name no image of the file.
        used: ids of the categories that annotations use.
        kinds: of labels that it holds.
    """

    number: int
    shown: str
    categories: Mapping[int, Category]
    annotations: list[Annotation[Contents]] = field(default_factory=list)
    alone: list[Refusal] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is taken of a file.

    Attributes:
        kinds: of labels.
        points: how many keypoints an instance has, where the manifest says so; else 0.
        shift: what makes a keypoint's numbers continuous coordinates.
    """

    kinds: Collection[str]
    points: int
    shift: float


def read_file(path: Path, number: int, shown: str, images: Images, folders: Sequence[str], wanted: Wanted) -> CocoFile:
    """Reads a file.

    Args:
        path: the file.
        number: which of the source's files it is.
        shown: the file as the manifest writes it.
        images: all of the source.
        folders: in which the images of the file are looked for, as keys begin.
        wanted: what is taken of it.

    Raises:
        SourceError: it can't be read, or is another data set's.
    """
    document = load(path, shown, wanted.kinds)
    categories = categories_of(document.categories, shown)
    file = CocoFile(number, shown, categories)
    if "keypoints" in wanted.kinds and (wanted.points or keypoint_names(categories.values())):
        file.kinds.add("keypoints")
    points = {one.id: wanted.points or len(one.keypoints) for one in categories.values()}
    rules = Rules(categories, wanted.kinds, points, wanted.shift)
    entries = _without_equal_ids([_entry(value, index, shown) for index, value in enumerate(document.images)])
    annotations = _Annotations(document.annotations, file, {entry.id for entry in entries if entry.id is not None})
    lookup, refused = Lookup(images.files, folders), Lookup(images.refused, folders)
    shared = shared_folders(entry.name for entry in entries if entry.name)
    for entry in entries:
        keys = lookup.find(entry.name, shared) if entry.name else ()
        alone = None
        # Annotations of an image that isn't there are of no use, whatever they say.
        contents: Contents | AnnotationError = entry.error or _UNUSED
        if not keys:
            meant = refused.find(entry.name, shared) if entry.name else ()
            alone = _alone(entry, images.shown, [images.refused[key] for key in meant])
        elif entry.error is None:
            contents = annotations.contents(entry, rules)
        file.annotations.append(Annotation(entry.place, keys, contents, alone))
    if len(lookup) and entries and not any(one.images for one in file.annotations):
        raise SourceError(
            f"{shown}: none of its {len(entries)} images, such as {entries[0].name!r}, is among the {len(lookup)} in "
            f"{images.shown}; do source.images and source.annotations belong together?"
        )
    return file


# What is said of no image; nobody asks for it.
_UNUSED = AnnotationError("missing_image", "there is no such image")


def _entry(value: Any, index: int, shown: str) -> Entry:
    place, key = f"{shown}: images[{index}]", f"{PurePosixPath(shown)}:images[{index}]"
    if not isinstance(value, dict):
        wrong = AnnotationError("bad_annotation", f"{place}: wanted an object, found {found(value)}")
        return Entry(place, key, None, "", None, wrong)
    id, name = _id(value.get("id")), value.get("file_name")
    error: AnnotationError | None = None
    size: Size | None = None
    try:
        if TWICE in value:
            raise AnnotationError("bad_annotation", f"{place}: {value[TWICE]!r} stands twice; remove one")
        if id is None:
            raise AnnotationError(
                "bad_id", f"{place}.id: wanted a whole number or a text, found {found(value.get('id'))}"
            )
        if not isinstance(name, str) or not name:
            raise AnnotationError("bad_annotation", f"{place}.file_name: wanted a file's name, found {found(name)}")
        size = _size(value, place)
    except AnnotationError as raised:
        error = raised
    return Entry(place, key, id, name if isinstance(name, str) else "", size, error)


def _id(value: Any) -> int | str | None:
    """What can be an id: COCO's are whole numbers, and some tools write texts; True is no 1."""
    return value if type(value) is int or type(value) is str else None


def _size(value: Mapping[str, Any], place: str) -> Size | None:
    sides = []
    for side in ("width", "height"):
        one = value.get(side)
        # Some tools write 0 for "not known", and some write 640.0.
        if one is not None and (type(one) not in (int, float) or not 0 <= one <= FARTHEST or one != int(one)):
            raise AnnotationError("bad_number", f"{place}.{side}: wanted a whole number of pixels, found {found(one)}")
        sides.append(int(one or 0))
    return Size(*sides) if all(sides) else None


def _without_equal_ids(entries: Sequence[Entry]) -> list[Entry]:
    """The same entries; those that share an id can't be told apart by annotations, and none of them is used."""
    counts = Counter(entry.id for entry in entries)
    first: dict[int | str, Entry] = {}
    for entry in entries:
        if entry.id is not None:
            first.setdefault(entry.id, entry)
    judged = []
    for entry in entries:
        if entry.id is not None and counts[entry.id] > 1 and entry.error is None:
            other = first[entry.id]
            which = "which others have, too" if other is entry else f"that of {other.place.rpartition(' ')[2]}, too"
            message = f"{entry.place}.id: wanted an id of its own, found {found(entry.id)}, {which}"
            entry = entry._replace(error=AnnotationError("bad_id", message))
        judged.append(entry)
    return judged


class _Annotations:
    """The annotations of a file, by image; each is let go once it is read."""

    def __init__(self, values: list[Any], file: CocoFile, known: Collection[int | str]) -> None:
        """Sorts them; those of no image get rows, one for each id that there isn't."""
        self._values, self._file = values, file
        self._of_image: dict[int | str, list[int]] = {}
        # Ids of annotations that stand twice: a merge of files often leaves such, and they are of different images.
        self._repeated: set[int | str] = set()
        seen: set[int | str] = set()
        unknown: dict[int | str, list[int]] = {}
        for index, value in enumerate(values):
            if not isinstance(value, dict):
                self._reject(index, "bad_annotation", f": wanted an object, found {found(value)}")
                continue
            image, id = _id(value.get("image_id")), _id(value.get("id"))
            if image is None:
                self._reject(
                    index, "bad_id", f".image_id: wanted the id of an image, found {found(value.get('image_id'))}"
                )
                continue
            (self._of_image if image in known else unknown).setdefault(image, []).append(index)
            if id is not None:
                (self._repeated if id in seen else seen).add(id)
        for image, indices in unknown.items():
            several = f"; {len(indices) - 1} more annotations want it" if len(indices) > 1 else ""
            note = f".image_id: images holds no id {found(image)}{_as_other_type(image, known)}{several}"
            self._reject(indices[0], "missing_image", note)

    def _reject(self, index: int, reason: str, note: str) -> None:
        shown = self._file.shown
        key = f"{PurePosixPath(shown)}:annotations[{index}]"
        self._file.alone.append(Refusal(key, "rejected", reason, f"{shown}: annotations[{index}]{note}"))

    def contents(self, entry: Entry, rules: Rules) -> Contents | AnnotationError:
        """What is said of an image, or the first error in it."""
        instances: list[Instance] = []
        size = entry.size
        first: dict[int | str, int] = {}
        for index in self._of_image.get(entry.id, ()) if entry.id is not None else ():
            value, self._values[index] = self._values[index], None
            place = f"{self._file.shown}: annotations[{index}]"
            id = _id(value.get("id"))
            try:
                if id is not None and id in self._repeated and first.setdefault(id, index) != index:
                    raise AnnotationError(
                        "bad_id",
                        f"{place}.id: wanted an id of its own, found {found(id)}, that of annotations[{first[id]}] of "
                        "the same image; remove the copy, or give it another id",
                    )
                instances.append(rules.instance(value, place, size))
            except AnnotationError as error:
                return error
            size = size or instances[-1].size
        self._note(instances)
        return Contents(
            entry.place, self._file.number, tuple(instances), size, ("shared_annotation_id",) if first else ()
        )

    def _note(self, instances: Iterable[Instance]) -> None:
        """Takes down what a used image's annotations hold."""
        for one in instances:
            self._file.used.add(one.category)
            if one.corners:
                self._file.kinds.add("boxes")
            if one.rings or one.size:  # a mask may be of nothing
                self._file.kinds.add("polygons")


def _as_other_type(id: int | str, known: Collection[int | str]) -> str:
    """Where images have the same id as a text, or as a number: what to do."""
    other: int | str | None = (
        str(id) if isinstance(id, int) else int(id) if re.fullmatch(r"-?[0-9]{1,18}", id) else None
    )
    if other is None or other not in known:
        return ""
    return f", but {found(other)}, which is another; write both as numbers"


def _alone(entry: Entry, shown: str, refused: Sequence[Refusal]) -> Refusal:
    """The row of an entry without image, of which there may be files that were refused."""
    if entry.error is not None:
        return Refusal(entry.key, "rejected", entry.error.reason, str(entry.error))
    place = f"{entry.place}.file_name"
    for one in refused:
        return Refusal(
            entry.key, "rejected", "missing_image", f"{place}: {one.key}: {one.reason}: {one.note}", one.meant
        )
    note = f"{place}: there is no {entry.name!r} in {shown}"
    if leads_out(entry.name):
        return Refusal(entry.key, "rejected", "outside_root", f"{note}, and the name leads out of it")
    return Refusal(entry.key, "rejected", "missing_image", note, tidy(entry.name))
