"""Answers of the short way that their readers do not take at once: counted, whole, in order, and let go."""

from __future__ import annotations

import io
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import COMMAND, Server, serving
from tests.e2e.test_load import ask, metric, resident, shards, until
from tests.e2e.test_readers import IMPATIENT, files, linux, observed, rest, trickle
from tests.e2e.test_short_way import TOLD
from tests.written_stores import every_kind

# On loopback the system takes 3 MB of an answer that nobody reads; over other lines it begins with less than 100 KB.
LITTLE_AT_ONCE = """
import socket
from server.protocol import Protocol
made = Protocol.connection_made
def connected(protocol, transport):
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 << 10)
    made(protocol, transport)
Protocol.connection_made = connected
"""
KEEPS_NOTHING = """
import server.app
kept = server.app.Cache
server.app.Cache = lambda limit: kept(0)
"""
READERS = 60


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards of up to 1 MB, the most that goes the short way."""
    path = tmp_path_factory.mktemp("untaken") / "large.db"
    every_kind(path, format="raw", count=16, height=2500, target=1_000_000, name="large")
    return path


@contextmanager
def told(store: Path, *options: str, script: str = "") -> Iterator[Server]:
    """A server whose answers say which way they took, after all shards were asked for once."""
    command = (*COMMAND[:-1], TOLD + LITTLE_AT_ONCE + (script or COMMAND[-1]))
    with serving(store, options=options, command=command) as server:
        for path, _ in shards(server):
            assert httpx.get(server.url + path).status_code == 200
        until(lambda: under_way(server) == 0)
        yield server


def begun(connection: socket.socket) -> bytes:
    """The beginning of an answer, which has gone the short way."""
    found = connection.recv(1000)
    assert found.startswith(b"HTTP/1.1 200") and b"\r\nx-way: short\r\n" in found, found
    return found


def answered(stream: io.BufferedReader) -> bytes:
    """The body of the next answer."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += stream.readline()
    return stream.read(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))


def under_way(server: Server) -> float:
    """Requests but for the one that asks for this."""
    return metric(server, "dataprep_requests_in_flight") - 1


def test_who_takes_it_slowly_gets_all_of_it_and_what_was_asked_for_meanwhile(store: Path) -> None:
    with told(store) as server:
        (path, length), (other, _), *_ = shards(server)
        whole, second = httpx.get(server.url + path).content, httpx.get(server.url + other).content
        with ask(server, path, 4096) as connection, connection.makefile("rb") as stream:
            until(lambda: under_way(server) == 1)
            for target in (other, "/healthz", path):
                connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            for short, body in ((True, whole), (False, second), (False, b'{"status":"ok"}'), (False, whole)):
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += stream.readline()
                assert (b"x-way: short" in head) is short, head
                assert stream.read(len(body)) == body
            assert len(whole) == length
            until(lambda: under_way(server) == 0)


def test_what_is_asked_for_meanwhile_begins_one_after_the_other(store: Path) -> None:
    """Whenever the one before is taken: the second is still being made, and the third would be there sooner."""
    with told(store) as server:
        path, length = shards(server)[0]
        slow, quick = "/v1/datasets/large/samples?limit=500", "/healthz"
        sent = [f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for target in (path, slow, quick)]
        with ask(server, quick, 4096) as connection, connection.makefile("rb") as stream:
            lengths = [len(answered(stream))]
            for _ in range(20):
                connection.sendall(sent[0])
                connection.sendall(sent[1] + sent[2])
                lengths += [len(answered(stream)) for _ in sent]
        assert lengths == [15, *[length, len(httpx.get(server.url + slow).content), 15] * 20]


def test_of_requests_that_come_at_once_the_first_alone_goes_the_short_way(store: Path) -> None:
    """It is answered on the spot, and whoever sends a thousand of them would keep all others waiting."""
    with told(store) as server:
        path, _ = shards(server)[0]
        with ask(server, "/healthz") as connection, connection.makefile("rb") as stream:
            asked = f'GET {path} HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: "{path[-68:-4]}"\r\n\r\n'.encode()
            while stream.readline() != b"\r\n":
                pass
            assert stream.read(15) == b'{"status":"ok"}'
            connection.sendall(asked * 20)
            ways = []
            for _ in range(20):
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += stream.readline()
                assert head.startswith(b"HTTP/1.1 304")
                ways.append(b"x-way: short" in head)
            assert ways == [True, *[False] * 19]
            connection.sendall(asked)
            assert b"x-way: short" in stream.read1()


def test_while_it_waits_it_counts_and_whoever_is_gone_counts_no_more(store: Path) -> None:
    with told(store, "--most-requests", "3") as server, ExitStack() as stack:
        path, _ = shards(server)[0]
        for _ in range(3):
            begun(stack.enter_context(ask(server, path, 4096)))
        assert under_way(server) == 3
        refused = httpx.get(server.url + path)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        stack.close()
        until(lambda: under_way(server) == 0)
        assert httpx.get(server.url + path).headers["x-way"] == "short"
    with told(store, "--most-mb", "2") as server, ExitStack() as stack:
        path, length = shards(server)[0]
        assert 2 * length < 2 << 20 < 3 * length
        for _ in range(2):
            begun(stack.enter_context(ask(server, path, 4096)))
        refused = httpx.get(server.url + path)
        assert refused.status_code == 503
        stack.close()
        until(lambda: under_way(server) == 0)
        assert httpx.get(server.url + path).headers["x-way"] == "short"
        # Those that are gone have had it sent to them.
        counted = metric(server, "dataprep_response_bytes_total", route="/v1/datasets/{name}/shards/{sha256}.bin")
        assert counted == sum(size for _, size in shards(server)) + 3 * length + len(refused.content)


def test_at_the_end_who_takes_it_slowly_gets_the_rest(store: Path) -> None:
    with told(store) as server:
        path, _ = shards(server)[0]
        whole = httpx.get(server.url + path).content
        with ask(server, path, 4096) as connection:
            found = begun(connection)
            assert under_way(server) == 1
            server.process.send_signal(signal.SIGTERM)
            assert rest(connection, found) == whole
            assert server.process.wait(20) == 0


@linux
def test_who_takes_nothing_is_cut_off_and_counts_no_more(store: Path) -> None:
    with told(store, script=IMPATIENT) as server:
        path, _ = shards(server)[0]
        whole, before = httpx.get(server.url + path).content, files(server)
        with ask(server, path, 4096) as stalled, ask(server, path, 4096) as slow:
            begun(stalled)
            found = begun(slow) + trickle(slow, 30)
            until(lambda: "cut off a reader that took nothing for 1 s" in server.log.read_text())
            until(lambda: files(server) <= before + 1)
            assert rest(slow, found) == whole
        until(lambda: under_way(server) == 0)
        assert "Traceback" not in server.log.read_text()


@linux
def test_what_waits_is_in_memory_once(store: Path) -> None:
    with told(store, script=KEEPS_NOTHING + COMMAND[-1]) as server, ExitStack() as stack:
        path, length = shards(server)[0]
        for _ in range(3):
            assert httpx.get(server.url + path).headers["x-way"] == "short"
        idle = resident(server.process.pid)
        with observed(server) as most:
            for _ in range(READERS):
                begun(stack.enter_context(ask(server, path, 4096)))
        assert under_way(server) == READERS
        assert most[0] - idle < 1.5 * READERS * length / 1024
