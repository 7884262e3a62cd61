"""The MNIST family: pictures and classes in idx files, packed by gzip or not."""

from __future__ import annotations

import io
import os
import posixpath
import re
import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field, model_validator

from dataprep.archives import Unreadable
from dataprep.archives.gz import MAGIC, gunzip
from dataprep.archives.idx import HEAD, Layout, layout
from dataprep.errors import SourceError
from dataprep.inputs import Record, Refusal
from dataprep.labels import Labels
from dataprep.locations import MOST_KEPT, base, file_of, keep, length_of, location, read, within
from dataprep.sources import Listing, Source
from dataprep.surroundings import instead_of
from dataprep.survey import Suggestion, Survey

SplitName = Literal["train", "val", "test"]


class _File(NamedTuple):
    """An idx file: what its items' locations begin with, its header, and its bytes if they had to be unpacked."""

    base: str
    layout: Layout
    unpacked: bytes | None


class Idx(Source):
    """One class a picture, from pairs of idx files: pictures as (N, rows, columns) bytes, or (N, rows, columns, 3) for
    RGB, and classes as (N,) bytes.

    A byte of the labels is the id of the class, a position in ``classes``; left out, the classes are called "0" to the
    highest number found. The key of a picture is that of its file, without ``.gz``, and its number from 0:
    ``train-images-idx3-ubyte/00017``.
    """

    name: ClassVar[str] = "idx"
    format: Literal["idx"]
    images: str | dict[SplitName, str] = Field(
        description="the file of pictures, relative to the root; or one for each of train, val and test"
    )
    labels: str | dict[SplitName, str] = Field(description="the file of classes, likewise")
    transposed: bool = Field(
        False, description="whether rows are columns, as in the files of EMNIST, where a picture lies on its side"
    )

    @model_validator(mode="after")
    def _pairs(self) -> Idx:
        images, labels = _by_split(self.images), _by_split(self.labels)
        if images.keys() != labels.keys():
            wanted = "the same of train, val and test in images and labels, or one file in each"
            raise ValueError(f"wanted {wanted}; found {_said(images)} and {_said(labels)}")
        for file in (*images.values(), *labels.values()):
            if posixpath.normpath(file).startswith(("/", "..")):
                raise ValueError(f"wanted files under the root, found {file!r}")
        if len({_stem(file) for file in images.values()}) < len(images):
            raise ValueError("images names one file for two splits; a picture has one split")
        return self

    def read(self, root: Path, *, split_folders: bool) -> Listing:
        """Lists the pictures; one whose class is not declared is rejected as ``unknown_class``.

        Raises:
            SourceError: a file can't be read, or holds more or less than its header or its partner says.
        """
        del split_folders
        images, labels = _by_split(self.images), _by_split(self.labels)
        found = {split: (_open(root, images[split], 3, 4), _open(root, labels[split], 1)) for split in images}
        kept = sum(file.layout.length for pair in found.values() for file in pair if file.unpacked is not None)
        if kept > MOST_KEPT:
            raise SourceError(
                f"{root}: the packed files come to {kept >> 20} MiB, more than {MOST_KEPT >> 20} can be kept at hand; "
                "unpack them first"
            )
        numbers = {split: _numbers(root / labels[split], pair[1]) for split, pair in found.items()}
        highest = max((max(each) for each in numbers.values() if each), default=-1)
        classes = self.classes if self.classes is not None else tuple(str(id) for id in range(highest + 1))
        by_id = [Labels(class_id=id) for id in range(len(classes))]
        records: list[Record] = []
        refusals: list[Refusal] = []
        for split, (pictures, _) in found.items():
            ids = numbers[split]
            _check(root / images[split], root / labels[split], pictures.layout, len(ids))
            for number, (key, where) in enumerate(self._items(_stem(images[split]), pictures)):
                if ids[number] < len(by_id):
                    records.append(Record(key, where, by_id[ids[number]], split=split))
                else:
                    place = f"{labels[split]}, item {number}"
                    note = f"{place}: wanted an id below {len(classes)}, as classes has it, found {ids[number]}"
                    refusals.append(Refusal(key, "rejected", "unknown_class", note))
        return Listing(classes, None, sorted(records, key=lambda record: record.key), refusals)

    def _items(self, stem: str, file: _File) -> Iterator[tuple[str, str]]:
        """Key and location of every picture."""
        number, height, width, *rest = file.layout.dimensions
        channels = rest[0] if rest else 1
        length = height * width * channels
        for index in range(number):
            spot = f"{file.layout.start + index * length}:{width}:{height}:{channels}:{int(self.transposed)}"
            name = f"{index:05}"
            yield f"{stem}/{name}", within(file.base, name, "idx", length, spot)

    @classmethod
    def recognise(cls, survey: Survey) -> Suggestion | None:
        """Pairs of files that are named like MNIST's, and begin like idx files."""
        pairs = _named_pairs(survey)
        found = {images: labels for images, labels in pairs.items() if labels is not None}
        if not found:
            return None
        reasons = tuple(f"{images} begins as an idx file of {_shape(survey, images)}" for images in found)
        doubts = [f"{images} has no labels beside it" for images in pairs if images not in found]
        by_split = _splits(found, doubts)
        options: dict[str, object] = {
            "images": by_split or next(iter(found)),
            "labels": {split: found[file] for split, file in by_split.items()} or next(iter(found.values())),
        }
        if "emnist" in next(iter(found)).lower():
            options["transposed"] = True
        doubts.append("the names of the classes are not in the files: classes gives them in the order of their numbers")
        return Suggestion(options, reasons, tuple(doubts), {"by": "source"} if by_split else None)


def _by_split(files: str | dict[SplitName, str]) -> Mapping[str, str]:
    return {"": files} if isinstance(files, str) else {str(split): file for split, file in files.items()}


def _said(files: Mapping[str, str]) -> str:
    return " and ".join(files) if "" not in files else "one file"


def _stem(file: str) -> str:
    """What the keys of a file's items begin with; the same, packed or not."""
    return unicodedata.normalize("NFC", posixpath.normpath(file)).removesuffix(".gz")


def _open(root: Path, name: str, *dimensions: int) -> _File:
    """Opens a file, unpacks it if need be, and checks its length.

    Args:
        root: of the source.
        name: of the file.
        dimensions: how many it may have.
    """
    path = root / name
    try:
        where, content, head, length = _content(location(path))
        said = layout(head)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}{_instead(root, name) or instead_of(path)}") from error
    shape = " x ".join(map(str, said.dimensions))
    if len(said.dimensions) not in dimensions or said.dimensions[3:] not in ((), (1,), (3,)):
        wanted = "numbers of pictures, rows and columns (and 3 colours)" if 3 in dimensions else "one number of classes"
        raise SourceError(f"{path}: wanted {wanted} in its header, found {shape}; is it of images, or of labels?")
    if not all(said.dimensions[1:]):
        raise SourceError(f"{path}: wanted pictures of at least 1 x 1, found {shape}")
    if length != said.length:
        wanted = f"{said.length} bytes, as its header says ({shape} and {said.start})"
        raise SourceError(f"{path}: wanted {wanted}, found {length}; download it again")
    return _File(where, said, content)


def _content(where: str) -> tuple[str, bytes | None, bytes, int]:
    """What items' locations begin with; all bytes, where they had to be unpacked; the first ones; and how many."""
    inside = base(where)
    if file_of(where) == where:
        with open(where, "rb") as file:
            head, length = file.read(HEAD), os.fstat(file.fileno()).st_size
        if not head.startswith(MAGIC):
            return inside, None, head, length
    content = read(where)
    if content.startswith(MAGIC):
        content = gunzip(io.BytesIO(content), MOST_KEPT)
        inside = within(inside, "", "gz", len(content))
    keep(inside, content)
    return inside, content, content[:HEAD], len(content)


def _instead(root: Path, name: str) -> str:
    """The same file, packed or unpacked, if that is there instead."""
    names = (name, name.removesuffix(".gz") if name.endswith(".gz") else f"{name}.gz")
    is_there = []
    for one in names:
        try:
            length_of(location(root / one))
            is_there.append(True)
        except OSError:
            is_there.append(False)
    return f"; there is {names[1]}: name that" if is_there == [False, True] else ""


def _numbers(path: Path, file: _File) -> bytes:
    """The ids of classes, one a byte."""
    try:
        content = read(str(path)) if file.unpacked is None else file.unpacked
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    return content[file.layout.start : file.layout.length]


def _check(images: Path, labels: Path, pictures: Layout, classes: int) -> None:
    if pictures.dimensions[0] != classes:
        raise SourceError(
            f"{labels}: wanted {pictures.dimensions[0]} classes, as {images.name} has pictures, found {classes}; "
            "do the two belong together?"
        )


_NAME = re.compile(r"(.*)images([-._]?)idx[34]([-._]ubyte)?", re.IGNORECASE)
_SPLIT = re.compile(r"(train|t10k|test|val)", re.IGNORECASE)
_SPLITS: Mapping[str, SplitName] = {"train": "train", "t10k": "test", "test": "test", "val": "val"}


def _named_pairs(survey: Survey) -> dict[str, str | None]:
    """Files of pictures with their files of labels; unpacked ones where there are both."""
    found: dict[str, str | None] = {}
    for name in survey.files:
        stem = name.removesuffix(".gz")
        match = _NAME.fullmatch(stem)
        if match is None or (stem != name and stem in survey.files) or _shape(survey, name) is None:
            continue
        before, between, after = match.groups(default="")
        labels = f"{before}labels{between}idx1{after}"
        found[name] = next((one for one in (labels, f"{labels}.gz") if one in survey.files), None)
    return found


def _shape(survey: Survey, name: str) -> str | None:
    """What a file's header says, for people; None when it has none that can be read."""
    content = survey.content(name)
    try:
        if content.startswith(MAGIC):
            content = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content, HEAD)
        number, *shape = layout(content[:HEAD]).dimensions
    except (Unreadable, zlib.error, ValueError):
        return None
    return f"{number} pictures of {' x '.join(map(str, shape))} bytes"


def _splits(found: Mapping[str, str], doubts: list[str]) -> dict[SplitName, str]:
    """The pictures of each split, as the names say it; none where they don't."""
    by_split: dict[SplitName, str] = {}
    for name in found:
        match = _SPLIT.search(name.rpartition("/")[2])
        if match:
            by_split.setdefault(_SPLITS[match[1].lower()], name)
    taken = list(by_split.values()) or list(found)[:1]
    doubts += [f"{name} is left out: several sets of pictures lie here" for name in found if name not in taken]
    return by_split
