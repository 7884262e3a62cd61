"""Pairs annotations with images: each image ends in one row, and each annotation without an image in one of its own."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Generic, TypeVar

from dataprep.errors import AnnotationError, SourceError
from dataprep.inputs import Refusal, has_suffix_of_image, own_key, split_suffix, walk

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Images:
    """The images of a source, as annotations name them.

    Attributes:
        folder: where they lie.
        shown: the folder as the manifest writes it.
        files: paths by key.
        refused: what the walk refused, by the key that it would have.
        stems: keys by key without suffix, of files that are named like an image or have no suffix at all: an
            ``a.txt`` beside an ``a.xml`` is not its image.
        refused_stems: `refused` likewise.
    """

    folder: Path
    shown: str
    files: Mapping[str, str]
    refused: Mapping[str, Refusal]
    stems: Mapping[str, tuple[str, ...]]
    refused_stems: Mapping[str, Refusal]

    @classmethod
    def of(cls, folder: Path, shown: str, files: Mapping[str, str], refusals: Iterable[Refusal]) -> Images:
        """From what a walk found."""
        refused = {refusal.meant: refusal for refusal in refusals if refusal.meant}
        stems: dict[str, tuple[str, ...]] = {}
        for key in files:
            stem, suffix = split_suffix(key)
            if has_suffix_of_image(key) or not suffix:
                stems[stem] = (*stems.get(stem, ()), key)
        return cls(
            folder, shown, files, refused, stems, {split_suffix(key)[0]: refusal for key, refusal in refused.items()}
        )

    def of_stem(self, stem: str, whole_names: bool = False) -> tuple[str, ...]:
        """The keys of the images of a stem.

        Args:
            stem: of an annotation.
            whole_names: whether it may be the whole name of an image.
        """
        return self.stems.get(stem, ()) or ((stem,) if whole_names and stem in self.files else ())


@dataclass(frozen=True, slots=True)
class Annotation(Generic[T]):
    """One annotation as it was found.

    Attributes:
        place: its file, and its line if there are several in it, for messages.
        images: keys of the images that it can be of; several where its name doesn't tell.
        found: what it says, or why that can't be used.
        alone: its row when there is no such image; None when there is one.
    """

    place: str
    images: tuple[str, ...]
    found: T | AnnotationError
    alone: Refusal | None


@dataclass(frozen=True, slots=True)
class Pairs(Generic[T]):
    """What became of all annotations.

    Attributes:
        used: what is said of an image, by its key.
        rejected: images whose annotation can't be used, by their key.
        alone: annotations without image.
    """

    used: Mapping[str, T]
    rejected: Mapping[str, Refusal]
    alone: Sequence[Refusal]


def pair(images: Images, annotations: Sequence[Annotation[T]], folder: Path, option: str, second: str) -> Pairs[T]:
    """Gives each image its annotation.

    Args:
        images: all of them.
        annotations: all of them.
        folder: where they come from, for messages.
        option: what names that in the manifest.
        second: the reason code of an image with two annotations.

    Raises:
        SourceError: there are images, and none has an annotation.
    """
    of_image: dict[str, list[Annotation[T]]] = {}
    for annotation in annotations:
        for key in annotation.images:
            of_image.setdefault(key, []).append(annotation)
    if images.stems and not of_image:
        raise SourceError(f"{folder}: {_no_pair(images, annotations)}; does {option} name another data set's?")
    used: dict[str, T] = {}
    rejected: dict[str, Refusal] = {}
    for key, candidates in of_image.items():
        found = _judge(key, candidates, second)
        if isinstance(found, AnnotationError):
            rejected[key] = Refusal(key, "rejected", found.reason, str(found))
        else:
            used[key] = found
    return Pairs(used, rejected, [one.alone for one in annotations if one.alone is not None])


def _no_pair(images: Images, annotations: Sequence[Annotation[T]]) -> str:
    keys = [key for keys in images.stems.values() for key in keys]
    found = f"found {len(annotations)}"
    if annotations:
        first = annotations[0]
        found += f", such as {first.alone.note if first.alone is not None else first.place}"
    return f"none of the {len(keys)} images in {images.shown}, such as {keys[0]}, has an annotation here ({found})"


def _judge(key: str, candidates: Sequence[Annotation[T]], second: str) -> T | AnnotationError:
    # What is wrong with one of them comes first: it may be why there are two.
    for candidate in candidates:
        if isinstance(candidate.found, AnnotationError):
            others = " and ".join(other.place for other in candidates if other is not candidate)
            if not others:
                return candidate.found
            return AnnotationError(candidate.found.reason, f"{candidate.found}; {others} speaks of this image, too")
    if len(candidates) > 1:
        places = " and ".join(candidate.place for candidate in candidates)
        return AnnotationError(second, f"{places} are both of {key!r}; keep one")
    (only,) = candidates
    if len(only.images) > 1:
        keys = " and ".join(only.images)
        return AnnotationError("ambiguous_annotation", f"{only.place} can be of {keys}; rename all but one of them")
    return only.found


def read_files(
    images: Images,
    folder: Path,
    shown: str,
    suffix: str,
    reason: str,
    read: Callable[[str, str], tuple[str, T | AnnotationError]],
    whole_names: bool = False,
) -> list[Annotation[T]]:
    """Annotations that are files, one an image, of the image's path and stem.

    Args:
        images: all of them.
        folder: of the annotations.
        shown: the folder as the manifest writes it.
        suffix: of the annotations, in lower case; other files are none.
        reason: the reason code of an image whose annotation is no regular file under the folder.
        read: from (path, place) to the file name of the image, if it says one, and what it says.
        whole_names: whether ``a.jpg.json``, too, is of ``a.jpg``, where there is no ``a.jpg.jpg``.

    Raises:
        SourceError: there is no such folder.
    """
    files, refusals = walk(folder, "annotations")
    prefix = PurePosixPath(position(folder, images.folder) or shown)
    annotations: list[Annotation[T]] = []
    for name, path in files.items():
        stem, ending = split_suffix(name)
        if ending.lower() != suffix:
            continue
        place = f"{shown}/{name}"
        base, found = read(path, place)
        keys = images.of_stem(stem, whole_names)
        # Of two images of one stem, the file name says which one is meant; of one image, it is often out of date.
        named = tuple(key for key in keys if key.rpartition("/")[2] == base)
        note = _missing(images, place, stem, base)
        alone = None if keys else Refusal(str(prefix / name), "rejected", "missing_image", note, name)
        annotations.append(Annotation(place, named or keys, found, alone))
    for refusal in refusals:
        if refusal.key.lower().endswith(suffix):
            place = f"{shown}/{refusal.key}"
            error = AnnotationError(reason, f"{place}: {refusal.reason}: {refusal.note}")
            keys = images.of_stem(split_suffix(refusal.meant)[0], whole_names) if refusal.meant else ()
            alone = None if keys else replace(refusal, key=str(prefix / refusal.key))
            annotations.append(Annotation(place, keys, error, alone))
    return annotations


def _missing(images: Images, place: str, stem: str, base: str) -> str:
    note = f"{place} has no image {stem}.* in {images.shown}"
    if stem in images.refused_stems:
        refusal = images.refused_stems[stem]
        return f"{note} that can be used; {refusal.key}: {refusal.reason}: {refusal.note}"
    if base in images.files:
        return f"{note}; its file name is that of {base}, which has another stem; rename one of them"
    return note


def position(folder: Path, images: Path) -> str | None:
    """Where a folder lies among the images, ``.`` for the same folder; None when it lies elsewhere."""
    real, above = folder.resolve(), images.resolve()
    if not real.is_relative_to(above):
        return None
    return unicodedata.normalize("NFC", real.relative_to(above).as_posix())


def rows(
    images: Images, refusals: Iterable[Refusal], alone: Iterable[Refusal], folder: Path | None = None
) -> list[Refusal]:
    """The refusals of the images, and those of annotations without image, each with a key of its own.

    Args:
        images: all of them.
        refusals: of the images.
        alone: of annotations without image.
        folder: where these are files of; one that lies among the images has a row by that already, and the new one
            takes its place.
    """
    among = folder is not None and position(folder, images.folder) is not None
    found = {refusal.key: refusal for refusal in refusals}
    taken = {*found, *images.files}
    for row in alone:
        key = row.key if among and row.key in found else own_key(row.key, taken)
        found[key] = replace(row, key=key)
    return list(found.values())
