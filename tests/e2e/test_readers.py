"""Readers that are slow, that take nothing, and that vanish: what they cost a real server, and what they get."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGTERM
from threading import Event, Thread

import httpx
import pytest

from tests.e2e.conftest import COMMAND, Server, serving
from tests.e2e.test_load import ask, metric, resident, shards, until
from tests.written_stores import every_kind

# As the command line, but with less patience, so that tests need not wait for so long.
IMPATIENT = """
import server.protocol
server.protocol.STALLED_SECONDS, server.protocol.LAST_STALLED_SECONDS = 1.0, 1.0
from dataprep.cli import main
main()
"""
IN_FLIGHT_MIB = 128
SLOW, VANISHING, WAVE = 100, 1000, 50
linux = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="memory and open files are read from /proc")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards of 8 MB, each of one image: more than the system takes of an answer that nobody reads."""
    path = tmp_path_factory.mktemp("readers") / "large.db"
    every_kind(path, format="raw", count=4, height=100_000, target=1, name="large")
    return path


def files(server: Server) -> int:
    """Open files of the server, connections among them."""
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


@contextmanager
def observed(server: Server) -> Iterator[list[int]]:
    """The most KiB in memory and the most open files, looked at all the time."""
    most, over = [0, 0], Event()

    def look() -> None:
        while not over.is_set():
            most[:] = max(most[0], resident(server.process.pid)), max(most[1], files(server))
            time.sleep(0.01)

    thread = Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


@linux
def test_slow_and_vanishing_readers_cost_no_more_than_is_allowed(store: Path) -> None:
    with serving(store, options=("--most-mb", str(IN_FLIGHT_MIB))) as server:
        paths = [path for path, _ in shards(server)]
        for path in paths * 2:
            assert httpx.get(server.url + path).status_code == 200
        idle, open_files = resident(server.process.pid), files(server)
        with observed(server) as most:
            with ExitStack() as stack:
                # Each takes 10 KB in turn, as over a line of 100 KB/s.
                slow = [stack.enter_context(ask(server, paths[at % len(paths)], 16 << 10)) for at in range(SLOW)]
                began = [connection.recv(12) for connection in slow]
                for _ in range(5):
                    for connection in slow:
                        connection.recv(10_000)
            for _ in range(VANISHING // WAVE):
                with ExitStack() as stack:
                    for at in range(WAVE):
                        connection = stack.enter_context(ask(server, paths[at % len(paths)], 4096))
                        began.append(connection.recv(12))
                        # Gone without a word: the connection is reset.
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            until(lambda: metric(server, "dataprep_requests_in_flight") == 1)
        # Those that there was no room for were told so; the others were in the middle of their answers.
        assert set(began) == {b"HTTP/1.1 200", b"HTTP/1.1 503"}
        assert len(began) == SLOW + VANISHING and began.count(b"HTTP/1.1 200") > VANISHING / 10
        assert most[0] < 1.2 * idle + (IN_FLIGHT_MIB << 10)
        assert SLOW <= most[1] < open_files + SLOW + WAVE + 20
        until(lambda: files(server) <= open_files + 2)
        assert httpx.get(server.url + paths[0]).status_code == 200


@contextmanager
def impatient(store: Path) -> Iterator[Server]:
    with serving(store, command=(*COMMAND[:-1], IMPATIENT)) as server:
        yield server


def trickle(connection: socket.socket, times: int) -> bytes:
    """What comes in small parts, taken too seldom to be fast and too often to be stalled."""
    found = b""
    for _ in range(times):
        found += connection.recv(30_000)
        time.sleep(0.1)
    return found


def rest(connection: socket.socket, found: bytes) -> bytes:
    """All that comes until the connection ends, or the answer does."""
    begin = found.index(b"\r\n\r\n") + 4
    head = found[:begin].lower()
    length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(found) < begin + length and (part := connection.recv(1 << 20)):
        found += part
    return found[begin:]


def drained(connection: socket.socket) -> int:
    """How much the system has taken of an answer before its connection was cut."""
    found = 0
    try:
        while part := connection.recv(1 << 20):
            found += len(part)
    except ConnectionError:
        pass
    return found


@linux
def test_a_reader_that_takes_nothing_is_cut_off_and_a_slow_one_is_not(store: Path) -> None:
    with impatient(store) as server:
        path, length = shards(server)[0]
        whole, before = httpx.get(server.url + path).content, files(server)
        with ask(server, path, 4096) as stalled, ask(server, path, 16 << 10) as slow:
            found = trickle(slow, 30)
            until(lambda: "cut off a reader that took nothing for 1 s" in server.log.read_text())
            # It has lost its connection, and with it whatever waited for it.
            until(lambda: files(server) <= before + 1)
            assert drained(stalled) < length
            assert rest(slow, found) == whole and len(whole) == length
        assert "Traceback" not in server.log.read_text()


def test_at_the_end_a_slow_reader_gets_the_rest_and_a_stalled_one_keeps_nobody_waiting(store: Path) -> None:
    with impatient(store) as server:
        path, _ = shards(server)[0]
        whole = httpx.get(server.url + path).content
        with ask(server, path, 4096) as stalled, ask(server, path, 16 << 10) as slow:
            found = slow.recv(1000)
            assert stalled.recv(12) == b"HTTP/1.1 200"
            server.process.send_signal(SIGTERM)
            found += trickle(slow, 30)
            assert rest(slow, found) == whole
            assert server.process.wait(20) == 0
