"""Those who ask a server for something, as a process of their own: python -m tests.bench.readers '{"do": "fetch", …}'.

Raw sockets, and as little Python as there can be: every body is received by one call, so that the reader costs little
more than the system's copying, and costs the same whoever serves.
"""

from __future__ import annotations

import json
import resource
import socket
import struct
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_ROOM = 4 << 20
_HEAD_ENDS = b"\r\n\r\n"
_RATE, _STEP_SECONDS = 100_000, 0.1
# Small, or the system itself would take a whole answer before anybody reads it.
_SMALL_BUFFER = 16 << 10
_WAVE = 50


class Reader:
    """A connection that is kept, and one place for whatever comes."""

    def __init__(self, port: int, buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._place = memoryview(bytearray(_ROOM))

    def ask(self, path: str) -> None:
        """Sends a request."""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    def fetch(self, path: str) -> int:
        """Asks, and reads all of the answer; gives the bytes of its body."""
        self.ask(path)
        length, found = self.head()
        if found < length:
            left = self.socket.recv_into(self._place, length - found, socket.MSG_WAITALL)
            if left != length - found:
                raise ConnectionError(f"{path}: {found + left} of {length} bytes")
        return length

    def take(self, amount: int) -> int:
        """Reads some of a body, at most so much; gives how much."""
        return self.socket.recv_into(self._place, amount)

    def head(self) -> tuple[int, int]:
        """Reads the head of an answer; gives the length of the body, and how much of it has come along."""
        place, filled = self._place, 0
        while (end := bytes(place[:filled]).find(_HEAD_ENDS)) < 0:
            # A head is short; a large reading here would be searched for its end in vain.
            count = self.socket.recv_into(place[filled:], 4096)
            if count == 0:
                raise ConnectionError("closed before an answer")
            filled += count
        lines = bytes(place[:end]).decode("latin-1").lower().split("\r\n")
        if not lines[0].startswith("http/1.1 200"):
            raise ConnectionError(lines[0])
        length = next(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))
        return length, filled - end - len(_HEAD_ENDS)


def fetch(port: int, paths: list[str], rounds: int = 1, connections: int = 4) -> dict[str, float]:
    """Every path so many times, over some connections, each of which has its own share of the paths."""
    readers = [Reader(port) for _ in range(connections)]
    shares = [paths[at::connections] * rounds for at in range(connections)]
    began = time.perf_counter()
    with ThreadPoolExecutor(connections) as threads:
        found = threads.map(lambda reader, share: sum(map(reader.fetch, share)), readers, shares)
        amount = sum(found)
    return {"bytes": amount, "seconds": time.perf_counter() - began}


def endless(port: int, paths: list[str], connections: int = 4) -> dict[str, float]:
    """Downloads that never end; whoever started them ends the process."""

    def download(at: int) -> None:
        reader = Reader(port)
        while True:
            for path in paths[at:] + paths[:at]:
                reader.fetch(path)

    with ThreadPoolExecutor(connections) as threads:
        list(threads.map(download, range(connections)))
    return {}


def waits(port: int, path: str, count: int) -> dict[str, list[float]]:
    """Seconds that each of many small requests takes, one after the other."""
    reader, found = Reader(port), []
    for _ in range(count):
        began = time.perf_counter()
        reader.fetch(path)
        found.append(time.perf_counter() - began)
    return {"seconds": found}


def crawl(port: int, paths: list[str], clients: int, seconds: float) -> dict[str, float]:
    """Clients that take 100 KB a second each; a connection for every answer, as the server keeps none that idles."""
    amount, asked = 0, 0
    readers: list[Reader | None] = [None] * clients
    left = [0] * clients
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        for at in range(clients):
            reader = readers[at]
            if reader is None or left[at] <= 0:
                if reader is not None:
                    reader.socket.close()
                readers[at] = reader = Reader(port, _SMALL_BUFFER)
                reader.ask(paths[asked % len(paths)])
                asked += 1
                length, found = reader.head()
                left[at], amount = length - found, amount + found
            found = reader.take(min(int(_RATE * _STEP_SECONDS), left[at]))
            left[at], amount = left[at] - found, amount + found
        time.sleep(max(0.0, now + _STEP_SECONDS - time.monotonic()))
    return {"bytes": amount, "asked": asked}


def vanish(port: int, paths: list[str], clients: int) -> dict[str, int]:
    """Clients that ask, take the beginning, and are gone without a word: fifty at a time."""
    for first in range(0, clients, _WAVE):
        readers = [Reader(port, _SMALL_BUFFER) for _ in range(min(_WAVE, clients - first))]
        for at, reader in enumerate(readers):
            reader.ask(paths[(first + at) % len(paths)])
        for reader in readers:
            reader.head()
            # No farewell: the connection is reset.
            reader.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            reader.socket.close()
    return {"vanished": clients}


_ALL: dict[str, Callable[..., Any]] = {
    "fetch": fetch,
    "endless": endless,
    "waits": waits,
    "crawl": crawl,
    "vanish": vanish,
}


def main(asked: str) -> None:
    """Does what is asked, and prints what it found, with the seconds of processor that it took."""
    options = json.loads(asked)
    found = _ALL[options.pop("do")](**options)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({**found, "processor": used.ru_utime + used.ru_stime}))


if __name__ == "__main__":
    main(sys.argv[1])
