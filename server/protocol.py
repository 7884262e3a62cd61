"""HTTP/1.1 as uvicorn speaks it, with bounds on what a client may send before its request is known."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.problems import problem_body

# Browsers send a few KiB. Without a bound, a head that never ends fills the memory.
_HEAD_BYTES = 64 << 10
_HEAD_SECONDS = 10.0


class Protocol(HttpToolsProtocol):
    """One connection."""

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come: it has to say what it wants."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._know_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads on, within bounds."""
        if self._deadline is not None:
            self._head_bytes += len(data)
            # One reading may hold the whole of a request and its body: what it brings is judged after it.
            if self._head_bytes > _HEAD_BYTES + len(data):
                self._refuse(431, f"the head of a request has at most {_HEAD_BYTES} bytes")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins, the first or a further one."""
        super().on_message_begin()
        if self._deadline is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        """The head is known."""
        self._know_head()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        del msg
        self._refuse(400, "this is no HTTP request that can be understood")

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._deadline = self.loop.call_later(_HEAD_SECONDS, self._give_up)

    def _know_head(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if self._head_bytes:
            self._refuse(408, f"a request's head has to come within {_HEAD_SECONDS:g} s")
        else:
            self.transport.close()

    def _refuse(self, status: int, detail: str) -> None:
        self._know_head()
        if self.transport.is_closing():
            return
        phrase, body = problem_body(status, detail)
        head = [f"HTTP/1.1 {status} {phrase}", "Content-Type: application/problem+json", f"Content-Length: {len(body)}"]
        head += ["Cache-Control: no-store", "X-Content-Type-Options: nosniff", "Connection: close", "", ""]
        self.transport.write("\r\n".join(head).encode() + body)
        self.transport.close()
