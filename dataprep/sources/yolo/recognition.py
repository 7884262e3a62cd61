"""Recognises YOLO's files in a folder."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from dataprep.errors import SourceError
from dataprep.inputs import has_suffix_of_image, split_suffix
from dataprep.sources.parts.sidecars import below
from dataprep.sources.parts.splits import split_folders
from dataprep.sources.yolo.config import Config, Skeleton, parse
from dataprep.sources.yolo.lines import looks_like_labels
from dataprep.sources.yolo.places import Named, label_name
from dataprep.survey import Suggestion, Survey, common_folder

_CONFIG = "data.yaml"
_LABELS = "labels"
_ID = re.compile(r"(\d{1,4})(?:\.0*)?")
# So many label files are looked into, spread over all of them.
_MOST_FILES = 200


@dataclass(frozen=True, slots=True)
class _Lines:
    """What a look at some label files found.

    Attributes:
        counts: how many lines have how many fields.
        most: the largest class id.
    """

    counts: Mapping[int, int]
    most: int


class _Lost(NamedTuple):
    """A data.yaml that names classes, but no images that are here.

    Attributes:
        config: what it says.
        why: what it names in vain.
    """

    config: Config
    why: str


def recognise(survey: Survey) -> Suggestion | None:
    """A data.yaml and the images that it names, or images that have labels where these must lie."""
    lost: _Lost | None = None
    for name in sorted(survey.ending(".yaml", ".yml"), key=_preference):
        try:
            config = parse(survey.content(name), name)
        except SourceError:
            continue
        if not config.names:
            continue
        found = _with_config(survey, name, config)
        if isinstance(found, Suggestion):
            return found
        if name == _CONFIG:
            # The reader takes its classes, whatever else it says; those of another file say nothing of these images.
            lost = found
    return _without_splits(survey, lost)


def _preference(name: str) -> tuple[bool, int, str]:
    return name.rpartition("/")[2] != _CONFIG, name.count("/"), name


def _with_config(survey: Survey, name: str, config: Config) -> Suggestion | _Lost:
    folder = posixpath.dirname(name) or "."
    try:
        chosen = Named(survey.root, survey.files, [], config, name, folder).chosen(config.splits)
    except SourceError as error:
        return _Lost(config, str(error))
    images = [image for image in chosen.splits if has_suffix_of_image(image)]
    texts = [text for image in images if (text := label_name(image, _LABELS)) in survey.files]
    if not images:
        return _Lost(config, f"{name} names no images")
    lines = _looked(survey, texts)
    options, reasons, doubts = _task(lines, config.skeleton)
    if name != _CONFIG:
        options["config"] = name
    counts = Counter(chosen.splits[image] for image in images)
    said = ", ".join(f"{count:,} for {split}" for split, count in counts.items())
    reasons.insert(0, f"{name} names {len(config.names)} classes, and images that are here: {said}")
    reasons.append(f"{len(texts):,} of them have labels in the folder that labels must be in")
    if chosen.several:
        doubts.append(f"split: {len(chosen.several):,} images are named for two splits; each stays in the first")
    if chosen.refusals:
        doubts.append(f"{len(chosen.refusals):,} lines of its lists name no image that is here")
    split = {"by": "source"} if len(counts) > 1 else None
    return Suggestion(options, tuple(reasons), tuple(doubts), split, 1.0 if lines.counts else 0.3)


def _without_splits(survey: Survey, lost: _Lost | None) -> Suggestion | None:
    """Images that have labels where these must lie; only the names of classes are from a data.yaml."""
    pairs = {image: text for image in survey.images if (text := label_name(image, _LABELS)) in survey.files}
    if not pairs:
        return None
    lines = _looked(survey, list(pairs.values()))
    if not lines.counts:
        return None
    images = common_folder(list(pairs))
    inside = [name for name in survey.images if images == "." or name.startswith(f"{images}/")]
    options, reasons, doubts = _task(lines, lost.config.skeleton if lost else None)
    options["images"] = images
    if lost is not None and len(lost.config.names) > lines.most:
        reasons.append(f"{_CONFIG} names {len(lost.config.names)} classes")
        doubts.append(f"images: all of a folder, for what {_CONFIG} names is not here ({lost.why})")
    else:
        options["classes"], said = _classes(survey, lines.most)
        doubts.append(said)
    reasons.insert(0, f"{len(pairs):,} of {len(inside):,} images have a text with YOLO's lines where labels must lie")
    if len(inside) > len(pairs):
        doubts.append(f"{len(inside) - len(pairs):,} images have no label file, and count as images without objects")
    split = split_folders(below(name, images) for name in inside)
    return Suggestion(options, tuple(reasons), tuple(doubts), split, 0.9 * len(pairs) / len(inside))


def _looked(survey: Survey, texts: Sequence[str]) -> _Lines:
    counts: Counter[int] = Counter()
    most = 0
    for name in texts[:: max(1, len(texts) // _MOST_FILES)]:
        content = survey.content(name)
        if not looks_like_labels(content):
            continue
        for line in content.decode("utf-8-sig", "replace").splitlines():
            fields = line.split()
            if fields:
                counts[len(fields)] += 1
                found = _ID.fullmatch(fields[0])
                most = max(most, int(found[1])) if found else most
    return _Lines(counts, most)


def _task(lines: _Lines, skeleton: Skeleton | None) -> tuple[dict[str, Any], list[str], list[str]]:
    """The task that the lines seen are of, with reasons and doubts; the reader itself never guesses it."""
    counts = set(lines.counts)
    if skeleton is not None and counts == {5 + skeleton.count * skeleton.values}:
        return {"task": "pose"}, [f"lines have the {skeleton.count} keypoints that kpt_shape says"], []
    if counts == {5}:
        return {"task": "detect"}, ["lines have 5 fields, a class and a box"], []
    if not counts:
        return {"task": "detect"}, [], ["task: no label file has a line, so what they would hold is not known"]
    if all(count % 2 and count > 5 for count in counts):
        doubts = ["task: lines of nine fields may be boxes that are turned, and not outlines"] * (counts == {9})
        return {"task": "segment"}, ["lines have a class and pairs of numbers, as outlines have"], doubts
    only = next(iter(counts))
    if len(counts) == 1 and only > 6:
        values = 3 if (only - 5) % 3 == 0 else 2
        names = [f"point_{index}" for index in range((only - 5) // values)]
        options = {"task": "pose", "keypoints": {"names": names}, "keypoint_values": values}
        doubt = "keypoints: nothing says how many there are, nor their names, nor which are left and right"
        return options, [f"lines have {only} fields each, as a box and keypoints have"], [doubt]
    task = "segment" if max(counts) > 6 else "detect"
    found = ", ".join(str(count) for count in sorted(counts)[:9])
    return {"task": task}, [], [f"task: lines have {found} fields, and no task has all of these; some will be rejected"]


def _classes(survey: Survey, most: int) -> tuple[list[str], str]:
    """Names of classes from a list beside the labels, or numbers."""
    for name in survey.files:
        if name.rpartition("/")[2] == "classes.txt" or split_suffix(name)[1] == ".names":
            lines = [line.strip() for line in survey.content(name).decode("utf-8", "replace").splitlines()]
            names = [line for line in lines if line]
            if len(names) > most and len(set(names)) == len(names):
                return names, f"classes: taken from {name}, in its order"
    return [str(id) for id in range(most + 1)], "classes: no file names them; put their names here, in the order of ids"
