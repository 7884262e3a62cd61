"""Sources: one file a format, a `Source` that reads annotations into this project's convention."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dataprep.errors import AnnotationError, near
from dataprep.geometry import FARTHEST as FARTHEST
from dataprep.geometry import Size
from dataprep.inputs import Record, Refusal
from dataprep.labels import Labels
from dataprep.registry import Kinds
from dataprep.survey import Suggestion, Survey


class KeypointNames(BaseModel):
    """The names of an instance's keypoints, in order, and which of them are left/right partners."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: tuple[str, ...] = Field(min_length=1)
    pairs: tuple[tuple[str, str], ...] = Field((), description="left and right partners, exchanged by a flip")

    @model_validator(mode="after")
    def _known(self) -> KeypointNames:
        if len(set(self.names)) != len(self.names):
            raise ValueError("two keypoints have the same name; names must differ")
        used: list[str] = []
        for name in (name for pair in self.pairs for name in pair):
            if name not in self.names:
                raise ValueError(f"pairs names {name!r}, which is no keypoint{near(name, self.names)}")
            if name in used:
                raise ValueError(f"{name!r} stands in two pairs; a keypoint has one partner")
            used.append(name)
        return self

    @property
    def indices(self) -> tuple[tuple[int, int], ...]:
        """The pairs as positions in `names`."""
        return tuple((self.names.index(left), self.names.index(right)) for left, right in self.pairs)


@dataclass(frozen=True, slots=True)
class Listing:
    """All that a source holds.

    Attributes:
        classes: names; a class id is a position in it.
        keypoints: names of an instance's keypoints; None when the source has none.
        records: to be prepared, sorted by key.
        refusals: inputs that will not be, with the reason.
    """

    classes: tuple[str, ...]
    keypoints: KeypointNames | None
    records: Sequence[Record]
    refusals: Sequence[Refusal]


class Source(BaseModel, ABC):
    """A reader of one annotation format; its fields are its options in the manifest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ClassVar[str]

    root: str = Field(description="folder, relative to the manifest; ~, ${VAR} and ${VAR:-default} are put in")
    classes: tuple[str, ...] | None = Field(
        None, description="class names in the order of their ids; left out: those found, sorted"
    )

    annotated: Literal["upright", "raw"] = Field(
        "upright",
        description="whether annotations were made on the picture as viewers show it, turned by its EXIF orientation, "
        "or on the raw pixels as they lie in the file",
    )

    @model_validator(mode="after")
    def _distinct(self) -> Source:
        if self.classes is not None and len(set(self.classes)) != len(self.classes):
            raise ValueError("classes holds a name twice; each class has one id")
        return self

    @model_validator(mode="after")
    def _printable(self) -> Source:
        for text in _texts(self.model_dump()):
            if not nameable(text):
                raise ValueError(f"{text!r} holds a character that no name and no path can hold")
        return self

    @abstractmethod
    def read(self, root: Path, *, split_folders: bool) -> Listing:
        """Reads every annotation and lists every input.

        Args:
            root: the resolved root.
            split_folders: whether the first folder of a key names its split, and so means nothing else.

        Raises:
            SourceError: a folder or an annotation file that can't be read at all.
        """

    @classmethod
    def recognise(cls, survey: Survey) -> Suggestion | None:
        """What a manifest for this folder would say, where it looks like this format; None where it does not."""
        del survey
        return None


def nameable(text: str) -> bool:
    """Whether a name or a path can be so, and a manifest can say it."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= one <= "\udfff" for one in text))


def _texts(value: Any) -> Iterator[str]:
    """All texts in plain values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in (*value.keys(), *value.values()):
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


class Content(Protocol):
    """What an annotation says of an image, before its classes have ids."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of classes, in the order in which `labels` wants their ids."""

    @property
    def size(self) -> Size | None:
        """What it says of the image's size."""

    def labels(self, ids: Sequence[int]) -> Labels:
        """The labels, with the ids of `names`."""


class AnnotatedSource(Source):
    """A reader of a format whose annotations lie apart from the images."""

    negative: ClassVar[Labels] = Labels()

    annotations: str
    unannotated: Literal["keep", "filter"] = Field(
        "keep", description="an image without annotation: a negative, or left out"
    )

    def class_names(self, used: Iterable[Content]) -> tuple[str, ...]:
        """The declared classes, or those of the annotations that are used, sorted."""
        return self.classes if self.classes is not None else tuple(sorted({name for one in used for name in one.names}))

    def record(self, key: str, path: str, found: Mapping[str, Content], classes: Sequence[str]) -> Record | Refusal:
        """An image with its annotation, or without one.

        Args:
            key: of the image.
            path: of the image.
            found: what is said of each image.
            classes: all class names.
        """
        if key not in found:
            if self.unannotated == "filter":
                return Refusal(
                    key, "filtered", "no_annotation", f"no annotation in {self.annotations} is of this image"
                )
            return Record(key, path, self.negative, notes=("no_annotation",))
        one = found[key]
        try:
            ids = [class_id(name, classes, key) for name in one.names]
        except AnnotationError as error:
            return Refusal(key, "rejected", error.reason, str(error))
        return Record(key, path, one.labels(ids), one.size)


def class_id(name: str, classes: Sequence[str], place: str) -> int:
    """The id of a class.

    Raises:
        AnnotationError: ``unknown_class``; the declared classes don't hold it.
    """
    if name not in classes:
        raise AnnotationError(
            "unknown_class", f"{place}: {name!r} is none of the declared classes{near(name, classes)}"
        )
    return classes.index(name)


@cache
def sources() -> Kinds[Source]:
    """Every source by its name in the manifest."""
    return Kinds(sys.modules[__name__], Source, "name")
