"""A build: manifest in, store out."""

from __future__ import annotations

import importlib.metadata
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dataprep import __version__
from dataprep.build.engine import Engine
from dataprep.build.prepare import Outcome, Recipe
from dataprep.build.statistics import PixelStatistics
from dataprep.build.work import Work, plan_work
from dataprep.errors import DataprepError
from dataprep.inputs import Record
from dataprep.manifest import LoadedManifest
from dataprep.normalization import PRESETS, Normalization
from dataprep.split import HashSplit, shares
from dataprep.store.content import STATUSES, LedgerRow
from dataprep.store.write import Description, StoreWriter

# Raised whenever the same inputs would give other pixels or labels.
RENDER_VERSION = 1
# Records written in one transaction: large enough that commits cost nothing, small enough to hold in memory.
_BATCH = 64

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a build did; `as_json` is what ``--json`` prints.

    ``accepted + rejected + duplicates + filtered == inputs``, always.
    """

    dataset: str
    digest: str
    store: str
    inputs: int
    accepted: int
    rejected: int
    duplicates: int
    filtered: int
    samples: int
    bytes: int
    elapsed_s: float
    splits: dict[str, int]
    asked: dict[str, float] | None
    actual: dict[str, float]
    reasons: dict[str, int]
    dropped: dict[str, int]
    limited_to: int | None
    failure: str | None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def build(
    loaded: LoadedManifest,
    store: Path,
    *,
    workers: int = 1,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Builds a store.

    Args:
        loaded: the manifest.
        store: where the store shall be.
        workers: processes that decode and render.
        limit: take only so many inputs, in hash order, so that they are mixed.
        progress: called with (inputs done, inputs in all).

    Returns:
        The summary; with a `failure`, the store stands at ``STORE.failed``, and an older one is untouched.

    Raises:
        DataprepError: the source or the store can't be used at all.
    """
    started = time.monotonic()
    manifest = loaded.manifest
    work = plan_work(loaded, limit)
    if not work.inputs:
        raise DataprepError(f"{loaded.root}: the source has no inputs; check source.root and source.images")
    recipe = Recipe.of(manifest, work.keypoints)
    tally, statistics = _Tally(), PixelStatistics()
    writer = StoreWriter(store)
    try:
        writer.add([(row, "", ()) for row in work.refused])
        for row in work.refused:
            tally.count(row, 0)
        with Engine(recipe, workers, manifest.limits.seconds, manifest.limits.total_memory_mb) as engine:
            outcomes = engine.run(work.records)
            _write(writer, work, outcomes, tally, statistics, progress)
        failure = _failure(loaded, work, writer.counts(), tally, limited=limit is not None)
        description = _describe(loaded, work, statistics.summary(), failed=failure is not None)
        final, digest = writer.finish(description, failed=failure is not None)
    except BaseException:
        writer.discard()
        raise
    counts = writer.counts()
    return Summary(
        dataset=manifest.name,
        digest=digest,
        store=str(final),
        inputs=work.inputs,
        accepted=tally.statuses["accepted"],
        rejected=tally.statuses["rejected"],
        duplicates=tally.statuses["duplicate"],
        filtered=tally.statuses["filtered"],
        samples=tally.samples,
        bytes=final.stat().st_size,
        elapsed_s=round(time.monotonic() - started, 3),
        splits=counts,
        asked=manifest.split.shares() if isinstance(manifest.split, HashSplit) else None,
        actual=shares(counts),
        reasons=dict(sorted(tally.reasons.items())),
        dropped=dict(sorted(tally.dropped.items())),
        limited_to=limit,
        failure=failure,
    )


class _Tally:
    """Counts of what became of the inputs."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter(dict.fromkeys(STATUSES, 0))
        self.reasons: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.samples = 0

    def count(self, row: LedgerRow, samples: int) -> None:
        self.statuses[row.status] += 1
        if row.reason:
            self.reasons[row.reason] += 1
        self.dropped.update(row.dropped)
        self.samples += samples


def _write(
    writer: StoreWriter,
    work: Work,
    outcomes: Iterator[tuple[Record, Outcome]],
    tally: _Tally,
    statistics: PixelStatistics,
    progress: Progress | None,
) -> None:
    batch: list[tuple[Record, Outcome]] = []

    def flush() -> None:
        writer.add([(outcome.row, record.split, outcome.samples) for record, outcome in batch])
        batch.clear()

    for done, pair in enumerate(outcomes, 1):
        record, outcome = pair
        batch.append(pair)
        tally.count(outcome.row, len(outcome.samples))
        if outcome.histogram is not None and record.split == "train":
            statistics.add(outcome.histogram)
        if len(batch) == _BATCH:
            flush()
        if progress:
            progress(len(work.refused) + done, work.inputs)
    flush()


def _failure(loaded: LoadedManifest, work: Work, counts: dict[str, int], tally: _Tally, *, limited: bool) -> str | None:
    limits, split = loaded.manifest.limits, loaded.manifest.split
    rejected = tally.statuses["rejected"]
    if rejected > limits.max_rejected * work.inputs:
        top = ", ".join(f"{reason} {count}" for reason, count in tally.reasons.most_common(3))
        return (
            f"{rejected} of {work.inputs} inputs were rejected, limits.max_rejected allows "
            f"{limits.max_rejected:.2%} ({top}); mend them, or raise the limit"
        )
    if not tally.samples:
        return "no input gave a sample; see the ledger for the reasons"
    if isinstance(split, HashSplit) and not limited:
        empty = [name for name, share in split.shares().items() if share and not counts.get(name)]
        if empty:
            names = " and ".join(empty)
            return f"the split {names} is empty; choose other shares or another split.seed (now {split.seed})"
    return None


def _describe(loaded: LoadedManifest, work: Work, pixels: dict[str, Any], *, failed: bool) -> Description:
    manifest = loaded.manifest
    return Description(
        name=manifest.name,
        manifest=manifest.model_dump(mode="json", by_alias=True, exclude_unset=True),
        classes=work.classes,
        keypoints=_keypoints(work),
        format=manifest.encode.format,
        normalize=_normalization(manifest.declared_normalization(), pixels, failed=failed)._asdict(),
        statistics={"train": pixels, "fills": [list(color) for color in manifest.fill_colors()]},
        versions=versions(),
        target_bytes=manifest.shards.target_bytes,
    )


def _keypoints(work: Work) -> dict[str, Any] | None:
    if work.keypoints is None:
        return None
    return {"names": list(work.keypoints.names), "pairs": [list(pair) for pair in work.keypoints.indices]}


def _normalization(declared: Normalization | None, pixels: dict[str, Any], *, failed: bool) -> Normalization:
    if declared is not None:
        return declared
    if failed and not pixels["pixels"]:
        return PRESETS["zero_one"]  # nobody will train on it; what failed is said elsewhere
    if not pixels["pixels"]:
        raise DataprepError("normalize: auto wants pixels in the train split, and it is empty; declare a mean instead")
    # A channel without any variation would divide by 0; its pixels all become 0 by any divisor.
    std = [value if value > 0 else 1.0 for value in pixels["std"]]
    return Normalization.of(tuple(pixels["mean"]), (std[0], std[1], std[2]))


def versions() -> dict[str, str]:
    """Of everything that has a say in the bytes."""
    packages: Sequence[str] = ("numpy", "opencv-python-headless", "pillow", "simplejpeg")
    return {
        "dataprep": __version__,
        "render": str(RENDER_VERSION),
        **{package: importlib.metadata.version(package) for package in packages},
    }
