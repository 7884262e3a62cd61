"""The work of a build: what is not known yet is prepared, and the store is made."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from dataprep.build.alike import Alike
from dataprep.build.engine import Engine
from dataprep.build.interruption import deaf, on_interrupt, uninterrupted
from dataprep.build.inventory import Inventory, Item, Progress
from dataprep.build.prepare import Outcome
from dataprep.build.reasons import REVOCABLE_REASONS
from dataprep.build.reuse import Reuse
from dataprep.build.statistics import statistics
from dataprep.build.summary import Summary, failure, summarize
from dataprep.build.versions import versions
from dataprep.build.work import Work, place
from dataprep.errors import BuildInterrupted, DataprepError, StoreError
from dataprep.manifest import LoadedManifest
from dataprep.normalization import PRESETS, Normalization
from dataprep.pixels.encode import image_spec
from dataprep.split import HashSplit
from dataprep.store.assembly import Layout
from dataprep.store.content import Planned, Prepared
from dataprep.store.ledger import count
from dataprep.store.outcomes import UNSTABLE
from dataprep.store.write import Description, StoreWriter

# Outcomes kept in one transaction: large enough that commits cost little, small enough that a kill loses little, and
# that memory stays bounded.
_BATCH_SECONDS = 0.2
_BATCH_BYTES = 8 << 20


def run(
    loaded: LoadedManifest,
    work: Work,
    inventory: Inventory,
    store: Path,
    *,
    workers: int,
    limit: int | None,
    progress: Progress | None,
) -> Summary:
    """Does what a build has to do; see `dataprep.build.build.build`.

    Raises:
        BuildInterrupted: by Ctrl-C.
        StoreError: the store can't be written.
    """
    writer = StoreWriter(store)
    running = _Run(loaded, work, inventory, writer, progress)
    try:
        return running.run(workers, limit)
    except BaseException as error:
        with deaf():
            writer.suspend()
        if isinstance(error, KeyboardInterrupt):
            raise running.interrupted() from None
        if isinstance(error, SQLAlchemyError):
            raise StoreError(
                f"{store}: the store can't be written: {getattr(error, 'orig', None) or error}; make room or mend the "
                "disk, then build again: what is done is kept"
            ) from error
        raise


class _Run:
    """One build while it runs."""

    def __init__(
        self, loaded: LoadedManifest, work: Work, inventory: Inventory, writer: StoreWriter, progress: Progress | None
    ) -> None:
        self._loaded = loaded
        self._work = work
        self._inventory = inventory
        self._writer = writer
        self._progress = progress
        self._done = 0
        self._reuse = Reuse(writer.path, writer.outcomes, inventory.prints)
        # As the previous store has them.
        self._splits_before: dict[str, str] = {}
        # Prepared, and without samples all the same: nobody gains by doing these again.
        self._empty: set[str] = set()

    def run(self, workers: int, limit: int | None) -> Summary:
        """Does everything, and leaves the store in its place."""
        self._advance(len(self._work.refused))
        if self._reuse.possible:
            self._inventory.look(self._progress)
            self._inventory.identify()
            if self._reuse.stores and self._loaded.manifest.near_duplicates == "same_split":
                self._splits_before = self._reuse.stores[0].splits()
            self._reuse.take({item.fingerprint: item.record for item in self._items if item.fingerprint}, self._advance)
        if self._reuse.possible or self._reuse.damaged:
            self._reuse.explain((item.record, item.source, item.labels) for item in self._todo())
        limits = self._loaded.manifest.limits
        engine = Engine(self._inventory.recipe, workers, limits.seconds, limits.total_memory_mb)
        with engine, on_interrupt(engine.stop):
            layout = self._settle(engine)
        return self._finish(layout, limit)

    @property
    def _items(self) -> list[Item]:
        return self._inventory.items

    def _todo(self) -> list[Item]:
        return [item for item in self._items if item.fingerprint not in self._writer.outcomes.known]

    def _settle(self, engine: Engine) -> Layout:
        """Prepares records until nothing is missing: what looks alike may move records, or bring some back."""
        while True:
            self._keep(self._todo(), engine)
            if engine.stopped:
                raise KeyboardInterrupt
            plan = [Planned(item.fingerprint, item.record.split) for item in self._items if item.fingerprint]
            layout = self._writer.lay_out(plan)
            if not self._regrouped(layout):
                hollow = [one for one in layout.hollow() if one not in self._empty]
                if not hollow:
                    return layout
                self._writer.outcomes.forget(hollow)
                self._reuse.reopen(len(hollow))
            self._advance(-len(self._todo()))

    def _regrouped(self, layout: Layout) -> bool:
        """Does with near-duplicates what the manifest says; True when records have other splits now."""
        manifest = self._loaded.manifest
        alike = Alike(layout.looks(), {item.fingerprint: item.record.key for item in self._items if item.fingerprint})
        if manifest.near_duplicates == "drop":
            layout.drop(alike.superfluous())
            return False
        layout.connect(alike.firsts())
        if manifest.near_duplicates == "report" or not isinstance(manifest.split, HashSplit):
            return False
        splits = alike.splits([item.record.key for item in self._items], manifest.split)
        moved = [item for item in self._items if splits[item.record.key] != item.record.split]
        for item in moved:
            item.record = item.record._replace(split=splits[item.record.key])
            if item.fingerprint and not item.fingerprint.startswith(UNSTABLE):
                item.fingerprint = self._inventory.prints.of(item.record, item.source or "", item.labels or "")
        self._items.sort(key=lambda item: place(item.record))
        return bool(moved)

    def interrupted(self) -> BuildInterrupted:
        """What to say when Ctrl-C has ended the build."""
        kept = len(self._writer.outcomes.known)
        return BuildInterrupted(
            f"interrupted; {kept:,} of {len(self._items):,} images are done and kept; the same command goes on from "
            "there"
        )

    def _advance(self, number: int) -> None:
        self._done += number
        if self._progress:
            self._progress("building", self._done, self._work.inputs)

    def _keep(self, todo: list[Item], engine: Engine) -> None:
        batch: list[Prepared] = []
        size, last = 0, time.monotonic()
        items = iter(todo)
        try:
            for record, outcome in engine.run(item.record for item in todo):
                item = next(item for item in items if item.record is record)
                batch.append(self._prepared(item, outcome))
                self._advance(1)
                size += sum(len(sample.image) + len(sample.mask or b"") for sample in outcome.samples)
                if size > _BATCH_BYTES or time.monotonic() > last + _BATCH_SECONDS:
                    self._add(batch)
                    size, last = 0, time.monotonic()
        except KeyboardInterrupt:
            self._add(batch)
            raise
        self._add(batch)

    def _add(self, batch: list[Prepared]) -> None:
        with uninterrupted():
            self._writer.outcomes.add(batch)
            batch.clear()

    def _prepared(self, item: Item, outcome: Outcome) -> Prepared:
        item.source = None
        if outcome.source is not None:
            item.source, stamp = outcome.source
            self._inventory.files.remember(item.record.path, stamp, item.source)
        # The bytes that were prepared count, not those that were there when the work was planned.
        self._inventory.describe(item)
        fingerprint = self._inventory.prints.of(item.record, item.source or "unreadable", item.labels or "")
        item.fingerprint = fingerprint
        if outcome.row.reason in REVOCABLE_REASONS:
            fingerprint = item.fingerprint = UNSTABLE + fingerprint
        if not outcome.samples:
            self._empty.add(fingerprint)
        return Prepared(
            fingerprint,
            outcome.row,
            outcome.samples,
            item.source or "",
            item.labels or "",
            outcome.pixels,
            outcome.measures,
        )

    def _finish(self, layout: Layout, limit: int | None) -> Summary:
        work, manifest = self._work, self._loaded.manifest
        connection = layout.assemble(work.refused)
        counts, pixels = count(connection.exec_driver_sql), statistics(connection)
        train = pixels["train"]["scene"] if manifest.normalize == "auto_scene" else pixels["train"]
        failed = failure(self._loaded, work, counts, limited=limit is not None)
        description = Description(
            name=manifest.name,
            manifest=manifest.model_dump(mode="json", by_alias=True, exclude_unset=True),
            classes=work.classes,
            keypoints=_keypoints(work),
            image=image_spec(manifest.encode),
            normalize=_normalization(manifest.declared_normalization(), train, failed is not None)._asdict(),
            statistics={**pixels, "fills": [list(color) for color in manifest.fill_colors()]},
            versions=versions(),
            recipe=self._inventory.prints.parts,
            inputs=self._inventory.digest(),
            target_bytes=manifest.shards.target_bytes,
        )
        final, digest = self._writer.finish(description, failed=failed is not None)
        return summarize(
            manifest,
            final,
            digest,
            counts,
            limited_to=limit,
            failure=failed,
            reused=dict(self._reuse.reused),
            redone=dict(self._reuse.redone),
            moved=self._moved() if manifest.near_duplicates == "same_split" else [],
        )

    def _moved(self) -> list[str]:
        """Keys of records that the previous store has in another split."""
        before = self._splits_before
        return [
            f"{item.record.key}: {before[item.record.key]} -> {item.record.split}"
            for item in self._items
            if before.get(item.record.key, item.record.split) != item.record.split
        ]


def _keypoints(work: Work) -> dict[str, Any] | None:
    if work.keypoints is None:
        return None
    return {"names": list(work.keypoints.names), "pairs": [list(pair) for pair in work.keypoints.indices]}


def _normalization(declared: Normalization | None, pixels: dict[str, Any], failed: bool) -> Normalization:
    if declared is not None:
        return declared
    if failed and not pixels["pixels"]:
        return PRESETS["zero_one"]  # nobody will train on it; what failed is said elsewhere
    if not pixels["pixels"]:
        raise DataprepError("normalize: auto wants pixels in the train split, and it is empty; declare a mean instead")
    # A channel without any variation would divide by 0; its pixels all become 0 by any divisor.
    std = [value if value > 0 else 1.0 for value in pixels["std"]]
    return Normalization.of(tuple(pixels["mean"]), (std[0], std[1], std[2]))
