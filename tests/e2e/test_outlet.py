"""Answers as they leave a connection: every byte in order, whoever reads, and however."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.outlet import Outlet

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server, and of a client that trusts it."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert]
    subprocess.run(["openssl", "req", "-x509", *curve, *names], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=cert)


class Sender(asyncio.Protocol):
    """Sends answers, each of which is a head and parts, as an HTTP server would, and ends the connection."""

    def __init__(self, answers: list[list[bytes]]) -> None:
        self._answers, self._may = answers, asyncio.Event()
        self._may.set()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._outlet = Outlet(transport)  # type: ignore[arg-type]  # of TCP or TLS: a Transport
        self._task = asyncio.ensure_future(self._send())

    async def _send(self) -> None:
        try:
            for answer in self._answers:
                for part in answer:
                    await self._may.wait()
                    self._outlet.write(memoryview(part) if len(part) % 2 else part)
                self._outlet.end()
        finally:
            self._outlet.close()

    def pause_writing(self) -> None:
        self._may.clear()

    def resume_writing(self) -> None:
        self._may.set()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._may.set()
        self._task.add_done_callback(lambda task: self.done.set_result(task.result()))


def received(
    answers: list[list[bytes]], read: Callable[[socket.socket], bytes], tls: ssl.SSLContext | None = None
) -> bytes:
    """What a reader in a thread of its own gets of some answers."""
    found = []

    async def serve() -> None:
        senders = []

        def sender() -> Sender:
            senders.append(Sender(answers))
            return senders[-1]

        server = await asyncio.get_running_loop().create_server(sender, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]

        def client() -> None:
            with socket.socket() as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 << 10)
                connection.settimeout(30)
                connection.connect(("127.0.0.1", port))
                found.append(read(connection))

        async with asyncio.timeout(60):
            await asyncio.to_thread(client)
            await senders[0].done
        server.close()
        await server.wait_closed()

    with asyncio.Runner() as runner:
        runner.run(serve())
    return found[0]


def everything(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(1 << 20), b""))


parts = st.one_of(st.binary(max_size=50), st.integers(0, 200_000).map(lambda n: random.Random(n).randbytes(n)))
heads = st.binary(min_size=1, max_size=300)


@settings(max_examples=25, deadline=None)
@given(answers=st.lists(st.tuples(heads, st.lists(parts, max_size=3)), max_size=5), early=st.booleans())
def test_every_byte_in_order(answers: list[tuple[bytes, list[bytes]]], early: bool) -> None:
    sent = [[*([CONTINUE] if early else []), head, *bodies] for head, bodies in answers]
    assert received(sent, everything) == b"".join(part for answer in sent for part in answer)


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_reader_that_takes_little_gets_all(encrypted: bool, contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    # More than the system takes at once, in parts that the system cuts anywhere.
    answers = [[b"head", random.Random(n).randbytes(3_000_001)] for n in range(4)]

    def slowly(connection: socket.socket) -> bytes:
        found = bytearray()
        plain = contexts[1].wrap_socket(connection, server_hostname="localhost") if encrypted else connection
        with plain:
            while part := plain.recv(9000):
                found += part
                if len(found) < 300_000:
                    threading.Event().wait(0.01)
        return bytes(found)

    found = received(answers, slowly, contexts[0] if encrypted else None)
    assert found == b"".join(part for answer in answers for part in answer)


def test_a_head_comes_with_its_body() -> None:
    for length in (10, 2000, 1 << 20):
        first = received([[b"head", bytes(length)]], lambda connection: connection.recv(9000))
        assert first.startswith(b"head") and len(first) > 4


def test_an_early_answer_is_not_kept_back() -> None:
    class Waiting(Sender):
        async def _send(self) -> None:
            self._outlet.write(CONTINUE)
            await asyncio.sleep(60)

    async def serve() -> bytes:
        server = await asyncio.get_running_loop().create_server(lambda: Waiting([]), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            return await asyncio.wait_for(reader.read(100), 20)
        finally:
            writer.close()
            server.close()

    with asyncio.Runner() as runner:
        assert runner.run(serve()) == CONTINUE


def test_a_reader_that_is_gone_is_no_error() -> None:
    def vanish(connection: socket.socket) -> bytes:
        found = connection.recv(100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        return found

    assert received([[b"head", bytes(3_000_000)]] * 5, vanish).startswith(b"head")
