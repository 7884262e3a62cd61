"""The short way answers as the long one does: every header, every byte, every line of the log, every count."""

from __future__ import annotations

import json
import re
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataprep.store.read import Store
from tests.e2e.conftest import COMMAND, Server, serving
from tests.e2e.test_load import until
from tests.written_stores import every_kind

TOKEN = "a-token-of-many-letters"
OURS = "http://trainer.test:5173"
# Says which way an answer took, and waits for a disk: a machine short of memory forgets a file whenever it likes, and
# what it has forgotten goes the long way. Nothing else is changed.
TOLD = """
from dataprep.store import places
from server.express import Express
places._NO_WAITING = places._NO_WAITING and 0
reply = Express.reply
def told(*arguments):
    found = reply(*arguments)
    if found is not None:
        found.headers.append((b"x-way", b"short"))
    return found
Express.reply = told
"""
SETTINGS = {
    "open": (),
    "token": ("--token-file", "TOKEN"),
    "an origin": ("--cors-origin", OURS),
    "all origins": ("--cors-origin", "*"),
    "token and origin": ("--token-file", "TOKEN", "--cors-origin", OURS),
}


@dataclass
class Talk:
    """A server, a connection to it, and what was asked so far."""

    server: Server
    path: str
    cookie: str
    connection: socket.socket | None = None
    asked: list[tuple[str, int]] = field(default_factory=list)

    def ask(self, method: str, path: str, version: str, headers: dict[str, str]) -> tuple[bytes, list[bytes], bytes]:
        """One request; the first line, headers and body of its answer."""
        if self.connection is None:
            url = httpx.URL(self.server.url)
            self.connection = socket.create_connection((url.host, url.port or 80), timeout=60)
        lines = [f"{method} {path} HTTP/{version}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        self.connection.sendall("\r\n".join(lines).encode())
        with self.connection.makefile("rb", buffering=0) as stream:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = stream.read(1)
                assert byte, head
                head += byte
            first, *found = head[:-4].split(b"\r\n")
            length = next((int(one.split(b":")[1]) for one in found if one.startswith(b"content-length:")), 0)
            status = int(first.split()[1])
            body = b""
            while method != "HEAD" and status != 304 and len(body) < length:
                part = stream.read(length - len(body))
                assert part
                body += part
        if b"connection: close" in found:
            self.connection.close()
            self.connection = None
        self.asked.append((method, status))
        # The time is the only thing that may differ.
        return first, [one for one in found if not one.startswith(b"date:")], body

    def lines(self) -> list[dict[str, Any]]:
        """What the log says of the requests, but for times and the client's port."""
        found = [json.loads(line) for line in self.server.log.read_text().splitlines()]
        return [{name: one[name] for name in one.keys() - {"time", "seconds"}} for one in found if "route" in one]


@pytest.fixture(scope="module", params=SETTINGS)
def talk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    folder = tmp_path_factory.mktemp("ways")
    every_kind(folder / "drawn.db", format="raw", count=60, target=120_000)
    with Store(folder / "drawn.db") as store:
        path = f"/v1/datasets/drawn/shards/{store.shards()[0].images_sha256}.bin"
    (folder / "token").write_text(TOKEN)
    options = [str(folder / "token") if one == "TOKEN" else one for one in SETTINGS[request.param]]
    command = (*COMMAND[:-1], TOLD + COMMAND[-1])
    with serving(folder / "drawn.db", options=("--log-json", *options), command=command) as server:
        signed = httpx.post(f"{server.url}/signin", data={"token": TOKEN, "next": "/"})
        cookie = signed.headers.get("set-cookie", "nothing=here").split(";")[0]
        talk = Talk(server, path, cookie)
        # Where its images lie is found by the first reading; the next ones are kept.
        for _ in range(4):
            talk.ask("GET", path, "1.1", {"Host": "localhost", "Authorization": f"Bearer {TOKEN}"})
        yield talk
        if talk.connection is not None:
            talk.connection.close()


def some(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


# Not every request is odd in every way, or hardly any would be answered.
HEADERS = st.fixed_dictionaries(
    {"Host": some("localhost", "localhost", "127.0.0.1:80", "[::1]", "LAN.test:1", "site.example", "")},
    optional={
        "Authorization": some(f"Bearer {TOKEN}", f"bearer  {TOKEN}", f"Bearer {TOKEN}", "Bearer wrong", "Basic x"),
        "Cookie": some("COOKIE", "a=b; COOKIE", "wrong=cookie"),
        "Origin": some(OURS, "http://site.example", "null"),
        "Range": some("bytes=0-9", "bytes=-5", "bytes=0-", "bytes=0-1,5-9", "bytes=99999999-", "lines=1-2"),
        "If-None-Match": some("ETAG", "*", '"other"', "W/ETAG", '"other", ETAG'),
        "If-Match": some("ETAG", "*", '"other"'),
        "If-Range": some("ETAG", '"other"', "Thu, 26 Nov 2026 10:00:00 GMT"),
        "Accept-Encoding": some("gzip, br", "identity;q=0"),
        "Connection": some("keep-alive", "close"),
        "User-Agent": some("Mozilla/5.0"),
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "GET", "GET", "HEAD"]),
    version=st.sampled_from(["1.1", "1.1", "1.1", "1.0"]),
    tail=st.sampled_from(["", "", "", "?x=1", "0"]),
    fields=HEADERS,
)
def test_both_ways_are_one(talk: Talk, method: str, version: str, tail: str, fields: dict[str, str]) -> None:
    etag = f'"{talk.path[-68:-4]}"'
    headers = {name: value.replace("ETAG", etag).replace("COOKIE", talk.cookie) for name, value in fields.items()}
    short = talk.ask(method, talk.path + tail, version, headers)
    # A server in front of ours may say this; then the application is asked.
    long = talk.ask(method, talk.path + tail, version, {**headers, "X-Forwarded-Proto": "http"})
    was_short = b"x-way: short" in short[1]
    assert (short[0], [one for one in short[1] if one != b"x-way: short"], short[2]) == long
    status = int(short[0].split()[1])
    unasked = headers.get("Connection") == "close" or headers.get("Host") in ("", "site.example")
    assert was_short == (method == "GET" and version == "1.1" and not tail and not unasked and status != 401)


def about(talk: Talk) -> list[dict[str, Any]]:
    return [one for one in talk.lines() if one["path"].startswith(talk.path)]


def test_log_and_metrics_tell_the_same_of_both(talk: Talk) -> None:
    for more in ({}, {"X-Forwarded-Proto": "http"}):
        talk.ask("GET", talk.path, "1.1", {"Host": "localhost", "Authorization": f"Bearer {TOKEN}", **more})
    # A line is written when its answer has gone out.
    until(lambda: len(about(talk)) >= len(talk.asked))
    lines = about(talk)
    assert [(one["method"], one["status"]) for one in lines] == talk.asked
    assert lines[::2] == lines[1::2]
    metrics = httpx.get(f"{talk.server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    route = "/v1/datasets/{name}/shards/{sha256}.bin"
    counted = Counter((one["method"], str(one["status"])) for one in lines if one["route"] == route)
    pattern = re.compile(r'dataprep_requests_total\{dataset="drawn",method="(\w+)",route="(.*)",status="(\d+)"\} (.*)')
    found = [match.groups() for match in map(pattern.fullmatch, metrics.splitlines()) if match is not None]
    assert {(method, status): float(n) for method, where, status, n in found if where == route} == counted
    (sent,) = re.findall(r'dataprep_response_bytes_total\{dataset="drawn",route="[^"]*sha256}.bin"\} (.*)', metrics)
    assert float(sent) == sum(one["bytes"] for one in lines if one["route"] == route)
    (seen,) = re.findall(r'dataprep_request_seconds_count\{dataset="drawn",route="[^"]*sha256}.bin"\} (.*)', metrics)
    assert float(seen) == sum(counted.values())
    assert 'dataprep_requests_in_flight{dataset="drawn"} 0.0' in metrics
