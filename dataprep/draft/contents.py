"""What is to be learnt from a data set, by the labels that its records have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dataprep.build.work import Work
from dataprep.draft.doubt import Doubt
from dataprep.inputs import Record
from dataprep.labels import NOT_LABELLED
from dataprep.split import SPLITS

Task = Literal["classification", "detection", "landmarks", "segmentation", "nothing"]


@dataclass(frozen=True, slots=True)
class Contents:
    """What the records of a source hold.

    Attributes:
        records: how many there are.
        splits: how many in each split.
        refused: inputs that have their ledger row already, by status and reason.
        labels: instances by their kind.
        task: what they are for.
    """

    records: int
    splits: Mapping[str, int]
    refused: Mapping[str, int]
    labels: Mapping[str, int]
    task: Task

    @classmethod
    def of(cls, work: Work) -> Contents:
        """From what a build would do."""
        labels, splits = Counter[str](), Counter[str]()
        alone = True
        for record in work.records:
            labels.update(_instances(record))
            splits[record.split] += 1
            alone = alone and _shows_one(record)
        refused = Counter(f"{row.status}: {row.reason}" for row in work.refused)
        present = {kind: labels[kind] for kind in _KINDS if labels[kind]}
        return cls(
            len(work.records),
            {name: splits[name] for name in SPLITS if splits[name]},
            dict(sorted(refused.items())),
            present,
            _task(present, alone=alone),
        )


_KINDS = ("classes", "boxes", "keypoints", "polygons", "masks")


def _instances(record: Record) -> dict[str, int]:
    labels = record.labels
    return {
        "classes": labels.class_id is not None,
        "boxes": len(labels.boxes or ()),
        "keypoints": len(labels.keypoints or ()),
        "polygons": len(labels.polygons or ()),
        "masks": record.mask is not None or labels.mask is not None,
    }


def _task(labels: Mapping[str, int], *, alone: bool) -> Task:
    """What the labels are for; `alone` says whether each image shows one instance of keypoints."""
    if "keypoints" in labels and alone:
        return "landmarks"
    if "masks" in labels:
        return "segmentation"
    if {"boxes", "keypoints", "polygons"} & set(labels):
        return "detection"
    return "classification" if labels else "nothing"


def _shows_one(record: Record) -> bool:
    """Whether there is one instance of keypoints, and they span an area: then an image can be cut to them."""
    if record.labels.keypoints is None or len(record.labels.keypoints) != 1:
        return False
    (points,) = record.labels.keypoints.points
    seen = points[points[:, 2] != NOT_LABELLED, :2]
    return len(seen) > 1 and bool((np.ptp(seen, axis=0) > 0).all())


def alike_names(classes: Sequence[str]) -> Doubt | None:
    """What is not sure about names of classes that differ only in case, blanks or marks: one is often a slip."""
    first: dict[str, str] = {}
    for name in classes:
        plain = re.sub(r"[\W_]+", "", name.casefold()) or name
        other = first.setdefault(plain, name)
        if other != name:
            return Doubt(f"classes: {other!r} and {name!r} are two classes here; are they one?", "classes")
    return None
