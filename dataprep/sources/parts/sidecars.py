"""Formats with one annotation file an image, of the image's name: what they have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Generic, Protocol, TypeVar

from pydantic import Field

from dataprep.errors import AnnotationError
from dataprep.inputs import Placed, Record, Refusal, split_suffix, walk
from dataprep.labels import Labels
from dataprep.locations import read
from dataprep.pairing import Images, pair, read_files, rows
from dataprep.sources import AnnotatedSource, Content, KeypointNames, Listing
from dataprep.survey import Survey, common_folder


class Sidecar(Content, Protocol):
    """What an annotation file says."""

    @property
    def image_name(self) -> str:
        """The file name of its image, if it says one."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was odd but not fatal."""


T = TypeVar("T", bound=Sidecar)


def folders_of(survey: Survey, annotations: Sequence[str], *, whole_names: bool) -> tuple[str, str, float]:
    """Where images and annotations lie, for a suggestion.

    Args:
        survey: the folder.
        annotations: the files that are some.
        whole_names: whether ``a.jpg.json``, too, is of ``a.jpg``.

    Returns:
        The folder of the images, that of the annotations, and the share of the annotations that have an image.
    """
    folder = common_folder(list(annotations))
    stems = [split_suffix(below(name, folder))[0] for name in annotations]
    best = ("", 0.0)
    for images in dict.fromkeys((folder, common_folder(list(survey.images)), ".")):
        inside = [below(name, images) for name in survey.images if images == "." or name.startswith(f"{images}/")]
        known = {split_suffix(name)[0] for name in inside} | (set(inside) if whole_names else set())
        share = sum(stem in known for stem in stems) / len(stems)
        if share > best[1]:
            best = (images, share)
    return best[0], folder, best[1]


def below(name: str, folder: str) -> str:
    """A name relative to a folder, ``.`` for all of the survey."""
    return name if folder == "." else name.removeprefix(f"{folder}/")


class SidecarSource(AnnotatedSource, Generic[T]):
    """Annotations that are files, each beside its image or in another folder at the same place."""

    suffix: ClassVar[str]
    """How their names end, in lower case, with the dot."""
    whole_names: ClassVar[bool] = False
    """Whether ``a.jpg.json``, too, is of ``a.jpg``."""

    images: str = Field(".", description="folder of images, relative to the root")
    annotations: str = Field(
        ".",
        description="folder of the annotation files, relative to the root; the folder of images where they lie beside",
    )

    @abstractmethod
    def parse(self, content: bytes, place: str) -> tuple[str, T | AnnotationError]:
        """The file name of the image, if the annotation says one, and what it says, or why that can't be used."""

    @property
    def point_names(self) -> KeypointNames | None:
        """The names of keypoints."""
        return None

    @property
    def relative(self) -> tuple[Placed, ...]:
        """The kinds of labels that are shares of the image."""
        return ()

    def settled(self, used: Mapping[str, T]) -> Mapping[str, T]:
        """What is said of each image, once it is known what is said of all of them."""
        return used

    def split_of(self, key: str) -> str:
        """The split that the format names for an image."""
        del key
        return ""

    def read(self, root: Path, *, split_folders: bool) -> Listing:
        """Pairs each image with the annotation of the same path and stem.

        Annotations without image are ``missing_image``. An image is rejected as ``second_annotation`` when there are
        two for it, and as ``ambiguous_annotation`` when there is one for two images.
        """
        del split_folders
        images, refusals = self._images(root)
        folder = root / self.annotations
        annotations = read_files(
            images, folder, self.annotations, self.suffix, "bad_annotation", self._read, self.whole_names
        )
        pairs = pair(images, annotations, folder, "source.annotations", "second_annotation")
        used = self.settled(pairs.used)
        refusals = rows(images, refusals, pairs.alone, folder)
        classes, nothing = self.class_names(used.values()), self.nothing(used).labels(())
        records: list[Record] = []
        for key, path in images.files.items():
            row = pairs.rejected.get(key) or self.record(key, path, used, classes)
            if isinstance(row, Record):
                records.append(self._whole_record(row, used.get(key), nothing))
            else:
                refusals.append(row)
        return Listing(classes, self.point_names, records, refusals)

    def _images(self, root: Path) -> tuple[Images, list[Refusal]]:
        """The images, and rows of what else lies among them: annotations often do, and are no images."""
        folder = root / self.images
        files, refusals = walk(folder)
        images: dict[str, str] = {}
        for key, path in files.items():
            if split_suffix(key)[1].lower() == self.suffix:
                refusals.append(Refusal(key, "filtered", "not_an_image", "an annotation that lies among the images"))
            else:
                images[key] = path
        return Images.of(folder, self.images, images, refusals), refusals

    def _read(self, path: str, place: str) -> tuple[str, T | AnnotationError]:
        try:
            content = read(path)
        except OSError as error:
            return "", AnnotationError("bad_annotation", f"{place}: the file can't be read: {error.strerror or error}")
        return self.parse(content, place)

    def _whole_record(self, record: Record, content: T | None, nothing: Labels) -> Record:
        record = record._replace(split=self.split_of(record.key))
        if content is None:
            return record._replace(labels=nothing)
        notes = (*record.notes, *content.notes)
        if content.image_name not in ("", record.key.rpartition("/")[2]):
            notes = (*notes, "other_image_name")
        there = set(record.labels.kinds())
        return record._replace(notes=notes, relative=tuple(kind for kind in self.relative if kind in there))

    @abstractmethod
    def nothing(self, used: Mapping[str, T]) -> T:
        """What is said of an image without annotation, beside those that are said to show something."""
