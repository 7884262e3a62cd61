"""A sync in Chromium: what it moves, what disturbs it, and who reads meanwhile."""

from __future__ import annotations

import base64
import hashlib
import signal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Route

from tests.e2e.chromium import LAN, quiet
from tests.e2e.conftest import serving
from tests.e2e.decoded import decoded_in_python
from tests.e2e.syncing import (
    ENDED,
    HOSTS,
    OPEN,
    PIXEL_BYTES,
    PIXELS,
    START,
    STORED,
    SYNC,
    Gate,
    built_in_shards,
    on_host,
    open_page,
    port_of,
)


def test_a_second_sync_moves_nothing_and_a_corrected_label_moves_its_shards_labels(
    browser: BrowserContext, sample: Path, tmp_path: Path
) -> None:
    store = tmp_path / "small.db"
    built_in_shards(sample, store, shard_bytes=60_000)
    with serving(store) as server, quiet(browser) as page:
        open_page(page, server.url, "sample")
        first = page.evaluate(SYNC)["result"]
        second = page.evaluate(SYNC)["result"]
        assert first["shardsFetched"] > 5
        assert (second["shardsFetched"], second["bytesFetched"], second["changed"]) == (0, 0, False)
        server.stop()
        built_in_shards(sample, store, shard_bytes=60_000, corrected=True)
        with serving(store, port=port_of(server.url)):
            third = page.evaluate(SYNC)["result"]
            index = page.evaluate("async () => await window.dataset.index()")
        assert third["changed"] and third["shardsFetched"] == 1
        assert third["bytesFetched"] in {shard["labels"]["bytes"] for shard in index["shards"]}
        # The one old file of labels is gone with the index that named it.
        assert third["filesSwept"] == 1


# The keys of what a sync writes, that of a probe among them; shards have none of their own.
WRITTEN = """async () => {
  const { put } = IDBObjectStore.prototype;
  const written = [];
  IDBObjectStore.prototype.put = function (value, key) {
    written.push(key);
    return put.call(this, value, key);
  };
  try {
    const { changed } = await window.dataset.sync();
    return { changed, written, transforms: (await window.dataset.contract()).transforms };
  } finally {
    IDBObjectStore.prototype.put = put;
  }
}"""


def test_a_sync_that_finds_nothing_changed_writes_nothing(browser: BrowserContext, sample_store: Path) -> None:
    with serving(sample_store) as server, quiet(browser) as page:
        open_page(page, server.url, "sample")
        assert page.evaluate(WRITTEN)["written"].count("current") == 1
        # On another visit, which knows of what is here only by looking.
        page.evaluate(OPEN, ["sample", {}])
        again = page.evaluate(WRITTEN)
        assert (again["changed"], again["written"]) == (False, [])

        # A contract may say more than its digest covers: it is not kept for ever.
        def say_more(route: Route) -> None:
            answer = route.fetch()
            route.fulfill(response=answer, json=answer.json() | {"transforms": ["another"]})

        page.route("**/contract.json", say_more)
        newer = page.evaluate(WRITTEN)
        assert (newer["changed"], newer["written"]) == (False, ["pending", "current"])
        assert newer["transforms"] == ["another"]


def test_a_changed_byte_on_the_way_is_refused_by_name_and_never_stored(
    browser: BrowserContext, sample_store: Path
) -> None:
    with serving(sample_store) as server, quiet(browser) as page:

        def spoil(route: Any) -> None:
            answer = route.fetch()
            body = bytearray(answer.body())
            body[len(body) // 2] ^= 1
            route.fulfill(response=answer, body=bytes(body))

        page.route("**/shards/*.bin", spoil)
        open_page(page, server.url, "sample")
        said = page.evaluate("() => window.dataset.sync().then(() => null, (error) => [error.code, error.message])")
        assert said[0] == "digest"
        assert "shard" in said[1] and "SHA-256" in said[1]
        status = page.evaluate("() => window.dataset.status()")
        assert not status["synced"]
        page.unroute("**/shards/*.bin")
        assert page.evaluate(SYNC)["status"]["synced"]


def test_an_aborted_sync_goes_on_where_it_was(browser: BrowserContext, sample: Path, tmp_path: Path) -> None:
    store = tmp_path / "shards.db"
    built_in_shards(sample, store, shard_bytes=30_000)
    with serving(store) as server, quiet(browser) as page:
        open_page(page, server.url, "sample")
        said = page.evaluate(
            """() => {
              const stop = new AbortController();
              const onProgress = ({ shardsDone }) => { if (shardsDone >= 3) stop.abort(); };
              return window.dataset.sync({ signal: stop.signal, onProgress }).then(() => null, (error) => error.name);
            }"""
        )
        assert said == "AbortError"
        assert not page.evaluate("() => window.dataset.status()")["synced"]
        total = len(
            page.evaluate("(u) => fetch(u).then((r) => r.json())", f"{server.url}/v1/datasets/sample/index.json")[
                "shards"
            ]
        )
        rest = page.evaluate(SYNC)["result"]
        assert 0 < rest["shardsFetched"] <= total - 3


def test_a_store_that_is_replaced_in_the_middle_of_a_sync_starts_it_over(
    browser: BrowserContext, sample: Path, tmp_path: Path
) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    built_in_shards(sample, old, shard_bytes=30_000, side=48)
    built_in_shards(sample, new, shard_bytes=30_000)
    said: list[int] = []
    # Not a quiet page: Chromium logs every 410.
    page = browser.new_page()
    with serving(old) as server:
        page.on("response", lambda answer: said.append(answer.status) if "/shards/" in answer.url else None)
        open_page(page, server.url, "sample")
        gate = Gate(page)
        gate.start_sync()
        # It has the old index, and asks for the first of its shards.
        new.replace(old)
        gate.open()
        ended = page.evaluate(ENDED)
        assert "result" in ended, ended
        assert 410 in said and 404 not in said
        status = page.evaluate("() => window.dataset.status()")
        assert (status["synced"], status["pending"], status["samples"]) == (True, False, 240)
        for split, hashes in decoded_in_python(old).items():
            assert page.evaluate(PIXELS, split) == hashes
    page.close()


@pytest.mark.parametrize("before", ["nothing", "an older version"])
def test_a_killed_server_leaves_what_was_there_and_a_new_one_sends_the_rest(
    browser: BrowserContext, sample: Path, tmp_path: Path, before: str
) -> None:
    store, old = tmp_path / "shards.db", tmp_path / "old.db"
    built_in_shards(sample, old, shard_bytes=30_000, side=48)
    built_in_shards(sample, store, shard_bytes=30_000)
    # Not a quiet page: Chromium logs each connection that is refused.
    page = browser.new_page()
    with serving(old) as server:
        port = port_of(server.url)
        open_page(page, server.url, "sample")
        if before != "nothing":
            page.evaluate(SYNC)
    untouched = set() if before == "nothing" else set(page.evaluate(STORED))

    asked: list[str] = []
    with serving(store, port=port) as server:
        # Bodies under way when the server dies: at this rate one takes a third of a second.
        browser.new_cdp_session(page).send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 20, "downloadThroughput": 100_000, "uploadThroughput": -1},
        )

        def kill_at_the_twenty_second(route: Route) -> None:
            asked.append(route.request.url.rsplit("/", 1)[1].removesuffix(".bin"))
            if len(asked) == 22:
                # Twelve are in flight at a time, so ten have come; what of it is not written yet will be.
                server.process.send_signal(signal.SIGKILL)
                server.process.wait(20)
            route.continue_()

        page.route("**/shards/*.bin", kill_at_the_twenty_second)
        page.evaluate(START)
        said = page.evaluate(ENDED)
        assert said["code"] == "network", said
        page.unroute("**/shards/*.bin")

    stored = set(page.evaluate(STORED))
    arrived = stored & set(asked)
    assert 10 <= len(arrived) < 22
    assert untouched <= stored
    status = page.evaluate("() => window.dataset.status()")
    assert (status["synced"], status["pending"]) == (before != "nothing", True)
    if before != "nothing":
        for split, hashes in decoded_in_python(old).items():
            assert page.evaluate(PIXELS, split) == hashes

    with serving(store, port=port):
        fetched: list[str] = []
        page.on("request", lambda request: fetched.append(request.url.rsplit("/", 1)[1].removesuffix(".bin")))
        page.evaluate(SYNC)
        index = page.evaluate("async () => await window.dataset.index()")
        wanted = {shard["images"]["sha256"] for shard in index["shards"]}
        assert sorted(wanted & set(fetched)) == sorted(wanted - arrived)
    for split, hashes in decoded_in_python(store).items():
        assert page.evaluate(PIXELS, split) == hashes
    page.close()


@pytest.mark.parametrize("host", HOSTS)
def test_two_tabs_that_sync_at_once_do_not_spoil_each_other(
    browser: BrowserContext, sample: Path, tmp_path: Path, host: str
) -> None:
    store = tmp_path / "shards.db"
    built_in_shards(sample, store, shard_bytes=30_000)
    with serving(store) as server, quiet(browser) as page, quiet(browser) as other:
        pages = page, other
        for each in pages:
            open_page(each, on_host(server.url, host), "sample")
        for each in pages:
            each.evaluate(START)
        results = [each.evaluate(ENDED) for each in pages]
        total = len(page.evaluate("() => window.dataset.index()")["shards"])
        fetched = sorted(ended["result"]["shardsFetched"] for ended in results)
        # Where Web Locks are, the second one finds everything there.
        assert fetched == [0, total] or host == LAN
        for each in pages:
            status = each.evaluate("() => window.dataset.status()")
            assert (status["synced"], status["pending"], status["samples"]) == (True, False, 240)
            for split, hashes in decoded_in_python(store).items():
                found = each.evaluate(PIXEL_BYTES, split)
                assert {key: hashlib.sha256(base64.b64decode(rgb)).hexdigest() for key, rgb in found.items()} == hashes


def test_readers_see_the_old_dataset_until_the_swap(browser: BrowserContext, sample: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    built_in_shards(sample, old, shard_bytes=30_000)
    built_in_shards(sample, new, shard_bytes=30_000, corrected=True)
    labels = """async () => {
      const found = {};
      for (const split of Object.keys((await window.dataset.index()).splits)) {
        for await (const { key, class: index } of window.dataset.samples({ split })) found[key] = index;
      }
      return found;
    }"""
    with quiet(browser) as page:
        with serving(old) as server:
            open_page(page, server.url, "sample")
            page.evaluate(SYNC)
        before = page.evaluate(labels)
        # An epoch that has begun when the sync ends: it stays with what it began with.
        page.evaluate(
            """async () => {
              const epoch = window.dataset.pixels({ split: 'train' });
              const found = [(await epoch.next()).value.sample];
              window.rest = async () => {
                for await (const { sample } of epoch) found.push(sample);
                return Object.fromEntries(found.map(({ key, class: index }) => [key, index]));
              };
            }"""
        )
        with serving(new, port=port_of(server.url)):
            gate = Gate(page)
            gate.start_sync()
            assert page.evaluate(labels) == before
            assert page.evaluate("() => window.dataset.status()")["pending"] is True
            gate.open()
            ended = page.evaluate(ENDED)
            # Swept when nobody reads it any more.
            assert (ended["result"]["changed"], ended["result"]["filesSwept"]) == (True, 0)
            both = page.evaluate(STORED)
            after = page.evaluate(labels)
            assert [key for key, index in after.items() if before[key] != index] != []
            epoch = page.evaluate("() => window.rest()")
            assert epoch == {key: before[key] for key in epoch}
            assert len(both) - len(page.evaluate(STORED)) == 2  # The file, and the note that it is to be swept.
            assert page.evaluate(SYNC)["result"]["filesSwept"] == 0
