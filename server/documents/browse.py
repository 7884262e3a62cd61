"""Samples and rows of the ledger, as they are browsed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from server.documents import Count, Document
from server.documents.dataset import RecordStatus
from server.documents.sample import SampleLabels

Id = Annotated[int, Field(ge=1)]


class LedgerRow(Document):
    """A row of the ledger: what became of one input."""

    id: Id
    key: str
    status: RecordStatus
    reason: str | None
    """A stable code; null when accepted."""
    note: str | None
    """A sentence for people."""
    notes: list[str]
    """Stable codes of what was odd but not fatal."""
    dropped: dict[str, Count]
    """Labels dropped, by reason."""


class BrowsedSample(SampleLabels):
    """A sample as the browsing routes give it."""

    id: Id
    split: str


class SampleDetail(SampleLabels):
    """A sample with its row of the ledger."""

    id: Id
    split: str
    record: LedgerRow


class SamplePage(Document):
    """Some samples, by ascending id; `next` is `after` of the page behind it, or null at the end."""

    samples: list[BrowsedSample]
    next: Id | None


class RecordPage(Document):
    """Some rows of the ledger, by ascending id; `next` is `after` of the page behind it, or null at the end."""

    records: list[LedgerRow]
    next: Id | None
