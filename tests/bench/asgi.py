"""The least ASGI application that can be: what is measured with it is the HTTP server below."""

from __future__ import annotations

import os
from typing import Any

_SHARD = os.urandom(1 << 20)


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """A body of 1 MiB for every request, and a small one for ``/small``."""
    del receive
    if scope["type"] != "http":
        return
    body = b"{}" if scope["path"] == "/small" else _SHARD
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})
