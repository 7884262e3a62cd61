"""What a build did."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any


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

    def at(self, store: Path, seconds: float) -> Summary:
        """The same, of the store that is at a path, with the time that it took."""
        return replace(self, store=str(store), elapsed_s=round(seconds, 3))

    def again(self, known: int) -> Summary:
        """What the next build comes to if nothing changes until then, wherever the store is.

        Args:
            known: how many inputs need no outcome then.
        """
        return replace(self, store="", elapsed_s=0.0, moved=[], reused={"previous store": known}, redone={})
