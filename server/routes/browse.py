"""For people: lists of datasets, samples and ledger rows, paged by id."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from dataprep.errors import SampleNotFound, near
from dataprep.store.content import LedgerRow, StoredSample
from server.answers import made
from server.catalog import Entry
from server.routes import Served, Stores

router = APIRouter(prefix="/v1/datasets", tags=["browse"])

# SQLite's integers end there.
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
After = Annotated[int, Query(ge=0, le=2**63 - 1, description="the last id seen")]
Limit = Annotated[int, Query(ge=1, le=500)]


@router.get("")
def datasets(request: Request, stores: Stores) -> Response:
    """The datasets being served."""
    return made(request, {"datasets": [_dataset(entry) for entry in stores]})


@router.get("/{name}/samples")
def samples(
    request: Request,
    served: Served,
    split: Annotated[str | None, Query()] = None,
    class_name: Annotated[str | None, Query(alias="class", description="its own class, or a box's")] = None,
    key: Annotated[str | None, Query(description="a part of the key")] = None,
    after: After = 0,
    limit: Limit = 100,
) -> Response:
    """Samples by ascending id."""
    splits = served.splits
    if split is not None and split not in splits:
        raise SampleNotFound(f"no split named {split!r}{near(split, splits)}")
    class_id = None
    if class_name is not None:
        classes = served.store.dataset.classes
        if class_name not in classes:
            raise SampleNotFound(f"no class named {class_name!r}{near(class_name, classes)}")
        class_id = classes.index(class_name)
    # One more than asked for tells whether there is a next page.
    found = served.store.samples(split=split, class_id=class_id, key=key, after=after, limit=limit + 1)
    page, more = found[:limit], len(found) > limit
    return made(request, {"samples": [_sample(one) for one in page], "next": page[-1].id if more else None})


@router.get("/{name}/samples/{id}")
def sample(request: Request, served: Served, id: Id) -> Response:
    """One sample, with its row of the ledger."""
    found = served.store.sample(id)
    return made(request, {**_sample(found), "record": _record(served.store.record(found.record))})


@router.get("/{name}/records")
def records(
    request: Request,
    served: Served,
    status: Annotated[Literal["accepted", "rejected", "duplicate", "filtered"] | None, Query()] = None,
    after: After = 0,
    limit: Limit = 100,
) -> Response:
    """The ledger: what became of every input."""
    found = served.store.records(status=status, after=after, limit=limit + 1)
    page, more = found[:limit], len(found) > limit
    return made(request, {"records": [_record(row) for row in page], "next": page[-1].id if more else None})


def _dataset(entry: Entry) -> dict[str, Any]:
    dataset = entry.store.dataset
    return {
        "name": dataset.name,
        "digest": dataset.digest,
        "classes": list(dataset.classes),
        "labels": list(dataset.kinds),
        "image": dataset.image,
        "splits": entry.splits,
        "records": entry.statuses,
    }


def _sample(sample: StoredSample) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(sample.text.wire)
    del fields["length"]
    return {"id": sample.id, "split": sample.split, **fields}


def _record(row: LedgerRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "key": row.key,
        "status": row.status,
        "reason": row.reason,
        "note": row.note,
        "notes": list(row.notes),
        "dropped": dict(row.dropped),
    }
