"""The client in all three engines: what was prepared arrives to the byte, as pixels and as tensors, and stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import test_records
from tests.e2e.chromium import TFJS
from tests.e2e.conftest import built, serving
from tests.e2e.decoded import decoded_in_python
from tests.e2e.engines import ENGINES, ROOT, Engine, WebKit, missing
from tests.written_stores import every_kind

# Selenium's own driver of WebKitGTK calls selenium in a way that it will give up.
pytestmark = pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning")

ENCODES = {
    "jpeg": "{format: jpeg, quality: 80}",
    "halved": "{format: jpeg, quality: 80, subsampling: '4:2:0'}",
    "png": "{format: png}",
    "webp": "{format: webp}",
    "raw": "{format: raw}",
}

# tfjs as a script of its own, so that the page's Content-Security-Policy has no say in it; without a GPU.
TENSORS = f"""async () => {{
{TFJS.read_text()}
  await tf.setBackend('cpu');
  return tf.version.tfjs;
}}"""

SYNC = """async () => {
  const { openDataset } = await import(`${location.origin}/client.js`);
  window.dataset = openDataset(location.origin, 'NAME', { tf: window.tf });
  const result = await window.dataset.sync();
  return { result, status: await window.dataset.status() };
}"""

# SHA-256 of every decoded picture, by split and key: of what `pixels` gives, and of what tensors hold when the
# normalisation is undone. Both epochs are shuffled.
EPOCH = """async () => {
  const sha256 = async (bytes) => {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  };
  const { splits, normalize: { scale, offset } } = await window.dataset.index();
  const before = tf.memory().numTensors;
  const pixels = {};
  const tensors = {};
  for (const split of Object.keys(splits)) {
    pixels[split] = {};
    tensors[split] = {};
    for await (const { sample, rgb } of window.dataset.pixels({ split, shuffle: 'full' })) {
      pixels[split][sample.key] = await sha256(rgb);
    }
    for await (const { xs, ys, keys } of window.dataset.batches({ split, batchSize: 8, seed: 3, epoch: 1 })) {
      const values = await xs.data();
      tf.dispose([xs, ys]);
      const bytes = Uint8Array.from(values, (value, at) => Math.round((value - offset[at % 3]) / scale[at % 3]));
      const each = bytes.length / keys.length;
      for (const [at, key] of keys.entries()) {
        tensors[split][key] = await sha256(bytes.subarray(at * each, (at + 1) * each));
      }
    }
  }
  return { pixels, tensors, left: tf.memory().numTensors - before, status: await window.dataset.status() };
}"""

VERIFY = "() => window.dataset.verify()"

# Changes a stored label, as a failing disk may.
DAMAGE = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open(`dataprep:${location.origin}:${window.dataset.name}`);
  opening.onsuccess = () => {
    const transaction = opening.result.transaction('labels', 'readwrite');
    const rows = transaction.objectStore('labels');
    rows.getAll().onsuccess = ({ target: { result: [row] } }) => {
      const root = JSON.parse(new TextDecoder().decode(row.bytes));
      root.samples[0].class += 1;
      row.bytes = new TextEncoder().encode(JSON.stringify(root)).buffer;
      rows.put(row);
      transaction.oncomplete = () => { opening.result.close(); resolve(row.sha256); };
    };
  };
  opening.onerror = () => reject(opening.error);
})"""


@pytest.fixture(params=ENGINES, scope="module")
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with ENGINES[request.param](tmp_path_factory.mktemp("engine") / "profile") as engine:
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


def check(engine: Engine, store: Path) -> None:
    """An epoch gives what Python decodes, to the byte, and leaves no tensor."""
    epoch, wanted = engine.run(EPOCH), decoded_in_python(store)
    assert epoch["pixels"] == wanted
    assert epoch["tensors"] == wanted
    assert (epoch["left"], epoch["status"]["exact"]) == (0, True), epoch["status"]


def test_every_pixel_is_the_one_that_was_prepared(engine: Engine, stores: dict[str, Path]) -> None:
    with serving(*stores.values()) as server:
        engine.open(f"{server.url}/v1/datasets")
        assert engine.run(TENSORS)
        for name, store in stores.items():
            synced = engine.run(SYNC.replace("NAME", name))
            assert synced["status"]["synced"] and synced["status"]["samples"] == 30
            if name != list(stores)[-1]:
                check(engine, store)
        # What was damaged is found, and fetched anew.
        damaged = engine.run(DAMAGE)
        found = engine.run(VERIFY)
        index = engine.run("() => window.dataset.index()")
        (shard,) = (shard for shard in index["shards"] if shard["labels"]["sha256"] == damaged)
        assert found["damaged"] == [{"shard": shard["id"], "half": "labels", "found": "other content"}]
        # The last one without its server.
        assert server.stop() == 0
        found = engine.run(VERIFY)
        assert (found["damaged"], found["filesChecked"]) == ([], 2 * len(index["shards"]))
        check(engine, store)


@pytest.mark.parametrize("form", test_records.FORMS, ids=lambda form: "-".join(form.values()))
def test_records_are_the_same_everywhere(engine: Engine, tmp_path: Path, form: dict[str, str]) -> None:
    every_kind(tmp_path / "drawn.db")
    with serving(tmp_path / "drawn.db") as server:
        engine.open(f"{server.url}/v1/datasets")
        said = engine.run(f"() => ({test_records.SYNC})({json.dumps(form)})")
        if isinstance(engine, WebKit) and form["images"] == "blob":
            # Under a driver it is as in a private window.
            assert said["code"] == "storage" and "images: 'bytes'" in said["message"], said
            return
        assert "result" in said, said
        wanted = test_records.wanted_rows(server.url, form)
        table = "jsons" if form["layout"] == "jsons+jpgs" else "records"
        key, *_ = wanted[table]
        verify = f"() => ({test_records.VERIFY})({json.dumps(form)})"
        assert engine.run(verify)["result"]["damaged"] == []
        changes = [[table, key, "another label"]]
        engine.run(f"() => ({test_records.SPOIL})({json.dumps([said['result']['database'], changes])})")
        assert [(one["half"], one["found"]) for one in engine.run(verify)["result"]["damaged"]] == [
            ("labels", "other content")
        ]
        assert server.stop() == 0
        read = engine.run(f"() => ({test_records.READ})({json.dumps(said['result']['database'])})")
        assert (read["rows"], read["waiting"]) == (wanted, 0)


def test_a_browser_that_is_missing_fails_in_ci_and_is_told_elsewhere(
    monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="NOT TESTED"):
        missing("A browser", "its-package")
    assert "export CI=1" in (ROOT / ".ci/run").read_text()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="NOT TESTED"):
        missing("A browser", "its-package")
    assert "s" in pytestconfig.getoption("reportchars")
