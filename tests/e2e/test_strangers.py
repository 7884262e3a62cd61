"""10,000 requests that nobody should send, over raw sockets: an answer or a closed connection, never a traceback."""

from __future__ import annotations

import hashlib
import json
import random
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import BadStatusLine, HTTPException, HTTPResponse
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Server, serving
from tests.written_stores import every_kind

BASE = "/v1/datasets/drawn"
REQUESTS, TALKERS = 10_000, 4
# A machine that is busy with other things answers late; one that hangs, never.
PATIENCE_SECONDS = 30

METHODS = (
    ["GET"] * 12
    + ["HEAD"] * 3
    + ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "QUERY", "get", "X" * 300]
)
SEGMENTS = [
    "..",
    "%2e%2e",
    "%2E%2e%2f",
    ".",
    "%00",
    "%ff",
    "%",
    "%zz",
    "%25",
    "*",
    "",
    "~",
    "\\",
    "..\\",
    "{name}",
    "é",
    "a" * 3000,
]
SEGMENTS += [
    "v1",
    "datasets",
    "drawn",
    "index.json",
    "shards",
    "images",
    "samples",
    "records",
    "0" * 64,
    "assets",
    "etc",
    "passwd",
]
QUERIES = [
    "limit=1",
    "limit=0",
    "limit=501",
    "limit=-1",
    "limit=a",
    "limit=1e9",
    "limit=",
    "after=9",
    f"after={2**63}",
    "after=9.5",
]
QUERIES += [
    "split=train",
    "split=%00",
    "class=a",
    "class=%ff",
    "key=%25",
    "key=_",
    "key=" + "%25" * 900,
    "key=" + "a" * 1100,
    "status=x",
    "&&",
    "=",
    "%",
]
HEADERS = [
    "Range: bytes=0-1",
    "Range: bytes=-1",
    "Range: bytes=9-1",
    "Range: bytes=99999999999999999999-",
    "Range: bytes=" + "0-1," * 900,
]
HEADERS += [
    "Range: \xff\xfe",
    'If-Range: "',
    "If-None-Match: *",
    'If-None-Match: W/"',
    'If-Match: "x"',
    "If-None-Match: " + '"a",' * 900,
]
HEADERS += [
    "Accept-Encoding: gzip;q=",
    "Accept-Encoding: gzip, gzip;q=0, *;q=0.5",
    "Accept-Encoding: " + "a;q=1," * 900,
    "Origin: null",
    "Cookie: \xe9",
]
HEADERS += [
    "Host: ",
    "Host: a\tb",
    "Content-Length: 5",
    "Content-Length: -1",
    "Content-Length: 5, 5",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: x",
]
HEADERS += [
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13",
    "Expect: 100-continue",
    "Connection: close",
]
HEADERS += [
    "X: " + "x" * 70_000,
    "\r\n".join(f"X-{number}: 1" for number in range(3000)),
    "X",
    ": x",
    "X : x",
    " folded",
    "X: \x00",
    "X\x00: x",
]
GARBAGE = [
    b"",
    b"\x00" * 40,
    b"\xff" * 40,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /\r\n",
]
GARBAGE += [
    b"GET / HTTP/9.9\r\n",
    b"GET  / HTTP/1.1\r\n",
    b"GET /\x00 HTTP/1.1\r\n",
    b"GET http://[::1/ HTTP/1.1\r\n",
    b"GET / HTTP/1.0\r\n",
    b"A" * 100_000,
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("strangers")
    every_kind(folder / "drawn.db")
    (folder / "secret.txt").write_text("the secret")
    with serving(folder / "drawn.db", options=("--cors-origin", "http://trainer.test")) as running:
        yield running


def port(server: Server) -> int:
    return int(server.url.rsplit(":", 1)[1])


class Talker:
    """A stranger with a connection, which the server may close at any time."""

    def __init__(self, server: Server, seed: int) -> None:
        self.chance, self.seen = random.Random(seed), Counter[int | str]()
        self._port = port(server)
        self._socket: socket.socket | None = None
        self._paths = [path for path, _ in known(server)]

    def talk(self, count: int) -> Counter[int | str]:
        try:
            for _ in range(count):
                method, request = self.request()
                self.seen[self.ask(method, request)] += 1
        finally:
            self.hang_up()
        return self.seen

    def request(self) -> tuple[str, bytes]:
        """A request, good or bad; its method tells how to read the answer."""
        method = self.chance.choice(METHODS)
        if self.chance.random() < 0.1:
            return "GET", self.chance.choice(GARBAGE) + b"x" + self.chance.randbytes(
                self.chance.randrange(60)
            ) + b"\r\n\r\n"
        lines = [f"{method} {self.target()} HTTP/1.1", "Host: localhost"]
        lines += self.chance.choices(HEADERS, k=self.chance.choice([0, 0, 1, 1, 2, 3]))
        request = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if self.chance.random() < 0.25:
            request = self.mutated(request) + b"\r\n\r\n"
        return method, request

    def target(self) -> str:
        if self.chance.random() < 0.5:
            path = self.chance.choice(self._paths)
        else:
            path = "/" + "/".join(self.chance.choices(SEGMENTS, k=self.chance.randrange(7)))
        if self.chance.random() < 0.4:
            path += "?" + "&".join(self.chance.choices(QUERIES, k=self.chance.randrange(4)))
        # What is not ASCII is sent as it is, which no client does.
        return path

    def mutated(self, request: bytes) -> bytes:
        changed = bytearray(request)
        for _ in range(self.chance.randrange(1, 5)):
            place = self.chance.randrange(len(changed) + 1)
            what = self.chance.randrange(3)
            if what == 0:
                changed[place:place] = self.chance.randbytes(self.chance.randrange(1, 5))
            elif what == 1:
                del changed[place : place + self.chance.randrange(1, 9)]
            elif place < len(changed):
                changed[place] ^= 1 << self.chance.randrange(8)
        return bytes(changed)

    def ask(self, method: str, request: bytes) -> int | str:
        """Sends a request; gives the status of the answer, or that the connection was closed instead."""
        if self.chance.random() < 0.03:
            # Half of it, and gone.
            self.connection().sendall(request[: len(request) // 2])
            self.hang_up()
            return "vanished"
        try:
            self.connection().sendall(request)
            return self.answer(method, request)
        except (ConnectionError, BadStatusLine):
            self.hang_up()
            return "closed"
        except TimeoutError:
            raise AssertionError(f"no answer to {request[:300]!r}") from None

    def answer(self, method: str, request: bytes) -> int:
        answer = HTTPResponse(self.connection(), method=method)
        try:
            answer.begin()
            body = answer.read()
        except HTTPException as error:
            if isinstance(error, BadStatusLine):
                raise
            raise AssertionError(f"{error!r} to {request[:300]!r}") from error
        finally:
            answer.close()
        assert answer.status < 500, (answer.status, body, request[:300])
        if answer.headers.get_content_type() == "application/problem+json" and body:
            assert json.loads(body)["status"] == answer.status
        # A changed request may be two of them; whatever comes next begins on a line of its own.
        self.hang_up()
        return answer.status

    def connection(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE_SECONDS)
        return self._socket

    def hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def known(server: Server) -> list[tuple[str, str | None]]:
    """Addresses that are there, those of shards with their digests."""
    index: dict[str, Any] = httpx.get(f"{server.url}{BASE}/index.json").json()
    found: list[tuple[str, str | None]] = [
        (f"{BASE}/shards/{shard[part]['sha256']}.{kind}", shard[part]["sha256"])
        for shard in index["shards"]
        for part, kind in (("images", "bin"), ("labels", "json"))
    ]
    tails = ("index.json", "contract.json", "samples", "samples/1", "records", f"images/{index['golden'][0]['sha256']}")
    found += [(f"{BASE}/{tail}", None) for tail in tails]
    return [*found, ("/v1/datasets", None), ("/healthz", None), ("/readyz", None), ("/openapi.json", None), ("/", None)]


def test_ten_thousand_odd_requests(server: Server) -> None:
    with ThreadPoolExecutor(TALKERS) as threads:
        talkers = [Talker(server, seed) for seed in range(TALKERS)]
        talks = [threads.submit(talker.talk, REQUESTS // TALKERS) for talker in talkers]
        seen = sum((talk.result() for talk in talks), Counter[int | str]())
    assert sum(seen.values()) == REQUESTS
    # They were of many kinds.
    assert {200, 206, 304, 400, 404, 405, 410, 412, 416, 422, "vanished"} <= seen.keys(), seen
    assert seen[200] > 500 and seen[400] > 500, seen
    for path, sha256 in known(server):
        answer = httpx.get(f"{server.url}{path}")
        assert answer.status_code == 200
        assert sha256 is None or hashlib.sha256(answer.content).hexdigest() == sha256
    log = server.log.read_text()
    assert "Traceback" not in log and "store error" not in log, log[-3000:]


@pytest.mark.parametrize("root", ["", "/assets", "/v1", f"{BASE}/shards", f"{BASE}/images", BASE])
@pytest.mark.parametrize(
    "way",
    [
        "..",
        "%2e%2e",
        "%2E%2E",
        "..%2f..",
        "%2e%2e%2f%2e%2e",
        "..%5c..",
        "..;",
        "%252e%252e",
        "....//",
        "%c0%ae%c0%ae",
        "..%00",
    ],
)
def test_no_path_leads_out(server: Server, root: str, way: str) -> None:
    """Files that lie beside the store and beside the pages, with the path sent as it is."""
    for up in range(1, 9, 2):
        for name in ("secret.txt", "drawn.db", "package.json", "pyproject.toml", "etc/passwd"):
            target = f"{root}/{'/'.join([way] * up)}/{name}"
            with socket.create_connection(("127.0.0.1", port(server)), timeout=PATIENCE_SECONDS) as connection:
                connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                answer = HTTPResponse(connection)
                answer.begin()
                assert answer.status in (404, 422), (target, answer.status)
                body = answer.read()
            assert json.loads(body)["status"] == answer.status


def test_what_is_far_too_long_hurts_nobody_else(server: Server) -> None:
    """How long a head may be is up to the HTTP server below us; that it is no failure, and no hang, is up to us."""
    for request in (
        b"GET /" + b"a" * 10**6 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 10**6 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 10**5 + b"\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port(server)), timeout=PATIENCE_SECONDS) as connection:
            try:
                connection.sendall(request)
                head = connection.recv(100)
            except ConnectionError:
                head = b""  # refused before all of it was there
        assert head == b"" or head.startswith((b"HTTP/1.1 2", b"HTTP/1.1 4")), head
        assert httpx.get(f"{server.url}/healthz").status_code == 200
    assert httpx.get(f"{server.url}/v1/datasets/{'a' * 9000}/index.json").status_code == 404
    assert "Traceback" not in server.log.read_text()
