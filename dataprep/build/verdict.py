"""What a build comes to: its summary, and whether what was built may stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from dataprep.build.summary import Summary
from dataprep.build.work import Work
from dataprep.manifest import LoadedManifest, Manifest
from dataprep.split import HashSplit, shares
from dataprep.store.ledger import Counts


def summarize(
    manifest: Manifest,
    store: Path,
    digest: str,
    counts: Counts,
    *,
    limited_to: int | None,
    failure: str | None,
    reused: Mapping[str, int],
    redone: Mapping[str, int],
    moved: Sequence[str] = (),
) -> Summary:
    """The summary of the store that is at a path now."""
    return Summary(
        dataset=manifest.name,
        digest=digest,
        store=str(store),
        inputs=sum(counts.statuses.values()),
        accepted=counts.statuses["accepted"],
        rejected=counts.statuses["rejected"],
        duplicates=counts.statuses["duplicate"],
        filtered=counts.statuses["filtered"],
        samples=sum(counts.splits.values()),
        bytes=store.stat().st_size,
        elapsed_s=0.0,
        splits=counts.splits,
        asked=manifest.split.shares() if isinstance(manifest.split, HashSplit) else None,
        actual=shares(counts.splits),
        reasons=dict(sorted(_by_reason(counts).items())),
        dropped=counts.dropped,
        near_duplicates=counts.near._asdict(),
        moved=list(moved),
        reused=dict(reused),
        redone=dict(redone),
        limited_to=limited_to,
        failure=failure,
    )


def _by_reason(counts: Counts) -> Counter[str]:
    found: Counter[str] = Counter()
    for (_, reason), number in counts.reasons.items():
        found[reason] += number
    return found


def failure(loaded: LoadedManifest, work: Work, counts: Counts, *, limited: bool) -> str | None:
    """Why a build may not replace the store that was there before; None when it may."""
    limits, split = loaded.manifest.limits, loaded.manifest.split
    rejected = counts.statuses["rejected"]
    if rejected > limits.max_rejected * work.inputs:
        top = ", ".join(f"{reason} {number}" for reason, number in _by_reason(counts).most_common(3))
        return (
            f"{rejected} of {work.inputs} inputs were rejected, limits.max_rejected allows "
            f"{limits.max_rejected:.2%} ({top}); mend them, or raise the limit"
        )
    if not counts.splits:
        return "no input gave a sample; see the ledger for the reasons"
    if isinstance(split, HashSplit) and not limited:
        empty = [name for name, share in split.shares().items() if share and not counts.splits.get(name)]
        if empty:
            names = " and ".join(empty)
            return f"the split {names} is empty; choose other shares or another split.seed (now {split.seed})"
    return None
