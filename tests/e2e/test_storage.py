"""IndexedDB in Chromium: what is deleted, full, forbidden or broken."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Route

from tests.e2e.chromium import LAN, quiet
from tests.e2e.conftest import serving
from tests.e2e.syncing import DATABASES, ENDED, HOSTS, START, STORED, SYNC, Gate, built_in_shards, on_host, open_page


def test_delete_leaves_nothing(browser: BrowserContext, sample_store: Path) -> None:
    with serving(sample_store) as server, quiet(browser) as page:
        open_page(page, server.url, "sample")
        page.evaluate(SYNC)
        page.evaluate("() => window.dataset.delete()")
        assert page.evaluate(DATABASES) == []


# Makes one method of IndexedDB fail at a time, as a full disk or a damaged profile does, and collects what is said.
FAILURES = """async () => {
  const { DataprepError, openDataset } = await import('/client.js');
  const first = async (items) => { for await (const item of items) return item; };
  const work = {
    sync: (dataset) => dataset.sync(),
    status: (dataset) => dataset.status(),
    delete: (dataset) => dataset.delete(),
    samples: (dataset) => first(dataset.samples({ split: 'val' })),
    pixels: (dataset) => first(dataset.pixels({ split: 'val' })),
  };
  const shard = (key) => key.length === 64;
  const cases = {
    open: [IDBFactory, 'open', () => true, 'sync'],
    begin: [IDBObjectStore, 'put', (_, key) => key === 'pending', 'sync'],
    images: [IDBObjectStore, 'put', (row) => row.blob?.size > 100, 'sync'],
    labels: [IDBObjectStore, 'put', (row) => row.bytes, 'sync'],
    keys: [IDBObjectStore, 'getAllKeys', () => true, 'sync'],
    swap: [IDBObjectStore, 'put', (_, key) => key === 'current', 'sync'],
    end: [IDBObjectStore, 'delete', (key) => key === 'pending', 'sync'],
    probe: [IDBObjectStore, 'delete', (key) => key.startsWith('probe'), 'sync'],
    current: [IDBObjectStore, 'get', (key) => key === 'current', 'sync'],
    status: [IDBObjectStore, 'get', (key) => key === 'pending', 'status'],
    delete: [IDBFactory, 'deleteDatabase', () => true, 'delete'],
    samples: [IDBObjectStore, 'get', shard, 'samples'],
    pixels: [IDBObjectStore, 'get', shard, 'pixels'],
    bytes: [Blob, 'arrayBuffer', () => true, 'pixels'],
  };
  const said = {};
  for (const [name, [type, method, fails, task]] of Object.entries(cases)) {
    const dataset = openDataset(location.origin, 'sample');
    if (task === 'samples' || task === 'pixels') await dataset.sync();
    const real = type.prototype[method];
    said[name] = 'never reached';
    type.prototype[method] = function (...given) {
      if (!fails(...given)) return real.apply(this, given);
      said[name] = 'told nobody';
      throw new DOMException('no room', 'QuotaExceededError');
    };
    try {
      await work[task](dataset);
    } catch (error) {
      const { code, place, wanted, found, next } = error;
      said[name] = error instanceof DataprepError ? { code, place, wanted, found, next } : String(error);
    } finally {
      type.prototype[method] = real;
    }
    // The failure over, the dataset is as usable as before.
    await dataset.sync().catch((error) => { said[name] = `still: ${error}`; });
    await openDataset(location.origin, 'sample').delete();
  }
  return said;
}"""


def test_every_failure_of_indexeddb_is_told_as_a_storage_error(browser: BrowserContext, sample_store: Path) -> None:
    with serving(sample_store) as server, quiet(browser) as page:
        open_page(page, server.url, "sample")
        said = page.evaluate(FAILURES)
        wrong = {name: error for name, error in said.items() if not isinstance(error, dict)}
        assert not wrong, wrong
        for name, error in said.items():
            assert (name, error["code"]) == (name, "storage")
            assert error["place"] == f"IndexedDB dataprep:{server.url}:sample"
            assert error["found"].startswith("no room")
            assert error["wanted"].startswith("to ") and error["next"].endswith(".")


def test_a_full_disk_is_said_and_room_lets_the_sync_go_on(
    browser: BrowserContext, sample: Path, tmp_path: Path
) -> None:
    store = tmp_path / "shards.db"
    built_in_shards(sample, store, shard_bytes=30_000)
    with serving(store) as server, quiet(browser) as page:
        open_page(page, server.url, "sample")
        quota = {"origin": server.url, "quotaSize": 100_000}
        session = browser.new_cdp_session(page)
        session.send("Storage.overrideQuotaForOrigin", quota)
        page.evaluate(START)
        said = page.evaluate(ENDED)
        assert said["code"] == "storage", said
        assert "QuotaExceededError" in said["message"] and "bytes used" in said["message"]
        assert re.search(r"; \d+ bytes were still to come\. Free", said["message"])
        status = page.evaluate("() => window.dataset.status()")
        assert not status["synced"]
        # A full disk is no sign of a browser without Blobs.
        assert status["storedAs"] == "blob"
        session.send("Storage.overrideQuotaForOrigin", {"origin": server.url})
        assert page.evaluate(SYNC)["status"]["synced"]


def test_a_sandboxed_frame_is_told_that_it_cannot_store(browser: BrowserContext, sample_store: Path) -> None:
    with serving(sample_store) as server, quiet(browser) as page:

        def share(route: Route) -> None:
            answer = route.fetch()
            route.fulfill(response=answer, headers={**answer.headers, "access-control-allow-origin": "*"})

        page.route("**/client.js", share)
        page.goto(f"{server.url}/v1/datasets")
        page.evaluate(
            """() => new Promise((resolve) => {
              const frame = Object.assign(document.createElement('iframe'), { src: '/v1/datasets', onload: resolve });
              frame.sandbox.add('allow-scripts');
              document.body.append(frame);
            })"""
        )
        said = page.frames[1].evaluate(
            """async (url) => {
              const { openDataset } = await import(`${url}/client.js`);
              const dataset = openDataset(url, 'sample');
              const late = new Promise((resolve) => setTimeout(resolve, 10_000, 'no answer'));
              const read = dataset.samples({ split: 'val' }).next();
              const tried = [dataset.sync(), dataset.status(), read, dataset.delete()];
              return Promise.all(tried.map((one) => Promise.race([one, late]).then(() => 'done', ({ code }) => code)));
            }""",
            server.url,
        )
        assert said == ["storage"] * 4


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("by", ["its own object", "another tab"])
def test_a_deleted_dataset_stays_deleted_whoever_syncs(
    browser: BrowserContext, sample: Path, tmp_path: Path, host: str, by: str
) -> None:
    store = tmp_path / "shards.db"
    built_in_shards(sample, store, shard_bytes=30_000)
    with ExitStack() as stack:
        server = stack.enter_context(serving(store))
        pages = [stack.enter_context(quiet(browser)) for _ in range(3)]
        first, second, third = pages
        for page in pages:
            open_page(page, on_host(server.url, host), "sample")
        gates = Gate(first), Gate(second)
        gates[0].start_sync()
        if host == LAN:
            gates[1].start_sync()
        else:
            # With Web Locks the second tab waits for its turn, which must not come as if nothing had happened.
            second.evaluate(START)
            # Not wait_for_function, which takes a promise for a yes.
            while second.evaluate("async () => (await navigator.locks.query()).pending.length") != 1:
                second.wait_for_timeout(20)
        deleter = first if by == "its own object" else third
        deleter.evaluate("() => window.dataset.delete()")
        assert third.evaluate(DATABASES) == []

        for gate in gates:
            gate.open()
        for page in (first, second):
            said = page.evaluate(ENDED)
            assert said.get("code") == "stale", said
            assert "deleted" in said["message"]
        assert third.evaluate(DATABASES) == []
        # It can be synced again, at once and by whoever was stopped.
        assert first.evaluate(SYNC)["status"]["synced"]


def test_any_number_of_probes_at_once_find_the_same(browser: BrowserContext, sample_store: Path) -> None:
    with serving(sample_store) as server, quiet(browser) as page, quiet(browser) as other:
        for each in (page, other):
            open_page(each, server.url, "sample")
        # Staggered, so that some take their row away while others look for theirs.
        begin = """async () => {
          const { openDataset } = await import('/client.js');
          const probe = async (_, at) => {
            await new Promise((resolve) => setTimeout(resolve, 3 * at));
            return (await openDataset(location.origin, 'sample').status()).storedAs;
          };
          window.probed = Promise.all(Array.from({ length: 48 }, probe));
        }"""
        page.evaluate(begin)
        other.evaluate(begin)
        for each in (page, other):
            assert each.evaluate("() => window.probed") == ["blob"] * 48
        assert page.evaluate(STORED) == []
