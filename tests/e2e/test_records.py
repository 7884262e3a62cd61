"""Records, read as a trainer without our client reads them: with plain IndexedDB."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route

from dataprep.geometry import Affine, Size
from dataprep.labels import Keypoints, Labels
from dataprep.pixels.encode import encode
from dataprep.store.content import LedgerRow, NewSample
from dataprep.store.samples import sample_json
from dataprep.store.sharding import record_hash
from tests.e2e.chromium import chromium, quiet
from tests.e2e.conftest import serving
from tests.written_stores import ENCODINGS, Entry, every_kind, picture, write

Rows = dict[str, dict[str, Any]]

FORMS = [
    {"layout": "records", "images": "blob"},
    {"layout": "records", "images": "bytes"},
    {"layout": "jsons+jpgs", "images": "blob"},
]

SYNC = """async (options) => {
  const { syncRecords } = await import('/records.js');
  return await syncRecords(location.origin, 'drawn', options).then(
    (result) => ({ result }),
    ({ code, message }) => ({ code, message }),
  );
}"""

# Every row of every table of records in one transaction; images and masks as what they are, and their SHA-256.
READ = """async (name) => {
  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await asked(indexedDB.open(name));
  const tables = ['records', 'jsons', 'jpgs'].filter((table) => database.objectStoreNames.contains(table));
  const transaction = database.transaction(tables);
  const read = await Promise.all(tables.map((table) => asked(transaction.objectStore(table).getAll())));
  const train = await asked(transaction.objectStore(tables[0]).index('split').getAllKeys('train'));
  const waiting = await asked(database.transaction('images').objectStore('images').count());
  database.close();
  const digest = async (bytes) => {
    const [kind, content] = bytes instanceof Blob ? [bytes.type, await bytes.arrayBuffer()] : ['', bytes];
    if (content instanceof Uint8Array && content.buffer.byteLength !== content.byteLength) throw new Error('a view');
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
    return [bytes.constructor.name, kind, Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')];
  };
  const rows = {};
  for (const [at, table] of tables.entries()) {
    rows[table] = {};
    for (const row of read[at]) {
      for (const field of ['image', 'blob', 'mask']) if (row[field]) row[field] = await digest(row[field]);
      rows[table][row.key ?? row.id] = row;
    }
  }
  return { rows, train, waiting };
}"""


def name_of(url: str, form: dict[str, str]) -> str:
    return f"dataprep:{url}:drawn#{form['layout']}{'-bytes' if form['images'] == 'bytes' else ''}"


def wanted_rows(url: str, form: dict[str, str], splits: Sequence[str] = ("train", "val", "test")) -> dict[str, Rows]:
    """What the tables should hold, cut from the shards by hand."""
    wanted: dict[str, Rows] = {"records": {}} if form["layout"] == "records" else {"jsons": {}, "jpgs": {}}
    with httpx.Client(base_url=f"{url}/v1/datasets/drawn") as http:
        index = http.get("/index.json").json()
        for shard in index["shards"]:
            if shard["split"] not in splits:
                continue
            content = http.get(f"/shards/{shard['images']['sha256']}.bin").content
            for sample in http.get(f"/shards/{shard['labels']['sha256']}.json").json()["samples"]:
                add_row(wanted, form["images"], index["image"]["media_type"], shard["split"], sample, content)
    return wanted


def add_row(
    wanted: dict[str, Rows], form: str, media_type: str, split: str, sample: dict[str, Any], shard: bytes
) -> None:
    key, end = sample.pop("key"), sample["offset"] + sample["length"]

    def digest(kind: str, content: bytes) -> list[str]:
        return [*(["Blob", kind] if form == "blob" else ["Uint8Array", ""]), hashlib.sha256(content).hexdigest()]

    image, mask = digest(media_type, shard[sample.pop("offset") : end]), sample.pop("mask", None)
    del sample["length"]
    masked = {"mask": digest("image/png", shard[end : end + mask["length"]])} if mask else {}
    if "records" in wanted:
        wanted["records"][key] = {"key": key, "split": split, "labels": sample, "image": image, **masked}
        return
    points = sample.get("keypoints", [[[0, 0, 0]]])[0]
    pts = {} if any(v == 0 for _, _, v in points) else {"pts": [{"x": x, "y": y} for x, y, _ in points]}
    wanted["jsons"][key] = {"id": key, "split": split, "labels": sample, **pts}
    wanted["jpgs"][key] = {"id": key, "blob": image, **masked}


def entry(key: str, image: int, value: float = 0, split: str = "train") -> Entry:
    """A sample whose picture, label and place in the order of a shard are known apart."""
    size = Size(24, 17)
    content = encode(picture(size, image), ENCODINGS["jpeg"])
    labels = Labels(keypoints=Keypoints.of([[(1, 2, 2), (3, 4.5, 1)]]), values={"value": value})
    text = sample_json(key, content, None, Size(640, 479), size, Affine(), labels)
    return LedgerRow(key, "accepted"), split, [NewSample(key, size, content, None, text)]


def replace(store: Path, found: list[Entry], target: int = 100_000) -> None:
    fresh = store.with_suffix(".fresh")
    write(fresh, found, "jpeg", target=target)
    fresh.replace(store)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    with chromium(tmp_path_factory.mktemp("records") / "profile") as context:
        yield context


def sync(page: Page, form: dict[str, Any]) -> dict[str, Any]:
    answer = page.evaluate(SYNC, form)
    assert "result" in answer, answer
    result: dict[str, Any] = answer["result"]
    return result


def check(page: Page, url: str, form: dict[str, str]) -> None:
    """The tables hold what the server has, and no shard lies about."""
    read, wanted = page.evaluate(READ, name_of(url, form)), wanted_rows(url, form)
    assert read["rows"] == wanted
    first = wanted[next(iter(wanted))]
    assert sorted(read["train"]) == sorted(key for key, row in first.items() if row["split"] == "train")
    assert read["waiting"] == 0


@pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(form.values()))
def test_rows_are_what_the_server_has_after_every_kind_of_change(
    browser: BrowserContext, tmp_path: Path, form: dict[str, str]
) -> None:
    store = tmp_path / "drawn.db"
    every_kind(store)
    with serving(store) as server, quiet(browser) as page:
        page.goto(f"{server.url}/v1/datasets")
        first = sync(page, form)
        assert first["database"] == name_of(server.url, form) and first["bytesFetched"] > 0
        check(page, server.url, form)
        again = sync(page, form)
        assert (again["changed"], again["bytesFetched"], again["filesSwept"]) == (False, 0, 0)

        # Pictures 0 to 5 under keys in the order of their hashes, one shard a split.
        keys = sorted((f"{number}.jpg" for number in range(7)), key=record_hash)
        old = [entry(key, image) for image, key in enumerate(keys[1:])]
        replace(store, old)
        assert sync(page, form)["changed"]
        check(page, server.url, form)

        # A corrected label moves the labels alone.
        labels: list[Request] = []
        page.on("request", lambda request: labels.append(request))
        replace(store, [entry(keys[1], 0, 7.5), *old[1:]])
        sync(page, form)
        assert [request.url[-4:] for request in labels if "/shards/" in request.url] == ["json"]
        check(page, server.url, form)

        # Each picture goes to the key before: what is read must not have been overwritten.
        labels.clear()
        replace(store, [entry(key, image) for image, key in enumerate(keys[:-1])])
        sync(page, form)
        assert [request.url[-4:] for request in labels if "/shards/" in request.url] == ["json"]
        check(page, server.url, form)

        # Some go, one gets another picture, one another split; then all but a split that is no longer wanted.
        replace(store, [entry(keys[2], 9), entry(keys[3], 2, split="val")])
        sync(page, form)
        check(page, server.url, form)
        replace(store, [entry(keys[4], 4), entry(keys[3], 3, split="val")])
        sync(page, {**form, "splits": ["train"]})
        read = page.evaluate(READ, name_of(server.url, form))
        assert read["rows"] == wanted_rows(server.url, form, ["train"])


# Makes the put of the third row fail, in the last transaction of all.
BREAK = """() => {
  const { put } = IDBObjectStore.prototype;
  let rows = 0;
  window.mend = () => { IDBObjectStore.prototype.put = put; };
  IDBObjectStore.prototype.put = function (...given) {
    if (this.name === 'records' && ++rows === 3) throw new DOMException('no room', 'QuotaExceededError');
    return put.apply(this, given);
  };
}"""

# Reads all rows over and over while a sync runs, and collects the values that were there together.
WATCHED = """async (name) => {
  const { syncRecords } = await import('/records.js');
  let running = true;
  const synced = syncRecords(location.origin, 'drawn').finally(() => { running = false; });
  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await asked(indexedDB.open(name));
  const seen = new Set();
  let last = false;
  do {
    last = !running;
    const rows = await asked(database.transaction('records').objectStore('records').getAll());
    seen.add(JSON.stringify([rows.length, [...new Set(rows.map((row) => row.labels.values.value))]]));
  } while (!last);
  database.close();
  await synced;
  return [...seen];
}"""


def test_a_sync_that_fails_or_is_watched_shows_the_old_rows_or_the_new(browser: BrowserContext, tmp_path: Path) -> None:
    store, form = tmp_path / "drawn.db", FORMS[0]
    write(store, [entry(f"{number}.jpg", number, 1) for number in range(60)], "jpeg", target=3000)
    with serving(store) as server, quiet(browser) as page:
        page.goto(f"{server.url}/v1/datasets")
        sync(page, form)
        before = wanted_rows(server.url, form)
        replace(store, [entry(f"{number}.jpg", number + 1, 2) for number in range(1, 70)], 3000)

        page.evaluate(BREAK)
        said = page.evaluate(SYNC, form)
        assert said["code"] == "storage" and "no room" in said["message"], said
        read = page.evaluate(READ, name_of(server.url, form))
        assert read["rows"] == before and read["waiting"] > 0
        page.evaluate("() => window.mend()")

        # All of it has arrived; the next sync only writes the rows.
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        seen = page.evaluate(WATCHED, name_of(server.url, form))
        assert not [url for url in asked if "/shards/" in url]
        assert set(seen) <= {json.dumps(found, separators=(",", ":")) for found in ([60, [1]], [69, [2]])}
        assert "[69,[2]]" in seen
        check(page, server.url, form)


# Makes the database one of the first version of the client, with the same rows: labels that wait were objects then.
AS_BEFORE = """async (name) => {
  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const now = await asked(indexedDB.open(name));
  const tables = [];
  for (const table of now.objectStoreNames) {
    const store = now.transaction(table).objectStore(table);
    const [keys, rows] = await Promise.all([asked(store.getAllKeys()), asked(store.getAll())]);
    tables.push({ table, path: store.keyPath, indexes: [...store.indexNames], keys, rows });
  }
  now.close();
  await asked(indexedDB.deleteDatabase(name));
  const opening = indexedDB.open(name, 1);
  opening.onupgradeneeded = () => {
    for (const { table, path, indexes } of tables) {
      const store = opening.result.createObjectStore(table, path === null ? {} : { keyPath: path });
      for (const index of indexes) store.createIndex(index, index);
    }
  };
  const before = await asked(opening);
  for (const { table, path, keys, rows } of tables) {
    for (const [at, row] of rows.entries()) {
      const object = () => JSON.parse(new TextDecoder().decode(row.bytes));
      const old = table === 'labels' ? { sha256: row.sha256, samples: object().samples } : row;
      const store = before.transaction(table, 'readwrite').objectStore(table);
      await asked(path === null ? store.put(old, keys[at]) : store.put(old));
    }
  }
  before.close();
}"""


def test_rows_of_an_earlier_version_stay_and_its_waiting_labels_are_fetched_again(
    browser: BrowserContext, tmp_path: Path
) -> None:
    store, form = tmp_path / "drawn.db", FORMS[0]
    write(store, [entry(f"{number}.jpg", number, 1) for number in range(40)], "jpeg", target=3000)
    with serving(store) as server, quiet(browser) as page:
        page.goto(f"{server.url}/v1/datasets")
        sync(page, form)
        page.evaluate(AS_BEFORE, name_of(server.url, form))
        again = sync(page, form)
        assert (again["changed"], again["bytesFetched"]) == (False, 0)
        check(page, server.url, form)

        # All has arrived but the rows; of that, the labels alone are fetched again.
        before = wanted_rows(server.url, form)
        replace(store, [entry(f"{number}.jpg", number + 1, 2) for number in range(50)], 3000)
        page.evaluate(BREAK)
        assert page.evaluate(SYNC, form)["code"] == "storage"
        page.evaluate("() => window.mend()")
        page.evaluate(AS_BEFORE, name_of(server.url, form))
        assert page.evaluate(READ, name_of(server.url, form))["rows"] == before
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        assert sync(page, form)["changed"]
        fetched = [url for url in asked if "/shards/" in url]
        assert fetched and all(url.endswith(".json") for url in fetched)
        check(page, server.url, form)


# How many shards' images have arrived and wait for the last transaction.
WAITING = """(name) => new Promise((resolve, reject) => {
  const opening = indexedDB.open(name);
  opening.onsuccess = () => {
    const counting = opening.result.transaction('images').objectStore('images').count();
    counting.onsuccess = () => { opening.result.close(); resolve(counting.result); };
  };
  opening.onerror = () => reject(opening.error);
})"""


def test_a_tab_that_is_closed_in_the_middle_leaves_what_had_arrived(browser: BrowserContext, tmp_path: Path) -> None:
    store, form, arrived = tmp_path / "drawn.db", FORMS[0], list[str]()
    every_kind(store, name="drawn")
    with serving(store) as server:
        page = browser.new_page()
        page.goto(f"{server.url}/v1/datasets")
        held: list[Route] = []

        def hold(route: Route) -> None:
            if len(arrived) >= 8:
                held.append(route)
                return
            arrived.append(route.request.url)
            route.continue_()

        page.route("**/shards/*", hold)
        with page.expect_request(lambda request: len(arrived) >= 8 and "/shards/" in request.url):
            page.evaluate(f"() => {{ ({SYNC})({json.dumps(form)}); }}")
        # Not wait_for_function, which takes a promise for a yes.
        while page.evaluate(WAITING, name_of(server.url, form)) < 2:
            page.wait_for_timeout(50)
        page.close()
        with quiet(browser) as page:
            page.goto(f"{server.url}/v1/datasets")
            waiting = page.evaluate(READ, name_of(server.url, form))
            assert waiting["rows"] == {"records": {}} and waiting["waiting"] >= 2
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            sync(page, form)
            images = [url for url in asked if url.endswith(".bin")]
            index = httpx.get(f"{server.url}/v1/datasets/drawn/index.json").json()
            assert len(images) == len(index["shards"]) - waiting["waiting"]
            check(page, server.url, form)


REFUSED = """async () => {
  const { syncRecords } = await import('/records.js');
  const said = [];
  for (const options of [{ layout: 'rows' }, { images: 'jpg' }]) {
    await syncRecords(location.origin, 'drawn', options).catch(({ code, message }) => said.push([code, message]));
  }
  // As WebKit in a private window.
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (row, ...key) {
    if (row.blob instanceof Blob) throw new DOMException('no Blobs', 'DataCloneError');
    return put.call(this, row, ...key);
  };
  await syncRecords(location.origin, 'drawn').catch(({ code, message }) => said.push([code, message]));
  const { database } = await syncRecords(location.origin, 'drawn', { images: 'bytes' });
  return [said, database];
}"""


def test_what_cannot_be_is_refused_with_what_can(browser: BrowserContext, tmp_path: Path) -> None:
    store = tmp_path / "drawn.db"
    every_kind(store)
    with serving(store) as server, quiet(browser) as page:
        page.goto(f"{server.url}/v1/datasets")
        (layout, images, blobs), database = page.evaluate(REFUSED)
        assert layout[0] == "usage" and 'one of records, jsons+jpgs, found "rows"' in layout[1]
        assert images[0] == "usage" and "blob or bytes" in images[1]
        assert blobs[0] == "storage" and "images: 'bytes'" in blobs[1]
        assert database == name_of(server.url, FORMS[1])
        check(page, server.url, FORMS[1])


VERIFY = """async (options) => {
  const { verifyRecords } = await import('/records.js');
  const seen = [];
  const found = await verifyRecords(location.origin, 'drawn', { ...options, onProgress: (one) => seen.push(one) }).then(
    (result) => ({ result }),
    ({ code, message }) => ({ code, message }),
  );
  return { ...found, seen };
}"""

# Changes rows past the client, as a failing disk may: what becomes of which row of which table.
SPOIL = """async ([name, changes]) => {
  const asked = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await asked(indexedDB.open(name));
  for (const [table, key, become] of changes) {
    const store = () => database.transaction(table, 'readwrite').objectStore(table);
    const row = await asked(store().get(key));
    const field = row.image ? 'image' : 'blob';
    if (become === 'a changed byte') {
      const bytes = new Uint8Array(await new Response(row[field]).arrayBuffer());
      bytes[bytes.length >> 1] ^= 1;
      row[field] = row[field] instanceof Blob ? new Blob([bytes], { type: row[field].type }) : bytes;
    }
    if (become === 'another label') row.labels.size[0] += 1;
    if (become === 'another split') row.split = 'elsewhere';
    if (become === 'another point') row.pts = [{ x: 1, y: 1 }];
    await asked(become === 'nothing' ? store().delete(key) : store().put(row));
  }
  database.close();
}"""


@pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(form.values()))
def test_damaged_rows_are_found_and_their_halves_of_shards_alone_are_fetched(
    browser: BrowserContext, tmp_path: Path, form: dict[str, str]
) -> None:
    store = tmp_path / "drawn.db"
    every_kind(store, name="drawn")
    with serving(store) as server, quiet(browser) as page, httpx.Client(base_url=server.url) as http:
        page.goto(f"{server.url}/v1/datasets")
        assert page.evaluate(VERIFY, form)["code"] == "unsynced"
        sync(page, form)
        shards = http.get("/v1/datasets/drawn/index.json").json()["shards"]
        assert len(shards) > 5
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
        sound = page.evaluate(VERIFY, form)
        assert (sound["result"]["damaged"], sound["result"]["filesChecked"]) == ([], 2 * len(shards))
        assert sound["seen"][-1] == {"filesDone": 2 * len(shards), "filesTotal": 2 * len(shards)}
        assert asked == ["records.js"] * asked.count("records.js")

        labels, images = ("records", "records") if form["layout"] == "records" else ("jsons", "jpgs")
        keys = [
            http.get(f"/v1/datasets/drawn/shards/{shard['labels']['sha256']}.json").json()["samples"][-1]["key"]
            for shard in shards[:5]
        ]
        # What is derived from the labels stands in a row of its own only for face-api's trainer.
        becomes = ["a changed byte", "another label", "nothing", "another split"]
        becomes += ["another point"] if labels == "jsons" else []
        tables = (images, labels, images, labels, labels)
        changes = list(zip(tables, keys, becomes, strict=False))
        page.evaluate(SPOIL, [name_of(server.url, form), changes])
        asked.clear()
        found = page.evaluate(VERIFY, form)["result"]
        wrong = [(0, "images"), (1, "labels"), (2, "images"), (2, "labels"), (3, "labels")]
        wrong += [(4, "labels")] if labels == "jsons" else []
        words = ["nothing" if at == 2 else "other content" for at, _ in wrong]
        assert found["damaged"] == [
            {"shard": shards[at]["id"], "half": half, "found": word}
            for (at, half), word in zip(wrong, words, strict=True)
        ]
        fetched = sorted(name for name in asked if name.endswith((".bin", ".json")) and len(name) > 64)
        kinds = {"images": "bin", "labels": "json"}
        assert fetched == sorted(f"{shards[at][half]['sha256']}.{kinds[half]}" for at, half in wrong)
        assert found["bytesFetched"] == sum(shards[at][half]["bytes"] for at, half in wrong)
        check(page, server.url, form)

        # All of it is as if it had just been synced.
        again = page.evaluate(VERIFY, form)["result"]
        assert (again["damaged"], again["bytesFetched"], again["digest"]) == ([], 0, found["digest"])
        assert (sync(page, form)["changed"], page.evaluate(READ, name_of(server.url, form))["waiting"]) == (False, 0)
