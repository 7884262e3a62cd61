"""What became of every request, for logs and metrics."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Request:
    """One request that is over.

    Attributes:
        method: as it came.
        route: the pattern that it met, such as ``/v1/datasets/{name}/index.json``; empty where it met none, so that
            what strangers try makes no new names.
        dataset: the one that it asks about, where it is served; else empty.
        path: as it came, without the query.
        status: of the answer; 499 where the client had gone before there was one.
        bytes: of the answer's body that went out.
        seconds: from its head to the answer's end.
        client: the address that it came from.
    """

    method: str
    route: str
    dataset: str
    path: str
    status: int
    bytes: int
    seconds: float
    client: str


Listener = Callable[[Request], None]

_CLIENT_GONE = 499
_DATASET = re.compile(r"/v1/datasets/([^/]+)/")


class Observers:
    """Who is told of every request, and of how many are under way."""

    def __init__(
        self, listeners: Iterable[Listener], under_way: Callable[[int, str], None], is_served: Callable[[str], bool]
    ) -> None:
        self.listeners, self.under_way, self._is_served = tuple(listeners), under_way, is_served

    def dataset(self, path: str) -> str:
        """The dataset that a path asks about."""
        found = _DATASET.match(path)
        # What strangers make up becomes no name in logs and metrics.
        return found[1] if found is not None and self._is_served(found[1]) else ""


class Observed:
    """A request; what counts it as under way is `begin`, which one that is answered at once does without."""

    def __init__(self, observers: Observers, scope: Scope) -> None:
        """It has come."""
        self._began = time.perf_counter()
        self._observers, self._scope = observers, scope
        self._dataset = observers.dataset(scope["path"])
        self._under_way = False

    def begin(self) -> None:
        """It is under way."""
        self._observers.under_way(1, self._dataset)
        self._under_way = True

    def end(self, status: int, sent: int) -> None:
        """It is over; so many bytes of the answer's body went out."""
        scope, observers = self._scope, self._observers
        if self._under_way:
            observers.under_way(-1, self._dataset)
        client = scope["client"][0] if scope.get("client") else ""
        seconds = time.perf_counter() - self._began
        route = str(getattr(scope.get("route"), "path", ""))
        done = Request(scope["method"], route, self._dataset, scope["path"], status, sent, seconds, client)
        for listener in observers.listeners:
            listener(done)


class Journal:
    """ASGI middleware: tells of every request.

    It must be the outermost, so that it sees what others refuse.
    """

    def __init__(self, app: ASGIApp, observers: Observers) -> None:
        self._app, self._observers = app, observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, sent = _CLIENT_GONE, 0

        async def send_counted(message: Message) -> None:
            nonlocal status, sent
            await send(message)
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))

        observed = Observed(self._observers, scope)
        observed.begin()
        try:
            await self._app(scope, receive, send_counted)
        finally:
            observed.end(status, sent)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, message, and the fields of a request."""

    def format(self, record: logging.LogRecord) -> str:
        """As JSON."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": at, "level": record.levelname.lower(), "message": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_requests(log: logging.Logger) -> Listener:
    """A listener that logs each request as one line."""

    def listen(done: Request) -> None:
        fields = asdict(done) | {"seconds": round(done.seconds, 6)}
        log.info("%s %s %d", done.method, done.path, done.status, extra={"fields": fields})

    return listen
