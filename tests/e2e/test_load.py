"""A server under load, and what it says of itself: over real HTTP, from real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.e2e.conftest import Server, built, serving
from tests.e2e.test_server import addresses

MANIFEST = """
name: large
source: {format: image_folder, root: photos}
transforms: [{resize: {size: [256, 256]}}]
encode: {format: raw}
shards: {target_bytes: 16000000}
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose shards are several times what the system takes of an answer before anybody reads it."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "photos/a").mkdir(parents=True)
    for index in range(96):
        pixels = np.random.default_rng(index).integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"photos/a/{index:02}.png")
    (folder / "m.yaml").write_text(MANIFEST)
    built(folder / "m.yaml", folder / "large.db")
    return folder / "large.db"


def shards(server: Server) -> list[tuple[str, int]]:
    """Path and length of each shard's images, the largest first."""
    index = httpx.get(f"{server.url}/v1/datasets/large/index.json").json()
    parts = [shard["images"] for shard in index["shards"]]
    return sorted(
        ((f"/v1/datasets/large/shards/{p['sha256']}.bin", p["bytes"]) for p in parts), key=lambda one: -one[1]
    )


def ask(server: Server, path: str, receive_buffer: int | None = None) -> socket.socket:
    """A connection over which something was asked for, and nothing has been read."""
    url = httpx.URL(server.url)
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(20)
    connection.connect((url.host, url.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return connection


def status_of(connection: socket.socket) -> int:
    return int(connection.recv(12)[9:12])


def metric(server: Server, name: str, **labels: str) -> float:
    """The sum of a metric's lines that have these labels."""
    found = 0.0
    for line in httpx.get(f"{server.url}/metrics").text.splitlines():
        match = re.fullmatch(rf"{name}(?:{{(.*)}})? (\S+)", line)
        if match and all(f'{key}="{value}"' in (match[1] or "") for key, value in labels.items()):
            found += float(match[2])
    return found


def until(true: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def test_requests_beyond_the_bound_are_told_to_come_again(large: Path) -> None:
    with serving(large, options=("--most-requests", "2")) as server, ExitStack() as stack:
        path = shards(server)[0][0]
        # Small buffers, so that the answers stay on their way.
        for _ in range(2):
            stack.enter_context(ask(server, path, 4096))
        until(lambda: metric(server, "dataprep_requests_in_flight") >= 3)
        full = httpx.get(server.url + path)
        assert (full.status_code, full.headers["retry-after"]) == (503, "1")
        assert full.headers["content-type"] == "application/problem+json"
        # Operators see a full server, too.
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        stack.close()
        until(lambda: httpx.get(server.url + path).status_code == 200)


def test_bytes_beyond_the_bound_are_told_to_come_again(large: Path) -> None:
    with serving(large, options=("--most-mb", "8")) as server, ExitStack() as stack:
        (path, length), *_ = shards(server)
        assert length > 8 << 20
        stack.enter_context(ask(server, path, 4096))
        until(lambda: metric(server, "dataprep_requests_in_flight") >= 2)
        full = httpx.get(server.url + path)
        assert (full.status_code, full.headers["retry-after"]) == (503, "1")
        # What is small goes out all the same.
        assert httpx.get(f"{server.url}/v1/datasets/large/index.json").status_code == 200
        stack.close()
        until(lambda: httpx.get(server.url + path).status_code == 200)


def test_a_slow_reader_gets_every_byte(large: Path) -> None:
    with serving(large) as server:
        path, length = shards(server)[0]
        whole = httpx.get(server.url + path).content
        assert len(whole) == length
        with ask(server, path, 65536) as connection:
            found, begin = bytearray(), -1
            while begin < 0 or len(found) < begin + length:
                found += connection.recv(300_000)
                begin = found.find(b"\r\n\r\n", 0, 2000) + 4
                time.sleep(0.002)
        assert found[begin:] == whole


def resident(process: int) -> int:
    """KiB in memory."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())[1])  # type: ignore[index]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_clients_that_vanish_leave_nothing_behind(large: Path) -> None:
    with serving(large) as server:
        path, _ = shards(server)[0]
        for _ in range(3):
            assert httpx.get(server.url + path).status_code == 200
        before = resident(server.process.pid)
        for _ in range(10):
            with ExitStack() as stack:
                for _ in range(20):
                    stack.enter_context(ask(server, path, 4096)).recv(1000)
        until(lambda: metric(server, "dataprep_requests_in_flight") == 1)
        # 200 answers of 10 MB or more would be 2 GB; what is left is the allocator's.
        assert resident(server.process.pid) < before + (300 << 10)
        assert metric(server, "dataprep_requests_total", route="/v1/datasets/{name}/shards/{sha256}.bin") >= 203


def test_what_is_begun_is_finished_before_the_end(large: Path) -> None:
    with serving(large) as server:
        path, length = shards(server)[0]
        with ask(server, path, 65536) as connection:
            found = bytearray(connection.recv(1000))
            server.process.send_signal(signal.SIGTERM)
            begin = found.index(b"\r\n\r\n") + 4
            while len(found) < begin + length:
                part = connection.recv(1 << 20)
                assert part, "the answer was cut off"
                found += part
        assert server.process.wait(20) == 0


def test_metrics_tell_requests_by_route_and_dataset(large: Path) -> None:
    with serving(large) as server, httpx.Client(base_url=server.url) as client:
        answer = client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        for _ in range(3):
            client.get("/v1/datasets/large/index.json")
        client.head("/v1/datasets/large/index.json")
        plain = {"Accept-Encoding": "identity"}
        length = len(client.get("/v1/datasets/large/contract.json", headers=plain).content)
        for name in ("x", "y", "z"):
            client.get(f"/v1/datasets/{name}/index.json")
            client.get(f"/nowhere/{name}")
        route = "/v1/datasets/{name}/index.json"
        assert metric(server, "dataprep_requests_total", route=route, dataset="large", method="GET", status="200") == 3
        assert metric(server, "dataprep_requests_total", route=route, dataset="large", method="HEAD") == 1
        assert metric(server, "dataprep_request_seconds_count", route=route, dataset="large") == 4
        # What fails is counted with its dataset as well.
        client.get("/v1/datasets/large/samples/999999")
        client.get("/v1/datasets/large/samples?limit=0")
        for status in ("404", "422"):
            assert metric(server, "dataprep_requests_total", dataset="large", status=status) == 1
        assert 'dataprep_requests_in_flight{dataset="large"} 0.0' in client.get("/metrics").text
        # What strangers make up becomes no name.
        assert metric(server, "dataprep_requests_total", route=route, dataset="", status="404") == 3
        contract = {"route": "/v1/datasets/{name}/contract.json", "dataset": "large"}
        assert metric(server, "dataprep_response_bytes_total", **contract) == length
        assert metric(server, "dataprep_request_seconds_count", route=route) == 7
        assert 0 < metric(server, "dataprep_request_seconds_sum", route=route) < 7
        text = client.get("/metrics").text
        assert "nowhere" not in text and '"x"' not in text


def test_a_log_of_json_lines(large: Path) -> None:
    with serving(large, options=("--log-json",)) as server:
        httpx.get(f"{server.url}/v1/datasets/large/index.json?secret=1")
        httpx.get(f"{server.url}/nowhere%0A")
        server.stop()
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    found = [line for line in lines if "route" in line]
    assert [(line["method"], line["path"], line["status"]) for line in found] == [
        ("GET", "/v1/datasets/large/index.json", 200),
        ("GET", "/nowhere\n", 404),
    ]
    assert found[0]["dataset"] == "large" and found[0]["bytes"] > 0 and 0 < found[0]["seconds"] < 60
    assert "secret" not in json.dumps(lines)


@contextmanager
def three(large: Path) -> Iterator[Server]:
    with serving(large, options=("--workers", "3")) as server:
        yield server


def children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    # The resource tracker of multiprocessing is a child as well.
    return [int(one) for one in found if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are listed by /proc")
def test_several_processes_answer_and_are_begun_again(large: Path) -> None:
    with three(large) as server:
        until(lambda: len(children(server.process.pid)) == 3)
        with httpx.Client(base_url=server.url) as client:
            for address in addresses(client, "large"):
                assert client.get(address).status_code == 200
        # Each process counts, and any of them tells the sum.
        counted = {"route": "/v1/datasets/{name}/contract.json"}
        for _ in range(12):  # each over a connection of its own
            httpx.get(f"{server.url}/v1/datasets/large/contract.json")
        assert metric(server, "dataprep_requests_total", **counted) == 13
        first, *others = children(server.process.pid)
        os.kill(first, signal.SIGKILL)
        until(lambda: len(children(server.process.pid)) == 3 and first not in children(server.process.pid))
        assert set(others) <= set(children(server.process.pid))
        for _ in range(6):
            assert httpx.get(f"{server.url}/readyz").status_code == 200
        workers = children(server.process.pid)
        assert server.stop() == 0
        until(lambda: not any(Path(f"/proc/{one}").exists() for one in workers))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are listed by /proc")
def test_several_processes_end_with_the_one_that_began_them(large: Path) -> None:
    with three(large) as server:
        until(lambda: len(children(server.process.pid)) == 3)
        workers = children(server.process.pid)
        server.process.kill()
        until(lambda: not any(Path(f"/proc/{one}").exists() for one in workers))
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/healthz")


def test_a_head_has_its_bounds(large: Path) -> None:
    with serving(large) as server:
        url = httpx.URL(server.url)
        with socket.create_connection((url.host, url.port or 80), timeout=20) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
            with pytest.raises((ConnectionError, TimeoutError, AssertionError)):  # noqa: PT012
                for _ in range(40):
                    connection.sendall(b"X-Long: " + b"x" * 9000 + b"\r\n")
                    time.sleep(0.005)
                raise AssertionError(connection.recv(12).decode())
        for wrong in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 99):
            with socket.create_connection((url.host, url.port or 80), timeout=20) as connection:
                connection.sendall(wrong)
                answer = b""
                while part := connection.recv(4096):
                    answer += part
            head, body = answer.split(b"\r\n\r\n", 1)
            assert head.startswith(b"HTTP/1.1 400 ") and b"application/problem+json" in head
            assert json.loads(body)["status"] == 400
        assert httpx.get(f"{server.url}/healthz").status_code == 200
