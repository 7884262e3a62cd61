"""Runs the service on a real port."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from server.app import create_app
from server.settings import Settings

_LAST_ANSWERS_SECONDS = 5


class _Announcing(uvicorn.Server):
    """Says where it listens, once it does: with port 0 nobody could know before."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[str], None]) -> None:
        super().__init__(config)
        self._listening = listening

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ends in order at the first signal; uvicorn's own would raise it again afterwards, as a traceback."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            self._listening(f"http://{shown}:{port}")


def serve(settings: Settings, host: str, port: int, listening: Callable[[str], None]) -> bool:
    """Serves until SIGINT or SIGTERM.

    Args:
        settings: what to serve.
        host: address to bind.
        port: 0 for any free one.
        listening: called with the URL, once requests are answered.

    Returns:
        Whether it ever listened; uvicorn has logged the reason if not.

    Raises:
        StoreError: a store can't be read.
    """
    options: dict[str, Any] = {"host": host, "port": port, "log_level": "warning", "access_log": False}
    # A client that stalls in a download must not keep the server from ending.
    options["timeout_graceful_shutdown"] = _LAST_ANSWERS_SECONDS
    server = _Announcing(uvicorn.Config(create_app(settings), **options), listening)
    try:
        server.run()
    except SystemExit:
        return False
    return server.started
