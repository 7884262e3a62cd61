"""The records of a build, and what they are known by."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from dataprep.build.files import Files
from dataprep.build.fingerprint import Fingerprints
from dataprep.build.recipe import Recipe
from dataprep.build.untouched import Noted, look_over
from dataprep.build.versions import render_versions, versions
from dataprep.build.work import Work, place
from dataprep.inputs import Record
from dataprep.manifest import LoadedManifest
from dataprep.store.content import Planned
from dataprep.store.digests import Digests

DIGEST_BYTES = 32

# Called with what is being done, how many inputs it is done for, and how many there are.
Progress = Callable[[str, int, int], None]

# What stands for a digest that is not known.
_NONE = bytes(DIGEST_BYTES)


class Item(NamedTuple):
    """A record on its way, and its number in the inventory."""

    number: int
    record: Record


class Inventory:
    """All records of a build, in the order in which they were planned.

    However many there are, little is kept of each: the packed record, two digests, a number.

    Attributes:
        files: the digests of their files.
        recipe: what is done to each.
        prints: how they are fingerprinted.
        outcomes: the id of what became of each (`dataprep.store.outcomes`); 0 until that is known.
        recognised: whether all files were seen to be as they were together, and none by itself.
    """

    def __init__(self, loaded: LoadedManifest, work: Work, files: Files, limit: int | None) -> None:
        """Takes stock of nothing yet."""
        self.files = files
        self.recipe = Recipe.of(loaded.manifest, work.keypoints)
        self.prints = Fingerprints(self.recipe, render_versions())
        count = len(work.records)
        self.outcomes = array("Q", bytes(8 * count))
        self._sources, self._labels = Digests(count), Digests(count)
        self._masks = Digests()  # of as many, where there are any
        # The splits of records that near-duplicates have moved.
        self._moved: dict[int, str] = {}
        self._loaded, self._work, self._limit = loaded, work, limit
        # Larger files are rejected, in every build anew.
        self._most = self.recipe.memory_mb << 20
        self._looked = False
        self.recognised = False

    def __len__(self) -> int:
        return len(self.outcomes)

    def items(self) -> Iterator[Item]:
        """All records, each with its split as it is now."""
        for number, record in enumerate(self._work.records):
            split = self._moved.get(number)
            yield Item(number, record if split is None else record._replace(split=split))

    def missing(self) -> Iterator[Item]:
        """The records without outcome; those that get one while this goes on are left out."""
        return (item for item in self.items() if not self.outcomes[item.number])

    def heads(self) -> Iterator[tuple[str, str]]:
        """Key and split of every record, as it is now."""
        for number, (key, split) in enumerate(self._work.records.heads()):
            yield key, self._moved.get(number, split)

    def plan(self) -> Iterator[Planned]:
        """The records that have an outcome, in the order of a store."""
        found = zip(self.outcomes, self.heads(), strict=True)
        planned = ((Planned(outcome, split), key) for outcome, (key, split) in found if outcome)
        if not self._moved:
            return (one for one, _ in planned)
        return (one for one, _ in sorted(planned, key=lambda one: place(one[0].split, one[1])))

    def pack(self) -> Work:
        """What there is to do, from now on in little memory."""
        self._work = self._work.packed()
        return self._work

    def look(self, progress: Progress | None, noted: Noted | None = None) -> None:
        """Looks at every file, once: one that looks as before needs no reading.

        Args:
            progress: see `dataprep.build.build.build`.
            noted: what is noted of them all together.
        """
        if self._looked:
            return
        self._looked = True
        if noted is not None and self._recognise(noted):
            return
        number = 0
        for block in self._work.records.blocks():
            if progress:
                progress("reading", number, self._work.inputs)
            self.files.recall([path for record in block for path in _files(record)])
            for record in block:
                if (source := self.files.digest(record.path, self._most)) is not None:
                    self.describe(Item(number, record), source)
                number += 1

    def _recognise(self, noted: Noted) -> bool:
        """Takes the files' digests as noted, where all files are as they were."""
        paths = [path for record in self._work.records for path in _files(record)]
        if noted.files is None or len(noted.digests) != DIGEST_BYTES * len(paths):
            return False
        if look_over(paths, self._most) != noted.files:
            return False
        self.recognised = True
        if len(paths) == len(self):  # no masks
            self._sources = Digests()
            self._sources.append(noted.digests)
            for number, record in enumerate(self._work.records):
                self._labels[number] = bytes.fromhex(self.prints.labels(record, None))
            return True
        place = 0
        for number, record in enumerate(self._work.records):
            source, mask = (noted.digests[at : at + DIGEST_BYTES] for at in (place, place + DIGEST_BYTES))
            self._describe(number, record, source, mask)
            place += DIGEST_BYTES * len(_files(record))
        return True

    def seen(self) -> Iterator[tuple[str, bytes]]:
        """Locations of all files that records are made from, each with its digest as far as that is known."""
        for number, record in enumerate(self._work.records):
            yield record.path, self._sources[number]
            if record.mask:
                yield record.mask, self._masks[number] if self._masks else _NONE

    def describe(self, item: Item, source: str | None) -> str:
        """Keeps the digest of a record's bytes, None where they can't be read, and that of its labels; gives that."""
        mask = self.files.digest(item.record.mask, self._most) if item.record.mask else None
        known = (bytes.fromhex(one) if one else _NONE for one in (source, mask))
        return self._describe(item.number, item.record, *known)

    def _describe(self, number: int, record: Record, source: bytes, mask: bytes) -> str:
        read = None
        if record.mask:
            if not self._masks:
                self._masks = Digests(len(self))
            self._masks[number] = mask
            read = "unreadable" if mask == _NONE else mask.hex()
        labels = self.prints.labels(record, read)
        self._sources[number] = source
        self._labels[number] = bytes.fromhex(labels)
        return labels

    def described(self) -> Iterator[tuple[Record, str | None, str | None]]:
        """Every record without outcome, with the digests of its bytes and its labels; None where it can't be read."""
        for item in self.missing():
            source, labels = (digests[item.number] for digests in (self._sources, self._labels))
            known = source != _NONE
            yield item.record, source.hex() if known else None, labels.hex() if known else None

    def fingerprints(self) -> dict[str, int]:
        """Of every record that has been looked at, with its number."""
        found = {}
        for item in self.items():
            source, labels = (digests[item.number] for digests in (self._sources, self._labels))
            if source != _NONE:
                found[self.prints.of(item.record, source.hex(), labels.hex())] = item.number
        return found

    def move(self, splits: Mapping[str, str]) -> list[int]:
        """Gives records other splits.

        Args:
            splits: by key, of every record.

        Returns:
            The numbers of those that had another one.
        """
        moved = {number: splits[key] for number, (key, split) in enumerate(self.heads()) if splits[key] != split}
        self._moved |= moved
        return list(moved)

    def forget(self, outcomes: Collection[int]) -> None:
        """Takes away outcomes that are no longer there."""
        for number, outcome in enumerate(self.outcomes):
            if outcome in outcomes:
                self.outcomes[number] = 0

    def digest(self) -> str:
        """Of all that the store follows from."""
        work, manifest = self._work, self._loaded.manifest
        whole = [
            manifest.model_dump(mode="json", by_alias=True),
            versions(),
            self._limit,
            work.classes,
            work.keypoints and [work.keypoints.names, work.keypoints.indices],
            self.prints.parts,
            [[row.key, row.status, row.reason, row.note] for row in work.refused],
        ]
        digest = hashlib.sha256(json.dumps(whole, sort_keys=True).encode())
        # In the order and with the splits of the plan, before near-duplicates move any.
        for key, split in work.records.heads():
            digest.update(f"{key}\0{split}\0".encode())
        digest.update(self._sources.whole())
        digest.update(self._labels.whole())
        return digest.hexdigest()


def _files(record: Record) -> tuple[str, ...]:
    """The locations of all that a record is made from."""
    return (record.path, record.mask) if record.mask else (record.path,)
