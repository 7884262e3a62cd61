"""HTTP/1.1 as uvicorn speaks it, with bounds on what a client may send, and on how long it may take nothing."""

from __future__ import annotations

import asyncio
from typing import cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from server.express import EXPRESS, Express, Reply
from server.outlet import Outlet
from server.problems import problem_body
from server.stalls import Watch

# Browsers send a few KiB. Without a bound, a head that never ends fills the memory.
_HEAD_BYTES = 64 << 10
_HEAD_SECONDS = 10.0
# A reader that takes nothing for so long is cut off; and when the server ends.
STALLED_SECONDS, LAST_STALLED_SECONDS = 30.0, 5.0


class Protocol(HttpToolsProtocol):
    """One connection."""

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes, _in_head = 0, False
    # Of what comes at once, the first request may go the short way: all others of this server wait meanwhile.
    _is_first = False
    # What is asked for goes the short way, once the request is whole; and what its reader has not taken yet.
    _reply: Reply | None = None
    _untaken: Reply | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has come: it has to say what it wants."""
        super().connection_made(transport)
        self._watch = Watch(self.loop, transport, STALLED_SECONDS)
        self.transport = self._outlet = Outlet(transport)  # type: ignore[assignment]  # passes all else on
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._know_head()
        self._watch.end()
        if self._untaken is not None:
            self._untaken.end()
            self._untaken = None
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """What is sent piles up."""
        super().pause_writing()
        self._watch.begin()

    def resume_writing(self) -> None:
        """It is taken."""
        super().resume_writing()
        self._watch.end()
        if self._untaken is not None:
            self._untaken.end()
            self._untaken = None
            self._wait_for_more()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing was asked for a while; what is still unsent may be taken yet."""
        super().timeout_keep_alive_handler()
        self._watch.begin()

    def shutdown(self) -> None:
        """The server ends: what is begun is finished, for those who take it."""
        super().shutdown()
        self._watch.hurry(LAST_STALLED_SECONDS)
        self._watch.begin()

    def data_received(self, data: bytes) -> None:
        """Reads on, within bounds."""
        if self._in_head or self._deadline is not None:
            self._head_bytes += len(data)
            # One reading may hold the whole of a request and its body: what it brings is judged after it.
            if self._head_bytes > _HEAD_BYTES + len(data):
                self._refuse(431, f"the head of a request has at most {_HEAD_BYTES} bytes")
                return
        self._is_first = True
        super().data_received(data)
        # Most heads come as a whole, and need no clock.
        if self._in_head and self._deadline is None and not self.transport.is_closing():
            self._expect_head()

    def on_message_begin(self) -> None:
        """A request begins, the first or a further one."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """The head is known."""
        self._know_head()
        self._reply = self._short_way() if self._is_first else None
        self._is_first = False
        if self._reply is None:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole; one that goes the short way has no body."""
        reply, self._reply = self._reply, None
        if reply is None:
            super().on_message_complete()
            return
        head = [STATUS_LINE[reply.status]]
        for name, value in (*self.server_state.default_headers, *reply.headers):
            head += [name, b": ", value, b"\r\n"]
        head.append(b"\r\n")
        self.transport.write(b"".join(head))
        if reply.body:
            self.transport.write(reply.body)
        self._outlet.end()
        if self.flow.write_paused:
            self._untaken = reply
            reply.wait()
        else:
            reply.end()
            self._wait_for_more()

    def on_response_complete(self) -> None:
        """All of the answer is on its way."""
        self._outlet.end()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        del msg
        self._refuse(400, "this is no HTTP request that can be understood")

    def _short_way(self) -> Reply | None:
        express: Express | None = self.app_state.get(EXPRESS)
        under_way = self._untaken is not None or (self.cycle is not None and not self.cycle.response_complete)
        if express is None or under_way or self.flow.write_paused or self.transport.is_closing():
            return None
        if self.parser.get_method() != b"GET" or self.parser.get_http_version() != "1.1":
            return None
        return express.reply(cast(Scope, self.scope), self.url) if self.parser.should_keep_alive() else None

    def _wait_for_more(self) -> None:
        # Where another request is under way by now, its end does all this.
        if self.cycle is None or self.cycle.response_complete:
            self.on_response_complete()

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(_HEAD_SECONDS, self._give_up)

    def _know_head(self) -> None:
        self._in_head, self._head_bytes = False, 0
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
