"""Inputs that another one makes superfluous: the first by key is kept, the others say which one that is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection

# Accepted records of the plan that share bytes or pixels with another, by key.
_CANDIDATES = """
WITH taken AS (
    SELECT p.position, o.key, o.source, o.pixels, o.labels
    FROM temp.plan p JOIN kept.outcomes o ON o.id = p.outcome WHERE o.status = 'accepted')
SELECT * FROM taken
WHERE source IN (SELECT source FROM taken GROUP BY source HAVING count(*) > 1)
   OR pixels IN (SELECT pixels FROM taken WHERE pixels IS NOT NULL GROUP BY pixels HAVING count(*) > 1)
ORDER BY key
"""


class Duplicate(NamedTuple):
    """A record that is not kept.

    Attributes:
        position: its own in the plan.
        reason: ``same_bytes`` or ``same_pixels``, labels equal as well; else ``conflicting_labels``. Or
            ``near_duplicate``, where the manifest drops those.
        note: names the one that is kept.
    """

    position: int
    reason: str
    note: str


def duplicates(connection: Connection) -> Iterator[Duplicate]:
    """Finds equal bytes and equal pixels among the outcomes of the plan (``temp.plan`` and ``kept.outcomes``)."""
    first: dict[str, tuple[str, str]] = {}  # what has been seen: key and labels of the record that is kept
    for position, key, source, pixels, labels in connection.exec_driver_sql(_CANDIDATES):
        seen = (f"bytes {source}", f"pixels {pixels}") if pixels else (f"bytes {source}",)
        found = next((name for name in seen if name in first), None)
        kept = first[found] if found else (key, labels)
        for name in seen:
            first.setdefault(name, kept)
        if found is None:
            continue
        what = found.split(" ")[0]
        if labels == kept[1]:
            yield Duplicate(position, f"same_{what}", f"the same {what} and labels as {kept[0]}, which is kept")
        else:
            yield Duplicate(
                position,
                "conflicting_labels",
                f"the same {what} as {kept[0]}, which is kept, but other labels; look at both, remove the wrong one",
            )
