"""Pictures are decoded in workers, whoever's page it is, and where there can be none on the page's own thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from tests.e2e.chromium import chromium, quiet
from tests.e2e.conftest import built, serving
from tests.e2e.decoded import decoded_in_python
from tests.e2e.engines import firefox

# Notes every worker of the page and what is asked of it, and every decoder of its own, before any script of ours runs.
WATCH = """(() => {
  const Real = window.Worker;
  const RealDecoder = window.ImageDecoder;
  window.seen = { workers: 0, live: 0, asked: 0, answered: 0, decoders: 0 };
  window.ImageDecoder = class extends RealDecoder {
    constructor(...given) {
      super(...given);
      seen.decoders += 1;
    }
  };
  window.running = [];
  window.Worker = class extends Real {
    constructor(...given) {
      super(...given);
      seen.workers += 1;
      seen.live += 1;
      this.addEventListener('message', () => { seen.answered += 1; });
      window.running.push(this);
    }
    postMessage(...given) {
      seen.asked += 1;
      super.postMessage(...given);
    }
    terminate() {
      if (!this.ended) seen.live -= 1;
      this.ended = true;
      super.terminate();
    }
  };
})()"""

OPEN = """async ([server, name, options]) => {
  const { openDataset } = await import(`${server}/client.js`);
  window.dataset = openDataset(server, name, { ...options, tf: window.tf });
  await window.dataset.sync();
}"""

# SHA-256 of every decoded picture by key, and whether the values that go into a tensor are its own to the last bit.
EPOCH = """async (split) => {
  const pictures = {};
  for await (const { sample, rgb } of window.dataset.pixels({ split, shuffle: 'full' })) pictures[sample.key] = rgb;
  const { scale, offset } = (await window.dataset.index()).normalize;
  let equal = 0;
  for await (const { xs, samples } of window.dataset.arrays({ split, batchSize: 7, task: null })) {
    const size = xs.values.length / samples.length;
    for (const [at, { key }] of samples.entries()) {
      const wanted = Float32Array.from(pictures[key], (x, i) => x * scale[i % 3] + offset[i % 3]);
      equal += xs.values.subarray(at * size, (at + 1) * size).every((value, i) => value === wanted[i]);
    }
  }
  const found = {};
  for (const [key, rgb] of Object.entries(pictures)) {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', rgb));
    found[key] = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
  return { found, equal, status: await window.dataset.status() };
}"""

CSP = "default-src 'self'; connect-src *; script-src 'self' 'unsafe-eval'; worker-src 'self'"


@pytest.fixture(scope="module")
def store(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 JPEGs of 4:4:4 in small shards; not square, so that no side can be taken for the other."""
    text = (sample / "manifest.yaml").read_text().replace("size: [64, 64]", "size: [72, 56]")
    (sample / "pool.yaml").write_text(f"{text}\nshards: {{target_bytes: 20000}}\n")
    store = tmp_path_factory.mktemp("pool") / "pool.db"
    built(sample / "pool.yaml", store, "--limit", "120")
    return store


def store_of(sample: Path, folder: Path, name: str) -> Path:
    """A few pictures in an encoding."""
    lines = (sample / "manifest.yaml").read_text().splitlines()
    kept = [line for line in lines if not line.startswith(("encode:", "name:"))]
    (sample / f"{name}.yaml").write_text("\n".join([f"name: {name}", f"encode: {{format: {name}}}", *kept]))
    built(sample / f"{name}.yaml", folder / f"{name}.db", "--limit", "30")
    return folder / f"{name}.db"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    with chromium(tmp_path_factory.mktemp("pool") / "profile") as context:
        context.add_init_script(WATCH)
        yield context


def seen(page: Page) -> dict[str, int]:
    found: dict[str, int] = page.evaluate("() => ({ ...window.seen })")
    return found


def test_workers_decode_under_our_own_policy_and_end_when_there_is_no_more_to_do(
    browser: BrowserContext, store: Path
) -> None:
    with serving(store) as server, quiet(browser) as page:
        # The viewer: its Content-Security-Policy is the strict one.
        page.goto(server.url)
        page.evaluate(OPEN, [server.url, "sample", {}])
        wanted = decoded_in_python(store)["train"]
        epoch = page.evaluate(EPOCH, "train")
        assert (epoch["found"], epoch["equal"]) == (wanted, len(wanted))
        assert epoch["status"]["exact"] is True and epoch["status"]["decoder"] == "planes"
        assert not any("No worker" in loss for loss in epoch["status"]["losses"])
        first = seen(page)
        assert first["workers"] >= 1 and first["asked"] > 4
        assert first["asked"] == first["answered"]

        page.wait_for_function("() => window.seen.live === 0")
        assert page.evaluate(EPOCH, "val")["found"] == decoded_in_python(store)["val"]
        assert seen(page)["workers"] > first["workers"]

        after, later = page.evaluate(BROKEN_OFF)
        assert after["asked"] == after["answered"] and later == after
        assert page.evaluate(DELETED) == "stale"
        assert seen(page)["live"] == 0


# An iteration is left after its first batch: what was asked of workers then, and a while later.
BROKEN_OFF = """async () => {
  for await (const _ of window.dataset.arrays({ split: 'train', batchSize: 2, task: null })) break;
  const after = { ...window.seen };
  await new Promise((resolve) => setTimeout(resolve, 300));
  return [after, { ...window.seen, live: after.live }];
}"""

# The dataset goes while it is read.
DELETED = """async () => {
  try {
    for await (const _ of window.dataset.arrays({ split: 'train', batchSize: 1, task: null, repeat: 50 })) {
      await window.dataset.delete();
    }
  } catch (error) {
    return error.code ?? String(error);
  }
}"""


def test_workers_decode_on_a_page_of_another_origin(browser: BrowserContext, store: Path) -> None:
    with ExitStack() as stack:
        host = stack.enter_context(serving(store))
        server = stack.enter_context(serving(store, options=("--cors-origin", host.url)))
        page = stack.enter_context(quiet(browser))
        page.goto(f"{host.url}/v1/datasets")
        page.evaluate(OPEN, [server.url, "sample", {}])
        epoch = page.evaluate(EPOCH, "val")
        assert epoch["found"] == decoded_in_python(store)["val"]
        assert seen(page)["asked"] > 1
        assert not any("No worker" in loss for loss in epoch["status"]["losses"])


def test_where_no_worker_may_start_the_page_decodes_and_says_so(browser: BrowserContext, store: Path) -> None:
    with serving(store) as server:
        page = browser.new_page()

        def page_of_somebody(route: Route) -> None:
            route.fulfill(body="<!doctype html>", headers={"Content-Type": "text/html", "Content-Security-Policy": CSP})

        page.route("**/somebody", page_of_somebody)
        page.goto(f"{server.url}/somebody")
        page.evaluate(OPEN, [server.url, "sample", {}])
        epoch = page.evaluate(EPOCH, "val")
        wanted = decoded_in_python(store)["val"]
        assert (epoch["found"], epoch["equal"]) == (wanted, len(wanted))
        (loss,) = (loss for loss in epoch["status"]["losses"] if "No worker" in loss)
        assert "worker-src blob:" in loss
        assert seen(page)["answered"] == 0

        # Pictures are decoded together: all that `pixels` reads at once, and each batch of seven.
        before = seen(page)["decoders"]
        assert page.evaluate(EPOCH, "val")["found"] == wanted
        assert seen(page)["decoders"] - before == 1 + ceil(len(wanted) / 7)
        page.close()


BREAKS_DOWN = """async (split) => {
  const keys = [];
  for await (const { keys: some } of window.dataset.arrays({ split, batchSize: 4, task: null })) {
    if (keys.length === 0) {
      const broken = () => new ErrorEvent('error', { message: 'out of memory', cancelable: true });
      for (const worker of window.running) worker.dispatchEvent(broken());
    }
    keys.push(...some);
  }
  return { keys: keys.sort(), status: await window.dataset.status() };
}"""


def test_workers_that_break_down_lose_no_picture(browser: BrowserContext, store: Path) -> None:
    with serving(store) as server, quiet(browser) as page:
        page.goto(f"{server.url}/v1/datasets")
        page.evaluate(OPEN, [server.url, "sample", {}])
        found: dict[str, Any] = page.evaluate(BREAKS_DOWN, "train")
        assert found["keys"] == sorted(decoded_in_python(store)["train"])
        assert any("out of memory" in loss for loss in found["status"]["losses"])
        assert seen(page)["live"] == 0


# What readers of a split are told, of exact pixels and of those that need not be: an error, or digests by key.
READ = """async () => {
  const { openDataset } = await import(`${location.origin}/client.js`);
  const read = async (exact) => {
    const dataset = openDataset(location.origin, 'NAME', { exact });
    await dataset.sync();
    const found = {};
    for await (const { sample, rgb } of dataset.pixels({ split: 'val' })) {
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', rgb));
      found[sample.key] = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    }
    return found;
  };
  const told = ({ code, message }) => `${code}: ${message}`;
  return [await read(true).catch(told), await read(false).catch(told)];
}"""


def test_firefox_that_resists_fingerprinting_is_not_trained_on_noise(sample: Path, tmp_path: Path) -> None:
    """Its canvas gives noise, and no error: what is no picture is refused, also where differences are accepted."""
    stores = {name: store_of(sample, tmp_path, name) for name in ("jpeg", "png", "raw")}
    with (
        firefox(tmp_path / "profile", {"privacy.resistFingerprinting": True}) as browser,
        serving(*stores.values()) as server,
    ):
        browser.open(f"{server.url}/v1/datasets")
        for name in ("jpeg", "png"):
            exact, near = browser.run(READ.replace("NAME", name))
            assert exact.startswith(f"decode: decoding {name}: wanted a path that gives the golden pixels"), exact
            assert near.startswith(f"decode: decoding {name}: wanted a path that decodes"), near
            assert "a known pixel comes back off by" in near
        # Nothing has to decode these.
        assert browser.run(READ.replace("NAME", "raw")) == [decoded_in_python(stores["raw"])["val"]] * 2
