"""The outgoing side of a connection: the head of an answer goes out along with its body.

As a packet of its own it would wake the reader, and cost both sides as much again as many a small answer does.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

# Up to here a body is copied behind its head; a larger one goes out from where it lies.
_COPIED_BYTES = 64 << 10
# An answer before the answer: whoever waits for it sends nothing before.
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Outlet:
    """A transport that keeps what an answer begins with until more of it comes."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head, self._begun = b"", False
        encrypted = transport.get_extra_info("sslcontext") is not None
        self._socket = None if encrypted or not hasattr(os, "writev") else transport.get_extra_info("socket")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes | memoryview) -> None:
        """Sends the next part of an answer; its first one is its head."""
        if not self._begun and data != _CONTINUE:
            self._begun, self._head = True, bytes(data)
            return
        head, self._head = self._head, b""
        if len(data) <= _COPIED_BYTES:
            self._transport.write(head + data)
        elif head:
            self._write_both(head, data)
        else:
            self._transport.write(data)

    def end(self) -> None:
        """The answer is whole."""
        if self._head and not self._transport.is_closing():
            self._transport.write(self._head)
        self._head, self._begun = b"", False

    def close(self) -> None:
        """Sends what is kept, and ends the connection."""
        self.end()
        self._transport.close()

    def _write_both(self, head: bytes, body: bytes | memoryview) -> None:
        # In one call, without copying: a transport would send one after the other, and asyncio's own (until Python
        # 3.12) copies whatever the system does not take at once.
        sent, transport = 0, self._transport
        if self._socket is not None and not transport.is_closing() and not transport.get_write_buffer_size():
            try:
                sent = os.writev(self._socket.fileno(), [head, body])
            except OSError:
                sent = 0  # the transport meets it as well, and knows what to do.
        if sent < len(head):
            transport.write(head[sent:])
        rest = memoryview(body)[max(0, sent - len(head)) :]
        if rest:
            transport.write(rest)
