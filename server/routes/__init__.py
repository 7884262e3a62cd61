"""The routes, one file a topic."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Request

from server.catalog import Catalog, Entry


def catalog(request: Request) -> Catalog:
    """The stores of the app that serves a request."""
    found: Catalog = request.app.state.catalog
    return found


def entry(name: str, stores: Annotated[Catalog, Depends(catalog)]) -> Entry:
    """The store that a path names."""
    return stores[name]


Stores = Annotated[Catalog, Depends(catalog)]
Served = Annotated[Entry, Depends(entry)]
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 in hexadecimal digits")]
