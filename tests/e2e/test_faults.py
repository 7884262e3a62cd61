"""What goes wrong on the server's side: damaged, cut and vanished stores, a full disk."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from dataprep import canonical
from dataprep.errors import StoreCorrupt
from dataprep.store.read import Store
from server.app import create_app
from server.settings import Settings
from tests.e2e.chromium import chromium
from tests.e2e.conftest import COMMAND, serving
from tests.written_stores import every_kind

BASE = "/v1/datasets/drawn"
FLIPS = 60
END = 256

# Runs the command line as on a full disk: no file can grow by a byte, and what is written on stderr is lost.
ON_A_FULL_DISK = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
try:
    with open(os.environ["DATAPREP_PROBE"], "w") as file:
        file.write("x")
    sys.exit("this disk is not full")
except OSError:
    pass
if os.path.exists("/dev/full"):
    os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
from dataprep.cli import main
main()
"""

SYNC = """async () => {
  const { openDataset } = await import('/client.js');
  const dataset = openDataset(location.origin, 'drawn');
  const said = await dataset.sync().then(() => null, ({ code, message }) => ({ code, message }));
  return { said, status: await dataset.status() };
}"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    every_kind(tmp_path / "drawn.db")
    return tmp_path / "drawn.db"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A store whose images take several of SQLite's pages each.

    A store is checked when it is opened, but for the bytes of images. What lies beside its rows in one page is in
    SQLite's memory from then on, so damage to it is not met before that page is read again; the end of a large image
    lies in pages of its own, which nobody has read yet.
    """
    every_kind(tmp_path / "drawn.db", height=200, target=60_000)
    return tmp_path / "drawn.db"


def flip(path: Path, place: int, bit: int = 0) -> None:
    """Flips a bit as a failing disk does: nobody wrote the file."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(place)
        (value,) = file.read(1)
        file.seek(place)
        file.write(bytes([value ^ 1 << bit]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def contents(path: Path) -> dict[str, bytes]:
    """Every image by the key of its sample."""
    with Store(path) as opened:
        return {sample.key: image for sample, image, _ in opened.iterate() if image is not None}


@dataclass(frozen=True)
class Target:
    """An image to be damaged: of which sample it is, and a place in the file that lies near its end."""

    key: str
    sha256: str
    place: int


def target(path: Path) -> Target:
    """The first image whose end lies in the file in one piece."""
    whole = path.read_bytes()
    key, image = next((key, image) for key, image in contents(path).items() if whole.count(image[-END:]) == 1)
    return Target(key, hashlib.sha256(image).hexdigest(), whole.index(image[-END:]) + END // 2)


def files(index: dict[str, Any]) -> dict[str, str]:
    """The shards of an index, with their digests."""
    return {
        f"{BASE}/shards/{shard[part]['sha256']}.{kind}": shard[part]["sha256"]
        for shard in index["shards"]
        for part, kind in (("images", "bin"), ("labels", "json"))
    }


def check(answer: httpx.Response) -> None:
    """An error is a problem with a reason: never a failure that the server didn't understand itself."""
    if answer.status_code < 400:
        return
    assert answer.status_code in (404, 410, 500, 503), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail"} and problem["status"] == answer.status_code
    assert "its log says more" not in problem["detail"], problem


def test_a_flipped_bit_in_an_image_is_named_and_never_sent(large: Path) -> None:
    image = target(large)
    with serving(large) as server, httpx.Client(base_url=server.url) as http:
        index = http.get(f"{BASE}/index.json").json()
        flip(large, image.place, 5)
        address = f"{BASE}/images/{image.sha256}"
        answer = http.get(address)
        assert (answer.status_code, answer.json()["title"]) == (500, "Internal Server Error")
        assert f"drawn: {image.key}: wanted the image {image.sha256}, found " in answer.json()["detail"]
        assert "dataprep verify" in answer.json()["detail"]
        broken = []
        for path, wanted in files(index).items():
            answer = http.get(path)
            check(answer)
            if answer.status_code == 200:
                assert hashlib.sha256(answer.content).hexdigest() == wanted
            else:
                broken.append(answer.json()["detail"])
        # One shard, named by its sample.
        assert len(broken) == 1 and f"{image.key}: wanted the image {image.sha256}" in broken[0]
        # A part of it, where no bit was flipped, is refused as well.
        assert http.get(address, headers={"Range": "bytes=0-0"}).status_code == 500
        assert http.head(address).status_code == 500
        log = server.log.read_text()
        assert "Traceback" not in log and image.key in log


def test_who_has_it_is_told_so_without_a_blob_being_read(large: Path) -> None:
    """What is damaged can't be read, and yet is the same for whoever has it; ranges behind the end need no reading."""
    image = target(large)
    with serving(large) as server, httpx.Client(base_url=server.url) as http:
        index = http.get(f"{BASE}/index.json").json()
        flip(large, image.place, 5)
        for path, sha256 in [*files(index).items(), (f"{BASE}/images/{image.sha256}", image.sha256)]:
            known = http.get(path, headers={"If-None-Match": f'"{sha256}"'})
            assert (known.status_code, known.content) == (304, b""), path
            assert http.get(path, headers={"If-Match": '"other"'}).status_code == 412
            assert http.get(path, headers={"Range": "bytes=99999999-"}).status_code == 416
        assert http.get(f"{BASE}/images/{image.sha256}").status_code == 500


def test_a_browser_never_stores_a_damaged_image(large: Path, tmp_path: Path) -> None:
    image, whole = target(large), tmp_path / "whole.db"
    shutil.copyfile(large, whole)
    with serving(large) as server, chromium(tmp_path / "profile") as context:
        flip(large, image.place)
        page = context.new_page()  # not a quiet one: Chromium logs every 500
        page.goto(f"{server.url}/v1/datasets")
        found = page.evaluate(SYNC)
        assert found["said"]["code"] == "network" and image.key in found["said"]["message"], found
        assert not found["status"]["synced"]
        # A whole store takes its place, and the same page goes on.
        whole.replace(large)
        found = page.evaluate(SYNC)
        assert found["said"] is None and found["status"]["synced"], found


def test_what_has_gone_bad_since_it_was_checked_fails_at_the_client(store: Path) -> None:
    """The server hashes a shard once, the client each time: what it gets then is not what the index says."""
    with Store(store) as opened:
        shards = [shard.images_sha256 for shard in opened.shards()]
        for sha256 in shards:
            opened.shard_images(sha256)
        flip(store, target(store).place)
        opened.close()  # drops SQLite's pages, as the machine may do at any time
        wrong = [sha256 for sha256 in shards if hashlib.sha256(opened.shard_images(sha256)).hexdigest() != sha256]
        assert len(wrong) == 1
    # And one that is opened anew says so itself.
    with Store(store) as opened, pytest.raises(StoreCorrupt, match="wanted the image"):
        opened.shard_images(wrong[0])


@pytest.mark.parametrize("left", [0.0, 0.1, 0.5, 0.9])
def test_a_store_that_is_cut_short_while_it_is_served(store: Path, tmp_path: Path, left: float) -> None:
    whole = tmp_path / "whole.db"
    shutil.copyfile(store, whole)
    with serving(store) as server, httpx.Client(base_url=server.url) as http:
        index = http.get(f"{BASE}/index.json").json()
        paths = files(index)
        for path in list(paths)[:3]:
            assert http.get(path).status_code == 200
        os.truncate(store, int(store.stat().st_size * left))
        for path, sha256 in paths.items():
            answer = http.get(path)
            check(answer)
            if answer.status_code == 200:
                assert hashlib.sha256(answer.content).hexdigest() == sha256
        for path in ("/v1/datasets", f"{BASE}/samples", f"{BASE}/samples/1", f"{BASE}/records", "/readyz"):
            check(http.get(path))
        assert server.process.poll() is None and http.get("/healthz").status_code == 200
        assert "Traceback" not in server.log.read_text()


def test_a_bit_flipped_anywhere_gives_right_bytes_or_a_reason(store: Path, tmp_path: Path) -> None:
    """In images, in labels, in the trees of SQLite, in what the dataset says of itself; nothing is cached."""
    whole, chance, seen = store.read_bytes(), random.Random(6), Counter[int]()
    images = [(f"{BASE}/images/{sha}", sha) for sha in map(canonical.sha256, contents(store).values())]
    # Anywhere, and in what is small: the head of the file, and what the dataset says of itself.
    places = [chance.randrange(len(whole)) for _ in range(FLIPS)]
    places += [chance.randrange(100) for _ in range(6)] + [whole.index(b"media_type") + 3, whole.index(b'"scale"') + 2]
    app = create_app(Settings((store,), cache_bytes=0))

    async def look(http: httpx.AsyncClient, place: int, bit: int) -> None:
        index = await http.get(f"{BASE}/index.json")
        check(index)
        shards = files(index.json()) if index.status_code == 200 else {}
        # Damage to one image is met by its shard; of all others a few are looked at.
        for path, sha256 in [*shards.items(), *chance.sample(images, 8)]:
            answer = await http.get(path)
            check(answer)
            seen[answer.status_code] += 1
            right = hashlib.sha256(answer.content).hexdigest() == sha256
            assert right is (answer.status_code == 200), (place, bit, path)
        for path in ("samples?limit=500", "records?limit=500", "samples/7", "samples?key=1&class=a"):
            check(await http.get(f"{BASE}/{path}"))
        for path in ("/v1/datasets", "/readyz"):
            check(await http.get(path))

    async def damage() -> None:
        # An error that nobody has foreseen is raised here, as it would be a traceback in a log.
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http:
            for place in places:
                beside, bit = tmp_path / "damaged.db", chance.randrange(8)
                beside.write_bytes(whole)
                flip(beside, place, bit)
                beside.replace(store)
                # What was broken is looked at again after a while only.
                for slot in app.state.catalog._slots:
                    slot.again = 0
                await look(http, place, bit)

    asyncio.run(damage())
    app.state.catalog.close()
    # Damage was met in all its ways, and most answers were good.
    assert seen[200] > 20 * FLIPS and seen[500] > FLIPS / 8 and seen[503] > 0, seen


def test_on_a_full_disk_everything_is_served_and_nothing_written(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATAPREP_PROBE", str(tmp_path / "probe"))
    (tmp_path / "temporary").mkdir()
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(tmp_path / "temporary"))
    with (
        serving(store, command=(COMMAND[0], "-c", ON_A_FULL_DISK)) as server,
        httpx.Client(base_url=server.url) as http,
    ):
        (tmp_path / "probe").unlink()
        before = snapshot(tmp_path)
        for _ in range(2):
            for path, sha256 in files(http.get(f"{BASE}/index.json").json()).items():
                assert hashlib.sha256(http.get(path).content).hexdigest() == sha256
            for path in ("samples?limit=500&class=a", "samples?key=00", "records?limit=500", "contract.json"):
                assert http.get(f"{BASE}/{path}").status_code == 200
        # It has something to say in its log, and can't; that must not matter either.
        store.rename(tmp_path / "aside.db")
        assert http.get(f"{BASE}/index.json").status_code == 503
        (tmp_path / "aside.db").rename(store)
        assert snapshot(tmp_path) == before
        assert server.stop() == 0


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and its time of change."""
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_what_is_read_is_never_written(store: Path) -> None:
    """SQLite itself refuses, whatever asks it."""
    with Store(store) as opened, opened.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            driver.execute("DELETE FROM samples")
        # What it sorts, it sorts in memory.
        assert driver.execute("PRAGMA temp_store").fetchone() == (2,)
