"""The routes, one file a topic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Path, Request, Response

from dataprep.errors import StoreReplaced
from server.catalog import Catalog, Entry

# A store may be replaced while a request reads it; one that is, over and over, is told so.
_TRIES = 3

Name = Annotated[str, Path(description="of a dataset: a-z, 0-9 and hyphens")]
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 in hexadecimal digits")]


def catalog(request: Request) -> Catalog:
    """The stores of the app that serves a request."""
    found: Catalog = request.app.state.catalog
    return found


def served(request: Request, name: str, make: Callable[[Entry], Response]) -> Response:
    """An answer from the store of a dataset, and from one store as a whole.

    What the new store has as well must not be refused because the old one went away in between.

    Raises:
        SampleNotFound: there is no such dataset.
        Unavailable: its store is gone or broken.
        StoreReplaced: it is replaced faster than it can be read.
    """
    stores = catalog(request)
    for _ in range(_TRIES - 1):
        try:
            return make(stores[name])
        except StoreReplaced:
            continue
    return make(stores[name])
