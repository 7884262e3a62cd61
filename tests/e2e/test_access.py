"""Who gets in: tokens, cookies, names, certificates; over real HTTP from a real server process."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from server.token import Token
from tests.e2e.chromium import chromium, quiet
from tests.e2e.conftest import Server, dataprep, serving
from tests.e2e.test_server import addresses

SECRET = "0123456789-abcdefgh"


@pytest.fixture(scope="module")
def token_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("token") / "token.txt"
    file.write_text(f"{SECRET}\n")
    return file


@pytest.fixture(scope="module")
def guarded(sample_store: Path, token_file: Path) -> Iterator[Server]:
    options = ("--token-file", str(token_file), "--allow-host", "Data.Test", "--cors-origin", "http://trainer.test")
    with serving(sample_store, options=options) as running:
        yield running


@pytest.fixture
def stranger(guarded: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=guarded.url) as client:
        yield client


@pytest.fixture
def friend(guarded: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=guarded.url, headers={"Authorization": f"Bearer {SECRET}"}) as client:
        yield client


def test_without_the_token_nothing_is_told(stranger: httpx.Client, friend: httpx.Client) -> None:
    wrong: list[dict[str, str]] = [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {SECRET}x"},
        {"Authorization": f"Bearer {SECRET[:-1]}"},
        {"Authorization": f"Basic {SECRET}"},
        {"Authorization": "Bearer \xff"},
        {"Cookie": f"dataprep={SECRET}"},
        {"Cookie": "dataprep-00000000=; ;=;=="},
    ]
    for address in [*addresses(friend), "/openapi.json", "/v1/nothing", "/v1/datasets/other/index.json"]:
        for headers in wrong:
            answer = stranger.get(
                address, headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            )
            assert answer.status_code == 401, (address, headers)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert "sample" not in answer.text.replace(address, "")
        assert friend.get(address).status_code in (200, 404)
    for address in ("/healthz", "/readyz", "/client.js", "/augment.js", "/preprocess.js", "/records.js", "/offline.js"):
        assert stranger.get(address).status_code == 200


def test_answers_to_the_token_are_not_for_shared_caches(friend: httpx.Client) -> None:
    for address in addresses(friend):
        control = friend.get(address).headers["cache-control"]
        assert "public" not in control
        assert "private" in control or control in ("no-cache", "no-store")


def test_a_person_signs_in_once(guarded: Server, stranger: httpx.Client) -> None:
    there = stranger.get("/train")
    assert (there.status_code, there.headers["location"]) == (303, "/signin?next=/train")
    form = stranger.get(there.headers["location"])
    assert form.status_code == 200
    assert 'name="next" value="/train"' in form.text
    refused = stranger.post("/signin", data={"token": "wrong", "next": "/train"})
    assert refused.status_code == 403
    assert "not this server" in refused.text
    assert not refused.cookies and not stranger.cookies
    done = stranger.post("/signin", data={"token": f" {SECRET} ", "next": "/train"})
    assert (done.status_code, done.headers["location"]) == (303, "/train")
    cookie = done.headers["set-cookie"]
    assert SECRET not in cookie
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Secure" not in cookie
    assert stranger.get("/train").status_code == 200
    assert stranger.get("/v1/datasets").json()["datasets"][0]["name"] == "sample"
    # A session is of its server, and of its token.
    name, value = re.match(r"([^=]+)=([^;]+)", cookie).groups()  # type: ignore[union-attr]
    with httpx.Client(base_url=guarded.url, headers={"Cookie": f"other=1; {name}={value[:-1]}x"}) as other:
        assert other.get("/v1/datasets").status_code == 401


@pytest.mark.parametrize("wanted", ["//evil.test", "https://evil.test", "/\\evil.test", "/a\nb", "evil", '"><b>', "/ü"])
def test_signing_in_leads_nowhere_else(stranger: httpx.Client, wanted: str) -> None:
    done = stranger.post("/signin", data={"token": SECRET, "next": wanted})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert "<b>" not in stranger.get("/signin", params={"next": wanted}).text


def test_a_form_has_its_bounds(stranger: httpx.Client) -> None:
    assert stranger.post("/signin", content=b"token=" + b"x" * 10_000).status_code == 413
    assert stranger.post("/signin", content=b"\xff\x00=%%%").status_code == 403


def host_status(server: Server, head: bytes) -> int:
    """The status of a request with this in its head."""
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n" + head + b"Connection: close\r\n\r\n")
        return int(connection.makefile("rb").readline().split()[1])


def test_only_stated_names_and_addresses_are_answered(guarded: Server) -> None:
    port = httpx.URL(guarded.url).port
    for good in (
        "localhost",
        "LOCALHOST:1",
        f"127.0.0.1:{port}",
        "[::1]:80",
        "192.168.7.7:8000",
        "data.test",
        "DATA.TEST.:80",
    ):
        assert host_status(guarded, f"Host: {good}\r\n".encode()) == 200, good
    for bad in (
        "evil.test",
        "localhost.evil.test",
        "127.0.0.1.evil.test",
        "data.test.evil",
        "",
        "a@localhost",
        "localhost/x",
        "[::1",
    ):
        assert host_status(guarded, f"Host: {bad}\r\n".encode()) in (400, 421), bad
    assert host_status(guarded, b"Host: localhost\r\nHost: evil.test\r\n") in (400, 421)
    assert host_status(guarded, b"") in (400, 421)


def test_every_answer_carries_its_headers(friend: httpx.Client, stranger: httpx.Client) -> None:
    for answer in (
        friend.get("/"),
        friend.get("/train"),
        friend.get("/v1/datasets"),
        stranger.get("/v1/datasets"),
        stranger.get("/signin"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        is_page = answer.headers["content-type"].startswith("text/html")
        assert is_page == ("content-security-policy" in answer.headers)
    assert "'unsafe" not in friend.get("/").headers["content-security-policy"]


def test_other_origins_are_let_in_by_list(friend: httpx.Client) -> None:
    asked = {
        "Origin": "http://trainer.test",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    with httpx.Client(base_url=friend.base_url) as browser:
        before = browser.options("/v1/datasets", headers=asked)
        assert (before.status_code, before.headers["access-control-allow-origin"]) == (200, "http://trainer.test")
        assert (
            "access-control-allow-origin"
            not in browser.options("/v1/datasets", headers=asked | {"Origin": "http://evil.test"}).headers
        )
    assert (
        friend.get("/v1/datasets", headers={"Origin": "http://trainer.test"}).headers["access-control-allow-origin"]
        == "http://trainer.test"
    )
    assert (
        "access-control-allow-origin" not in friend.get("/v1/datasets", headers={"Origin": "http://evil.test"}).headers
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_other_machines_are_let_in_on_purpose_only(sample_store: Path, host: str) -> None:
    done = dataprep("serve", sample_store, "--host", host, "--port", "0")
    assert done.returncode == 2
    assert "--token-file" in done.stderr and "DATAPREP_TOKEN" in done.stderr and "--public" in done.stderr


def test_on_purpose_they_are_let_in(sample_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(sample_store, options=("--host", "0.0.0.0", "--public")) as running:
        url = running.url.replace("0.0.0.0", "127.0.0.1") + "/v1/datasets"
        assert httpx.get(url).status_code == 200
        # Everybody may read, but by no name that is not stated: a site that leads its own name here reads nothing.
        for name in ("evil.test", "localhost.evil.test:8000", "0.evil.test"):
            refused = httpx.get(url, headers={"Host": name})
            assert (refused.status_code, "--allow-host" in refused.text) == (421, True)
    monkeypatch.setenv("DATAPREP_TOKEN", SECRET)
    with serving(sample_store, options=("--host", "0.0.0.0")) as running:
        url = running.url.replace("0.0.0.0", "127.0.0.1") + "/v1/datasets"
        assert httpx.get(url).status_code == 401
        assert httpx.get(url, headers={"Authorization": f"Bearer {SECRET}"}).status_code == 200


@pytest.mark.parametrize(
    "content", [b"", b"short", b"two words and more of them", "sixteen letters ü".encode(), b"\xff" * 20]
)
def test_a_weak_token_is_refused(sample_store: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token.txt").write_bytes(content)
    done = dataprep("serve", sample_store, "--port", "0", "--token-file", tmp_path / "token.txt")
    assert done.returncode == 2
    assert "token" in done.stderr and "Traceback" not in done.stderr
    if len(content) > 1:
        assert content.decode("latin-1") not in done.stderr


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*request, *names, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return cert, key


def test_https_is_served_with_a_certificate(
    sample_store: Path, certificate: tuple[Path, Path], token_file: Path
) -> None:
    cert, key = certificate
    options = ("--tls-cert", str(cert), "--tls-key", str(key), "--token-file", str(token_file))
    with serving(sample_store, options=options) as running:
        assert running.url.startswith("https://127.0.0.1:")
        with httpx.Client(base_url=running.url, verify=ssl.create_default_context(cafile=str(cert))) as client:
            assert client.get("/healthz").json() == {"status": "ok"}
            cookie = client.post("/signin", data={"token": SECRET}).headers["set-cookie"]
            assert "Secure" in cookie
            assert client.get("/v1/datasets").status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(running.url + "/healthz")


def test_a_certificate_that_is_none_is_named(
    sample_store: Path, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = certificate
    for options in (
        ("--tls-cert", cert),
        ("--tls-key", key),
        ("--tls-cert", key, "--tls-key", cert),
        ("--tls-cert", tmp_path / "none"),
    ):
        done = dataprep("serve", sample_store, "--port", "0", *options)
        assert done.returncode == 2, options
        assert "certificate" in done.stderr or "--tls-cert" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("logging", [(), ("--log-json",), ("--log-json", "--workers", "2")])
def test_the_token_is_nowhere_to_be_seen(sample_store: Path, token_file: Path, logging: tuple[str, ...]) -> None:
    with serving(sample_store, options=("--token-file", str(token_file), *logging)) as running:
        with httpx.Client(base_url=running.url) as client:
            bearer = {"Authorization": f"Bearer {SECRET}"}
            for path in (
                "/v1/datasets",
                "/v1/nothing",
                "/v1/datasets/sample/samples?limit=0",
                f"/healthz?token={SECRET}",
            ):
                assert SECRET not in client.get(path, headers=bearer).text
            client.post("/signin", data={"token": SECRET})
            assert SECRET not in client.get("/metrics", headers=bearer).text
        # What is no HTTP is logged by nobody either.
        url = httpx.URL(running.url)
        with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
            connection.sendall(f"GET / HTTP/9\r\nAuthorization: Bearer {SECRET}\r\n\r\n".encode())
            assert SECRET.encode() not in connection.recv(1000)
        listed = Path(f"/proc/{running.process.pid}/cmdline")
        if listed.exists():
            assert SECRET.encode() not in listed.read_bytes()
        running.stop()
        assert running.process.stdout is not None
        assert SECRET not in running.process.stdout.read() + running.log.read_text()
    assert os.environ.get("DATAPREP_TOKEN") is None


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the library's own way for it, and by nothing else: both sides are of one length, whatever was sent."""
    token, compared = Token(SECRET), list[tuple[int, int]]()

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return verdict

    monkeypatch.setattr("server.token.hmac.compare_digest", compare)
    for verdict in (True, False):
        for found in ("", "x", SECRET, SECRET[:-1], token.session, "é" * 1000):
            assert token.is_secret(found) is verdict and token.is_session(found) is verdict
    assert set(compared) == {(32, 32)} and len(compared) == 24


def test_over_https_a_name_on_the_lan_is_a_secure_context(
    sample_store: Path, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    """What plain http keeps back from laptops in a class is there, and a whole sync uses it."""
    cert, key = certificate
    # By two processes, each of which has to find certificate and key.
    options = ("--tls-cert", str(cert), "--tls-key", str(key), "--workers", "2")
    # The certificate is of this test's own; a class would trust theirs.
    flags = ("--host-resolver-rules=MAP lan.test 127.0.0.1", "--ignore-certificate-errors")
    with (
        serving(sample_store, options=options) as running,
        chromium(tmp_path / "profile", *flags) as browser,
        quiet(browser) as page,
    ):
        page.goto(f"{running.url.replace('127.0.0.1', 'lan.test')}/v1/datasets")
        found = page.evaluate(
            """async () => {
          const { openDataset } = await import('/client.js');
          const dataset = openDataset(location.origin, 'sample');
          await dataset.sync();
          return [isSecureContext, 'subtle' in crypto, 'locks' in navigator, (await dataset.status()).synced];
        }"""
        )
        assert found == [True, True, True, True]


def test_a_browser_signs_in_and_sees_pictures(guarded: Server, tmp_path: Path) -> None:
    with chromium(tmp_path / "profile") as browser, quiet(browser) as page:
        page.goto(guarded.url)
        expect(page.get_by_label("Token of this server")).to_be_focused()
        page.keyboard.type(SECRET)
        page.keyboard.press("Enter")
        tile = page.get_by_test_id("tile").first
        expect(tile).to_be_visible()
        page.wait_for_function("() => document.querySelector('[data-testid=tile] img')?.naturalWidth > 0")
        assert page.url == f"{guarded.url}/"
        # Another site's page gets no cookie along: what it asks for is refused, so it can't even show a picture.
        source = page.evaluate("() => document.querySelector('[data-testid=tile] img').src")
        other = browser.new_page()
        other.goto("data:text/html,<p>elsewhere")
        assert (
            other.evaluate(
                """(source) => new Promise((resolve) => {
              const image = new Image();
              image.onload = () => resolve('shown');
              image.onerror = () => resolve('refused');
              image.src = source;
            })""",
                source,
            )
            == "refused"
        )
