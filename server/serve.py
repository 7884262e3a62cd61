"""Runs the service on a real port."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from dataprep.errors import SettingsError
from dataprep.heap import keep_memory
from server.app import create_app
from server.catalog import Catalog
from server.hosts import is_loopback
from server.journal import JsonFormatter
from server.protocol import Protocol
from server.settings import Settings
from server.token import VARIABLE

# What is begun is finished, but not for ever; who takes nothing is given up before (`server.protocol`).
_LAST_ANSWERS_SECONDS = 30
_START_SECONDS = 60
_JSON_LOG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "loggers": {
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}


class _Single(uvicorn.Server):
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
            self._listening(_url(self.servers[0].sockets[0], self.config.is_ssl))


def _url(bound: socket.socket, secure: bool) -> str:
    host, port = bound.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if secure else 'http'}://{shown}:{port}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to listen.

    Attributes:
        host: address to bind.
        port: 0 for any free one.
        certificate: file of the TLS certificate and those above it, PEM; None for plain http.
        key: file of its private key, PEM; None where the certificate's file has it.
        public: other machines may read without a token; said on purpose.
        workers: processes that answer.
    """

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    public: bool = False
    workers: int = 1


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
    if endpoint.workers > 1:
        return _serve_by_several(settings, endpoint, listening)
    # Made here, so that a store that can't be read is said before anything listens.
    server = _Single(_config(_application(settings), settings, endpoint), listening)
    try:
        server.run()
    except SystemExit:
        return False
    return server.started


def _application(settings: Settings) -> FastAPI:
    """The application, in the process that it will run in."""
    keep_memory()
    return create_app(settings)


def _config(application: Callable[..., Any], settings: Settings, endpoint: Endpoint) -> uvicorn.Config:
    options: dict[str, Any] = {"host": endpoint.host, "port": endpoint.port, "workers": endpoint.workers}
    if endpoint.certificate is not None:
        options |= {"ssl_certfile": endpoint.certificate, "ssl_keyfile": endpoint.key}
    return uvicorn.Config(
        application,
        factory=endpoint.workers > 1,
        http=Protocol,
        loop="asyncio",  # and not whichever is installed
        ws="none",
        access_log=False,
        server_header=False,
        log_level="warning",
        log_config=_JSON_LOG if settings.log_json else uvicorn.config.LOGGING_CONFIG,
        timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
        **options,
    )


class _Several(Multiprocess):
    """Processes that answer at one address, each begun again when it dies."""

    def __init__(self, config: uvicorn.Config, bound: socket.socket, ready: Callable[[], None]) -> None:
        super().__init__(config, [bound])
        self._ready = ready

    def init_processes(self) -> None:
        """Starts them, and says so once one of them answers."""
        super().init_processes()
        if self.processes[0].wait_until_ready(_START_SECONDS, self.should_exit):
            self._ready()


def _serve_by_several(settings: Settings, endpoint: Endpoint, listening: Callable[[str], None]) -> bool:
    # What can't be read is said here, once, and not by each process.
    Catalog(settings.stores).close()
    with tempfile.TemporaryDirectory(prefix="dataprep-metrics-") as shared:
        # The library looks for it when it is imported, in each process.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared
        # Each process makes its own application.
        own = replace(settings, shared=shared)
        config = _config(partial(_one_of_several, own), own, endpoint)
        try:
            bound = config.bind_socket()
        except SystemExit:
            return False
        answering = []

        def ready() -> None:
            answering.append(True)
            listening(_url(bound, config.is_ssl))

        with bound:
            _Several(config, bound, ready).run()
    return bool(answering)


def _one_of_several(settings: Settings) -> FastAPI:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    return _application(settings)


def _end_with_parent() -> None:
    # A parent that is killed can't end its processes: they would keep the port, and nobody would begin them again.
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


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
