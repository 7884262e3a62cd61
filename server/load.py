"""How much is under way at once: what is beyond it is told to come again."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.problems import problem

_log = logging.getLogger("server")

# A body goes out in pieces, so that a reader that takes nothing is told from a slow one. Smaller pieces cost.
_PIECE_BYTES = 256 << 10
_AGAIN_SECONDS = 1
# Operators must see a server that is full.
_ALWAYS = ("/healthz", "/readyz", "/metrics")


class _Stalled(Exception):
    """A reader takes nothing."""


class Load:
    """What is under way in one process.

    Attributes:
        requests: how many requests.
        bytes: of large answers, not yet taken by their readers.
        refused: how many requests were told to come again.
    """

    def __init__(self, most_requests: int, most_bytes: int, stalled_seconds: float) -> None:
        """With bounds.

        Args:
            most_requests: under way at once.
            most_bytes: of answers under way; one answer larger than that goes alone.
            stalled_seconds: whoever takes nothing for so long is cut off.
        """
        self.most_requests, self.most_bytes, self.stalled_seconds = most_requests, most_bytes, stalled_seconds
        self.requests, self.bytes, self.refused = 0, 0, 0

    def has_room(self, length: int) -> bool:
        """Whether an answer of so many bytes may go out now."""
        return self.bytes == 0 or self.bytes + length <= self.most_bytes


class Bounds:
    """ASGI middleware: keeps to the bounds of a `Load`."""

    def __init__(self, app: ASGIApp, load: Load) -> None:
        self._app, self._load = app, load

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what there is room for."""
        if scope["type"] != "http" or scope["path"] in _ALWAYS:
            await self._app(scope, receive, send)
            return
        load = self._load
        if load.requests >= load.most_requests:
            await _full(load)(scope, receive, send)
            return
        load.requests += 1
        answer = _Answer(load, scope, receive, send)
        try:
            await self._app(scope, receive, answer.send)
        except _Stalled:
            # Nothing more can be said to this reader; the server closes what is left without an end.
            _log.warning("cut off a reader that took nothing for %g s", load.stalled_seconds)
        finally:
            load.requests -= 1
            answer.let_go()


class _Answer:
    """One answer on its way; its bytes count until the reader has taken them."""

    def __init__(self, load: Load, scope: Scope, receive: Receive, send: Send) -> None:
        self._load, self._scope, self._receive, self._send = load, scope, receive, send
        self._start: Message | None = None
        self._refused = False
        self._held = 0

    async def send(self, message: Message) -> None:
        """Sends a message, or the refusal in its place."""
        if self._refused:
            return
        if message["type"] == "http.response.start":
            # Until the body's length is known, another answer may still take this one's place.
            self._start = message
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        body = message.get("body", b"")
        if self._start is not None:
            if len(body) > _PIECE_BYTES and not self._load.has_room(len(body)):
                self._refused = True
                del body, message
                await _full(self._load)(self._scope, self._receive, self._send)
                return
            await self._pass(self._start)
            self._start = None
        await self._send_body(body, message)

    async def _send_body(self, body: Any, message: Message) -> None:
        more = message.get("more_body", False)
        if len(body) <= _PIECE_BYTES:
            await self._pass({"type": "http.response.body", "body": body, "more_body": more})
            return
        self._hold(len(body))
        view = memoryview(body)
        before = 0
        for begin in range(0, len(body), _PIECE_BYTES):
            piece = view[begin : begin + _PIECE_BYTES]
            # Once a piece is accepted, the one before it has been taken.
            await self._pass({"type": "http.response.body", "body": piece, "more_body": True})
            self._hold(-before)
            before = len(piece)
        await self._pass({"type": "http.response.body", "body": b"", "more_body": more})
        self._hold(-before)

    async def _pass(self, message: Message) -> None:
        # The server below waits here while its reader takes nothing.
        try:
            async with asyncio.timeout(self._load.stalled_seconds):
                await self._send(message)
        except TimeoutError:
            raise _Stalled from None

    def _hold(self, amount: int) -> None:
        self._held += amount
        self._load.bytes += amount

    def let_go(self) -> None:
        """Counts nothing of it any more, however it ended."""
        self._hold(-self._held)


def _full(load: Load) -> Response:
    load.refused += 1
    return problem(503, "the server is at its bounds; ask again in a moment", {"Retry-After": str(_AGAIN_SECONDS)})
