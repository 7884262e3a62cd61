"""Recognises Pascal VOC's files in a folder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dataprep.inputs import split_suffix
from dataprep.sources.parts.sidecars import below
from dataprep.sources.parts.splits import split_folders
from dataprep.survey import Suggestion, Survey, common_folder

# So many files are looked into, spread over all of them.
_MOST_FILES = 200
_ROOT = re.compile(rb"<annotation[\s>]")
_NUMBER = re.compile(rb"<(xmin|ymin|xmax|ymax|width|height)>\s*(\d{1,9}(?:\.\d*)?)\s*<")
_SEGMENTS = "SegmentationClass"


@dataclass(frozen=True, slots=True)
class _Folders:
    """Where images and annotations lie, and which share of the annotations has an image."""

    images: str
    annotations: str
    share: float


def recognise(survey: Survey) -> Suggestion | None:
    """XML files that say ``<annotation>``, and images of their names."""
    files = survey.ending(".xml")
    looked = {name: survey.content(name) for name in files[:: max(1, len(files) // _MOST_FILES)]}
    annotations = [name for name, content in looked.items() if _ROOT.search(content[:4096])]
    if not annotations:
        return None
    folders, left_out = _folders(survey, files)
    if not folders.share:
        return None
    options: dict[str, Any] = {"images": folders.images, "annotations": folders.annotations}
    inside = [name for name in files if _is_in(name, folders.annotations)]
    reasons = [
        f"{len(inside):,} XML files{_in(folders.annotations)}, which begin with <annotation> as VOC's do",
        f"{folders.share:.0%} of them have an image of their name{_in(folders.images)}",
    ]
    doubts = [f"there are annotations in {', '.join(left_out)} as well; each is a data set of its own"] * bool(left_out)
    first = _first_pixel([looked[name] for name in annotations])
    options["first_pixel"] = 1 if first is None else first
    if first is None:
        doubts.append("first_pixel: VOC counts pixels from 1, some tools from 0; boxes at edges don't tell which")
    else:
        reasons.append(f"boxes at the edges of their images count pixels from {first}")
    split, said = _split(survey, folders)
    doubts += [*said, *_masks(survey, folders)]
    confidence = folders.share * (1.0 if folders.images.endswith("JPEGImages") else 0.95)
    return Suggestion(options, tuple(reasons), tuple(doubts), split, confidence)


def _in(folder: str) -> str:
    return "" if folder == "." else f" in {folder}"


def _is_in(name: str, folder: str) -> bool:
    return folder == "." or name.startswith(f"{folder}/")


def _folders(survey: Survey, files: Sequence[str]) -> tuple[_Folders, list[str]]:
    """The folders of the largest part of the files, and those of others."""
    whole = _matched(survey, files, common_folder(list(files)))
    if whole.share:
        return whole, []
    parts: Counter[str] = Counter(name.rpartition("/")[0] or "." for name in files)
    found = [_matched(survey, files, folder) for folder, _ in parts.most_common(9)]
    best = max(found, key=lambda one: (one.share > 0, parts[one.annotations]))
    return best, sorted(one.annotations for one in found if one.share and one is not best)


def _matched(survey: Survey, files: Sequence[str], folder: str) -> _Folders:
    """The folder of images that has most of the stems of the annotations in one folder."""
    stems = {split_suffix(below(name, folder))[0] for name in files if _is_in(name, folder)}
    places = Counter(name.rpartition("/")[0] or "." for name in survey.images)
    nearest = [folder, common_folder(list(survey.images)), "."]
    best = _Folders(folder, folder, 0.0)
    for images in dict.fromkeys([*nearest, *(place for place, _ in places.most_common(50))]):
        known = {split_suffix(below(name, images))[0] for name in survey.images if _is_in(name, images)}
        share = len(stems & known) / len(stems)
        if share > best.share:
            best = _Folders(images, folder, share)
        if share == 1:
            break
    return best


def _first_pixel(contents: Sequence[bytes]) -> int | None:
    """What the outermost pixels are called: 0 where a box begins there, 1 where one ends at the image's size."""
    least, full = False, False
    for content in contents:
        numbers: dict[bytes, list[float]] = {}
        for tag, text in _NUMBER.findall(content):
            numbers.setdefault(tag, []).append(float(text))
        least |= 0 in (*numbers.get(b"xmin", ()), *numbers.get(b"ymin", ()))
        full |= numbers.get(b"width", [0])[0] in numbers.get(b"xmax", ())
        full |= numbers.get(b"height", [0])[0] in numbers.get(b"ymax", ())
    return None if least == full else int(full)


def _split(survey: Survey, folders: _Folders) -> tuple[Mapping[str, Any] | None, list[str]]:
    """The lists of ImageSets, or folders that are named as splits."""
    base = folders.annotations.rpartition("/")[0]
    top = f"{base}/" if base else ""
    for kind in ("Main", "Segmentation"):
        lists = {name: f"{top}ImageSets/{kind}/{name}.txt" for name in ("train", "val", "test", "trainval")}
        there = {name: way for name, way in lists.items() if way in survey.files}
        both = there.pop("trainval", None)
        if both is not None and "train" not in there:
            there["train"] = both
        if there:
            lacking = [name for name in ("train", "val", "test") if name not in there]
            doubt = f"split: {top}ImageSets/{kind} has no list for {' and '.join(lacking)}, which stays empty"
            split: dict[str, Any] = {"by": "lists"}
            split.update((name, there[name]) for name in ("train", "val", "test") if name in there)
            return split, [doubt] * bool(lacking)
    keys = [below(name, folders.images) for name in survey.images if _is_in(name, folders.images)]
    return split_folders(keys), []


def _masks(survey: Survey, folders: _Folders) -> list[str]:
    base = folders.annotations.rpartition("/")[0]
    top = f"{base}/{_SEGMENTS}" if base else _SEGMENTS
    count = sum(name.startswith(f"{top}/") for name in survey.files)
    if not count:
        return []
    return [
        f"masks: {top} has {count:,} masks; say masks: {top} to store them with their images, and take the lists of "
        "ImageSets/Segmentation for the images that have one"
    ]
