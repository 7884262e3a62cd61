"""The short way of a shard's images: the same bytes from SQLite, from where they lie, and from the cache."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from dataprep.store.read import Store
from tests.e2e.conftest import Server, serving
from tests.e2e.test_load import until
from tests.written_stores import every_kind

BASE = "/v1/datasets/drawn"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With masks, and a few shards of some 100 KB."""
    path = tmp_path_factory.mktemp("express") / "drawn.db"
    every_kind(path, format="raw", count=200, target=120_000)
    return path


@pytest.fixture(scope="module")
def shards(store: Path) -> dict[str, bytes]:
    """The images of every shard, as SQLite gives them, by their path."""
    with Store(store) as opened:
        every = [shard.images_sha256 for shard in opened.shards()]
        return {f"{BASE}/shards/{sha256}.bin": opened.shard_images(sha256) for sha256 in every}


@pytest.fixture(scope="module", params=["http", "https"])
def client(
    request: pytest.FixtureRequest, store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    if request.param == "http":
        with serving(store) as server, httpx.Client(base_url=server.url) as http:
            yield http
        return
    folder = tmp_path_factory.mktemp("tls")
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert]
    subprocess.run(["openssl", "req", "-x509", *curve, *names], check=True, capture_output=True)
    trusting = ssl.create_default_context(cafile=cert)
    with (
        serving(store, options=("--tls-cert", cert, "--tls-key", key)) as server,
        httpx.Client(base_url=server.url, verify=trusting) as https,
    ):
        yield https


def test_the_same_bytes_whichever_time_it_is(client: httpx.Client, shards: dict[str, bytes]) -> None:
    # From where SQLite says, then from where that was found to be, then kept.
    for _ in range(4):
        for path, content in shards.items():
            answer = client.get(path)
            assert (answer.status_code, answer.content) == (200, content)
            part = client.get(path, headers={"Range": f"bytes=7-{len(content) // 2}"})
            assert (part.status_code, part.content) == (206, content[7 : len(content) // 2 + 1])
            assert part.headers["content-range"] == f"bytes 7-{len(content) // 2}/{len(content)}"
            known = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
            assert (known.status_code, known.content) == (304, b"")
            head = client.head(path)
            assert (head.content, head.headers["content-length"]) == (b"", str(len(content)))


def test_what_is_asked_for_all_at_once_comes_in_order(store: Path, shards: dict[str, bytes]) -> None:
    """One connection, and nothing read before all is asked: heads alone, nothing at all, errors, and bodies."""
    asked: list[tuple[str, str, str, bytes]] = []
    for path, content in shards.items():
        asked += [
            ("GET", path, "", content),
            ("HEAD", path, "", b""),
            ("GET", path, f'If-None-Match: "{path[-68:-4]}"\r\n', b""),
            ("GET", path, "Range: bytes=-9\r\n", content[-9:]),
            ("GET", "/healthz", "", b'{"status":"ok"}'),
        ]
    with serving(store) as server:
        url = httpx.URL(server.url)
        with socket.create_connection((url.host, url.port or 80), timeout=60) as connection:
            heads = (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n" for method, path, more, _ in asked)
            connection.sendall("".join(heads).encode())
            with connection.makefile("rb") as answers:
                for method, path, more, body in asked:
                    status = int(answers.readline().split()[1])
                    assert status == (304 if "None" in more else 206 if "Range" in more else 200), (method, path, more)
                    length = 0
                    while (line := answers.readline()) != b"\r\n":
                        name, _, value = line.decode().partition(":")
                        if name.lower() == "content-length" and method != "HEAD" and status != 304:
                            length = int(value)
                    assert answers.read(length) == body


def files(server: Server) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in /proc")
def test_clients_that_vanish_leave_no_file_open(store: Path, shards: dict[str, bytes]) -> None:
    with serving(store) as server:
        url = httpx.URL(server.url)
        for path in shards:
            httpx.get(server.url + path)
        before = files(server)
        for _ in range(5):
            with ExitStack() as stack:
                for path in list(shards) * 5:
                    connection = stack.enter_context(socket.create_connection((url.host, url.port or 80), timeout=20))
                    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                    connection.recv(10)
        until(lambda: files(server) <= before)
        for path, content in shards.items():
            assert httpx.get(server.url + path).content == content
