"""Which records need no work, because an earlier build has done it, and why the others do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, MutableSequence
from pathlib import Path

from dataprep.build.fingerprint import Fingerprints
from dataprep.inputs import Record
from dataprep.store.batches import batched
from dataprep.store.outcomes import Outcomes
from dataprep.store.previous import Before, Previous, previous

# Called with how many more inputs are done.
Advance = Callable[[int], None]

# Below SQLite's smallest limit of parameters.
_AT_ONCE = 500


class Reuse:
    """What earlier builds of a store left, seen by this one.

    Attributes:
        damaged: whether there is a store that is not as its build has left it: nothing is taken from it.
        reused: how many records need no work, by where their outcomes come from.
        redone: how many do, by the reason.
    """

    def __init__(self, store: Path, outcomes: Outcomes, prints: Fingerprints) -> None:
        """Looks at what is there.

        Args:
            store: its path.
            outcomes: of the store being written; an unfinished build's may be among them.
            prints: of this build.
        """
        self._outcomes = outcomes
        self._prints = prints
        paths = (store, store.with_name(store.name + ".failed"))
        found = [one for path in paths if (one := previous(path)) is not None]
        self.stores: list[Previous] = [one for one in found if one.is_sound()]
        self.damaged = len(self.stores) < len(found)
        self.reused: Counter[str] = Counter()
        self.redone: Counter[str] = Counter()

    @property
    def possible(self) -> bool:
        """Whether there is anything to take outcomes from; if not, nobody needs to hash the sources first."""
        return bool(self.stores or self._outcomes.count)

    def take(self, planned: Mapping[str, int], outcomes: MutableSequence[int], advance: Advance) -> None:
        """Takes over every outcome that still holds.

        Args:
            planned: numbers of records by fingerprint.
            outcomes: the outcome's id by a record's number, 0 where there is none; filled in.
            advance: called as it goes.
        """
        self._outcomes.keep_only(planned.keys())
        for fingerprint, id in self._outcomes.known():
            outcomes[planned[fingerprint]] = id
        self._count("unfinished build", self._outcomes.count, advance)
        for store in self.stores:
            wanted = [one for one in store.fingerprints() if one in planned and not outcomes[planned[one]]]
            for looked_at, taken in self._outcomes.borrow(store.path, wanted):
                for fingerprint, id in taken.items():
                    outcomes[planned[fingerprint]] = id
                advance(looked_at)
                self._count("previous store", len(taken))

    def _count(self, where: str, number: int, advance: Advance | None = None) -> None:
        if number:
            self.reused[where] += number
        if advance:
            advance(number)

    def reopen(self, number: int) -> None:
        """Counts records that were duplicates, and are needed now."""
        self.reused["previous store"] -= number
        self.redone["no duplicate any more"] += number

    def explain(self, records: Iterable[tuple[Record, str | None, str | None]]) -> None:
        """Counts why records are done again.

        Args:
            records: each with the digests of its bytes (None where it can't be read) and of its labels.
        """
        parts = self.stores[0].parts if self.stores else {}
        changed = sorted(name for name, digest in self._prints.parts.items() if parts and parts.get(name) != digest)
        for some in batched(records, _AT_ONCE):
            known: dict[str, Before] = {}
            for store in reversed(self.stores):
                known |= store.records([record.key for record, _, _ in some])
            for record, source, labels in some:
                reason = _reason(known.get(record.key), source, labels, changed)
                self.redone["store damaged" if reason == "new" and self.damaged else reason] += 1


def _reason(before: Before | None, source: str | None, labels: str | None, changed: list[str]) -> str:
    if before is None:
        return "new"
    if source != before.source:
        return "image changed"
    if labels != before.labels:
        return "labels changed"
    if changed:
        return f"{' and '.join(changed)} changed"
    return "not kept"
