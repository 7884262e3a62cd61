"""Whatever ends a sync, what is stored is whole and verified, and the next sync fetches the rest and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request

from tests.e2e import test_records
from tests.e2e.chromium import FLAGS, LAN, chromium, quiet
from tests.e2e.conftest import serving
from tests.e2e.decoded import decoded_in_python
from tests.e2e.syncing import ENDED, HOSTS, PIXELS, START, STORED, SYNC, built_in_shards, on_host, open_page, port_of

STATUS = "() => window.dataset.status()"
INDEX = "() => window.dataset.index()"

# Rows of which the content is not what their key says, read and hashed past the client.
SPOILT = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open(`dataprep:${location.origin}:sample`);
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const database = opening.result;
    const transaction = database.transaction(['images', 'labels']);
    const asked = ['images', 'labels'].map((table) => transaction.objectStore(table).getAll());
    transaction.oncomplete = async () => {
      database.close();
      const spoilt = [];
      for (const { sha256, blob, bytes: stored } of asked.flatMap(({ result }) => result)) {
        const bytes = await new Response(blob ?? stored).arrayBuffer();
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
        const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
        if (found !== sha256) spoilt.push(sha256);
      }
      resolve(spoilt);
    };
  };
})"""

# Changes what is stored past the client: each change names a table, a row, and what becomes of it.
DAMAGE = """(changes) => new Promise((resolve, reject) => {
  const opening = indexedDB.open(`dataprep:${location.origin}:sample`);
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = async () => {
    const database = opening.result;
    const ask = (request) => new Promise((done) => { request.onsuccess = () => done(request.result); });
    for (const [table, key, become] of changes) {
      const row = await ask(database.transaction(table).objectStore(table).get(key));
      if (become === 'a changed byte') {
        const bytes = new Uint8Array(await new Response(row.blob).arrayBuffer());
        bytes[bytes.length >> 1] ^= 1;
        row.blob = row.blob instanceof Blob ? new Blob([bytes]) : bytes.buffer;
      }
      if (table === 'labels' && row) {
        // As another tool might write them: the same text where nothing is changed.
        const root = JSON.parse(new TextDecoder().decode(row.bytes));
        if (become === 'a moved box') root.samples[1].boxes[0][0] += 0.001;
        if (become === 'another order') root.samples.reverse();
        const text = become === 'a space more' ? JSON.stringify(root).replace(',', ', ') : JSON.stringify(root);
        row.bytes = new TextEncoder().encode(text).buffer;
      }
      const store = database.transaction(table, 'readwrite').objectStore(table);
      await ask(become === 'nothing' ? store.delete(key) : store.put(row));
    }
    database.close();
    resolve();
  };
})"""

# Writes a synced database as the first version of the client did: labels as the objects that were parsed.
AS_BEFORE = """async () => {
  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const get = async (path) => await (await fetch(`/v1/datasets/sample/${path}`)).json();
  const index = await get('index.json');
  const contract = await get('contract.json');
  const opening = indexedDB.open(`dataprep:${location.origin}:sample`, 1);
  opening.onupgradeneeded = () => {
    for (const table of ['images', 'labels']) opening.result.createObjectStore(table, { keyPath: 'sha256' });
    opening.result.createObjectStore('dataset');
  };
  const database = await asked(opening);
  const put = (table, ...row) => asked(database.transaction(table, 'readwrite').objectStore(table).put(...row));
  for (const { images, labels } of index.shards) {
    const blob = await (await fetch(`/v1/datasets/sample/shards/${images.sha256}.bin`)).blob();
    await put('images', { sha256: images.sha256, blob });
    await put('labels', { sha256: labels.sha256, samples: (await get(`shards/${labels.sha256}.json`)).samples });
  }
  await put('dataset', { index, contract, splits: Object.keys(index.splits) }, 'current');
  database.close();
}"""

VERIFY = """() => {
  const seen = [];
  return window.dataset.verify({ onProgress: (progress) => seen.push(progress) }).then(
    (result) => ({ result, seen }),
    (error) => ({ code: error.code ?? error.name, message: error.message }),
  );
}"""


@dataclass(frozen=True)
class Versions:
    """Stores of one name that have no image in common."""

    old: Path
    new: Path
    third: Path


@pytest.fixture(scope="module")
def versions(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Versions:
    folder = tmp_path_factory.mktemp("versions")
    found = Versions(folder / "old.db", folder / "new.db", folder / "third.db")
    built_in_shards(sample, found.old, shard_bytes=30_000, side=48)
    built_in_shards(sample, found.new, shard_bytes=30_000)
    built_in_shards(sample, found.third, shard_bytes=30_000, side=56)
    return found


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """One for all: each test has servers, and so origins, of its own."""
    # Chromium tells pages that 10 GiB are free, whatever the disk has, unless it is told to be as frank as others are.
    frank = "--disable-features=StaticStorageQuota"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.e2e.chromium.FLAGS", [*FLAGS, f"--host-resolver-rules=MAP {LAN} 127.0.0.1", frank])
        with chromium(tmp_path_factory.mktemp("profile")) as context:
            yield context


class Network:
    """What a page has of it."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def be(self, *, offline: bool, rate: int = 100_000) -> None:
        """At the least rate, in bytes a second, a shard takes a third of a second."""
        conditions = {"offline": offline, "latency": 20, "downloadThroughput": rate, "uploadThroughput": -1}
        self._session.send("Network.emulateNetworkConditions", conditions)


def wait_for_rows(page: Page, more_than: int) -> set[str]:
    """The keys of what is stored, once there are more."""
    while len(keys := set(page.evaluate(STORED))) <= more_than:
        page.wait_for_timeout(20)
    return keys


def stored_files(page: Page) -> set[str]:
    """The digests of what is stored, without the rows of the sync's own state."""
    return {key for key in page.evaluate(STORED) if len(key) == 64}


def hears_fetches(page: Page) -> list[str]:
    """The digests of all shards' files that the page asks for from now on."""
    fetched: list[str] = []

    def hear(request: Request) -> None:
        if "/shards/" in request.url:
            fetched.append(request.url.rsplit("/", 1)[1].split(".")[0])

    page.on("request", hear)
    return fetched


def files(index: dict[str, Any]) -> set[str]:
    return {shard[half]["sha256"] for shard in index["shards"] for half in ("images", "labels")}


@cache
def hashes_of(store: Path) -> dict[str, dict[str, str]]:
    return decoded_in_python(store)


def assert_pixels(page: Page, store: Path, *splits: str) -> None:
    for split, hashes in hashes_of(store).items():
        if split in splits or not splits:
            assert page.evaluate(PIXELS, split) == hashes


def test_a_cut_network_and_a_closed_tab_cost_what_was_on_its_way(browser: BrowserContext, versions: Versions) -> None:
    with serving(versions.new) as server:
        # Not quiet pages: Chromium logs each request that fails.
        cut = browser.new_page()
        open_page(cut, server.url, "sample")
        network = Network(cut)
        network.be(offline=False)
        cut.evaluate(START)
        wait_for_rows(cut, 4)
        network.be(offline=True)
        said = cut.evaluate(ENDED)
        assert said["code"] == "network" and "it goes on where it was" in said["message"], said
        network.be(offline=False)
        first = set(cut.evaluate(STORED))
        assert cut.evaluate(SPOILT) == []

        fetched = hears_fetches(cut)
        cut.evaluate(START)
        wait_for_rows(cut, len(first) + 4)
        cut.close()
        assert not first & set(fetched)

        with quiet(browser) as page:
            open_page(page, server.url, "sample")
            arrived = stored_files(page)
            assert len(arrived) > 4 and page.evaluate(SPOILT) == []
            fetched = hears_fetches(page)
            # At once: a tab that is gone holds no lock.
            assert page.evaluate(SYNC)["status"]["synced"]
            assert sorted(fetched) == sorted(files(page.evaluate(INDEX)) - arrived)
            assert_pixels(page, versions.new)


def test_what_had_come_before_a_failure_is_kept(browser: BrowserContext, versions: Versions) -> None:
    with serving(versions.new) as server:
        page = browser.new_page()
        open_page(page, server.url, "sample")
        shards = page.request.get(f"{server.url}/v1/datasets/sample/index.json").json()["shards"]
        # The last that is asked for: all others are on their way by then, or wait for the next transaction.
        broken = shards[-1]["labels"]["sha256"]
        page.route(f"**/{broken}.json", lambda route: route.fulfill(status=404))
        page.evaluate(START)
        assert page.evaluate(ENDED)["code"] == "http"
        assert stored_files(page) == files({"shards": shards[:-1]})
        assert page.evaluate(SPOILT) == []
        page.unroute(f"**/{broken}.json")
        assert page.evaluate(SYNC)["result"]["shardsFetched"] == 1
        page.close()


def test_a_server_that_is_full_is_asked_again_when_it_says(browser: BrowserContext, versions: Versions) -> None:
    answers: list[int] = []
    # Two requests at a time, of six: the others are told to come again in a second, however often.
    with serving(versions.new, options=("--most-requests", "2")) as server:
        page = browser.new_page()
        page.on("response", lambda answer: answers.append(answer.status))
        open_page(page, server.url, "sample")
        page.evaluate("() => window.dataset.sync({ splits: ['val'] })")
        assert 503 in answers
        assert_pixels(page, versions.new, "val")
        page.close()


def test_two_servers_with_a_dataset_of_one_name_stay_apart(browser: BrowserContext, versions: Versions) -> None:
    with ExitStack() as stack:
        new = stack.enter_context(serving(versions.new))
        old = stack.enter_context(serving(versions.old, options=("--cors-origin", new.url)))
        page = stack.enter_context(quiet(browser))
        opened = """async (urls) => {
          const { openDataset } = await import('/client.js');
          window.datasets = urls.map((url) => openDataset(url, 'sample'));
          return Promise.all(window.datasets.map((dataset) => dataset.sync()));
        }"""
        page.goto(f"{new.url}/v1/datasets")
        # At once, and then again: neither takes anything from the other, nor sweeps it.
        first = page.evaluate(opened, [new.url, old.url])
        assert first[0]["digest"] != first[1]["digest"]
        again = page.evaluate(opened, [new.url, old.url])
        assert [(one["changed"], one["bytesFetched"], one["filesSwept"]) for one in again] == [(False, 0, 0)] * 2
        for at, store in enumerate((versions.new, versions.old)):
            page.evaluate("(at) => { window.dataset = window.datasets[at]; }", at)
            assert_pixels(page, store, "val")
        page.evaluate("() => window.datasets[0].delete()")
        assert_pixels(page, versions.old, "val")


def test_files_of_the_old_index_go_when_the_last_reader_does(browser: BrowserContext, versions: Versions) -> None:
    reading = """async () => {
      window.epoch = window.dataset.pixels({ split: 'train' });
      window.keys = [(await window.epoch.next()).value.sample.key];
    }"""
    finish = """async () => {
      for await (const { sample } of window.epoch) window.keys.push(sample.key);
      return window.keys.length;
    }"""
    with quiet(browser) as page, quiet(browser) as other:
        with serving(versions.old) as server:
            for each in (page, other):
                open_page(each, server.url, "sample")
            page.evaluate(SYNC)
            old = files(page.evaluate(INDEX))
            for each in (page, other):
                each.evaluate(reading)
        with serving(versions.new, port=port_of(server.url)):
            swept = page.evaluate(SYNC)["result"]["filesSwept"]
            new = files(page.evaluate(INDEX))
            assert swept == 0
            train = sum(shard["count"] for shard in page.evaluate(INDEX)["shards"] if shard["split"] == "train")
            # One reader is done, the other is not: everything is still there.
            assert page.evaluate(finish) == train
            assert set(page.evaluate(STORED)) >= old | new
            assert other.evaluate(finish) == train
            assert stored_files(page) == new
            assert page.evaluate(SYNC)["result"]["bytesFetched"] == 0


def test_a_sweep_leaves_what_a_sync_under_way_has_fetched(browser: BrowserContext, versions: Versions) -> None:
    with quiet(browser) as page:
        with serving(versions.old) as server:
            open_page(page, server.url, "sample")
            page.evaluate(SYNC)
            page.evaluate("() => { window.epoch = window.dataset.samples({ split: 'train' }); return epoch.next(); }")
        with serving(versions.new, port=port_of(server.url)) as server:
            page.evaluate(SYNC)
        old = stored_files(page) - files(page.evaluate(INDEX))
        assert old
        with serving(versions.third, port=port_of(server.url)):
            fetched = hears_fetches(page)
            Network(page).be(offline=False)
            page.evaluate(START)
            wait_for_rows(page, len(page.evaluate(STORED)) + 4)
            page.evaluate("() => window.epoch.return()")
            left = stored_files(page)
            assert not left & old
            assert left >= files(page.evaluate(INDEX)) and len(left & set(fetched)) >= 4
            assert "result" in page.evaluate(ENDED)
            # Nothing of it had to be fetched twice.
            assert len(fetched) == len(set(fetched))
            assert page.evaluate(STATUS)["synced"]


@pytest.mark.parametrize("host", HOSTS)
def test_what_is_damaged_is_found_and_nothing_else_is_fetched(
    browser: BrowserContext, versions: Versions, host: str
) -> None:
    with serving(versions.new) as server, quiet(browser) as page:
        open_page(page, on_host(server.url, host), "sample")
        assert page.evaluate(VERIFY)["code"] == "unsynced"
        page.evaluate(SYNC)
        shards = page.evaluate(INDEX)["shards"]
        fetched = hears_fetches(page)
        sound = page.evaluate(VERIFY)
        assert (sound["result"]["filesChecked"], sound["result"]["damaged"], fetched) == (2 * len(shards), [], [])
        assert sound["seen"][-1] == {"filesDone": 2 * len(shards), "filesTotal": 2 * len(shards)}

        changes = [
            ("images", 0, "a changed byte"),
            ("images", 1, "nothing"),
            ("labels", 2, "a moved box"),
            ("labels", 3, "another order"),
            ("labels", 4, "nothing"),
            ("labels", 5, "a space more"),
        ]
        damaged = [(table, shards[at][table]["sha256"], become) for table, at, become in changes]
        page.evaluate(DAMAGE, [("labels", shards[6]["labels"]["sha256"], "the same"), *damaged])
        found = page.evaluate(VERIFY)["result"]
        told = {(one["shard"], one["half"]): one["found"] for one in found["damaged"]}
        assert told == {
            (shards[at]["id"], table): "nothing" if become == "nothing" else "other content"
            for table, at, become in changes
        }
        assert sorted(fetched) == sorted(sha256 for _, sha256, _ in damaged)
        assert found["bytesFetched"] == sum(shards[at][table]["bytes"] for table, at, _ in changes)
        assert page.evaluate(VERIFY)["result"]["damaged"] == []
        if host != LAN:
            assert_pixels(page, versions.new)


def test_damage_that_cannot_be_repaired_is_never_read(browser: BrowserContext, versions: Versions) -> None:
    page = browser.new_page()
    with serving(versions.new) as server:
        open_page(page, server.url, "sample")
        page.evaluate(SYNC)
        shards = [shard for shard in page.evaluate(INDEX)["shards"] if shard["split"] == "train"]
        page.evaluate(DAMAGE, [("labels", shards[0]["labels"]["sha256"], "a moved box")])
    assert page.evaluate(VERIFY)["code"] == "network"
    status = page.evaluate(STATUS)
    assert [status["splits"][split]["synced"] for split in ("train", "val")] == [False, True]
    read = """async () => {
      try { for await (const _ of window.dataset.samples({ split: 'train' })); } catch ({ code }) { return code; }
    }"""
    assert page.evaluate(read) == "stale"
    # Another version by now: nothing of this one can be had any more.
    with serving(versions.old, port=port_of(server.url)):
        said = page.evaluate(VERIFY)
        assert said["code"] == "stale" and "Call sync()" in said["message"], said
    with serving(versions.new, port=port_of(server.url)):
        result = page.evaluate(VERIFY)["result"]
        assert [one["found"] for one in result["damaged"]] == ["nothing"]
        assert page.evaluate(STATUS)["splits"]["train"]["synced"]
        assert_pixels(page, versions.new)
    page.close()


def test_labels_that_an_earlier_version_stored_are_fetched_again_and_nothing_else(
    browser: BrowserContext, versions: Versions
) -> None:
    with serving(versions.new) as server, quiet(browser) as page:
        page.goto(f"{server.url}/v1/datasets")
        page.evaluate(AS_BEFORE)
        open_page(page, server.url, "sample")
        # Nothing is misread: the labels count as missing until they are there again.
        before = page.evaluate(STATUS)
        assert not any(split["synced"] for split in before["splits"].values())
        read = "() => window.dataset.samples({ split: 'train' }).next().then(() => 'read', ({ code }) => code)"
        assert page.evaluate(read) == "stale"
        fetched = hears_fetches(page)
        result = page.evaluate(SYNC)["result"]
        shards = page.evaluate(INDEX)["shards"]
        assert sorted(fetched) == sorted(shard["labels"]["sha256"] for shard in shards)
        assert result["bytesFetched"] == sum(shard["labels"]["bytes"] for shard in shards)
        assert page.evaluate(SPOILT) == [] and page.evaluate(VERIFY)["result"]["damaged"] == []
        assert_pixels(page, versions.new)


def test_a_look_before_a_sync_tells_its_bytes_to_the_byte(browser: BrowserContext, versions: Versions) -> None:
    look = "(options) => window.dataset.preflight(options)"
    with serving(versions.new) as server, quiet(browser) as page:
        open_page(page, server.url, "sample")
        fetched = hears_fetches(page)
        before = page.evaluate(look, {})
        index = page.evaluate(
            "(url) => fetch(url).then((r) => r.json())", f"{server.url}/v1/datasets/sample/index.json"
        )
        total = sum(shard[half]["bytes"] for shard in index["shards"] for half in ("images", "labels"))
        estimate = page.evaluate("() => navigator.storage.estimate()")
        assert (before["bytesTotal"], before["bytesMissing"], before["fits"]) == (total, total, True)
        assert 0 < before["bytesFree"] <= estimate["quota"]
        assert (before["storedAs"], before["decodesWith"]) == ("blob", "ImageDecoder")
        assert before["persisted"] in (True, False)
        assert fetched == []
        val = sum(s[half]["bytes"] for s in index["shards"] if s["split"] == "val" for half in ("images", "labels"))
        assert page.evaluate(look, {"splits": ["val"]})["bytesTotal"] == val
        page.evaluate("() => window.dataset.sync({ splits: ['val'] })")
        synced = page.evaluate(SYNC)["result"]
        # What the sync says of itself is the same, and true.
        assert synced["preflight"]["bytesMissing"] == synced["bytesFetched"] == total - val
        assert page.evaluate(look, {})["bytesMissing"] == 0


def test_a_sync_without_room_says_how_many_bytes_are_missing_and_what_can_go(
    browser: BrowserContext, versions: Versions
) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(serving(versions.new))
        other = stack.enter_context(serving(versions.old, options=("--cors-origin", server.url)))
        page = stack.enter_context(quiet(browser))
        open_page(page, server.url, "sample")
        stored = page.evaluate(
            """async (url) => {
              const { openDataset } = await import('/client.js');
              const other = openDataset(url, 'sample');
              await other.sync();
              return (await other.status()).bytesStored;
            }""",
            other.url,
        )
        # One of the first version of the client: opened as one of this version, it would lose its labels.
        kept = f"dataprep:{other.url}:sample"
        page.evaluate(test_records.AS_BEFORE, kept)
        session = browser.new_cdp_session(page)
        used = page.evaluate("() => navigator.storage.estimate()")["usage"]
        session.send("Storage.overrideQuotaForOrigin", {"origin": server.url, "quotaSize": used + 50_000})
        look = page.evaluate("() => window.dataset.preflight()")
        assert look["fits"] is False
        fetched = hears_fetches(page)
        page.evaluate(START)
        said = page.evaluate(ENDED)
        assert (said["code"], fetched) == ("storage", []), said
        assert f"wanted room for {look['bytesMissing']} bytes" in said["message"]
        free = int(said["message"].split("room for ")[2].split(":")[0])
        assert f"{look['bytesMissing'] - free} bytes are missing" in said["message"]
        assert f"{kept} ({stored} bytes)" in said["message"]
        versions_of = "async () => (await indexedDB.databases()).map(({ name, version }) => [name, version])"
        assert dict(page.evaluate(versions_of)) == {kept: 1, f"dataprep:{server.url}:sample": 2}


def test_a_disk_that_is_filled_in_the_middle_of_a_sync_is_said_in_bytes(
    browser: BrowserContext, versions: Versions
) -> None:
    # There was room when it looked, and then somebody else took it.
    room_at_first = """() => {
      const real = StorageManager.prototype.estimate;
      StorageManager.prototype.estimate = async function () {
        StorageManager.prototype.estimate = real;
        return { usage: 0, quota: 1e12 };
      };
    }"""
    with serving(versions.new) as server, quiet(browser) as page:
        open_page(page, server.url, "sample")
        session = browser.new_cdp_session(page)
        session.send("Storage.overrideQuotaForOrigin", {"origin": server.url, "quotaSize": 200_000})
        page.evaluate(room_at_first)
        page.evaluate(START)
        said = page.evaluate(ENDED)
        assert said["code"] == "storage" and "QuotaExceededError" in said["message"], said
        assert re.search(r"; \d+ bytes were still to come, \d+ more than there is room for\. Free", said["message"]), (
            said
        )
        assert page.evaluate(SPOILT) == []
        session.send("Storage.overrideQuotaForOrigin", {"origin": server.url})
        assert page.evaluate(SYNC)["status"]["synced"]
