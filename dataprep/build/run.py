"""The work of a build: what is not known yet is prepared, and the store is made."""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from dataprep.build.alike import Alike
from dataprep.build.engine import Engine
from dataprep.build.interruption import deaf, on_interrupt, uninterrupted
from dataprep.build.inventory import Inventory, Item, Progress
from dataprep.build.machine import worthwhile
from dataprep.build.prepare import Outcome
from dataprep.build.reasons import REVOCABLE_REASONS
from dataprep.build.reuse import Reuse
from dataprep.build.statistics import statistics
from dataprep.build.summary import Summary
from dataprep.build.verdict import failure, summarize
from dataprep.build.versions import versions
from dataprep.build.work import Work
from dataprep.encoding import image_spec
from dataprep.errors import BuildInterrupted, DataprepError, StoreError
from dataprep.heap import give_back_memory
from dataprep.inputs import Record
from dataprep.manifest import LoadedManifest
from dataprep.normalization import PRESETS, Normalization
from dataprep.split import HashSplit
from dataprep.store.assembly import Layout
from dataprep.store.content import Prepared
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
    workers: int | None,
    limit: int | None,
    progress: Progress | None,
) -> Summary:
    """Does what a build has to do; see `dataprep.build.build.build`.

    Raises:
        BuildInterrupted: by Ctrl-C.
        StoreError: the store can't be written.
    """
    give_back_memory()  # to list the source took several times what is kept of it
    writer = StoreWriter(store)
    running = _Run(loaded, work, inventory, writer, progress)
    try:
        return running.run(workers, limit)
    except BaseException as error:
        with deaf():
            writer.suspend()
        if isinstance(error, KeyboardInterrupt):
            raise running.interrupted() from None
        if isinstance(error, SQLAlchemyError | sqlite3.Error):
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
        # Rejected for something that another split will not mend: nobody gains by doing these again.
        self._unstable: set[int] = set()

    def run(self, workers: int | None, limit: int | None) -> Summary:
        """Does everything, and leaves the store in its place."""
        self._advance(len(self._work.refused))
        if self._reuse.possible:
            self._inventory.look(self._progress)
            if self._reuse.stores and self._loaded.manifest.near_duplicates == "same_split":
                self._splits_before = self._reuse.stores[0].splits()
            self._reuse.take(self._inventory.fingerprints(), self._inventory.outcomes, self._advance)
        if self._reuse.possible or self._reuse.damaged:
            self._reuse.explain(self._inventory.described())
        limits = self._loaded.manifest.limits
        workers = workers or worthwhile(self._inventory.outcomes.count(0))
        engine = Engine(self._inventory.recipe, workers, limits.seconds, limits.total_memory_mb)
        with engine, on_interrupt(engine.stop):
            layout = self._settle(engine)
        return self._finish(layout, limit)

    def _settle(self, engine: Engine) -> Layout:
        """Prepares records until nothing is missing: what looks alike may move records, or bring some back."""
        inventory = self._inventory
        while True:
            self._keep(inventory.missing(), engine)
            if engine.stopped:
                raise KeyboardInterrupt
            layout = self._writer.lay_out(inventory.plan())
            if not self._regrouped(layout):
                hollow = layout.hollow()
                if not hollow:
                    return layout
                self._writer.outcomes.forget(hollow)
                inventory.forget(set(hollow))
                self._reuse.reopen(len(hollow))
            self._advance(-inventory.outcomes.count(0))

    def _regrouped(self, layout: Layout) -> bool:
        """Does with near-duplicates what the manifest says; True when records have other splits now."""
        manifest, inventory = self._loaded.manifest, self._inventory
        alike = Alike(layout)
        if manifest.near_duplicates == "drop":
            layout.drop(alike.superfluous())
            return False
        layout.connect(alike.firsts())
        if manifest.near_duplicates == "report" or not isinstance(manifest.split, HashSplit):
            return False
        moved = inventory.move(alike.splits([key for key, _ in inventory.heads()], manifest.split))
        for number in moved:
            if inventory.prints.varies and number not in self._unstable:
                inventory.outcomes[number] = 0
        return bool(moved)

    def interrupted(self) -> BuildInterrupted:
        """What to say when Ctrl-C has ended the build."""
        kept = self._writer.outcomes.count
        return BuildInterrupted(
            f"interrupted; {kept:,} of {len(self._inventory):,} images are done and kept; "
            "the same command goes on from there"
        )

    def _advance(self, number: int) -> None:
        self._done += number
        if self._progress:
            self._progress("building", self._done, self._work.inputs)

    def _keep(self, todo: Iterable[Item], engine: Engine) -> None:
        batch: list[tuple[int, Prepared]] = []
        size, last = 0, time.monotonic()
        given: deque[Item] = deque()
        try:
            for record, outcome in engine.run(_records(todo, given)):
                while (item := given.popleft()).record is not record:
                    pass  # it was lost when the engine was stopped
                batch.append((item.number, self._prepared(item, outcome)))
                self._advance(1)
                size += sum(len(sample.image) + len(sample.mask or b"") for sample in outcome.samples)
                if size > _BATCH_BYTES or time.monotonic() > last + _BATCH_SECONDS:
                    self._add(batch)
                    size, last = 0, time.monotonic()
        except KeyboardInterrupt:
            self._add(batch)
            raise
        self._add(batch)

    def _add(self, batch: list[tuple[int, Prepared]]) -> None:
        with uninterrupted():
            ids = self._writer.outcomes.add([prepared for _, prepared in batch])
            for (number, _), id in zip(batch, ids, strict=True):
                self._inventory.outcomes[number] = id
            batch.clear()

    def _prepared(self, item: Item, outcome: Outcome) -> Prepared:
        source = None
        if outcome.source is not None:
            source, stamp = outcome.source
            self._inventory.files.remember(item.record.path, stamp, source)
        # The bytes that were prepared count, not those that were there when the work was planned.
        labels = self._inventory.describe(item, source)
        fingerprint = self._inventory.prints.of(item.record, source or "unreadable", labels)
        if outcome.row.reason in REVOCABLE_REASONS:
            fingerprint = UNSTABLE + fingerprint
            self._unstable.add(item.number)
        return Prepared(
            fingerprint,
            outcome.row,
            outcome.samples,
            source or "",
            labels,
            outcome.pixels,
            outcome.measures,
        )

    def _finish(self, layout: Layout, limit: int | None) -> Summary:
        work, manifest = self._work, self._loaded.manifest
        connection = layout.assemble(work.refused, manifest.shards.target_bytes)
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
            f"{key}: {before[key]} -> {split}"
            for key, split in self._inventory.heads()
            if before.get(key, split) != split
        ]


def _records(items: Iterable[Item], given: deque[Item]) -> Iterator[Record]:
    """The records of some items, each of which joins those that were given out."""
    for item in items:
        given.append(item)
        yield item.record


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
