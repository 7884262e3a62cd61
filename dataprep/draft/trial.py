"""A few records prepared as a build would, and what that and the ledger say of a whole build."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
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
Trial = Counter[str]
"""How many records were accepted, and how many not, by status, reason and note."""


def try_out(loaded: LoadedManifest, work: Work) -> Trial:
    """Prepares a few records, mixed by their hash."""
    recipe = Recipe.of(loaded.manifest, work.keypoints)
    tried = nsmallest(_TRIED, work.records, key=lambda record: record_hash(record.key))
    rows = [prepare(record, recipe).row for record in tried]
    return Trial("accepted" if row.status == "accepted" else f"{row.status}, {row.reason}: {row.note}" for row in rows)


def doubts(trial: Trial) -> list[Doubt]:
    """What is to be said of records that were not accepted."""
    total = sum(trial.values())
    return [
        Doubt(f"{count:,} of {total:,} pictures tried came out {what}")
        for what, count in sorted(trial.items())
        if what != "accepted"
    ]


def obstacle(loaded: LoadedManifest, work: Work, contents: Contents, trial: Trial) -> str | None:
    """Why a build would fail, as far as that is known."""
    if not work.inputs:
        return "there are no inputs"
    if not work.records:
        return f"no input can be prepared ({_ranked(contents.refused)})"
    if not trial["accepted"]:
        return f"none of the pictures tried could be prepared ({_ranked(trial)})"
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
