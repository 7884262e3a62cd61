"""The client in all three engines: what was prepared arrives to the byte, and stays when the server is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import built, serving
from tests.e2e.decoded import decoded_in_python
from tests.e2e.engines import ENGINES, Engine

# Selenium's own driver of WebKitGTK calls selenium in a way that it will give up.
pytestmark = pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning")

ENCODES = {
    "jpeg": "{format: jpeg, quality: 80}",
    "halved": "{format: jpeg, quality: 80, subsampling: '4:2:0'}",
    "png": "{format: png}",
    "webp": "{format: webp}",
    "raw": "{format: raw}",
}

SYNC = """async () => {
  const { openDataset } = await import(`${location.origin}/client.js`);
  window.dataset = openDataset(location.origin, 'NAME');
  const result = await window.dataset.sync();
  return { result, status: await window.dataset.status() };
}"""

# SHA-256 of every decoded picture, by split and key; the epoch is shuffled.
EPOCH = """async () => {
  const found = {};
  for (const split of Object.keys((await window.dataset.index()).splits)) {
    found[split] = {};
    for await (const { sample, rgb } of window.dataset.pixels({ split, shuffle: 'auto' })) {
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', rgb));
      found[split][sample.key] = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    }
  }
  return { found, status: await window.dataset.status() };
}"""


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with ENGINES[request.param](tmp_path / "profile") as engine:
        yield engine


@pytest.fixture(scope="module")
def stores(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small store for every encoding, of pictures with odd sides that differ."""
    folder = tmp_path_factory.mktemp("encodes")
    text = (sample / "manifest.yaml").read_text().replace("size: [64, 64]", "size: [37, 53]")
    stores = {}
    for name, encode in ENCODES.items():
        lines = [line for line in text.splitlines() if not line.startswith(("encode:", "name:"))]
        (sample / f"{name}.yaml").write_text("\n".join([f"name: {name}", f"encode: {encode}", *lines]))
        stores[name] = folder / f"{name}.db"
        built(sample / f"{name}.yaml", stores[name], "--limit", "30")
    return stores


def test_every_pixel_is_the_one_that_was_prepared(engine: Engine, stores: dict[str, Path]) -> None:
    with serving(*stores.values()) as server:
        engine.open(f"{server.url}/v1/datasets")
        for name, store in stores.items():
            synced = engine.run(SYNC.replace("NAME", name))
            assert synced["status"]["synced"] and synced["status"]["samples"] == 30
            if name != list(stores)[-1]:
                epoch = engine.run(EPOCH)
                assert epoch["found"] == decoded_in_python(store)
                assert epoch["status"]["exact"] is True
        # The last one without its server.
        assert server.stop() == 0
        epoch = engine.run(EPOCH)
        assert epoch["found"] == decoded_in_python(store)
        assert epoch["status"]["exact"] is True
