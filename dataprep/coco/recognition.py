"""Recognises COCO's files in a folder, from their names and a few looks into them; none is parsed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from dataprep.coco.lookup import tidy
from dataprep.survey import Suggestion, Survey, common_folder

_PARTS = tuple(re.compile(rb'"%s"\s*:\s*\[' % part) for part in (b"images", b"annotations", b"categories"))
_FILE_NAME = re.compile(rb'"file_name"\s*:\s*("(?:[^"\\]|\\.)*")')
_FRACTIONS = re.compile(rb'"keypoints"\s*:\s*\[[^\]"]*\d\.\d*[1-9]')
# Names of files that are looked for among the images: a first look need not find them all.
_NAMES = 200
# As many bytes hold the categories of any data set that we know of.
_CATEGORIES = 1 << 20
# And in so many, keypoints that are no whole numbers show.
_KEYPOINTS = 1 << 26
_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_SPLIT = re.compile(rf"(?<![a-z])({'|'.join(_SPLITS)})(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at a file found.

    Attributes:
        name: of the file.
        split: train, val or test; empty where neither its name nor its folder's says one.
        family: its name with the split left open: files of one family are the splits of one data set.
        folder: of its images.
        hits: how many of its images were found.
        names: how many were looked for.
        fractions: whether keypoints are no whole numbers.
        classes: without the placeholder that some tools write; None where there is none.
    """

    name: str
    split: str
    family: str
    folder: str
    hits: int
    names: int
    fractions: bool
    classes: tuple[str, ...] | None


def recognise(survey: Survey) -> Suggestion | None:
    """What a manifest would say; None where no file looks like COCO's."""
    families: dict[str, list[_Look]] = {}
    left_out = []
    bases: dict[str, list[str]] = {}
    for image in survey.images:
        bases.setdefault(image.rpartition("/")[2], []).append(image)
    for name in survey.ending(".json"):
        content = survey.content(name)
        if not all(part.search(content) for part in _PARTS):
            continue
        if b'"segments_info"' in content:
            left_out.append(name)
        else:
            look = _look(name, content, bases)
            families.setdefault(look.family, []).append(look)
    if not families:
        return None
    chosen = min(families, key=lambda family: (*_preference(families[family]), family))
    looks = sorted(families.pop(chosen), key=lambda look: look.name)
    others = [look.name for several in families.values() for look in several]
    return _suggestion(looks, sorted(others), left_out)


def _preference(looks: Sequence[_Look]) -> tuple[bool, int, int]:
    """Which family is taken: one whose images are there; instances before keypoints before others; the larger one."""
    order = [index for index, word in enumerate(("instances", "keypoints")) if word in looks[0].name.lower()]
    return not any(look.hits for look in looks), order[0] if order else 2, -len(looks)


def _look(name: str, content: bytes, bases: Mapping[str, Sequence[str]]) -> _Look:
    names = list(islice(_names(content), _NAMES))
    found = _SPLIT.findall(name.rpartition("/")[2]) or _SPLIT.findall(name)
    split = _SPLITS[found[-1].lower()] if found else ""
    hits, folder = _folder(name, split, names, bases)
    fractions = _FRACTIONS.search(content, 0, _KEYPOINTS) is not None
    return _Look(name, split, _SPLIT.sub("*", name), folder, hits, len(names), fractions, _classes(content))


def _names(content: bytes) -> Iterator[str]:
    for match in _FILE_NAME.finditer(content):
        try:
            yield str(json.loads(match[1]))
        except ValueError:  # a text that ends its line, or is no UTF-8: who reads the file says so
            continue


def _folder(file: str, split: str, names: Sequence[str], bases: Mapping[str, Sequence[str]]) -> tuple[int, str]:
    """How many of some names are images, and the folder in which most of them are."""
    folders: Counter[str] = Counter()
    images: list[str] = []
    matched = 0
    for name in names:
        path = tidy(name.replace("\\", "/"))
        matches = bases.get(path.rpartition("/")[2], ())
        matched += bool(matches)
        exact = [image for image in matches if image == path or image.endswith(f"/{path}")]
        for image in exact or matches:
            folder = image[: -len(path)].rstrip("/") if exact else image.rpartition("/")[0]
            folders[folder] += 1
            images.append(image)
    if not folders:
        return 0, "."
    most = max(folders.values())
    # Of folders with the same names in them, the file's own, or that of its split.
    best = max(
        (folder for folder in folders if folders[folder] * 2 > most),
        key=lambda folder: (
            folder == file.rpartition("/")[0],
            split in (_SPLITS[word.lower()] for word in _SPLIT.findall(folder)),
            folders[folder],
            folder,
        ),
    )
    if folders[best] * 2 > matched:
        return folders[best], best or "."
    return matched, common_folder(images)


def _classes(content: bytes) -> tuple[str, ...] | None:
    """The classes, where one category only names the group of all others: some tools write such a one."""
    match = _PARTS[2].search(content)
    start = match.end() - 1 if match else 0
    try:
        text = content[start : start + _CATEGORIES].decode("utf-8", "ignore")
        values, _ = json.JSONDecoder().raw_decode(text)
        found = sorted((int(one["id"]), str(one["name"]), one.get("supercategory")) for one in values)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    groups = [(id, name) for id, name, _ in found if all(other == name for one, _, other in found if one != id)]
    if len(found) < 2 or len(groups) != 1:
        return None
    id, _ = groups[0]
    if re.search(rb'"category_id"\s*:\s*%d\b' % id, content):
        return None
    return tuple(name for one, name, _ in found if one != id)


def _suggestion(looks: Sequence[_Look], others: Sequence[str], left_out: Sequence[str]) -> Suggestion:
    by_split = {split: [look for look in looks if look.split == split] for split in ("train", "val", "test")}
    several = {split: some[0] for split, some in by_split.items() if len(some) == 1}
    doubts = []
    options: dict[str, Any] = {}
    if len(several) > 1 and len(several) == len(looks):
        folders = {split: look.folder for split, look in several.items()}
        options["images"] = folders if len(set(folders.values())) > 1 else looks[0].folder
        options["annotations"] = {split: look.name for split, look in several.items()}
    else:
        several = {}
        options["images"], options["annotations"] = looks[0].folder, looks[0].name
        others = sorted([*others, *(look.name for look in looks[1:])])
    used = list(several.values()) or [looks[0]]
    reasons = []
    for look in used:
        reasons.append(f"{look.name} holds images, annotations and categories, as COCO's files do")
        if look.hits:
            reasons.append(f"{look.hits} of the first {look.names} images that it names are in {look.folder}")
        else:
            doubts.append(f"no image that {look.name} names is here; say in images where they are")
    if used[0].classes is not None:
        options["classes"] = list(used[0].classes)
        doubts.append("one category only names the group of the others, and no annotation uses it: it is no class")
    if any(look.fractions for look in used):
        doubts.append(
            "keypoints are no whole numbers; if they were measured from the corner of the image's first pixel, as "
            "labelling tools do, and not from its centre, say keypoint_coordinates: continuous"
        )
    if others:
        doubts.append(f"there is more of COCO's: {', '.join(others)}; one of these may be what you want")
    if left_out:
        doubts.append(f"{', '.join(left_out)}: panoptic, which is not read")
    found = any(look.hits for look in used)
    split = {"by": "source"} if several else None
    return Suggestion(options, tuple(reasons), tuple(doubts), split, 1.0 if found else 0.5)
