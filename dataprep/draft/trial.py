"""A few records prepared as a build would, and what that and the ledger say of a whole build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest

from dataprep.build.prepare import prepare
from dataprep.build.recipe import Recipe
from dataprep.build.work import Work
from dataprep.draft.contents import Contents
from dataprep.draft.doubt import Doubt
from dataprep.manifest import LoadedManifest
from dataprep.store.sharding import record_hash

# Enough to see what goes wrong with all of them.
_TRIED = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a few records.

    Attributes:
        total: how many there were.
        refused: of those that were not accepted, key and note by status and reason.
    """

    total: int
    refused: Mapping[str, Sequence[str]]


def try_out(loaded: LoadedManifest, work: Work) -> Trial:
    """Prepares a few records, mixed by their hash."""
    recipe = Recipe.of(loaded.manifest, work.keypoints)
    tried = nsmallest(_TRIED, work.records, key=lambda record: record_hash(record.key))
    refused: dict[str, list[str]] = {}
    for row in (prepare(record, recipe).row for record in tried):
        if row.status != "accepted":
            refused.setdefault(f"{row.status}, {row.reason}", []).append(f"{row.key}: {row.note}")
    return Trial(len(tried), dict(sorted(refused.items())))


def doubts(trial: Trial) -> list[Doubt]:
    """What is to be said of records that were not accepted."""
    return [
        Doubt(f"{len(notes):,} of {trial.total:,} pictures tried came out {what}, such as {notes[0]}")
        for what, notes in trial.refused.items()
    ]


def obstacle(loaded: LoadedManifest, work: Work, contents: Contents, trial: Trial) -> str | None:
    """Why a build would fail, as far as that is known."""
    if not work.inputs:
        return "there are no inputs"
    if not work.records:
        return f"no input can be prepared ({_ranked(contents.refused)})"
    if sum(map(len, trial.refused.values())) == trial.total:
        said = "; ".join(f"{what} {len(notes):,}, such as {notes[0]}" for what, notes in trial.refused.items())
        return f"none of the pictures tried could be prepared ({said})"
    rejected = {reason: count for reason, count in contents.refused.items() if reason.startswith("rejected")}
    total, limit = sum(rejected.values()), loaded.manifest.limits.max_rejected
    if total > limit * work.inputs:
        return (
            f"{total:,} of {work.inputs:,} inputs would be rejected, limits.max_rejected allows {limit:.0%} "
            f"({_ranked(rejected)}); mend them, or raise the limit"
        )
    return None


def _ranked(counts: Mapping[str, int]) -> str:
    top = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:3]
    return "; ".join(f"{what} {count:,}" for what, count in top)
