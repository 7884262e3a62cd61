"""The ASGI application."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from dataprep import __version__
from server import openapi, pages, problems, signin
from server.access import Access
from server.cache import Cache
from server.catalog import Catalog
from server.express import Express
from server.heads import Heads
from server.hosts import Hosts
from server.journal import Journal, log_requests
from server.load import Bounds, Load
from server.metrics import Metrics
from server.routes import browse, health, sync
from server.settings import Settings
from server.shield import Shield

_log = logging.getLogger("server")


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
    app.add_middleware(Express, catalog=catalog)
    app.add_middleware(Heads)
    if settings.token is not None:
        app.add_middleware(Access, token=settings.token)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "HEAD"],
            allow_headers=["Authorization", "If-Match", "If-None-Match", "If-Range", "Range"],
            expose_headers=["Accept-Ranges", "Content-Range", "ETag", "Retry-After"],
        )
    for router in (sync.router, browse.router, health.router):
        app.include_router(router)
    metrics = Metrics(settings.shared)
    app.include_router(metrics.router())
    openapi.install(app)
    if settings.token is not None:
        app.include_router(signin.router(settings.token))
    # The last is the outermost: what one of them refuses, those before it never see.
    app.add_middleware(Hosts, names=settings.hosts)
    app.add_middleware(Shield)
    app.add_middleware(Bounds, load=Load(settings.most_requests, settings.most_bytes))
    listeners = (metrics.listen, *([log_requests(_log)] if settings.log_json else []))
    app.add_middleware(Journal, listeners=listeners, under_way=metrics.move, is_served=catalog.__contains__)
    pages.install(app, settings.pages or pages.built_pages())
    return app
