"""A page that syncs: the scripts that it runs, and how its server and store are disturbed."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, Route

from tests.e2e.chromium import LAN, TFJS
from tests.e2e.conftest import built

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


HOSTS = ["127.0.0.1", LAN]


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
