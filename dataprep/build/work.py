"""Plans the work: which inputs there are, which split each goes to, and in which order they are prepared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from dataprep.build.packed import Loose, Packed
from dataprep.build.shares import refuse_shares
from dataprep.errors import ManifestError, near
from dataprep.inputs import Record, Refusal
from dataprep.manifest import LoadedManifest
from dataprep.sources import KeypointNames
from dataprep.split import SPLITS, FolderSplit, assign
from dataprep.store.content import LedgerRow
from dataprep.store.sharding import record_hash


@dataclass(frozen=True, slots=True)
class Work:
    """What a build has to do.

    Attributes:
        classes: class names.
        keypoints: names and pairs; None without keypoints.
        records: to prepare, in the order of (split, hash of the key).
        refused: ledger rows of the inputs that need no worker, sorted by key.
    """

    classes: tuple[str, ...]
    keypoints: KeypointNames | None
    records: Loose | Packed
    refused: list[LedgerRow]

    @property
    def inputs(self) -> int:
        """How many inputs there are in all."""
        return len(self.records) + len(self.refused)

    def packed(self) -> Work:
        """The same, with records that take little memory."""
        return replace(self, records=Packed(self.records))


def plan_work(loaded: LoadedManifest, limit: int | None = None) -> Work:
    """What `list_work` says, in little memory."""
    return list_work(loaded, limit).packed()


def list_work(loaded: LoadedManifest, limit: int | None = None) -> Work:
    """Reads the source, and decides everything that needs no pixels.

    Args:
        loaded: the manifest.
        limit: keep only so many inputs, in hash order.

    Raises:
        SourceError: the source can't be read, or holds shares of the image where pixels are declared.
        ManifestError: the split contradicts itself.
    """
    split = loaded.manifest.split
    listing = loaded.source.read(loaded.root, split_folders=isinstance(split, FolderSplit))
    refuse_shares(loaded, listing.records)
    names = listing.keypoints.names if listing.keypoints else ()
    for step in loaded.manifest.steps():
        for name in step.needs():
            if name not in names:
                raise ManifestError(f"{loaded.path}: {step.name} names the keypoint {name!r}{near(name, names)}")
    refusals = list(listing.refusals)
    assignment = assign(
        split,
        [record.key for record in listing.records],
        [name for one in refusals for name in (one.key, one.meant) if name],
        loaded.root,
        {record.key: record.split for record in listing.records if record.split},
    )
    refusals += [Refusal(key, "filtered", reason, note) for key, reason, note in assignment.unlisted]
    refusals += [Refusal(name, "rejected", "listed_missing", note) for name, note in assignment.missing]
    refusals += [
        Refusal(key, "rejected", "no_group", "split.group does not match the key, so it has no group")
        for key in assignment.ungrouped
    ]
    splits = assignment.splits
    records = [record for record in listing.records if record.key in splits]
    if limit is not None:
        inputs: list[Record | Refusal] = [*records, *refusals]
        kept = sorted(inputs, key=lambda one: record_hash(one.key))[:limit]
        records = [one for one in kept if isinstance(one, Record)]
        refusals = [one for one in kept if isinstance(one, Refusal)]
    refusals.sort(key=lambda refusal: (refusal.key, refusal.status, refusal.reason))
    rows = [LedgerRow(one.key, one.status, one.reason, one.note) for one in refusals]
    classes, keypoints = listing.classes, listing.keypoints
    del listing, assignment
    return Work(classes, keypoints, _in_order(records, splits), rows)


def _in_order(records: list[Record], splits: Mapping[str, str]) -> Loose:
    """The records in the order of a store, each with its split; takes the list for its own."""
    # Side by side: as objects, what they are sorted by takes as much again as half of the record.
    places = bytearray()
    for index, record in enumerate(records):
        split = splits[record.key]
        places += place(split, record.key)
        if record.split != split:
            # As `_replace` does it, in a quarter of the time.
            records[index] = Record._make((*record[:_SPLIT], split, *record[_SPLIT + 1 :]))
    order = np.argsort(np.frombuffer(places, f"S{_PLACE_BYTES}"))
    return Loose(records[index] for index in order.tolist())


_SPLIT = Record._fields.index("split")
# A split's number, and a SHA-256.
_PLACE_BYTES = 33


def place(split: str, key: str) -> bytes:
    """The place of a record in the order of a store."""
    return bytes([SPLITS.index(split)]) + record_hash(key)
