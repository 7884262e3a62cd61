"""The ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from dataprep import __version__
from server import openapi, pages, problems
from server.cache import Cache
from server.catalog import Catalog
from server.heads import Heads
from server.routes import browse, health, sync
from server.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The application for some stores; any ASGI server can run it.

    Raises:
        StoreError: a store can't be read.
    """
    catalog = Catalog(settings.stores)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        catalog.close()

    app = FastAPI(
        title="dataprep",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.catalog = catalog
    app.state.cache = Cache(settings.cache_bytes)
    problems.install(app)
    app.add_middleware(Heads)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "HEAD"],
            allow_headers=["If-Match", "If-None-Match", "If-Range", "Range"],
            expose_headers=["Accept-Ranges", "Content-Range", "ETag", "Retry-After"],
        )
    for router in (sync.router, browse.router, health.router):
        app.include_router(router)
    openapi.install(app)
    pages.install(app, settings.pages or pages.built_pages())
    return app
