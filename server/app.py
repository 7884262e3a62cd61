"""The ASGI application."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from dataprep import __version__
from server import openapi, origins, pages, problems, signin
from server.access import Access
from server.cache import Cache
from server.catalog import Catalog
from server.express import EXPRESS, Express
from server.heads import Heads
from server.hosts import Hosts, Names
from server.journal import Journal, Observers, log_requests
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
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Express]]:
        # Our protocol finds it there; on another server all goes the long way.
        yield {EXPRESS: express}
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
    if settings.token is not None:
        app.add_middleware(Access, token=settings.token)
    cors = origins.options(settings.cors_origins) if settings.cors_origins else None
    if cors is not None:
        app.add_middleware(CORSMiddleware, **cors)
    for router in (sync.router, browse.router, health.router):
        app.include_router(router)
    metrics = Metrics(settings.shared)
    app.include_router(metrics.router())
    openapi.install(app)
    if settings.token is not None:
        app.include_router(signin.router(settings.token))
    # The last is the outermost: what one of them refuses, those before it never see.
    names = Names(settings.hosts)
    app.add_middleware(Hosts, names=names)
    app.add_middleware(Shield)
    load = Load(settings.most_requests, settings.most_bytes)
    app.add_middleware(Bounds, load=load)
    listeners = (metrics.listen, *([log_requests(_log)] if settings.log_json else []))
    observers = Observers(listeners, metrics.move, catalog.__contains__)
    app.add_middleware(Journal, observers=observers)
    short = CORSMiddleware(app, **cors) if cors is not None else None
    express = Express(app, catalog, names, settings.token, short, load, observers)
    pages.install(app, settings.pages or pages.built_pages())
    return app
