"""A store that is replaced while it is served: by a whole one, a broken one, one of another name, and under load."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Server, serving
from tests.written_stores import every_kind

BASE = "/v1/datasets/drawn"
CLIENTS, REPLACEMENTS = 4, 25


@pytest.fixture
def versions(tmp_path: Path) -> list[Path]:
    """Stores of one name; some of their shards are the same, some are not."""
    paths = [tmp_path / f"version-{count}.db" for count in (40, 41, 60)]
    for count, path in zip((40, 41, 60), paths, strict=True):
        every_kind(path, count=count)
    return paths


def put(version: Path, at: Path) -> None:
    """Replaces a store as a build does: beside it, then by a rename."""
    beside = at.with_name(f"{at.name}.building")
    shutil.copyfile(version, beside)
    beside.replace(at)


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Waits for something that comes by itself, but not at once."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def shard_paths(index: dict[str, Any]) -> dict[str, str]:
    """Every file of an index with its digest."""
    found = {}
    for shard in index["shards"]:
        for part, kind in (("images", "bin"), ("labels", "json")):
            found[f"{BASE}/shards/{shard[part]['sha256']}.{kind}"] = shard[part]["sha256"]
    return found


def test_under_load_every_answer_is_of_one_store(versions: list[Path], tmp_path: Path) -> None:
    served = tmp_path / "served.db"
    put(versions[0], served)
    over, whole = Event(), Event()
    with serving(served) as server:

        def sync(client: httpx.Client, seen: Counter[int]) -> str:
            """As the client does: from the index to the shards, and anew when one is gone."""
            index = client.get(f"{BASE}/index.json").raise_for_status().json()
            files = shard_paths(index)
            for path, sha256 in files.items():
                answer = client.get(path)
                seen[answer.status_code] += 1
                if answer.status_code == 410:
                    assert "sync again" in answer.json()["detail"]
                    return ""
                assert answer.status_code == 200, answer.text
                assert hashlib.sha256(answer.content).hexdigest() == sha256
            whole.set()
            digest: str = index["digest"]
            return digest

        def load(_: int) -> tuple[Counter[int], set[str]]:
            seen, digests = Counter[int](), set[str]()
            with httpx.Client(base_url=server.url, timeout=30) as client:
                while not over.is_set():
                    digests.add(sync(client, seen))
                # What is there at last can be had whole.
                last = sync(client, seen)
            assert last != ""
            return seen, {*digests, last} - {""}

        with ThreadPoolExecutor(CLIENTS) as threads:
            clients = [threads.submit(load, number) for number in range(CLIENTS)]
            for turn in range(1, REPLACEMENTS + 1):
                put(versions[turn % len(versions)], served)
                # Mostly in the middle of syncs; at times one gets through.
                time.sleep(0.05)
                if turn % 4 == 0:
                    whole.clear()
                    assert whole.wait(20)
            over.set()
            results = [client.result() for client in clients]
        seen = sum((one for one, _ in results), Counter[int]())
        # It was under load, and replaced under it, and more than one of the stores was got whole.
        assert seen[200] > 100 and seen[410] > 0, seen
        assert len(set.union(*(digests for _, digests in results))) > 1
        assert "Traceback" not in server.log.read_text()
        lets_go_of_what_was_replaced(server)


def lets_go_of_what_was_replaced(server: Server) -> None:
    """A file that is held open keeps its place on the disk."""
    folder = Path(f"/proc/{server.process.pid}/fd")
    if not folder.exists():
        return

    def held() -> list[str]:
        links = [os.readlink(link) for link in folder.iterdir() if link.exists() or link.is_symlink()]
        return [link for link in links if "served.db" in link and "deleted" in link]

    until(lambda: held() == [])


def test_a_shard_that_both_have_is_never_refused(versions: list[Path], tmp_path: Path) -> None:
    served = tmp_path / "served.db"
    put(versions[0], served)
    with serving(served) as server, httpx.Client(base_url=server.url) as client:
        old = shard_paths(client.get(f"{BASE}/index.json").json())
        put(versions[1], served)
        new = shard_paths(client.get(f"{BASE}/index.json").json())
        assert old.keys() & new.keys() and old.keys() - new.keys()
        for path in old:
            assert client.get(path).status_code == (200 if path in new else 410), path


def test_a_digest_that_is_not_there_is_gone_whoever_asks(versions: list[Path]) -> None:
    """A server that was started anew knows no older store, and answers as one that does."""
    with serving(versions[0]) as server:
        old = shard_paths(httpx.get(f"{server.url}{BASE}/index.json").json())
    with serving(versions[2]) as server, httpx.Client(base_url=server.url) as client:
        new = shard_paths(client.get(f"{BASE}/index.json").json())
        gone = [client.get(path) for path in old.keys() - new.keys()]
        assert gone and {answer.status_code for answer in gone} == {410}
        for answer in gone:
            assert answer.headers["cache-control"] == "no-store"
            assert answer.json()["title"] == "Gone" and "read the index again" in answer.json()["detail"]


def test_a_store_that_is_gone_or_broken_comes_back(versions: list[Path], tmp_path: Path) -> None:
    served, other, broken = tmp_path / "served.db", tmp_path / "other.db", tmp_path / "broken.db"
    put(versions[0], served)
    every_kind(other, name="other", count=6)
    contents = (None, b"", b"no store", versions[1].read_bytes()[:5000])
    with serving(served, other) as server, httpx.Client(base_url=server.url) as client:
        for content in contents:
            assert client.get("/readyz").json() == {"status": "ok", "datasets": 2}
            if content is None:
                served.unlink()
            else:
                broken.write_bytes(content)
                put(broken, served)
            for path in (f"{BASE}/index.json", f"{BASE}/samples", f"{BASE}/images/{'0' * 64}"):
                answer = client.get(path)
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "2"), answer.text
                # What a stranger is told names no path of this machine.
                assert str(tmp_path) not in answer.text and "'drawn'" in answer.text
            assert client.get("/readyz").status_code == 503
            assert client.get("/healthz").status_code == 200
            # The other one is served on.
            assert [one["name"] for one in client.get("/v1/datasets").json()["datasets"]] == ["other"]
            assert client.get("/v1/datasets/other/index.json").status_code == 200
            put(versions[1], served)
            until(lambda: client.get(f"{BASE}/index.json").status_code == 200)
        # Each reason is said, and not with every request.
        log = server.log.read_text()
        assert "Traceback" not in log
        assert sum(line.startswith(str(served)) for line in log.splitlines()) == len(contents), log


def test_a_store_that_is_copied_over_is_never_half_served(versions: list[Path], tmp_path: Path) -> None:
    """As `cp` does it: the same file, cut to nothing and then written bit by bit."""
    served = tmp_path / "served.db"
    put(versions[0], served)
    content = versions[2].read_bytes()
    with serving(served) as server, httpx.Client(base_url=server.url) as client:
        old = shard_paths(client.get(f"{BASE}/index.json").json())
        with served.open("wb") as file:
            for start in range(0, len(content), len(content) // 12):
                for path, sha256 in list(old.items())[:4]:
                    answer = client.get(path)
                    assert answer.status_code in (200, 410, 500, 503), answer.text
                    if answer.status_code == 200:
                        assert hashlib.sha256(answer.content).hexdigest() == sha256
                file.write(content[start : start + len(content) // 12])
                file.flush()
        until(lambda: client.get(f"{BASE}/index.json").status_code == 200)
        new = shard_paths(client.get(f"{BASE}/index.json").json())
        for path, sha256 in new.items():
            assert hashlib.sha256(client.get(path).content).hexdigest() == sha256
        assert "Traceback" not in server.log.read_text()


def test_a_dataset_may_change_its_name(versions: list[Path], tmp_path: Path) -> None:
    served, renamed, other = tmp_path / "served.db", tmp_path / "renamed.db", tmp_path / "other.db"
    put(versions[0], served)
    every_kind(renamed, name="renamed", count=6)
    every_kind(other, name="other", count=6)
    with serving(served, other) as server, httpx.Client(base_url=server.url) as client:
        put(renamed, served)
        assert client.get("/v1/datasets/renamed/index.json").json()["name"] == "renamed"
        assert client.get(f"{BASE}/index.json").status_code == 404
        assert [one["name"] for one in client.get("/v1/datasets").json()["datasets"]] == ["renamed", "other"]
        # But not to one that is taken.
        put(other, served)
        assert client.get("/v1/datasets/renamed/index.json").status_code == 503
        assert client.get("/v1/datasets/other/index.json").status_code == 200
        assert "both hold a dataset named 'other'" in server.log.read_text()
        put(versions[0], served)
        until(lambda: client.get(f"{BASE}/index.json").status_code == 200)
