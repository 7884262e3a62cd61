"""The short way for what most bytes of a sync are: the images of shards.

Routing, the checks of parameters and the handing over to another thread take longer than the reading of a shard, and
longer than its sending. Whatever is not plainly the address of such images in a store that is as it was goes the long
way, and so does what fails.
"""

from __future__ import annotations

import asyncio
import re
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dataprep.errors import StoreError
from dataprep.store.read import Store
from server.answers import Content, NotAtHand, answer, at_hand, is_kept
from server.catalog import Catalog
from server.routes import sync

# To copy so much, all others wait; a larger one is read by another thread.
_AT_ONCE_BYTES = 4 << 20
_ADDRESS = re.compile(r"/v1/datasets/([^/]+)/shards/([0-9a-f]{64})\.bin")


class Express:
    """ASGI middleware; the innermost, so that whatever holds for requests holds for these as well."""

    def __init__(self, app: ASGIApp, catalog: Catalog) -> None:
        self._app, self._catalog = app, catalog
        (self._route,) = (one for one in sync.router.routes if getattr(one, "endpoint", None) is sync.shard_images)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or passes on."""
        found = _ADDRESS.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        entry = self._catalog.at_hand(found[1]) if found is not None else None
        if found is None or entry is None or found[2] not in entry.images:
            await self._app(scope, receive, send)
            return
        request, content = Request(scope, receive), sync.images_of(entry, found[2])
        try:
            response = await _answered(request, content, entry.store)
        except StoreError:
            # It is met again there, and said as all errors are.
            await self._app(scope, receive, send)
            return
        # Who looks at the request afterwards finds what it met.
        scope.update({"route": self._route, "path_params": {"name": found[1], "sha256": found[2]}})
        await response(scope, receive, send)


async def _answered(request: Request, content: Content, store: Store) -> Response:
    if is_kept(request, content):
        return answer(request, content)
    if content.length <= _AT_ONCE_BYTES:
        try:
            return answer(request, at_hand(request, content, partial(store.shard_at_hand, content.sha256)))
        except NotAtHand:
            pass
    return await asyncio.get_running_loop().run_in_executor(None, answer, request, content)
