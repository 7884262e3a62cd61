"""What the tests of sources ask a listing."""

from __future__ import annotations

import numpy as np

from dataprep.inputs import Record, Refusal
from dataprep.sources import Listing


def accounted(listing: Listing) -> dict[str, str]:
    """``record``, or the reason, by the key of every input; no key has two rows."""
    rows = {record.key: "record" for record in listing.records}
    for refusal in listing.refusals:
        assert refusal.key not in rows
        rows[refusal.key] = refusal.reason
    assert len(rows) == len(listing.records) + len(listing.refusals)
    assert all(rows)
    return rows


def reasons(listing: Listing) -> dict[str, str]:
    """Reason by key of what is refused."""
    return {key: reason for key, reason in accounted(listing).items() if reason != "record"}


def refusals(listing: Listing) -> dict[str, Refusal]:
    """What is refused, by key."""
    return {refusal.key: refusal for refusal in listing.refusals}


def records(listing: Listing) -> dict[str, Record]:
    """What is not, by key."""
    return {record.key: record for record in listing.records}


def finite(record: Record) -> bool:
    """Whether all numbers of its places are finite."""
    boxes, keypoints, polygons = record.labels.boxes, record.labels.keypoints, record.labels.polygons
    parts = [] if boxes is None else [boxes.corners]
    parts += [] if keypoints is None else [keypoints.points]
    parts += [] if polygons is None else [ring for one in polygons.rings for ring in one]
    return all(bool(np.isfinite(part).all()) for part in parts)
