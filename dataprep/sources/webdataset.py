"""WebDataset: tar files of samples, read in place."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, ClassVar, Literal

from pydantic import Field, field_validator

from dataprep.errors import AnnotationError, SourceError, near
from dataprep.geometry import Size
from dataprep.inputs import IMAGE_SUFFIXES, Record, Refusal, own_key
from dataprep.json_text import JsonError, loads, shown
from dataprep.labels import Labels
from dataprep.locations import length_of, read_from
from dataprep.sources import KeypointNames, Listing, Source
from dataprep.sources.parts.splits import SplitName
from dataprep.sources.shards.files import Shard, expand, find
from dataprep.sources.shards.labels import ClassValue, Fields, Reading, Said
from dataprep.sources.shards.recognition import recognised
from dataprep.sources.shards.samples import Sample, samples
from dataprep.survey import Suggestion, Survey

# No label is as long; a member that is was named wrongly.
_MOST_BYTES = 64 << 20
# Ids beyond this are no ids of classes, unless there are as many names.
_MOST_CLASSES = 1 << 16

Patterns = str | tuple[str, ...]


class WebDataset(Source):
    """Images with a class, JSON or a text each, from tar files.

    Members that lie side by side and share their names up to the first dot are a sample. What follows the dot says what
    they are: ``jpg``, ``png`` and so on the image, ``cls`` its class, ``json`` labels (``fields``), ``txt`` a text that
    becomes an attribute, ``mask.png`` a mask of class indices. The key is the name of the image's member.
    """

    name: ClassVar[str] = "webdataset"
    format: Literal["webdataset"]
    shards: Patterns | dict[SplitName, Patterns] = Field(
        ".",
        description="a folder of tar files, one tar file, or a pattern (train-{000..041}.tar, train-*.tar), relative "
        "to the root; or such for each of train, val and test; or lists of them",
    )
    image: str | None = Field(
        None, description="the extension of the image, where samples have several: left.jpg; left out: the only one"
    )
    mask: str | None = Field("mask.png", description="the extension of the mask, a PNG of class indices; null: none")
    fields: Fields = Fields()
    keypoints: KeypointNames | None = Field(None, description="names of an instance's keypoints, where there are any")

    @field_validator("shards")
    @classmethod
    def _few(cls, shards: Patterns | dict[SplitName, Patterns]) -> Patterns | dict[SplitName, Patterns]:
        for patterns in _by_split(shards).values():
            for pattern in patterns:
                expand(pattern)
                if posixpath.normpath(pattern).startswith(("/", "..")):
                    raise ValueError(f"wanted shards under the root, found {pattern!r}; set root higher up")
        return shards

    def read(self, root: Path, *, split_folders: bool) -> Listing:
        """Lists the samples of all shards; one that can't be used is rejected.

        The reasons: ``missing_image``, ``several_images``, ``broken_sample`` (members that lie apart, or differ in case
        only), ``name_collision`` (a sample of that name is in another shard, too), and those of labels.

        Raises:
            SourceError: a shard can't be read, or classes or keypoints must be declared.
        """
        del split_folders
        found, refusals = self._samples(root)
        homes: dict[str, list[str]] = {}
        for sample in found:
            homes.setdefault(sample.name, []).append(sample.shard.name)
        said: dict[str, tuple[Sample, Said]] = {}
        for shard, inside in groupby(found, key=lambda sample: sample.shard):
            with _opened(shard) as file:
                for sample in inside:
                    key = sample.place
                    try:
                        key = self._image(sample, homes[sample.name])
                        said[key] = sample, self._said(sample, file)
                    except AnnotationError as error:
                        refusals.append(Refusal(key, "rejected", error.reason, str(error)))
        return self._listing(said, refusals)

    @classmethod
    def recognise(cls, survey: Survey) -> Suggestion | None:
        """Tar files with images that have a class, JSON or a text of the same name beside them."""
        return recognised(survey)

    def _samples(self, root: Path) -> tuple[list[Sample], list[Refusal]]:
        """All samples, whatever is wrong with them, and the rows of what belongs to none."""
        found: list[Sample] = []
        refused: list[Refusal] = []
        splits: dict[str, str] = {}
        for split, patterns in _by_split(self.shards).items():
            shards, refusals = find(root, patterns)
            refused += refusals
            for shard in shards:
                if splits.setdefault(shard.name, split) != split:
                    raise SourceError(
                        f"{shard.path}: the shard is of {splits[shard.name]} and of {split}; name it once"
                    )
                inside, refusals = samples(shard, split)
                found += inside
                refused += [replace(one, key=f"{shard.name}/{one.key}") for one in refusals]
        return found, refused

    def _image(self, sample: Sample, shards: Sequence[str]) -> str:
        """The key of a sample, which is the name of its image.

        Raises:
            AnnotationError: it is none, or has no image, or several.
        """
        if sample.error is not None:
            raise sample.error
        if len(shards) > 1:
            places = " and ".join(shards)
            raise AnnotationError("name_collision", f"{sample.name!r} is a sample of {places}; keep one, or rename one")
        images = [one for one in sample.members if self._is_image(one)]
        there = ", ".join(sample.members)
        if not images:
            raise AnnotationError("missing_image", f"{sample.place}: wanted an image among its members, found {there}")
        if len(images) > 1:
            hint = "name the extension of the one that is meant in source.image"
            raise AnnotationError("several_images", f"{sample.place}: wanted one image, found {there}; {hint}")
        return sample.members[images[0]][0]

    def _is_image(self, extension: str) -> bool:
        if self.image is not None:
            return extension == self.image.lower()
        return f".{extension}" in IMAGE_SUFFIXES

    def _said(self, sample: Sample, file: BinaryIO) -> Said:
        """What a sample's annotations say.

        Raises:
            AnnotationError: one can't be understood.
        """
        said = Said()
        if "json" in sample.members:
            content, place = _content(sample, "json", file)
            try:
                value = loads(content)
            except JsonError as error:
                raise AnnotationError("bad_annotation", f"{place}: no JSON that can be read: {error}") from error
            said = Reading(value, self.fields, len(self.keypoints.names) if self.keypoints else None, place).said()
        if "cls" in sample.members:
            said = replace(said, classes=(*said.classes, _class(*_text(sample, "cls", file))))
        if "txt" in sample.members:
            attributes = said.labels.attributes or {}
            text, place = _text(sample, "txt", file)
            if "txt" in attributes:
                raise AnnotationError("bad_annotation", f"{place}: the JSON has an attribute 'txt' as well; keep one")
            said = replace(said, labels=replace(said.labels, attributes={**attributes, "txt": text}))
        return said

    def _listing(self, said: Mapping[str, tuple[Sample, Said]], refusals: list[Refusal]) -> Listing:
        names = self.classes if self.classes is not None else _classes(one for _, one in said.values())
        ids = {name: id for id, name in enumerate(names)}

        def id_of(value: ClassValue) -> int:
            if value is None:
                return -1
            id = ids.get(value, -1) if isinstance(value, str) else value
            if 0 <= id < len(names):
                return id
            hint = near(value, names) if isinstance(value, str) else f"; there are {len(names)}, from 0"
            raise AnnotationError("unknown_class", f"{shown(value)} is none of the classes{hint}")

        records: list[Record] = []
        for key, (sample, one) in said.items():
            try:
                records.append(self._record(key, sample, one.resolved(id_of), one.size))
            except AnnotationError as error:
                refusals.append(Refusal(key, "rejected", error.reason, f"{sample.place}: {error}"))
        records.sort(key=lambda record: record.key)
        # A folder in one shard may be called as another shard.
        taken = {record.key for record in records}
        rows = [replace(one, key=own_key(one.key, taken)) for one in refusals]
        return Listing(names, self.keypoints, records, rows)

    def _record(self, key: str, sample: Sample, labels: Labels, size: Size | None) -> Record:
        notes = []
        read = {"cls", "json", "txt", self.mask}
        if not read & sample.members.keys():
            notes.append("no_annotation")
        if any(not self._is_image(one) for one in sample.members.keys() - read):
            notes.append("unread_member")
        location = next(location for name, location in sample.members.values() if name == key)
        mask = sample.members.get(self.mask or "", ("", None))[1]
        return Record(key, location, labels, size, tuple(notes), sample.split, mask)


def _by_split(shards: Patterns | dict[SplitName, Patterns]) -> dict[str, tuple[str, ...]]:
    by_split = list(shards.items()) if isinstance(shards, dict) else [("", shards)]
    return {split: (one,) if isinstance(one, str) else one for split, one in by_split}


def _opened(shard: Shard) -> BinaryIO:
    try:
        return shard.path.open("rb")
    except OSError as error:
        raise SourceError(f"{shard.path}: the shard can't be read: {error.strerror}") from error


def _content(sample: Sample, extension: str, file: BinaryIO) -> tuple[bytes, str]:
    """The bytes of a member, and its place."""
    name, location = sample.members[extension]
    place = f"{sample.shard.name}/{name}"
    try:
        if length_of(location) > _MOST_BYTES:
            raise AnnotationError("bad_annotation", f"{place}: wanted up to {_MOST_BYTES >> 20} MiB of labels")
        return read_from(file, location), place
    except OSError as error:
        raise AnnotationError("bad_annotation", f"{place}: {error.strerror or error}") from error


def _text(sample: Sample, extension: str, file: BinaryIO) -> tuple[str, str]:
    content, place = _content(sample, extension, file)
    try:
        return content.decode("utf-8-sig").strip(), place
    except UnicodeDecodeError as error:
        raise AnnotationError("bad_annotation", f"{place}: not UTF-8 at byte {error.start}") from error


def _class(text: str, place: str) -> ClassValue:
    """A whole number is an id, as for other readers; anything else is a name."""
    if not text:
        raise AnnotationError("bad_annotation", f"{place}: wanted a class, found nothing")
    # Python reads numbers of thousands of digits only when it is told to.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text


def _classes(said: Iterable[Said]) -> tuple[str, ...]:
    """The names of classes that are not declared: those found, sorted; or the numbers up to the highest id."""
    used = {value for one in said for value in one.used() if value is not None}
    ids = [value for value in used if isinstance(value, int)]
    names = sorted(value for value in used if isinstance(value, str))
    if ids and names:
        found = f"ids such as {min(ids)} and names such as {names[0]!r}"
        raise SourceError(f"classes are written in two ways, {found}; declare source.classes in the order of the ids")
    return tuple(names) or tuple(str(id) for id in range(max((id for id in ids if id < _MOST_CLASSES), default=-1) + 1))
