"""For people: lists of datasets, samples and ledger rows, paged by id."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic.json_schema import SkipJsonSchema

from dataprep import canonical, wire
from dataprep.errors import SampleNotFound, StoreCorrupt, near
from dataprep.store.content import LedgerRow, StoredSample
from dataprep.store.damage import NEXT
from server.answers import Content, answer
from server.catalog import Entry
from server.documents.dataset import RecordStatus
from server.responses import document, link, problems
from server.routes import Name, catalog, served

router = APIRouter(prefix="/v1/datasets", tags=["browse"])

# Longer than any name is; SQLite refuses patterns that are very long.
LONGEST = 1000
# SQLite's integers end there.
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
After = Annotated[int, Query(ge=0, le=2**63 - 1, description="the last id seen")]
Limit = Annotated[int, Query(ge=1, le=500)]
# Absent or a text: null is nothing that a query could say.
Text = Annotated[str | SkipJsonSchema[None], Query(max_length=LONGEST)]
ClassName = Annotated[
    str | SkipJsonSchema[None], Query(alias="class", max_length=LONGEST, description="its own class, or a box's")
]
KeyPart = Annotated[str | SkipJsonSchema[None], Query(max_length=LONGEST, description="a part of the key")]


_LIST = document("DatasetList", link("index", name="/datasets/0/name"), link("samples", name="/datasets/0/name"))
_SAMPLES = document(
    "SamplePage",
    link("sample", id="/samples/0/id"),
    link("image", sha256="/samples/0/sha256"),
    link("samples", after="/next"),
)
_RECORDS = document("RecordPage", link("records", after="/next"))


@router.get("", responses={**_LIST, **problems(500)})
def datasets(request: Request) -> Response:
    """The datasets being served."""
    return answer(request, Content.document(wire.datasets(entry.summary for entry in catalog(request))))


@router.get("/{name}/samples", responses={**_SAMPLES, **problems(404, 422, 500, 503)})
def samples(
    request: Request,
    name: Name,
    split: Text = None,
    class_name: ClassName = None,
    key: KeyPart = None,
    after: After = 0,
    limit: Limit = 100,
) -> Response:
    """Samples by ascending id."""

    def made(entry: Entry) -> Response:
        classes = entry.store.dataset.classes
        if split is not None and split not in entry.summary["splits"]:
            raise SampleNotFound(f"no split named {split!r}{near(split, entry.summary['splits'])}")
        if class_name is not None and class_name not in classes:
            raise SampleNotFound(f"no class named {class_name!r}{near(class_name, classes)}")
        class_id = None if class_name is None else classes.index(class_name)
        # One more than asked for tells whether there is a next page.
        found = entry.store.samples(split=split, class_id=class_id, key=key, after=after, limit=limit + 1)
        page, more = found[:limit], len(found) > limit
        return _answer(
            entry, request, {"samples": [_sample(one) for one in page], "next": page[-1].id if more else None}
        )

    return served(request, name, made)


@router.get("/{name}/samples/{id}", responses={**document("SampleDetail"), **problems(404, 422, 500, 503)})
def sample(request: Request, name: Name, id: Id) -> Response:
    """One sample, with its row of the ledger."""

    def made(entry: Entry) -> Response:
        found = entry.store.sample(id)
        return _answer(entry, request, {**_sample(found), "record": _record(entry.store.record(found.record))})

    return served(request, name, made)


@router.get("/{name}/records", responses={**_RECORDS, **problems(404, 422, 500, 503)})
def records(
    request: Request,
    name: Name,
    status: Annotated[RecordStatus | SkipJsonSchema[None], Query()] = None,
    after: After = 0,
    limit: Limit = 100,
) -> Response:
    """The ledger: what became of every input."""

    def made(entry: Entry) -> Response:
        found = entry.store.records(status=status, after=after, limit=limit + 1)
        page, more = found[:limit], len(found) > limit
        return _answer(
            entry, request, {"records": [_record(row) for row in page], "next": page[-1].id if more else None}
        )

    return served(request, name, made)


def _answer(entry: Entry, request: Request, value: Any) -> Response:
    try:
        body = canonical.dumps(value)
    except ValueError as error:
        raise StoreCorrupt(f"{entry.name}: a row has what no JSON can hold: {error}; {NEXT}") from error
    return answer(request, Content.document(body))


def _next(found: Sequence[StoredSample | LedgerRow], limit: int) -> int | None:
    """The id that the next page comes after; None when this one is the last."""
    return found[limit - 1].id if len(found) > limit else None


def _sample(sample: StoredSample) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = json.loads(sample.text.wire)
        del fields["length"]
    except (ValueError, LookupError, TypeError) as error:
        found = sample.text.wire[:80]
        raise StoreCorrupt(f"{sample.key}: wanted its labels as JSON, found {found!r}; {NEXT}") from error
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
