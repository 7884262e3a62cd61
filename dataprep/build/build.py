"""A build: manifest in, store out."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from dataprep import __version__
from dataprep.build.alike import Alike
from dataprep.build.engine import Engine
from dataprep.build.files import Files
from dataprep.build.fingerprint import REVOCABLE_REASONS, Fingerprints
from dataprep.build.interruption import deaf, on_interrupt, uninterrupted
from dataprep.build.prepare import Outcome, Recipe
from dataprep.build.reuse import Reuse
from dataprep.build.statistics import statistics
from dataprep.build.summary import Summary, failure, summarize
from dataprep.build.work import Work, place, plan_work
from dataprep.errors import BuildInterrupted, DataprepError, StoreError
from dataprep.inputs import Record
from dataprep.manifest import LoadedManifest
from dataprep.normalization import PRESETS, Normalization
from dataprep.split import HashSplit
from dataprep.store.assembly import Layout
from dataprep.store.content import Planned, Prepared
from dataprep.store.ledger import count
from dataprep.store.outcomes import UNSTABLE
from dataprep.store.read import Store
from dataprep.store.write import Description, StoreWriter

# Raised whenever the same inputs would give other pixels or labels.
RENDER_VERSION = 3
# Outcomes kept in one transaction: large enough that commits cost little, small enough that a kill loses little, and
# that memory stays bounded.
_BATCH_SECONDS = 0.2
_BATCH_BYTES = 8 << 20

Progress = Callable[[int, int], None]


def build(
    loaded: LoadedManifest,
    store: Path,
    *,
    workers: int = 1,
    limit: int | None = None,
    rehash: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Builds a store, from what earlier builds left where that still holds.

    Args:
        loaded: the manifest.
        store: where the store shall be.
        workers: processes that decode and render.
        limit: take only so many inputs, in hash order, so that they are mixed.
        rehash: read every source file, also those that look unchanged.
        progress: called with (inputs done, inputs in all).

    Returns:
        The summary; with a `failure`, the store stands at ``STORE.failed``, and an older one is untouched.

    Raises:
        BuildInterrupted: by Ctrl-C; the same build goes on from there.
        DataprepError: the source or the store can't be used at all.
    """
    started = time.monotonic()
    work = plan_work(loaded, limit)
    if not work.inputs:
        raise DataprepError(f"{loaded.root}: the source has no inputs; check source.root and source.images")
    writer = StoreWriter(store)
    build = _Build(loaded, work, writer, Files(store, rehash=rehash), progress)
    try:
        found = build.run(workers, limit)
    except BaseException as error:
        with deaf():
            writer.suspend()
            build.files.save()
        if isinstance(error, KeyboardInterrupt):
            raise build.interrupted() from None
        if isinstance(error, SQLAlchemyError):
            raise StoreError(
                f"{store}: the store can't be written: {getattr(error, 'orig', None) or error}; make room or mend the "
                "disk, then build again: what is done is kept"
            ) from error
        raise
    build.files.save()
    return found.timed(time.monotonic() - started)


@dataclass(slots=True)
class _Step:
    """A record on its way: what it is known by."""

    record: Record
    source: str | None = None
    labels: str | None = None
    fingerprint: str | None = None


class _Build:
    """One build while it runs."""

    def __init__(
        self, loaded: LoadedManifest, work: Work, writer: StoreWriter, files: Files, progress: Progress | None
    ) -> None:
        self.files = files
        self._loaded = loaded
        self._work = work
        self._writer = writer
        self._progress = progress
        self._done = 0
        self._recipe = Recipe.of(loaded.manifest, work.keypoints)
        self._prints = Fingerprints(self._recipe, render_versions())
        self._reuse = Reuse(writer.path, writer.outcomes, self._prints)
        self._steps = [_Step(record) for record in work.records]
        # As planned, before near-duplicates move any; and as the previous store has them.
        self._splits = {record.key: record.split for record in work.records}
        self._splits_before: dict[str, str] = {}
        # Prepared, and without samples all the same: nobody gains by doing these again.
        self._empty: set[str] = set()

    def run(self, workers: int, limit: int | None) -> Summary:
        """Does everything, and leaves the store in its place."""
        self._advance(len(self._work.refused))
        if self._reuse.possible:
            self._fingerprint()
            unchanged = self._unchanged(limit)
            if unchanged is not None:
                return unchanged
            if self._reuse.stores and self._loaded.manifest.near_duplicates == "same_split":
                self._splits_before = self._reuse.stores[0].splits()
            self._reuse.take({step.fingerprint: step.record for step in self._steps if step.fingerprint}, self._advance)
        if self._reuse.possible:
            self._reuse.explain((step.record, step.source, step.labels) for step in self._todo())
        limits = self._loaded.manifest.limits
        engine = Engine(self._recipe, workers, limits.seconds, limits.total_memory_mb)
        with engine, on_interrupt(engine.stop):
            layout = self._settle(engine)
        return self._finish(layout, limit)

    def _todo(self) -> list[_Step]:
        return [step for step in self._steps if step.fingerprint not in self._writer.outcomes.known]

    def _settle(self, engine: Engine) -> Layout:
        """Prepares records until nothing is missing: what looks alike may move records, or bring some back."""
        while True:
            self._keep(self._todo(), engine)
            if engine.stopped:
                raise KeyboardInterrupt
            plan = [Planned(step.fingerprint, step.record.split) for step in self._steps if step.fingerprint]
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
        alike = Alike(layout.looks(), {step.fingerprint: step.record.key for step in self._steps if step.fingerprint})
        if manifest.near_duplicates == "drop":
            layout.drop(alike.superfluous())
            return False
        layout.connect(alike.firsts())
        if manifest.near_duplicates == "report" or not isinstance(manifest.split, HashSplit):
            return False
        splits = alike.splits([step.record.key for step in self._steps], manifest.split)
        moved = [step for step in self._steps if splits[step.record.key] != step.record.split]
        for step in moved:
            step.record = step.record._replace(split=splits[step.record.key])
            if step.fingerprint and not step.fingerprint.startswith(UNSTABLE):
                step.fingerprint = self._prints.of(step.record, step.source or "", step.labels or "")
        self._steps.sort(key=lambda step: place(step.record))
        return bool(moved)

    def interrupted(self) -> BuildInterrupted:
        """What to say when Ctrl-C has ended the build."""
        kept = len(self._writer.outcomes.known)
        return BuildInterrupted(
            f"interrupted; {kept:,} of {len(self._steps):,} images are done and kept; the same command goes on from "
            "there"
        )

    def _advance(self, number: int) -> None:
        self._done += number
        if self._progress:
            self._progress(self._done, self._work.inputs)

    def _fingerprint(self) -> None:
        for step in self._steps:
            step.source = self.files.digest(step.record.path)
            if step.source is not None:
                self._identify(step, step.source)

    def _identify(self, step: _Step, source: str) -> str:
        record = step.record
        mask = (self.files.digest(record.mask) or "unreadable") if record.mask else None
        step.labels = self._prints.labels(record, mask)
        step.fingerprint = self._prints.of(record, source, step.labels)
        return step.fingerprint

    def _keep(self, todo: list[_Step], engine: Engine) -> None:
        batch: list[Prepared] = []
        size, last = 0, time.monotonic()
        steps = iter(todo)
        try:
            for record, outcome in engine.run(step.record for step in todo):
                step = next(step for step in steps if step.record is record)
                batch.append(self._prepared(step, outcome))
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

    def _prepared(self, step: _Step, outcome: Outcome) -> Prepared:
        step.source = None
        if outcome.source is not None:
            step.source, stamp = outcome.source
            self.files.remember(step.record.path, stamp, step.source)
        # The bytes that were prepared count, not those that were there when the work was planned.
        fingerprint = self._identify(step, step.source or "unreadable")
        if outcome.row.reason in REVOCABLE_REASONS:
            fingerprint = step.fingerprint = UNSTABLE + fingerprint
        if not outcome.samples:
            self._empty.add(fingerprint)
        return Prepared(
            fingerprint,
            outcome.row,
            outcome.samples,
            step.source or "",
            step.labels or "",
            outcome.pixels,
            outcome.measures,
        )

    def _inputs(self, limit: int | None) -> str:
        """A digest of all that the store follows from."""
        work, manifest = self._work, self._loaded.manifest
        whole = [
            manifest.model_dump(mode="json", by_alias=True),
            versions(),
            limit,
            work.classes,
            work.keypoints and [work.keypoints.names, work.keypoints.indices],
            self._prints.parts,
            [[row.key, row.status, row.reason, row.note] for row in work.refused],
        ]
        digest = hashlib.sha256(json.dumps(whole, sort_keys=True).encode())
        for step in sorted(self._steps, key=lambda step: step.record.key):
            key = step.record.key
            digest.update(f"{key}\0{self._splits[key]}\0{step.source}\0{step.labels}\0".encode())
        return digest.hexdigest()

    def _unchanged(self, limit: int | None) -> Summary | None:
        """The summary of the store that is there, when a build could only make the same one again."""
        stores = self._reuse.stores
        if not stores or stores[0].path != self._writer.path or stores[0].inputs != self._inputs(limit):
            return None
        if stores[0].has(sorted(REVOCABLE_REASONS)):
            return None
        with Store(self._writer.path) as store, store.connect() as connection:
            found = summarize(
                self._loaded.manifest,
                self._writer.path,
                store.dataset.digest,
                count(connection),
                limited_to=limit,
                failure=None,
                reused={"previous store": len(self._steps)},
                redone={},
            )
        self._advance(len(self._steps))
        self._writer.suspend()
        return found

    def _finish(self, layout: Layout, limit: int | None) -> Summary:
        work, manifest = self._work, self._loaded.manifest
        connection = layout.assemble(work.refused)
        counts, pixels = count(connection), statistics(connection)
        train = pixels["train"]["scene"] if manifest.normalize == "auto_scene" else pixels["train"]
        failed = failure(self._loaded, work, counts, limited=limit is not None)
        description = Description(
            name=manifest.name,
            manifest=manifest.model_dump(mode="json", by_alias=True, exclude_unset=True),
            classes=work.classes,
            keypoints=_keypoints(work),
            format=manifest.encode.format,
            normalize=_normalization(manifest.declared_normalization(), train, failed is not None)._asdict(),
            statistics={**pixels, "fills": [list(color) for color in manifest.fill_colors()]},
            versions=versions(),
            recipe=self._prints.parts,
            inputs=self._inputs(limit),
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
            f"{step.record.key}: {before[step.record.key]} -> {step.record.split}"
            for step in self._steps
            if before.get(step.record.key, step.record.split) != step.record.split
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


def render_versions() -> dict[str, str]:
    """Of everything that has a say in the bytes of a sample."""
    packages = ("numpy", "opencv-python-headless", "pillow", "simplejpeg")
    found = {"render": str(RENDER_VERSION), **{package: importlib.metadata.version(package) for package in packages}}
    with suppress(importlib.metadata.PackageNotFoundError):  # without it HEIC is rejected
        found["pillow-heif"] = importlib.metadata.version("pillow-heif")
    return found


def versions() -> dict[str, str]:
    """Of everything that has a say in the store."""
    return {"dataprep": __version__, **render_versions()}
