"""How much is under way at once: what is beyond it is told to come again."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.problems import problem
from server.shield import Shield

# A body goes out in pieces, so that what its reader has taken counts no more, and so that no more than one waits in the
# connection's own memory. Smaller ones cost: a shard of the usual size goes in one.
_PIECE_BYTES = 1 << 20
# So much the server below takes without waiting. Such answers go out even when there is no room for large ones.
_SMALL_BYTES = 64 << 10
_AGAIN_SECONDS = 1
# Operators must see a server that is full.
_ALWAYS = ("/healthz", "/readyz", "/metrics")


class Load:
    """What is under way in one process.

    Attributes:
        requests: how many requests.
        bytes: of answers, not yet taken by their readers.
        refused: how many requests were told to come again.
    """

    def __init__(self, most_requests: int, most_bytes: int) -> None:
        """With bounds.

        Args:
            most_requests: under way at once.
            most_bytes: of answers under way; one answer larger than that goes alone.
        """
        self.most_requests, self.most_bytes = most_requests, most_bytes
        self.requests, self.bytes, self.refused = 0, 0, 0

    def is_full(self) -> bool:
        """Whether no further request may begin."""
        return self.requests >= self.most_requests

    def has_room(self, length: int) -> bool:
        """Whether an answer of so many bytes may go out now."""
        return length <= _SMALL_BYTES or self.bytes == 0 or self.bytes + length <= self.most_bytes


class Bounds:
    """ASGI middleware: keeps to the bounds of a `Load`.

    Pieces of large answers pass through whatever is further out, so little should be.
    """

    def __init__(self, app: ASGIApp, load: Load) -> None:
        self._app, self._load = app, load

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what there is room for."""
        if scope["type"] != "http" or scope["path"] in _ALWAYS:
            await self._app(scope, receive, send)
            return
        load = self._load
        if load.is_full():
            await Shield(_full(load))(scope, receive, send)
            return
        load.requests += 1
        answer = _Answer(load, scope, receive, send)
        try:
            await self._app(scope, receive, answer.send)
        finally:
            load.requests -= 1
            answer.let_go()


class _Answer:
    """One answer on its way; its bytes count until the reader has taken them."""

    def __init__(self, load: Load, scope: Scope, receive: Receive, send: Send) -> None:
        self._load, self._scope, self._receive, self._send = load, scope, receive, send
        self._start: Message | None = None
        self._refused = False
        self._held, self._last = 0, 0

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
        if self._start is not None and not self._load.has_room(len(body)):
            self._refused = True
            del body, message
            await Shield(_full(self._load))(self._scope, self._receive, self._send)
            return
        if self._start is not None:
            await self._send(self._start)
            self._start = None
        self._hold(len(body))
        for piece in [message] if len(body) <= _SMALL_BYTES else _cut(body, message.get("more_body", False)):
            # The server below waits here until what was sent before is taken.
            await self._send(piece)
            self._hold(-self._last)
            self._last = len(piece.get("body", b""))

    def _hold(self, amount: int) -> None:
        self._held += amount
        self._load.bytes += amount

    def let_go(self) -> None:
        """Counts nothing of it any more, however it ended."""
        self._hold(-self._held)


def _cut(body: bytes | memoryview, more: bool) -> list[Message]:
    view = memoryview(body)
    pieces = [view[begin : begin + _PIECE_BYTES] for begin in range(0, len(body), _PIECE_BYTES)]
    # Only when the one of nothing is accepted has the last piece been taken.
    return [
        *({"type": "http.response.body", "body": piece, "more_body": True} for piece in pieces),
        {"type": "http.response.body", "body": b"", "more_body": more},
    ]


def _full(load: Load) -> Response:
    load.refused += 1
    return problem(503, "the server is at its bounds; ask again in a moment", {"Retry-After": str(_AGAIN_SECONDS)})
