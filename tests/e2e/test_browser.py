"""The whole way, for real: a store, a server, Chromium's IndexedDB, tfjs."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin
from playwright.sync_api import BrowserContext

from dataprep.store.read import Store
from tests.e2e.chromium import LAN, quiet
from tests.e2e.conftest import built, serving
from tests.e2e.decoded import decoded_in_python
from tests.e2e.syncing import DATABASES, OPEN, PIXEL_BYTES, PIXELS, SYNC, on_host, open_page

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


# How far apart the exact pixels and those that need not be exact are at the most, and whether any differ.
FURTHEST = """async () => {
  const { openDataset } = await import('/client.js');
  const near = openDataset(location.origin, 'sample', { exact: false });
  const exact = {};
  for await (const { sample, rgb } of window.dataset.pixels({ split: 'train' })) exact[sample.key] = rgb;
  let [furthest, pictures] = [0, 0];
  for await (const { sample, rgb } of near.pixels({ split: 'train' })) {
    if (rgb.length !== exact[sample.key].length) throw new Error(sample.key);
    rgb.forEach((byte, at) => { furthest = Math.max(furthest, Math.abs(byte - exact[sample.key][at])); });
    pictures++;
  }
  return { furthest, pictures: pictures === Object.keys(exact).length && pictures > 20, status: await near.status() };
}"""


@pytest.mark.parametrize("size", ["[64, 64]", "[37, 53]"])
def test_without_exactness_the_browser_converts_and_is_off_by_one(
    browser: BrowserContext, sample: Path, tmp_path: Path, size: str
) -> None:
    manifest = (sample / "manifest.yaml").read_text()
    (sample / "sized.yaml").write_text(manifest.replace("size: [64, 64]", f"size: {size}"))
    built(sample / "sized.yaml", tmp_path / "sized.db", "--limit", "60")
    with serving(tmp_path / "sized.db") as server, quiet(browser) as page:
        open_page(page, server.url, "sample")
        assert page.evaluate(SYNC)["status"]["synced"]
        found = page.evaluate(FURTHEST)
    assert (found["furthest"], found["pictures"]) == (1, True)
    assert (found["status"]["decoder"], found["status"]["exact"]) == ("decoder", False)
    assert "Decoded pixels differ slightly from those that were prepared." in found["status"]["losses"]


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
