"""Sees at a glance that a build could only make the store again that is there.

Nothing is imported for it that reads manifests, labels or pictures: that takes longer than to look at 10,000 files.
Whatever is not exactly as it was when it was noted, the build looks at everything, as if nothing had been noted.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple, Self

from dataprep.build.beside import beside, change_of, state_of
from dataprep.build.premises import Premises
from dataprep.build.reasons import REVOCABLE_REASONS
from dataprep.build.summary import Summary
from dataprep.errors import ManifestError

_COLUMNS = "summary, root, entries, premises, state, change"
_TABLE = f"CREATE TABLE IF NOT EXISTS glance ({_COLUMNS})"
# What was noted of the files holds as long as this does: both count the same changes.
_GO_ON = "UPDATE noted SET change = ? WHERE change = ? AND state = ? AND files IS NOT NULL"

Seen = Callable[[str, int, int], None]


class Glance(NamedTuple):
    """What is noted of a store.

    Attributes:
        summary: of a build that would make it again.
        premises: what it follows from.
    """

    summary: Summary
    premises: Premises

    @classmethod
    def of(cls, store: Path) -> Self | None:
        """What is noted; None where that is nothing, or does not hold any more."""
        try:
            change = change_of(beside(store))
            with closing(sqlite3.connect(f"{beside(store).resolve().as_uri()}?mode=ro", uri=True)) as connection:
                query = f"SELECT {_COLUMNS} FROM glance WHERE change = ?"
                for summary, root, entries, premises, state, _ in connection.execute(query, (change,)):
                    if state == state_of(store):
                        return cls(Summary(**json.loads(summary)), Premises(root, entries, premises))
        except (OSError, sqlite3.Error, TypeError, ValueError):
            pass
        return None


def glance(manifest: Path, store: Path | None, limit: int | None, seen: Seen | None = None) -> Summary | None:
    """The summary of the store that is there, when a build could only make the same one again.

    Args:
        manifest: the manifest's file.
        store: where the store shall be; None for the place that follows from the manifest's name.
        limit: of inputs.
        seen: see `dataprep.build.build.build`.

    Returns:
        None when something has changed, or may have.
    """
    started = time.monotonic()
    try:
        text = manifest.read_text(encoding="utf-8")
        name = None if store else _name(text)
        path = store or Path(f"{name}.db")
        found = Glance.of(path)
        # A name that only looks like the manifest's leads to a store of another one, or to none.
        if found is None or name not in (None, found.summary.dataset):
            return None
        root, entries, _ = found.premises
        if Premises.of(manifest, text, root, limit, entries, _told(seen, entries)) != found.premises:
            return None
    except (OSError, UnicodeError, ManifestError):
        return None
    return found.summary.at(path, time.monotonic() - started)


def _told(seen: Seen | None, entries: int) -> Callable[[int], None] | None:
    return None if seen is None else lambda done: seen("reading", done, entries)


def note(store: Path, summary: Summary, premises: Premises | None, inputs: str) -> None:
    """Notes what a store follows from, for the next glance.

    What can't be written is only time lost.

    Args:
        store: the store.
        summary: of a build that would make it again.
        premises: as they were before anything was read; None where they can't be told.
        inputs: digest of all that went into the store.
    """
    if premises is None or REVOCABLE_REASONS & summary.reasons.keys() or Glance.of(store) == (summary, premises):
        return
    from dataprep.store.previous import previous

    with suppress(OSError, sqlite3.Error):
        state = state_of(store)
        there = previous(store)
        # Another build may have put its own there by now.
        if there is None or there.inputs != inputs or not beside(store).exists():
            return
        with closing(sqlite3.connect(beside(store), isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            change = change_of(beside(store))
            # A file that could not be read may be read the next time: then there is nothing that goes on.
            if connection.execute(_GO_ON, (change + 1, change, state)).rowcount:
                connection.execute(_TABLE)
                connection.execute("DELETE FROM glance")
                values = (json.dumps(summary.as_json()), *premises, state, change + 1)
                connection.execute("INSERT INTO glance VALUES (?, ?, ?, ?, ?, ?)", values)
                connection.execute("COMMIT")


def _name(text: str) -> str:
    """What looks like the name in a manifest."""
    found = re.search(r"^name:[ \t]*[\"']?([a-z0-9-]+)", text, re.MULTILINE)
    return found[1] if found else ""
