"""The whole way, for real: a store, a server, Chromium's IndexedDB, tfjs."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from dataprep.geometry import Size
from dataprep.pixels.encode import decode_stored
from dataprep.store.read import Store
from tests.e2e.chromium import TFJS, chromium, quiet
from tests.e2e.conftest import built, serving

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


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[BrowserContext]:
    with chromium(tmp_path / "profile") as context:
        yield context


def open_page(page: Page, url: str, name: str, *, tf: bool = False, **options: object) -> None:
    page.goto(f"{url}/v1/datasets")
    if tf:
        page.add_script_tag(path=TFJS)
    page.evaluate(OPEN, [name, options])


def decoded_in_python(store: Path) -> dict[str, dict[str, str]]:
    """Split → key → SHA-256 of the pixels that Python decodes from the store."""
    found: dict[str, dict[str, str]] = {}
    with Store(store) as opened:
        format = opened.dataset.image["format"]
        for sample, content, _ in opened.iterate():
            assert content is not None
            pixels = decode_stored(content, format, Size(*sample.size))
            found.setdefault(sample.split, {})[sample.key] = hashlib.sha256(pixels.tobytes()).hexdigest()
    return found


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
  for (let epoch = 0; epoch < 32; epoch += 1) {
    for await (const { xs, ys } of dataset.batches({ split: 'train', batchSize: 16, seed: 1, epoch, take: 16 })) {
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
    manifest, table = sample / "small.yaml", sample / "small.csv"
    rows = (sample / "annotations.csv").read_text().splitlines()
    table.write_text("\n".join(rows))
    text = (sample / "manifest.yaml").read_text().replace("annotations.csv", "small.csv")
    manifest.write_text(text + "\nshards: {target_bytes: 60000}\n")
    store = tmp_path / "small.db"
    built(manifest, store)
    with serving(store) as server, quiet(browser) as page:
        port = int(server.url.rsplit(":", 1)[1])
        open_page(page, server.url, "sample")
        first = page.evaluate(SYNC)["result"]
        second = page.evaluate(SYNC)["result"]
        assert first["shardsFetched"] > 5
        assert (second["shardsFetched"], second["bytesFetched"], second["changed"]) == (0, 0, False)
        server.stop()
        # Another class for the first image: one label changes, no pixel does.
        header = rows[0].split(",")
        cells = rows[1].split(",")
        place = header.index("expression")
        cells[place] = "sad" if cells[place] != "sad" else "happy"
        table.write_text("\n".join([rows[0], ",".join(cells), *rows[2:]]))
        built(manifest, store)
        with serving(store, port=port):
            third = page.evaluate(SYNC)["result"]
            index = page.evaluate("async () => await window.dataset.index()")
        assert third["changed"] and third["shardsFetched"] == 1
        assert third["bytesFetched"] in {shard["labels"]["bytes"] for shard in index["shards"]}
        # The one old file of labels is gone with the index that named it.
        assert third["filesSwept"] == 1


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
    manifest = sample / "shards.yaml"
    manifest.write_text((sample / "manifest.yaml").read_text() + "\nshards: {target_bytes: 30000}\n")
    store = tmp_path / "shards.db"
    built(manifest, store)
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
        assert page.evaluate("async () => (await indexedDB.databases()).map(({ name }) => name)") == []


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
        names = page.evaluate("async () => (await indexedDB.databases()).map(({ name }) => name)")
        assert names == [f"dataprep:{server.url}:sample"]


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
