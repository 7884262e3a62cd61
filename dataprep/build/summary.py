"""What a build did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from dataprep.build.work import Work
from dataprep.manifest import LoadedManifest, Manifest
from dataprep.split import HashSplit, shares
from dataprep.store.ledger import Counts


@dataclass(frozen=True, slots=True)
class Summary:
    """What a build did; `as_json` is what ``--json`` prints.

    ``accepted + rejected + duplicates + filtered == inputs``, always. `reused` counts inputs by where their outcomes
    came from, `redone` those that were prepared again, by the reason; in a first build both are empty.
    `near_duplicates` has ``groups``, ``images`` in them and groups ``across_splits``, of what was kept; `moved` the
    inputs that have another split than in the store before, because what looks alike was kept together.
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
    near_duplicates: dict[str, int]
    moved: list[str]
    reused: dict[str, int]
    redone: dict[str, int]
    limited_to: int | None
    failure: str | None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def timed(self, seconds: float) -> Summary:
        """The same, with the time that it took."""
        return replace(self, elapsed_s=round(seconds, 3))


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
