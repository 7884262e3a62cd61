"""For operators."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from server.problems import Unavailable
from server.responses import plain, problems
from server.routes import catalog

router = APIRouter(tags=["health"])

_NOW = {"Cache-Control": "no-store"}


@router.get("/healthz", responses=plain("Health"))
async def healthy() -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"}, headers=_NOW)


@router.get("/readyz", responses={**plain("Readiness"), **problems(500, 503)})
def ready(request: Request) -> Response:
    """Every store is open and answers."""
    stores = catalog(request)
    if missing := stores.missing():
        raise Unavailable(f"no store can be read of: {', '.join(missing)}; the server's log says why")
    count = sum(1 for entry in stores if entry.store.shards() is not None)
    return JSONResponse({"status": "ok", "datasets": count}, headers=_NOW)
