"""The ledger of a store as rows for people and machines."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import IO, Any

from dataprep.store.content import LedgerRow
from dataprep.store.read import Store

_PAGE = 1000
COLUMNS = ("key", "status", "reason", "note", "notes", "dropped", "near")


def rows(store: Store, status: str | None = None) -> Iterator[LedgerRow]:
    """Every row, or those of one status, by ascending id; never more than a page of them in memory."""
    after = 0
    while page := store.records(status=status, after=after, limit=_PAGE):
        yield from page
        after = page[-1].id


def as_row(row: LedgerRow) -> dict[str, Any]:
    """A row in plain values."""
    values = (row.key, row.status, row.reason, row.note, list(row.notes), dict(row.dropped), row.near)
    return dict(zip(COLUMNS, values, strict=True))


def write_csv(found: Iterable[LedgerRow], out: IO[str]) -> None:
    """Writes rows as CSV with a header; notes and dropped labels are JSON in their cells."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in found:
        notes, dropped = (json.dumps(value, ensure_ascii=False) if value else "" for value in (row.notes, row.dropped))
        writer.writerow((row.key, row.status, row.reason, row.note, notes, dropped, row.near))
