"""The whole way, for real: a store, a server, Chromium's IndexedDB, tfjs."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin
from playwright.sync_api import BrowserContext, Page, Route

from dataprep.store.read import Store
from tests.e2e.chromium import FLAGS, TFJS, chromium, quiet, turn
from tests.e2e.conftest import built, serving
from tests.e2e.decoded import decoded_in_python

# Runs in the page: opens a dataset under `window.dataset`.
OPEN = """async ([name, options]) => {
  const { openDataset } = await import('/client.js');
  window.dataset = openDataset(location.origin, name, { ...options, tf: window.tf });
}"""

SYNC = """async () => {
  const seen = [];
  const result = await window.dataset.sync({ onProgress: (progress) => seen.push(progress) });
  return { result, seen, status: await window.dataset.status() };
}"""

# SHA-256 of every decoded picture, by key.
PIXELS = """async (split) => {
  const found = {};
  for await (const { sample, rgb } of window.dataset.pixels({ split })) {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', rgb));
    found[sample.key] = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
  return found;
}"""


# Base64 of every decoded picture, by key: for pages without crypto.subtle.
PIXEL_BYTES = """async (split) => {
  const found = {};
  for await (const { sample, rgb } of window.dataset.pixels({ split })) {
    found[sample.key] = btoa(Array.from(rgb, (byte) => String.fromCharCode(byte)).join(''));
  }
  return found;
}"""

# Begins a sync that goes on while the test does something else; ENDED waits for it.
START = """() => {
  window.running = window.dataset.sync().then(
    (result) => ({ result }),
    (error) => ({ code: error.code ?? error.name, message: error.message }),
  );
}"""
ENDED = "() => window.running"

DATABASES = "async () => (await indexedDB.databases()).map(({ name }) => name)"

# The SHA-256 of every file that is stored, read past the client.
STORED = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open(`dataprep:${location.origin}:sample`);
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const database = opening.result;
    const transaction = database.transaction(database.objectStoreNames);
    const asked = Array.from(database.objectStoreNames, (name) => transaction.objectStore(name).getAllKeys());
    transaction.oncomplete = () => {
      database.close();
      resolve(asked.flatMap(({ result }) => result));
    };
  };
})"""

# Plain http to a name is no secure context, as on a LAN; plain http to 127.0.0.1 is one.
LAN = "lan.test"
HOSTS = ["127.0.0.1", LAN]


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.e2e.chromium.FLAGS", [*FLAGS, f"--host-resolver-rules=MAP {LAN} 127.0.0.1"])
        with chromium(tmp_path_factory.mktemp("profile")) as context:
            yield context


@pytest.fixture
def browser(launched: BrowserContext) -> Iterator[BrowserContext]:
    with turn(launched) as context:
        yield context


class Gate:
    """Holds back what a page asks of the server for shards, until it is opened."""

    def __init__(self, page: Page) -> None:
        self._page, self._held, self._open = page, list[Route](), False
        page.route("**/shards/*", self._arrive)

    def _arrive(self, route: Route) -> None:
        if self._open:
            route.continue_()
        else:
            self._held.append(route)

    def start_sync(self) -> None:
        """Begins a sync; it waits at the gate when this returns."""
        with self._page.expect_request("**/shards/*"):
            self._page.evaluate(START)

    def open(self) -> None:
        self._open = True
        for route in self._held:
            route.continue_()


def on_host(url: str, host: str) -> str:
    return url.replace("127.0.0.1", host)


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


def built_in_shards(sample: Path, store: Path, *, shard_bytes: int, corrected: bool = False, side: int = 64) -> None:
    """Builds the sample in small shards; `corrected` gives its first image another class."""
    rows = (sample / "annotations.csv").read_text().splitlines()
    if corrected:
        # One label changes, no pixel does.
        cells = rows[1].split(",")
        place = rows[0].split(",").index("expression")
        cells[place] = "sad" if cells[place] != "sad" else "happy"
        rows[1] = ",".join(cells)
    (sample / "small.csv").write_text("\n".join(rows))
    text = (sample / "manifest.yaml").read_text().replace("annotations.csv", "small.csv")
    text = text.replace("size: [64, 64]", f"size: [{side}, {side}]")
    (sample / "small.yaml").write_text(f"{text}\nshards: {{target_bytes: {shard_bytes}}}\n")
    built(sample / "small.yaml", store)


def open_page(page: Page, url: str, name: str, *, tf: bool = False, **options: object) -> None:
    page.goto(f"{url}/v1/datasets")
    if tf:
        page.add_script_tag(path=TFJS)
    page.evaluate(OPEN, [name, options])


TRAIN = """async () => {
  const { tf, dataset } = window;
  const { classes, image } = await dataset.index();
  const form = { activation: 'relu', kernelSize: 3, strides: 2 };
  const kernel = { ...form, kernelInitializer: 'glorotNormal' };
  const separable = { ...form, depthwiseInitializer: 'glorotNormal', pointwiseInitializer: 'glorotNormal' };
  const model = tf.sequential({ layers: [
    tf.layers.conv2d({ inputShape: [image.height, image.width, 3], filters: 8, ...kernel }),
    tf.layers.separableConv2d({ filters: 16, ...separable }),
    tf.layers.separableConv2d({ filters: 32, ...separable }),
    tf.layers.flatten(),
    tf.layers.dense({ units: classes.length, activation: 'softmax' }),
  ] });
  model.compile({ optimizer: tf.train.adam(0.005), loss: 'categoricalCrossentropy' });
  const keys = [], range = [Infinity, -Infinity], shapes = [];
  for await (const { xs, ys, keys: some } of dataset.batches({ split: 'train', batchSize: 32, seed: 1 })) {
    shapes.push([xs.shape, ys.shape, xs.dtype]);
    keys.push(...some);
    for (const value of await xs.data()) {
      range[0] = Math.min(range[0], value);
      range[1] = Math.max(range[1], value);
    }
    tf.dispose([xs, ys]);
  }
  // Overfit 16 samples, as one should first: 32 steps.
  const losses = [];
  let before;
  const subset = { n: 16 };
  for (let epoch = 0; epoch < 32; epoch += 1) {
    for await (const { xs, ys } of dataset.batches({ split: 'train', batchSize: 16, seed: 1, epoch, subset })) {
      losses.push(await model.trainOnBatch(xs, ys));
      tf.dispose([xs, ys]);
    }
    if (epoch === 0) before = tf.memory().numTensors;
  }
  return { losses, keys, range, shapes, backend: tf.getBackend(), leaked: tf.memory().numTensors - before };
}"""


def test_the_main_job(browser: BrowserContext, sample_store: Path) -> None:
    """Sync, stop the server, iterate, compare every pixel, train, and see the loss fall."""
    wanted = decoded_in_python(sample_store)
    with serving(sample_store) as server, quiet(browser) as page:
        open_page(page, server.url, "sample", tf=True)
        synced = page.evaluate(SYNC)
        assert synced["status"]["synced"] is True
        assert synced["status"]["samples"] == 240
        done = synced["seen"][-1]
        assert (done["phase"], done["bytesDone"], done["shardsDone"]) == (
            "done",
            done["bytesTotal"],
            done["shardsTotal"],
        )
        assert server.stop() == 0

        for split, hashes in wanted.items():
            assert page.evaluate(PIXELS, split) == hashes
        trained = page.evaluate(TRAIN)
        assert trained["backend"] == "webgl"
        assert sorted(trained["keys"]) == sorted(wanted["train"])
        # Black and white become -1 and 1, by the manifest's normalisation.
        assert -1 - 1e-6 <= trained["range"][0] <= -0.98
        assert 0.9 <= trained["range"][1] <= 1 + 1e-6
        assert all(
            xs[1:] == [64, 64, 3] and ys == [xs[0], 3] and kind == "float32" for xs, ys, kind in trained["shapes"]
        )
        assert trained["losses"][-1] < 0.5 * trained["losses"][0], trained["losses"]
        assert trained["leaked"] == 0


@pytest.mark.parametrize("encode", ["{format: jpeg, quality: 80}", "{format: png}", "{format: webp}", "{format: raw}"])
def test_every_encoding_decodes_to_the_same_bytes_as_in_python(
    browser: BrowserContext, sample: Path, tmp_path: Path, encode: str
) -> None:
    manifest = (sample / "manifest.yaml").read_text().splitlines()
    lines = [line if not line.startswith("encode:") else f"encode: {encode}" for line in manifest]
    # An odd, non-square size.
    lines = [line.replace("size: [64, 64]", "size: [37, 53]") for line in lines]
    (sample / "encoded.yaml").write_text("\n".join(lines))
    store = tmp_path / "encoded.db"
    built(sample / "encoded.yaml", store, "--limit", "60")
    with serving(store) as server, quiet(browser) as page:
        open_page(page, server.url, "sample")
        status = page.evaluate(SYNC)["status"]
        assert status["synced"]
        for split, hashes in decoded_in_python(store).items():
            assert page.evaluate(PIXELS, split) == hashes
        # Which path was proven: the planes of 4:4:4 JPEG, the decoder for what is lossless.
        path = page.evaluate("async () => (await window.dataset.status()).decoder")
        assert (
            path == {"jpeg": "planes", "png": "decoder", "webp": "decoder", "raw": "raw"}[encode.split()[1].strip(",}")]
        )


def test_4_2_0_is_decoded_exactly_even_where_the_golden_samples_are_grey(
    browser: BrowserContext, tmp_path: Path
) -> None:
    """Chromium's own conversion of 4:2:0 is off by dozens, but not on grey: it must not be what grey ones prove."""
    (tmp_path / "photos/things").mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (53, 37, 3), np.uint8)
    for index in range(4):
        grey = np.roll(noise[:, :, :1], index, axis=0).repeat(3, axis=2)
        Image.fromarray(grey // (1 + index)).save(tmp_path / f"photos/things/grey {index}.png")
    Image.fromarray(noise // 2).save(tmp_path / "photos/things/coloured.png")
    (tmp_path / "m.yaml").write_text(
        "name: halved\nsource: {format: image_folder, root: photos}\nsplit: {by: hash, train: 1, val: 0, test: 0}\n"
        "encode: {format: jpeg, quality: 80, subsampling: '4:2:0'}\n"
    )
    built(tmp_path / "m.yaml", tmp_path / "halved.db")
    with Store(tmp_path / "halved.db") as store:
        assert {golden["key"] for golden in store.dataset.golden}.isdisjoint({"things/coloured.png"})
        stored = {sample.key: content for sample, content, _ in store.iterate() if content is not None}
    wanted = {}
    for key, content in stored.items():
        with Image.open(io.BytesIO(content)) as image:
            assert JpegImagePlugin.get_sampling(image) == 2  # Pillow's number of 4:2:0
            wanted[key] = base64.b64encode(np.asarray(image.convert("RGB")).tobytes()).decode()
    with serving(tmp_path / "halved.db") as server, quiet(browser) as page:
        for exact in (True, False):
            open_page(page, server.url, "halved", exact=exact)
            assert page.evaluate(SYNC)["status"]["synced"]
            found = page.evaluate(PIXEL_BYTES, "train")
            status = page.evaluate("() => window.dataset.status()")
            # What is fast and near is taken where that is asked for, and never called exact.
            assert (status["decoder"], status["exact"]) == (("bitmap", True) if exact else ("decoder", False))
            assert (found == wanted) is exact


def test_labels_arrive_as_the_store_has_them(browser: BrowserContext, sample_store: Path) -> None:
    with sqlite3.connect(sample_store) as connection:
        rows = connection.execute("SELECT wire FROM samples WHERE split = 'val'").fetchall()
    wanted = {fields["key"]: fields for fields in (json.loads(wire) for (wire,) in rows)}
    with serving(sample_store) as server, quiet(browser) as page:
        open_page(page, server.url, "sample")
        page.evaluate(SYNC)
        found = page.evaluate(
            "async () => { const all = []; for await (const s of window.dataset.samples({ split: 'val' })) all.push(s);"
            " return all; }"
        )
    assert {
        sample["key"]: {name: value for name, value in sample.items() if name != "offset"} for sample in found
    } == wanted


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


# What a sync writes into the state of the dataset, apart from its probe.
WRITTEN = """async () => {
  const { put } = IDBObjectStore.prototype;
  const written = [];
  IDBObjectStore.prototype.put = function (value, key) {
    if (!`${key}`.startsWith('probe')) written.push(key);
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


def test_a_device_that_decodes_otherwise_is_refused_and_told_what_differs(
    browser: BrowserContext, sample_store: Path
) -> None:
    with serving(sample_store) as server, quiet(browser) as page:

        def lie(route: Any) -> None:
            answer = route.fetch()
            index = answer.json()
            for golden in index["golden"]:
                golden["rgb"] = "0" * 64
            route.fulfill(response=answer, json=index)

        page.route("**/index.json", lie)
        open_page(page, server.url, "sample")
        page.evaluate(SYNC)
        said = page.evaluate(
            "async (split) => { try { for await (const _ of window.dataset.pixels({ split })) return null; }"
            " catch (error) { return [error.code, error.message]; } }",
            "train",
        )
        assert said[0] == "decode"
        assert "jpeg" in said[1].lower()
        page.evaluate(OPEN, ["sample", {"exact": False}])
        assert len(page.evaluate(PIXELS, "val")) > 10


def test_delete_leaves_nothing(browser: BrowserContext, sample_store: Path) -> None:
    with serving(sample_store) as server, quiet(browser) as page:
        open_page(page, server.url, "sample")
        page.evaluate(SYNC)
        page.evaluate("() => window.dataset.delete()")
        assert page.evaluate(DATABASES) == []


def test_a_trainer_on_another_origin(browser: BrowserContext, sample_store: Path) -> None:
    with ExitStack() as stack:
        page_server = stack.enter_context(serving(sample_store))
        server = stack.enter_context(serving(sample_store, options=("--cors-origin", page_server.url)))
        page = stack.enter_context(quiet(browser))
        page.goto(f"{page_server.url}/v1/datasets")
        page.evaluate(
            "async (url) => { const { openDataset } = await import('/client.js');"
            " window.dataset = openDataset(url, 'sample'); }",
            server.url,
        )
        assert page.evaluate(SYNC)["status"]["synced"]
        assert page.evaluate(DATABASES) == [f"dataprep:{server.url}:sample"]


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
    labels: [IDBObjectStore, 'put', (row) => row.samples, 'sync'],
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


def test_what_is_no_number_of_samples_is_refused(browser: BrowserContext, sample_store: Path) -> None:
    with serving(sample_store) as server, quiet(browser) as page:
        open_page(page, server.url, "sample", tf=True)
        page.evaluate(SYNC)
        said = page.evaluate(
            """async () => {
              const said = [];
              for (const n of [NaN, -1, 1.5, '3']) {
                for (const read of ['pixels', 'batches']) {
                  try {
                    for await (const _ of window.dataset[read]({ split: 'val', batchSize: 2, subset: { n } })) break;
                    said.push([read, String(n), 'nothing']);
                  } catch ({ code, message }) {
                    said.push([read, code, message]);
                  }
                }
              }
              return said;
            }"""
        )
        for read, code, message in said:
            assert (code, f"{read}({{ subset: {{ n }} }})" in message) == ("usage", True), (read, code, message)
        three = """async () => {
          let n = 0;
          for await (const _ of window.dataset.pixels({ split: 'val', subset: { n: 3 } })) n++;
          return n;
        }"""
        assert page.evaluate(three) == 3


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


def test_plain_http_on_a_lan(browser: BrowserContext, sample_store: Path) -> None:
    with serving(sample_store) as server, quiet(browser) as page:
        open_page(page, on_host(server.url, LAN), "sample", tf=True)
        assert page.evaluate("() => isSecureContext") is False
        status = page.evaluate(SYNC)["status"]
        assert (status["synced"], status["secureContext"]) == (True, False)
        for lost in ("crypto.subtle", "ImageDecoder", "Web Locks", "navigator.storage", "service worker"):
            assert any(loss.startswith(f"No {lost}: ") for loss in status["losses"]), status["losses"]
        assert any(loss.startswith("No camera and no WebGPU: ") for loss in status["losses"])
        look = page.evaluate("() => window.dataset.preflight()")
        assert (look["bytesFree"], look["fits"], look["persisted"]) == (None, True, None)
        assert look["decodesWith"] == "bitmaps"
        assert page.evaluate("async () => (await window.dataset.verify()).damaged") == []
        for split, hashes in decoded_in_python(sample_store).items():
            found = page.evaluate(PIXEL_BYTES, split)
            assert {key: hashlib.sha256(base64.b64decode(rgb)).hexdigest() for key, rgb in found.items()} == hashes
        assert page.evaluate("async () => (await window.dataset.status()).exact") is True
        epoch = """async () => {
          const keys = [];
          for await (const { xs, ys, keys: some } of window.dataset.batches({ split: 'val', batchSize: 7 })) {
            keys.push(...some);
            tf.dispose([xs, ys]);
          }
          return keys;
        }"""
        assert sorted(page.evaluate(epoch)) == sorted(decoded_in_python(sample_store)["val"])
        page.evaluate("() => window.dataset.delete()")
        assert page.evaluate(DATABASES) == []


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

        def kill_at_the_twelfth(route: Route) -> None:
            asked.append(route.request.url.rsplit("/", 1)[1].removesuffix(".bin"))
            if len(asked) == 12:
                # Six are in flight at a time, so six are stored by now.
                server.process.send_signal(signal.SIGKILL)
                server.process.wait(20)
            route.continue_()

        page.route("**/shards/*.bin", kill_at_the_twelfth)
        page.evaluate(START)
        said = page.evaluate(ENDED)
        assert said["code"] == "network", said
        page.unroute("**/shards/*.bin")

    stored = set(page.evaluate(STORED))
    arrived = stored & set(asked)
    assert 6 <= len(arrived) < 12
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


@pytest.mark.parametrize("name", ["bccd", "faces"])
def test_real_data_syncs(
    browser: BrowserContext, real_store: Callable[[str], tuple[Path, dict[str, Any]]], name: str
) -> None:
    store, summary = real_store(name)
    with serving(store) as server, quiet(browser) as page:
        open_page(page, server.url, name)
        assert page.evaluate(SYNC)["status"]["samples"] == summary["samples"]
        for split, hashes in decoded_in_python(store).items():
            assert page.evaluate(PIXELS, split) == hashes
