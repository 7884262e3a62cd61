"""What of a folder looks like shards."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any

from pydantic import BaseModel

from dataprep.errors import SourceError
from dataprep.inputs import IMAGE_SUFFIXES
from dataprep.json_text import JsonError, loads
from dataprep.locations import read
from dataprep.sources.parts.splits import SPLIT_NAMES, SplitName
from dataprep.sources.shards.files import SUFFIX, Shard
from dataprep.sources.shards.labels import Fields
from dataprep.sources.shards.samples import Sample, samples
from dataprep.survey import Suggestion, Survey

# What an export of ours writes beside its shards: names of classes and keypoints.
DESCRIPTION = "dataset.json"
_WORD = re.compile(r"[a-z]+")


def recognised(survey: Survey) -> Suggestion | None:
    """The suggestion for a folder of shards, or for one shard."""
    alone = survey.root.suffix.lower() == SUFFIX and survey.root.is_file()
    names = [survey.root.name] if alone else survey.ending(SUFFIX)
    if not names or any("\0" in survey.files[name] for name in names if not alone):
        return None
    shard = Shard(names[0], survey.root if alone else survey.root / names[0])
    try:
        found, _ = samples(shard, "")
    except SourceError:
        return None
    images = [one for one in found if any(f".{extension}" in IMAGE_SUFFIXES for extension in one.members)]
    beside = {extension for one in images for extension in ("cls", "json", "txt") if extension in one.members}
    ours = "cls" in beside or _has_fields(images)
    if not images or 2 * len(images) < len(found) or (alone and not beside):
        return None
    what = " and ".join(sorted(beside)) or "nothing else"
    reasons = (f"{shard.name} holds {len(images):,} images with {what} of the same name beside them",)
    doubts = [] if beside else [f"the images in {shard.name} have no labels beside them"]
    splits = {} if alone else _splits(names)
    options: dict[str, Any] = {} if alone else {"shards": splits or "."}
    options |= _described(survey, doubts)
    # A folder of tars can be nothing else; one tar may hold another format that has its files side by side.
    confidence = (0.9 if ours else 0.3) if alone else (1.0 if beside else 0.5)
    return Suggestion(options, reasons, tuple(doubts), {"by": "source"} if splits else None, confidence)


def _has_fields(images: Sequence[Sample]) -> bool:
    """Whether the first JSON has a field that we would read."""
    first = next((one.members["json"][1] for one in images if "json" in one.members), None)
    if first is None:
        return False
    try:
        value = loads(read(first))
    except (OSError, JsonError):
        return False
    return isinstance(value, dict) and bool(value.keys() & set(Fields().model_dump(by_alias=True).values()))


def _splits(names: Sequence[str]) -> dict[SplitName, Any]:
    """Patterns for each split, where a name, or else its folder, has one in it; none where not all do."""
    found: dict[SplitName, list[str]] = {}
    for name in names:
        path = PurePosixPath(name)
        said = ({*_WORD.findall(part.lower())} & SPLIT_NAMES.keys() for part in (path.name, *reversed(path.parts[:-1])))
        words = next((some for some in said if some), set())
        if len(words) != 1:
            return {}
        found.setdefault(SPLIT_NAMES[words.pop()], []).append(name)
    return {split: _pattern(mine, names) for split, mine in sorted(found.items())}


def _pattern(mine: Sequence[str], names: Sequence[str]) -> str | list[str]:
    """One pattern for some names that no other matches, or all of them."""
    parts = [re.split(r"\d+", name) for name in mine]
    pattern = "*".join(parts[0]) if all(part == parts[0] for part in parts) else ""
    expression = re.compile(re.escape(pattern).replace(r"\*", "[^/]*"))
    return pattern if [name for name in names if expression.fullmatch(name)] == list(mine) else list(mine)


class _Points(BaseModel):
    names: list[str]
    pairs: list[tuple[int, int]] = []


class _Description(BaseModel):
    """What of our export's description becomes options."""

    classes: list[str]
    keypoints: _Points | None = None


def _described(survey: Survey, doubts: list[str]) -> Mapping[str, Any]:
    """Classes and keypoints, as our export describes them."""
    # Pydantic's and our own errors are ValueErrors: another program's file of that name says nothing to us.
    with suppress(KeyError, IndexError, ValueError):
        found = _Description.model_validate(loads(survey.content(DESCRIPTION)))
        options: dict[str, Any] = {"classes": found.classes} if found.classes else {}
        if found.keypoints is not None:
            names = found.keypoints.names
            pairs = [[names[left], names[right]] for left, right in found.keypoints.pairs]
            options["keypoints"] = {"names": names, **({"pairs": pairs} if pairs else {})}
        return options
    doubts.append("classes that are numbers have no names: classes gives them in the order of the numbers")
    return {}
