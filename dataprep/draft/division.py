"""Which split each record goes to: as the files say, or by a hash that leaves no split empty."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dataprep.build.packed import Packed
from dataprep.build.work import Work
from dataprep.draft.doubt import Doubt
from dataprep.draft.frames import Frames, frames
from dataprep.inputs import Record
from dataprep.split import SPLITS, HashSplit

# Below so many images, a test split has too few to measure by.
_FEW = 100
# Seeds that are tried. With three keys, one in twenty gives each split one.
_SEEDS = 1000
# What each seed is off by because images are whole.
_ROUNDING = 2
# Reasons of records that no split takes.
_NOWHERE = ("not_listed", "no_split_folder", "no_split")


@dataclass(frozen=True, slots=True)
class Division:
    """How a data set is divided.

    Attributes:
        section: the manifest's ``split``.
        work: the records with their splits.
        frames: names that look like frames; only where the division is ours to choose.
        doubts: what is not sure about it.
    """

    section: Mapping[str, Any]
    work: Work
    frames: Frames | None
    doubts: tuple[Doubt, ...]

    @classmethod
    def of(cls, section: Mapping[str, Any], work: Work) -> Division:
        """Divides records as a section says; the mere ``{by: hash}`` leaves the rest to choose."""
        if section == {"by": "hash"}:
            return cls._by_hash(work)
        return cls(section, work, None, tuple(Doubt(text, "split") for text in _oddities(work)))

    @classmethod
    def _by_hash(cls, work: Work) -> Division:
        split = hash_split([record.key for record in work.records])
        records = Packed(record._replace(split=split.split_of(record.key)) for record in work.records)
        found = frames({record.key: _class_of(record) for record in records})
        texts = [_too_few(split, len(records)), _alike(found)]
        return cls(
            {"by": "hash", **split.shares(), "seed": split.seed},
            replace(work, records=records),
            found,
            tuple(Doubt(text, "split") for text in texts if text),
        )


def hash_split(keys: Sequence[str]) -> HashSplit:
    """The default split, with the first seed that gives about the shares, and leaves no split empty.

    A build fails on an empty split, and of few images most seeds would give one.

    Args:
        keys: of all records.

    Returns:
        The split; where no seed comes close, the one that comes closest; all of it in train where there are fewer
        images than splits.
    """
    best, least = HashSplit(train=1, val=0, test=0), math.inf
    for seed in range(_SEEDS):
        split = HashSplit(seed=seed)
        counts = Counter(map(split.split_of, keys))
        off = sum(abs(counts[name] - share * len(keys)) for name, share in split.shares().items())
        if off < least and len(counts) == len(SPLITS):
            best, least = split, off
            if off <= _ROUNDING + len(keys) / 10:
                break
    return best


def _too_few(split: HashSplit, count: int) -> str:
    if split.train == 1:
        return f"{count:,} images are too few for three splits, so all are in train"
    return f"of {count:,} images, val and test get too few to measure by" if count < _FEW else ""


def _alike(found: Frames | None) -> str:
    if found is None:
        return ""
    first, second = found.examples
    return (
        f"{first} and {second} look like frames of one of {found.subjects:,} subjects; where they do, `group` keeps "
        "each subject in one split, and `near_duplicates: same_split` what looks alike"
    )


def _class_of(record: Record) -> int | None:
    """The class of an image, or that of the first thing in it."""
    labels = record.labels
    if labels.class_id is not None:
        return labels.class_id
    return int(labels.boxes.classes[0]) if labels.boxes is not None and len(labels.boxes) else None


def _oddities(work: Work) -> list[str]:
    """What is odd in a split that the files name."""
    left = sum(row.reason in _NOWHERE for row in work.refused)
    taken = {record.split for record in work.records}
    found = [f"{left:,} images are in no split, and will be left out"] if left else []
    return found + [f"no image is in {name}" for name in SPLITS[:2] if taken and name not in taken]
