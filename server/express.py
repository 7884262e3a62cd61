"""The short way for what most bytes of a sync are: the images of shards.

Each layer of an application, a task, routing, the checks of parameters and the handing over to another thread take
longer together than the reading of a shard, or than its sending. So these answers are made where a request arrives, at
once. Whatever is not plainly the address of such images in a store that is as it was goes the long way, through the
application, and so does what is refused or fails: it is met again there, and said as all errors are.
"""

from __future__ import annotations

import re
from functools import partial

from fastapi import FastAPI, Request, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Scope

from dataprep.errors import StoreError
from server.access import keep_private, may_read
from server.answers import CONDITIONS, NotAtHand, answer, at_hand, is_kept, whole
from server.catalog import Catalog
from server.hosts import Names
from server.journal import Observed, Observers
from server.load import Load
from server.origins import let_in
from server.routes import sync
from server.shield import SHIELD
from server.token import Token

# Its name in the state of the application.
EXPRESS = "express"

# To copy so much, all others wait; a larger one is read by another thread.
_AT_ONCE_BYTES = 1 << 20
_ADDRESS = re.compile(rb"/v1/datasets/([^/?%]+)/shards/([0-9a-f]{64})\.bin")
# Requests with one of these are for servers before ours, or have a body, or wait for a word before it.
_LONG_WAY = frozenset(
    [b"content-length", b"expect", b"transfer-encoding", b"upgrade", b"x-forwarded-for", b"x-forwarded-proto"]
)


class Express:
    """Answers at once, or not at all; what holds for requests of the application holds for these as well."""

    def __init__(
        self,
        app: FastAPI,
        catalog: Catalog,
        names: Names,
        token: Token | None,
        cors: CORSMiddleware | None,
        load: Load,
        observers: Observers,
    ) -> None:
        """With the parts of the application that look at requests."""
        self._app, self._catalog, self._names, self._token, self._cors = app, catalog, names, token, cors
        self._load, self._observers = load, observers
        (self._route,) = (one for one in sync.router.routes if getattr(one, "endpoint", None) is sync.shard_images)

    def reply(self, scope: Scope, target: bytes) -> Reply | None:
        """The answer to a GET of HTTP/1.1; None where it has to go the long way.

        Args:
            scope: of the request, but for its method and what its target says.
            target: of the request, as it came.
        """
        address = _ADDRESS.fullmatch(target)
        if address is None:
            return None
        found = {name for name, _ in scope["headers"]}
        if not found.isdisjoint(_LONG_WAY):
            return None
        name, sha256 = address[1].decode("latin-1"), address[2].decode()
        entry = self._catalog.at_hand(name)
        length = entry.images.get(sha256) if entry is not None else None
        if entry is None or length is None or length > _AT_ONCE_BYTES:
            return None
        if self._load.is_full() or not self._load.has_room(length):
            return None
        own = {**scope, "app": self._app, "method": "GET", "path": target.decode("latin-1"), "route": self._route}
        request = Request(own)
        if not self._names.know(request.headers) or not (self._token is None or may_read(self._token, own)):
            return None
        content = sync.images_of(entry, sha256)
        if not is_kept(request, content):
            content = at_hand(request, content, partial(entry.store.shard_at_hand, sha256))
        try:
            response = whole(request, content) if found.isdisjoint(CONDITIONS) else answer(request, content)
        except (NotAtHand, StoreError):
            return None
        self._dress(request, response)
        return Reply(response, self._load, Observed(self._observers, own))

    def _dress(self, request: Request, response: Response) -> None:
        """Adds what the layers of the application add, from the inside out."""
        if self._token is not None:
            keep_private(response.headers)
        if self._cors is not None:
            let_in(self._cors, request.headers, response.headers)
        response.raw_headers.extend(SHIELD)


class Reply:
    """An answer on its way; while it waits for its reader, it counts.

    Attributes:
        status: of HTTP.
        headers: all but those of the connection.
        body: bytes; none any more once they wait for their reader, in the connection's own memory.
    """

    def __init__(self, response: Response, load: Load, observed: Observed) -> None:
        """Not sent yet."""
        self.status, self.headers, self.body = response.status_code, response.raw_headers, response.body
        self._load, self._observed, self._held, self._length = load, observed, 0, len(self.body)

    def wait(self) -> None:
        """Its reader has not taken it yet."""
        self._held, self.body = self._length, b""
        self._load.requests += 1
        self._load.bytes += self._held
        self._observed.begin()

    def end(self) -> None:
        """It is taken, or never will be."""
        if self._held:
            self._load.requests -= 1
            self._load.bytes -= self._held
        self._observed.end(self.status, self._length)
