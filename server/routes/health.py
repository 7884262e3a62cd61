"""For operators."""

from __future__ import annotations

from fastapi import APIRouter, Response

from server.routes import Stores

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthy(response: Response) -> dict[str, str]:
    """The process answers."""
    response.headers["Cache-Control"] = "no-store"
    return {"status": "ok"}


@router.get("/readyz")
def ready(response: Response, stores: Stores) -> dict[str, str | int]:
    """Every store is open and answers."""
    response.headers["Cache-Control"] = "no-store"
    count = sum(1 for entry in stores if entry.store.shards() is not None)
    return {"status": "ok", "datasets": count}
