"""The static export: the wire as files, and a browser that syncs from them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from dataprep.errors import StoreCorrupt
from dataprep.exports import export
from dataprep.geometry import Size
from dataprep.pixels.encode import decode_stored
from dataprep.store.read import Store
from tests.e2e.chromium import chromium, quiet
from tests.e2e.conftest import ROOT, dataprep, serving
from tests.written_stores import every_kind

SYNC = """async (path) => {
  const { openDataset } = await import('/client.js');
  window.dataset = openDataset(location.origin + path, 'drawn');
  const said = await dataset.sync().then(() => null, ({ code, message }) => ({ code, message }));
  return { said, status: await dataset.status() };
}"""
PIXELS = """async () => {
  const found = {};
  for (const split of Object.keys((await dataset.index()).splits)) {
    for await (const { sample, rgb } of dataset.pixels({ split })) {
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', rgb));
      found[sample.key] = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    }
  }
  return found;
}"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    every_kind(tmp_path / "drawn.db", format="png")
    return tmp_path / "drawn.db"


def exported(store: Path, folder: Path) -> Path:
    done = dataprep("export", store, "--format", "static", "--out", folder, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lost"] == {}
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    """Every file by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """Python's own server of plain files, which knows nothing of datasets."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        # "Serving HTTP on 127.0.0.1 port 40000 (http://127.0.0.1:40000/) ..."
        yield process.stdout.readline().partition("(")[2].partition("/)")[0]
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()


def test_it_is_what_a_server_says(store: Path, tmp_path: Path) -> None:
    found = tree(exported(store, tmp_path / "out"))
    with serving(store) as server, httpx.Client(base_url=server.url) as http:
        index = http.get("/v1/datasets/drawn/index.json").json()
        paths = ["drawn/index.json", "drawn/contract.json"]
        for shard in index["shards"]:
            paths += [
                f"drawn/shards/{shard['images']['sha256']}.bin",
                f"drawn/shards/{shard['labels']['sha256']}.json",
            ]
        served = {f"v1/datasets/{path}": http.get(f"/v1/datasets/{path}").content for path in paths}
        served["v1/datasets/index.json"] = http.get("/v1/datasets").content
    assert found == served


def test_it_is_the_same_every_time(store: Path, tmp_path: Path) -> None:
    first = tree(exported(store, tmp_path / "first"))
    time.sleep(1.1)  # a time that crept in would show
    other = tmp_path / "elsewhere" / "renamed.db"
    other.parent.mkdir()
    shutil.copyfile(store, other)
    assert tree(exported(other, tmp_path / "second")) == first
    # All names are digests or of the wire: nothing of this machine is in them, and nothing is left beside it.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawn.db", "elsewhere", "first", "second"]


def test_a_damaged_store_is_not_exported(store: Path, tmp_path: Path) -> None:
    with Store(store) as opened:
        images = {sample.key: image for sample, image, _ in opened.iterate() if image}
    whole = store.read_bytes()
    key, image = next((key, image) for key, image in images.items() if whole.count(image) == 1)
    place = whole.index(image) + len(image) // 2
    with store.open("r+b") as file:
        file.seek(place)
        file.write(bytes([whole[place] ^ 4]))
    with Store(store) as opened, pytest.raises(StoreCorrupt, match=key):
        export(opened, "static", tmp_path / "out", lambda *_: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawn.db"]
    done = dataprep("export", store, "--format", "static", "--out", tmp_path / "out")
    assert done.returncode == 1 and "wanted the image" in done.stderr


def test_the_client_syncs_from_plain_files(store: Path, tmp_path: Path) -> None:
    wanted = {}
    with Store(store) as opened:
        for sample, content, _ in opened.iterate():
            assert content is not None
            pixels = decode_stored(content, "png", Size(*sample.size))
            wanted[sample.key] = hashlib.sha256(pixels.tobytes()).hexdigest()
    site = tmp_path / "site"
    site.mkdir()
    # Below a path, as behind a CDN; and at the root.
    exported(store, site / "sets/mine")
    shutil.copytree(site / "sets/mine/v1", site / "v1")
    shutil.copy(ROOT / "server/web/dist/client.js", site)
    (site / "page.html").write_text("<!doctype html><title>a page</title>")
    with file_server(site) as url, chromium(tmp_path / "profile") as context, quiet(context) as page:
        page.goto(f"{url}/page.html")
        for path in ("/sets/mine", "/sets/mine/", ""):
            found = page.evaluate(SYNC, path)
            assert found["said"] is None and found["status"]["synced"], found
            assert page.evaluate(PIXELS) == wanted


@contextmanager
def nginx(root: Path, place: Path) -> Iterator[str]:
    """nginx with the very lines of the page about serving, as a child of this test; the system's own is not touched."""
    command = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if command is None:
        pytest.skip("no nginx here (Debian: apt-get install nginx-light)")
    (written,) = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs/serving.md").read_text(), re.DOTALL)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    block = written.replace("listen 8080", f"listen 127.0.0.1:{port}").replace("/srv/sets", str(root))
    place.mkdir()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {place}/{kind};" for kind in kinds)
    (place / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {place}/pid; events {{}} http {{ access_log off; {temporary} {block} }}"
    )
    process = subprocess.Popen([command, "-p", str(place), "-e", "stderr", "-c", str(place / "nginx.conf")])
    try:
        for _ in range(400):
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            assert process.poll() is None, "nginx does not take the lines of the page"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def test_the_client_syncs_from_nginx_as_the_page_says(store: Path, tmp_path: Path) -> None:
    root = exported(store, tmp_path / "sets")
    site = tmp_path / "site"
    site.mkdir()
    shutil.copy(ROOT / "server/web/dist/client.js", site)
    (site / "page.html").write_text("<!doctype html><title>a page of another origin</title>")
    with nginx(root, tmp_path / "nginx") as url:
        index = httpx.get(f"{url}/v1/datasets/drawn/index.json")
        assert index.headers["cache-control"] == "no-cache"
        assert index.headers["content-type"] == "application/json"
        tag = {"If-None-Match": index.headers["etag"]}
        assert httpx.get(f"{url}/v1/datasets/drawn/index.json", headers=tag).status_code == 304
        shard = httpx.get(f"{url}/v1/datasets/drawn/shards/{index.json()['shards'][0]['images']['sha256']}.bin")
        assert shard.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert httpx.get(f"{url}/v1/datasets/drawn/shards/{'0' * 64}.bin").status_code == 404
        with file_server(site) as page_url, chromium(tmp_path / "profile") as context, quiet(context) as page:
            page.goto(f"{page_url}/page.html")
            found = page.evaluate(SYNC.replace("location.origin + path", "path"), url)
            assert found["said"] is None and found["status"]["synced"], found


def test_the_client_refuses_files_that_were_changed(store: Path, tmp_path: Path) -> None:
    site = exported(store, tmp_path / "site")
    shutil.copy(ROOT / "server/web/dist/client.js", site)
    spoiled = max((site / "v1/datasets/drawn/shards").glob("*.bin"), key=os.path.getsize)
    content = bytearray(spoiled.read_bytes())
    content[len(content) // 2] ^= 1
    spoiled.write_bytes(content)
    with file_server(site) as url, chromium(tmp_path / "profile") as context, quiet(context) as page:
        page.goto(f"{url}/v1/datasets/index.json")
        found = page.evaluate(SYNC, "")
        assert found["said"]["code"] == "digest" and spoiled.stem in found["said"]["message"]
        assert not found["status"]["synced"]
