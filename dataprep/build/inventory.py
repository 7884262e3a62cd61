"""The records of a build, and what they are known by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from dataprep.build.files import Files
from dataprep.build.fingerprint import Fingerprints
from dataprep.build.recipe import Recipe
from dataprep.build.versions import render_versions, versions
from dataprep.build.work import Work
from dataprep.inputs import Record
from dataprep.manifest import LoadedManifest

# Called with what is being done, how many inputs it is done for, and how many there are.
Progress = Callable[[str, int, int], None]

# Files between two calls of it while sources are looked at.
_STEP = 200


@dataclass(slots=True)
class Item:
    """A record on its way: digests of its file and of its labels, and its fingerprint; None until they are known."""

    record: Record
    source: str | None = None
    labels: str | None = None
    fingerprint: str | None = None


class Inventory:
    """All records of a build.

    Attributes:
        files: the digests of their files.
        recipe: what is done to each.
        prints: how they are fingerprinted.
        items: the records in the store's order.
        planned: each record's split as planned, by key, before near-duplicates move any.
    """

    def __init__(self, loaded: LoadedManifest, work: Work, files: Files, limit: int | None) -> None:
        """Takes stock of nothing yet."""
        self.files = files
        self.recipe = Recipe.of(loaded.manifest, work.keypoints)
        self.prints = Fingerprints(self.recipe, render_versions())
        self.items = [Item(record) for record in work.records]
        self.planned = {record.key: record.split for record in work.records}
        self._loaded, self._work, self._limit = loaded, work, limit
        # Larger files are rejected, in every build anew.
        self._most = self.recipe.memory_mb << 20
        self._looked = False

    def look(self, progress: Progress | None) -> None:
        """Looks at every file, once: one that looks as before needs no reading."""
        if self._looked:
            return
        self._looked = True
        for number, item in enumerate(self.items):
            if progress and number % _STEP == 0:
                progress("reading", number, self._work.inputs)
            item.source = self.files.digest(item.record.path, self._most)
            if item.source is not None:
                self.describe(item)

    def describe(self, item: Item) -> None:
        """Digests a record's labels."""
        record = item.record
        mask = (self.files.digest(record.mask, self._most) or "unreadable") if record.mask else None
        item.labels = self.prints.labels(record, mask)

    def identify(self) -> None:
        """Fingerprints every record that has been looked at."""
        for item in self.items:
            if item.source is not None:
                item.fingerprint = self.prints.of(item.record, item.source, item.labels or "")

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
        for item in sorted(self.items, key=lambda item: item.record.key):
            key = item.record.key
            digest.update(f"{key}\0{self.planned[key]}\0{item.source}\0{item.labels}\0".encode())
        return digest.hexdigest()
