"""Checks of a store, each against what the store itself promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from dataprep import canonical
from dataprep.errors import StoreError
from dataprep.pixels.encode import decode_stored
from dataprep.store.digest import digest
from dataprep.store.read import Store
from dataprep.verify.check import Check
from dataprep.verify.walk import SampleWalk

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of all checks."""

    dataset: str
    digest: str
    checks: tuple[Check, ...]

    @property
    def good(self) -> bool:
        """Whether every promise holds."""
        return not any(check.failed for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        checks = [asdict(check) for check in self.checks]
        return {"dataset": self.dataset, "digest": self.digest, "good": self.good, "checks": checks}


def verify(store: Store, progress: Progress | None = None) -> Report:
    """Checks a store whole: every image is hashed and decoded, every label looked at.

    Args:
        store: an open store.
        progress: called with (samples done, samples in all).
    """
    rows = _rows(store)
    try:
        checks = _checks(store, progress)
    except (SQLAlchemyError, StoreError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError) as error:
        # A file damaged inside may fail at any row; what can't be read can't be right.
        broken = Check("integrity", "the SQLite file is whole")
        broken.expect(False, f"{type(error).__name__}: {error}"[:300])
        checks = (broken,)
    return Report(store.dataset.name, store.dataset.digest, (*checks, rows))


def _checks(store: Store, progress: Progress | None) -> tuple[Check, ...]:
    walk = SampleWalk(store)
    total = sum(shard.count for shard in walk.shards)
    for done, (sample, image, mask) in enumerate(store.iterate(), 1):
        walk.look(sample, image, mask)
        if progress:
            progress(done, total)
    return (_integrity(store), _digest(store), *walk.finish(), _golden(store))


def _rows(store: Store) -> Check:
    check = Check("rows", "every row is as the build has written it")
    try:
        store.check_seal()
        check.expect(True, "")
    except StoreError as error:
        check.expect(False, str(error))
    return check


def _integrity(store: Store) -> Check:
    check = Check("integrity", "the SQLite file is whole")
    with store.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check(5)").scalars().all()
        check.expect(found == ["ok"], f"SQLite says {'; '.join(map(str, found))}")
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        check.expect(not broken, f"{len(broken)} rows point to rows that are not there")
    return check


def _digest(store: Store) -> Check:
    check = Check("digest", "the store's digest is that of its samples and ledger")
    with store.connect() as connection:
        meaning = {name: getattr(store.dataset, name) for name in ("classes", "keypoints", "normalize")}
        found = digest(connection, meaning)
    check.expect(found == store.dataset.digest, f"wanted {store.dataset.digest}, found {found}")
    return check


def _golden(store: Store) -> Check:
    check = Check("golden", "the golden samples decode to the pixels that clients are told")
    for golden in store.dataset.golden:
        found = store.samples(key=golden["key"], split=golden["split"])
        sample = next((one for one in found if one.key == golden["key"]), None)
        if sample is None:
            check.expect(False, f"{golden['key']}: no such sample")
            continue
        try:
            content = store.image(golden["sha256"])
            rgb = canonical.sha256(decode_stored(content, store.dataset.image["format"], sample.size).tobytes())
        except (StoreError, ValueError) as error:
            check.expect(False, f"{golden['key']}: {error}")
            continue
        check.expect(rgb == golden["rgb"], f"{golden['key']}: wanted {golden['rgb']}, found {rgb}")
    return check
