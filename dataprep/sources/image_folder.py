"""One folder a class, as torchvision's ImageFolder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from dataprep.errors import SourceError, near
from dataprep.inputs import Record, Refusal, has_suffix_of_image, walk
from dataprep.labels import Labels
from dataprep.sources import Listing, Source
from dataprep.sources.parts.sidecars import below
from dataprep.sources.parts.splits import split_folders as split_of_folders
from dataprep.sources.parts.splits import splits_named
from dataprep.survey import Suggestion, Survey, common_folder

# Files of these kinds beside images mean another format, most of the time.
_ANNOTATIONS = (".xml", ".json", ".jsonl", ".csv", ".txt", ".pts", ".yaml", ".yml", ".mat", ".tfrecord")
_LIST = "classes.txt"


class ImageFolder(Source):
    """The class of an image is the first folder of its key; folders below it only sort files.

    With ``split: {by: folder}`` the first folder is the split, and the second one the class. Bare photos, of which
    nothing says what they show, want ``classes: []``.
    """

    name: ClassVar[str] = "image_folder"
    format: Literal["image_folder"]
    images: str = Field(".", description="folder of the class folders, relative to the root")
    classes: tuple[str, ...] | None = Field(
        None,
        description="class names in the order of their ids; left out: those found, sorted; []: folders name no "
        "classes, and images have none",
    )

    @classmethod
    def recognise(cls, survey: Survey) -> Suggestion | None:
        """Images in folders, which may be classes."""
        return _recognised(survey)

    def read(self, root: Path, *, split_folders: bool) -> Listing:
        """Lists the images.

        A folder is a class when a file in it is named like an image. Folders that are called as splits, and one around
        all others, are classes only where they are declared. An image outside any class folder is rejected as
        ``no_class``; another file there, or in a folder that is no class, is filtered as ``not_an_image``.
        """
        files, refusals = walk(root / self.images)
        if self.classes == ():
            return Listing((), None, [Record(key, path, Labels()) for key, path in files.items()], refusals)
        level = 1 if split_folders else 0
        names = {key: parts[level] for key in files if len(parts := key.split("/")) > level + 1}
        images = [key for key in files if has_suffix_of_image(key)]
        found = {names[key] for key in images if key in names}
        if self.classes is None:
            _refuse_no_classes(found, [key.split("/")[level:] for key in images], root)
        classes = self.classes if self.classes is not None else tuple(sorted(found))
        # A class has many images, and one label.
        labels = {name: Labels(class_id=number) for number, name in enumerate(classes)}
        records = []
        for key, path in files.items():
            name = names.get(key)
            if name in labels:
                records.append(Record(key, path, labels[name]))
            else:
                refusals.append(_refusal(key, name, classes))
        return Listing(classes, None, records, refusals)


def _refuse_no_classes(found: Set[str], parts: Sequence[Sequence[str]], root: Path) -> None:
    """Refuses folders that are hardly classes: those of splits, and one around all others.

    Args:
        found: names of the folders that would be classes.
        parts: of each image's path, from that folder on.
        root: for messages.

    Raises:
        SourceError: a whole data set would get labels that mean nothing.
    """
    names = ", ".join(sorted(found))
    declare = f"or, where they are classes, declare source.classes: [{names}]"
    if len(splits_named(found)) > 1:
        raise SourceError(
            f"{root}: wanted folders of classes, found {names}, which are called as splits; set split: {{by: folder}}, "
            f"{declare}"
        )
    inner = {of[1] for of in parts if len(of) > 2}
    if len(found) == 1 and len(inner) > 1 and all(len(of) > 2 for of in parts):
        raise SourceError(
            f"{root}: wanted folders of classes, found one, {names}, around all others ({_some(inner)}), so that all "
            f"images would be of one class; name it in source.root or source.images, {declare}"
        )


def _refusal(key: str, name: str | None, classes: Sequence[str]) -> Refusal:
    """Of a file that is in the folder of no class."""
    if not has_suffix_of_image(key):
        note = f"{key}: not in the folder of a class, and not named like an image"
        return Refusal(key, "filtered", "not_an_image", note)
    if name is None:
        return Refusal(key, "rejected", "no_class", f"{key}: wanted a class folder around the file, found none")
    note = f"{key}: {name!r} is none of the declared classes{near(name, classes)}"
    return Refusal(key, "rejected", "unknown_class", note)


def _recognised(survey: Survey) -> Suggestion | None:
    base = common_folder(list(survey.images))
    keys = [below(name, base) for name in survey.images]
    if not keys:
        return None
    split = split_of_folders(keys)
    level = 0 if split is None else 1
    parts = [key.split("/") for key in keys]
    classes = {one[level] for one in parts if len(one) > level + 1}
    loose = sum(len(one) <= level + 1 for one in parts)
    others = [suffix for suffix in _ANNOTATIONS if survey.suffixes[suffix]]
    options: dict[str, Any] = {"images": base}
    if not classes or 2 * loose > len(keys):
        options["classes"] = []
        reason = f"{len(keys):,} images" + ("" if base == "." else f" in {base}") + ", and no folders of classes"
        doubts = ["classes: nothing says what the images show; with [] they are stored without labels"]
        if others:
            doubts.append(_labels_in(survey, others))
        return Suggestion(options, (reason,), tuple(doubts), split, 0.1)
    reasons = [f"{len(keys) - loose:,} images lie in {len(classes):,} folders, {_some(classes)}: one a class"]
    doubts = []
    order, why = _order(survey, base, classes)
    if order is not None:
        options["classes"] = order
        reasons.append(why)
    if loose:
        doubts.append(f"{loose:,} images lie in no folder of a class, and will be rejected")
    if any(len(one) > level + 2 for one in parts):
        doubts.append("folders in the folders of classes only sort files; if they are the classes, name source.images")
    if others:
        doubts.append(_labels_in(survey, others))
    confidence = 0.6 if split is None else 0.9
    return Suggestion(options, tuple(reasons), tuple(doubts), split, 0.3 if others and order is None else confidence)


def _order(survey: Survey, base: str, classes: set[str]) -> tuple[list[str] | None, str]:
    """The order of the classes where something says one: a list beside the folders, or numbers as their names."""
    name = _LIST if base == "." else f"{base}/{_LIST}"
    if name in survey.files:
        lines = survey.content(name).decode("utf-8", "replace").splitlines()
        if len(set(lines)) == len(lines) and classes <= set(lines):
            return lines, f"{name} has their names, in an order"
    if all(re.fullmatch(r"\d{1,9}", one) for one in classes):
        order = sorted(classes, key=lambda one: (int(one), one))
        if order != sorted(classes):
            return order, "the folders' names are numbers, and 10 comes after 9"
    return None, ""


def _labels_in(survey: Survey, suffixes: Sequence[str]) -> str:
    first = survey.ending(*suffixes)[0]
    return f"there are files that end in {', '.join(suffixes)}, such as {first}: do they hold labels?"


def _some(classes: Iterable[str]) -> str:
    names = sorted(classes)
    return ", ".join(names) if len(names) < 7 else f"{', '.join(names[:3])} … {names[-1]}"
