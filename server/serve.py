"""Runs the service on a real port."""

from __future__ import annotations

import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from dataprep.errors import SettingsError
from server.app import create_app
from server.hosts import is_loopback
from server.settings import Settings
from server.token import VARIABLE

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
            self._listening(f"{'https' if self.config.is_ssl else 'http'}://{shown}:{port}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to listen.

    Attributes:
        host: address to bind.
        port: 0 for any free one.
        certificate: file of the TLS certificate and those above it, PEM; None for plain http.
        key: file of its private key, PEM; None where the certificate's file has it.
        public: other machines may read without a token; said on purpose.
    """

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    public: bool = False


def serve(settings: Settings, endpoint: Endpoint, listening: Callable[[str], None]) -> bool:
    """Serves until SIGINT or SIGTERM.

    Args:
        settings: what to serve.
        endpoint: where.
        listening: called with the URL, once requests are answered.

    Returns:
        Whether it ever listened; uvicorn has logged the reason if not.

    Raises:
        StoreError: a store can't be read.
        SettingsError: other machines could read without a token, or certificate and key can't be used.
    """
    _check(settings, endpoint)
    options: dict[str, Any] = {"host": endpoint.host, "port": endpoint.port, "log_level": "warning"}
    options |= {"access_log": False, "server_header": False, "date_header": True}
    if endpoint.certificate is not None:
        options |= {"ssl_certfile": endpoint.certificate, "ssl_keyfile": endpoint.key}
    # A client that stalls in a download must not keep the server from ending.
    options["timeout_graceful_shutdown"] = _LAST_ANSWERS_SECONDS
    server = _Announcing(uvicorn.Config(create_app(settings), **options), listening)
    try:
        server.run()
    except SystemExit:
        return False
    return server.started


def _check(settings: Settings, endpoint: Endpoint) -> None:
    if not (is_loopback(endpoint.host) or settings.token is not None or endpoint.public):
        raise SettingsError(
            f"{endpoint.host} lets other machines read the datasets, and there is no token: give one with --token-file "
            f"FILE or {VARIABLE}, or say --public if everybody may read them"
        )
    if endpoint.key is not None and endpoint.certificate is None:
        raise SettingsError("--tls-key without --tls-cert; give both")
    if endpoint.certificate is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(endpoint.certificate, endpoint.key, _no_passphrase)
        except (OSError, ssl.SSLError) as error:
            files = f"{endpoint.certificate}" + (f" and {endpoint.key}" if endpoint.key else "")
            raise SettingsError(f"{files}: no certificate with its key, in PEM: {error}") from error


def _no_passphrase() -> str:
    # Otherwise OpenSSL would ask on the terminal, and a service has none.
    return ""
