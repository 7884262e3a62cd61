"""Reading an epoch: its order, where it is taken up again, what a batch holds, and what it leaves behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from dataprep.geometry import Affine, Size
from dataprep.labels import CROWD, Boxes, Keypoints, Labels
from dataprep.order import Extent, epoch_order, subset
from dataprep.pixels.encode import decode_mask, decode_stored, encode, encode_mask
from dataprep.store.content import LedgerRow, NewSample
from dataprep.store.read import Store
from dataprep.store.samples import sample_json
from tests.e2e.chromium import TFJS, chromium
from tests.e2e.conftest import built, serving
from tests.e2e.decoded import decoded_in_python
from tests.order_vectors import shuffle_of
from tests.written_stores import ENCODINGS, Entry, picture, write

SIZE = Size(20, 14)
COUNT = 32


def kinds(path: Path) -> None:
    """A store with all that `ys` can be made of: several boxes, none, points that are not labelled, masks."""
    found: list[Entry] = []
    for index in range(COUNT):
        rng = np.random.default_rng(index)
        corners = np.array([[0, 1, 10, 7], [5, 3.5, 20, 14], [1, 1, 2, 2]])[: index % 4]
        points = [[(0, 0, 0) if (index + at) % 3 == 0 else (index / 2, at, 1 + index % 2) for at in range(2)]]
        labels = Labels(
            index % 3,
            ((), (1,), (0, 2))[index % 3],
            Boxes.of(corners, [0, -1, 2][: index % 4], [0, CROWD, 0][: index % 4]),
            Keypoints.of(points),
            mask=rng.integers(0, 3, (SIZE.height, SIZE.width), np.uint8),
        )
        assert labels.mask is not None
        key, image = f"{index:02}.png", encode(picture(SIZE, index), ENCODINGS["png"])
        mask = encode_mask(labels.mask)
        text = sample_json(key, image, mask, SIZE, SIZE, Affine(1), labels)
        found.append((LedgerRow(key, "accepted"), "train", [NewSample(key, SIZE, image, mask, text)]))
    spec: dict[str, list[Any]] = {"names": ["l", "r"], "pairs": [[0, 1]]}
    write(path, found, "png", target=3000, name="kinds", keypoints=spec)


def bare(path: Path) -> None:
    """A store without a label."""
    image = encode(picture(SIZE, 0), ENCODINGS["png"])
    text = sample_json("a.png", image, None, SIZE, SIZE, Affine(1), Labels())
    entry = LedgerRow("a.png", "accepted"), "train", [NewSample("a.png", SIZE, image, None, text)]
    write(path, [entry], "png", name="bare")


@pytest.fixture(scope="module")
def stores(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample in several shards, the store of all kinds, and that of none."""
    folder = tmp_path_factory.mktemp("reading")
    stores = {name: folder / f"{name}.db" for name in ("sample", "kinds", "bare")}
    text = (sample / "manifest.yaml").read_text()
    (sample / "reading.yaml").write_text(f"{text}\nshards: {{target_bytes: 40_000}}\n")
    built(sample / "reading.yaml", stores["sample"])
    kinds(stores["kinds"])
    bare(stores["bare"])
    return stores


PREPARE = """async () => {
  const { openDataset } = await import('/client.js');
  window.open = (name, options = {}) => openDataset(location.origin, name, { tf, ...options });
  window.sample = window.open('sample');
  window.kinds = window.open('kinds');
  await window.sample.sync();
  await window.kinds.sync();
  window.bare = window.open('bare');
  await window.bare.sync();
  window.failure = async (work) => {
    try {
      await work();
    } catch ({ code, message }) {
      return [code, message];
    }
  };
  window.all = async (batches) => {
    const found = [];
    for await (const batch of batches) found.push(batch);
    return found;
  };
  window.keys = async (options, dataset = window.sample) =>
    (await window.all(dataset.arrays({ split: 'train', batchSize: 7, ...options }))).map(({ keys }) => keys);
}"""


@pytest.fixture(scope="module")
def page(stores: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page with all datasets in its IndexedDB; an error that nobody handles fails the test that meets it."""
    with (
        chromium(tmp_path_factory.mktemp("profile") / "profile") as context,
        serving(*stores.values()) as server,
    ):
        page = context.new_page()
        said: list[str] = []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{server.url}/v1/datasets")
        page.add_script_tag(path=TFJS)
        page.evaluate(PREPARE)
        yield page
        assert not said, said


@pytest.mark.parametrize(
    ("options", "filtered"),
    [
        ({}, False),
        ({"shuffle": "full", "seed": 3, "epoch": 2}, True),
        ({"shuffle": {"window": 90_000}, "seed": 3, "epoch": 2}, False),
        ({"shuffle": False}, True),
        ({"subset": {"n": 5, "seed": 4, "perClass": True}, "epoch": 1}, True),
        ({"subset": {"n": 16}, "shuffle": {"window": 0}, "seed": 8}, False),
    ],
)
def test_the_order_is_the_one_that_python_gives(
    page: Page, stores: dict[str, Path], options: dict[str, Any], filtered: bool
) -> None:
    with Store(stores["sample"]) as store:
        samples = [json.loads(sample.text.wire) for sample in store.samples() if sample.split == "train"]
        shards = [Extent(shard.count, shard.images_bytes) for shard in store.shards() if shard.split == "train"]
    assert len(shards) > 3
    passes = [not filtered or sample["class"] != 2 for sample in samples]
    chosen = None
    if "subset" in options:
        of = options["subset"]
        classes = [sample["class"] for sample in samples] if of.get("perClass") else None
        chosen = subset([at for at, good in enumerate(passes) if good], of["n"], of.get("seed", 0), classes)
    shuffle = shuffle_of(options.get("shuffle", "full"))
    order = epoch_order(shards, shuffle, options.get("seed", 0), options.get("epoch", 0), chosen)
    found = page.evaluate(
        """([options, filtered]) =>
          keys({ ...options, ...(filtered && { filter: (one) => one.class !== 2 }) })""",
        [options, filtered],
    )
    wanted = [samples[at]["key"] for at in order if passes[at]]
    assert [key for batch in found for key in batch] == wanted
    assert 9 < len(wanted) < len(samples) or not (filtered or "subset" in options)
    assert {len(batch) for batch in found[:-1]} == {7}


def test_auto_says_what_it_chose_and_the_cursor_keeps_it(page: Page) -> None:
    found = page.evaluate(
        """async () => {
          const small = window.open('sample', { memoryBudget: 200_000 });
          const [first, second] = await window.all(small.batches({ split: 'train', batchSize: 60, seed: 5 }));
          tf.dispose([first, second].map(({ xs, ys }) => [xs, ys]));
          const status = await small.status();
          // Another device, which would have chosen otherwise.
          const cursor = JSON.parse(JSON.stringify(first.cursor));
          const rest = await window.all(window.sample.arrays({ split: 'train', batchSize: 60, seed: 5, cursor }));
          return {
            orders: [first.order, status.order, first.cursor.shuffle, rest[0].order],
            keys: [second.keys, rest[0].keys],
            other: (await window.all(window.sample.arrays({ split: 'train', batchSize: 60, seed: 5 })))[1].order,
          };
        }"""
    )
    assert found["orders"] == ["window", "window", {"window": 100_000}, "window"]
    assert found["other"] == "full"
    assert found["keys"][0] == found["keys"][1]


RESUME = """async (shuffle) => {
  const options = {
    split: 'train', batchSize: 16, seed: 2, epoch: 4, repeat: 2, dropLast: true, shuffle,
    filter: (sample) => sample.class !== 1,
  };
  const told = ({ keys, xs, ys, cursor }) =>
    [cursor.epoch, keys, xs.values.reduce((a, b, at) => a + b * ((at % 97) + 1), 0), Array.from(ys.values)];
  const whole = await window.all(window.sample.arrays(options));
  const rests = [];
  for (const [at, { cursor: kept }] of whole.entries()) {
    const cursor = JSON.parse(JSON.stringify(kept));
    const other = window.open('sample');
    // With all options as before, or with none but what can't be kept.
    const again = at % 2 === 0 ? { ...options, cursor } : { cursor, filter: options.filter };
    rests.push((await window.all(other.arrays(again))).map(told));
  }
  return { whole: whole.map(told), rests };
}"""


@pytest.mark.parametrize("shuffle", ["auto", {"window": 90_000}, False])
def test_an_iteration_goes_on_exactly_behind_any_batch(page: Page, shuffle: Any) -> None:
    found = page.evaluate(RESUME, shuffle)
    whole, rests = found["whole"], found["rests"]
    assert [epoch for epoch, *_ in whole] == sorted(epoch for epoch, *_ in whole)
    assert {epoch for epoch, *_ in whole} == {4, 5}
    assert {len(keys) for _, keys, *_ in whole} == {16}
    for epoch in (4, 5):
        keys = [key for each, some, *_ in whole if each == epoch for key in some]
        assert len(keys) == len(set(keys))
    if shuffle is not False:
        assert [keys for epoch, keys, *_ in whole if epoch == 4] != [keys for epoch, keys, *_ in whole if epoch == 5]
    for at, rest in enumerate(rests):
        assert rest == whole[at + 1 :]


REFUSALS = """async () => {
  const filter = () => true;
  const options = { split: 'train', batchSize: 16, seed: 2, epoch: 4, subset: { n: 40 }, filter };
  const { cursor } = (await window.sample.arrays(options).next()).value;
  const changes = {
    digest: { cursor: { ...cursor, digest: 'f'.repeat(64) } },
    shards: { cursor: { ...cursor, shards: 99 } },
    split: { split: 'val' },
    seed: { seed: 3 },
    shuffle: { shuffle: { window: 1 } },
    subset: { subset: { n: 41 } },
    'subset too': { subset: { n: 40, seed: 1 } },
    functions: { filter: undefined },
    'functions too': { collate: () => null },
    epoch: { epoch: 5 },
    'epoch gone': { cursor: { ...cursor, epoch: 5 } },
    position: { cursor: { ...cursor, position: -1 } },
    'no cursor': { cursor: {} },
    kinds: { dataset: window.kinds },
  };
  const said = {};
  for (const [name, { dataset = window.sample, ...change }] of Object.entries(changes)) {
    said[name] = await window.failure(() => window.all(dataset.arrays({ ...options, cursor, ...change })));
  }
  return said;
}"""


def test_a_cursor_of_something_else_is_refused_and_told_why(page: Page) -> None:
    said = page.evaluate(REFUSALS)
    for name, (code, message) in said.items():
        assert code == "usage", (name, message)
        assert message.startswith("arrays({ cursor }): wanted a cursor whose "), (name, message)
        what = {"no cursor": "digest", "kinds": "digest"}.get(name, name.split()[0])
        assert f"whose {what} is " in message, (name, message)
    assert "found 2. Pass the options with which the cursor was made" in said["seed"][1]
    assert "The dataset has changed since: begin the epoch anew" in said["digest"][1]


TARGETS = """async () => {
  const plain = (ys) => ys && (ArrayBuffer.isView(ys.values)
    ? { kind: ys.values.constructor.name, shape: ys.shape, values: Array.from(ys.values) }
    : Object.fromEntries(Object.entries(ys).map(([name, one]) => [name, plain(one)])));
  const found = {};
  const cases = {
    default: {}, none: { task: null }, class: { task: 'class' }, tags: { task: 'tags' }, mask: { task: 'mask' },
    keypoints: { task: 'keypoints' }, boxes: { task: 'boxes' }, most: { task: 'boxes', maxBoxes: 5 },
    several: { task: ['class', 'mask'] },
    collate: {
      collate: (labelled) => ({
        values: Float32Array.from(labelled, ({ sample, mask }) => sample.class + mask[0]), shape: [labelled.length, 1],
      }),
    },
  };
  for (const [name, options] of Object.entries(cases)) {
    const [{ ys, xs, keys }] = await window.all(
      window.kinds.arrays({ split: 'train', batchSize: 32, shuffle: false, ...options }),
    );
    found[name] = plain(ys);
    found.xs = plain(xs);
    found.keys = keys;
  }
  found.bare = (await window.all(window.bare.arrays({ split: 'train', batchSize: 1 }))).map(({ ys }) => ys);
  found.few = await window.failure(() => window.all(
    window.kinds.arrays({ split: 'train', batchSize: 32, task: 'boxes', maxBoxes: 2 })));
  found.unable = await window.failure(() => window.all(
    window.sample.arrays({ split: 'train', batchSize: 32, task: ['class', 'tags'] })));
  return found;
}"""


def test_every_kind_of_target(page: Page, stores: dict[str, Path]) -> None:
    found = page.evaluate(TARGETS)
    rows, pixels, masks = [], [], []
    with Store(stores["kinds"]) as store:
        for sample, content, mask in store.iterate():
            assert content is not None
            assert mask is not None
            rows.append(json.loads(sample.text.wire))
            pixels.append(decode_stored(content, "png", SIZE))
            masks.append(decode_mask(mask, SIZE))
    assert found["keys"] == [row["key"] for row in rows]
    sides = np.array([SIZE.width, SIZE.height], np.float64)

    def check(name: str, target: dict[str, Any], wanted: np.ndarray[Any, Any]) -> None:
        assert target["kind"] == {"float32": "Float32Array", "int32": "Int32Array"}[str(wanted.dtype)], name
        assert target["shape"] == list(wanted.shape), name
        assert np.array_equal(np.array(target["values"], wanted.dtype).reshape(wanted.shape), wanted), name

    check("xs", found["xs"], np.array(pixels).astype(np.float32))
    hot = np.eye(3, dtype=np.float32)[[row["class"] for row in rows]]
    check("class", found["class"], hot)
    check("default", found["default"], hot)
    check("tags", found["tags"], np.array([hot[:0].sum(0) + np.eye(3)[row["tags"]].sum(0) for row in rows], np.float32))
    check("mask", found["mask"], np.array(masks, np.int32))
    assert found["none"] is None
    assert sorted(found["several"]) == ["class", "mask"]
    check("several", found["several"]["class"], hot)

    points = np.array([row["keypoints"][0] for row in rows], np.float64)
    told = np.repeat((points[:, :, 2] > 0).astype(np.float32), 2, axis=1)
    assert 0 < told.mean() < 1
    check("keypoints", found["keypoints"]["keypoints"], (points[:, :, :2] / sides).reshape(-1, 4).astype(np.float32))
    check("keypointMask", found["keypoints"]["keypointMask"], told)

    for name, most in ("boxes", 3), ("most", 5):
        boxes = np.zeros((COUNT, most, 6), np.float32)
        boxes[:, :, 4] = -1
        for at, row in enumerate(rows):
            for place, box in enumerate(row["boxes"]):
                flag = row.get("box_flags", [0] * 9)[place]
                boxes[at, place] = [*(np.array(box) / [*sides, *sides]), row["box_classes"][place], flag]
        check(name, found[name]["boxes"], boxes)
        check(name, found[name]["boxCounts"], np.array([len(row["boxes"]) for row in rows], np.int32))

    own = [[row["class"] + int(mask[0, 0])] for row, mask in zip(rows, masks, strict=True)]
    check("collate", found["collate"], np.array(own, np.float32))
    assert found["bare"] == [None]
    assert found["few"][0] == "labels"
    assert "wanted at most 2 boxes (maxBoxes), found 3" in found["few"][1]
    assert found["unable"][0] == "usage"
    assert "wanted one or several of class, keypoints, boxes, found tags" in found["unable"][1]


LEAKS = """async () => {
  await tf.ready();
  const options = { split: 'train', batchSize: 16, task: ['class', 'keypoints'] };
  const { sample, kinds } = window;
  const counts = {};
  let given = 0;
  const settle = async (name) => {
    // What was made ahead, if anything, is there by now.
    await new Promise((resolve) => setTimeout(resolve, 50));
    (counts[name] ??= []).push(tf.memory().numTensors);
  };
  const use = async (batch) => {
    given++;
    await batch.xs.data();
    tf.dispose([batch.xs, batch.ys]);
  };
  await settle('start');
  for (let epoch = 0; epoch < 3; epoch++) {
    for await (const batch of sample.batches({ ...options, epoch })) await use(batch);
    await settle('epochs');
  }
  for (let time = 0; time < 3; time++) {
    for await (const batch of sample.batches(options)) {
      await use(batch);
      if (time > 0) break;
    }
    await settle('broken off');
    await window.failure(async () => {
      for await (const batch of sample.batches(options)) {
        await use(batch);
        throw new Error('the training step fails');
      }
    });
    await settle('step throws');
    let asked = 0;
    const filter = () => { if (++asked > 40) throw new Error('the filter fails'); return true; };
    await window.failure(async () => {
      for await (const batch of sample.batches({ ...options, filter })) await use(batch);
    });
    await settle('filter throws');
    // Half of a batch's tensors are made when the other half can't be.
    const values = new Float32Array(1);
    const collate = () => ({ one: { values, shape: [1] }, two: { values, shape: [2] } });
    counts.said = await window.failure(() => sample.batches({ ...options, collate }).next());
    await settle('ys that are none');
    await sample.toTfData(options).forEachAsync(use).catch(() => undefined);
    await sample.toTfData(options).take(2).forEachAsync(({ xs, ys }) => tf.dispose([xs, ys]));
    await settle('tf.data');
    const others = { split: 'train', batchSize: 5, task: ['boxes', 'mask', 'tags'] };
    for await (const batch of kinds.batches(others)) await use(batch);
    await settle('kinds');
  }
  return { counts, given };
}"""


def test_no_tensor_is_left_behind_however_an_iteration_ends(page: Page) -> None:
    found = page.evaluate(LEAKS)
    counts = found["counts"]
    assert "Based on the provided shape, [2]" in counts.pop("said")[1]
    assert {count for many in counts.values() for count in many} == {counts["start"][0]}, counts
    assert len(counts) == 8
    assert found["given"] > 60


TF_DATA = """async () => {
  const batches = window.sample.toTfData({ split: 'train', batchSize: 32, seed: 6, epoch: 2 });
  const seen = [];
  for (let time = 0; time < 2; time++) {
    const rows = [];
    await batches.forEachAsync(({ xs, ys }) => {
      rows.push(...Array.from(ys.argMax(1).dataSync()));
      tf.dispose([xs, ys]);
    });
    seen.push(rows);
  }
  const own = [];
  for (const epoch of [2, 3]) {
    const rows = [];
    for await (const { samples } of window.sample.arrays({ split: 'train', batchSize: 32, seed: 6, epoch })) {
      rows.push(...samples.map((sample) => sample.class));
    }
    own.push(rows);
  }
  const model = tf.sequential({ layers: [
    tf.layers.flatten({ inputShape: [64, 64, 3] }), tf.layers.dense({ units: 3, activation: 'softmax' }),
  ] });
  model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
  const { epoch } = await model.fitDataset(batches, { epochs: 2, verbose: 0 });
  const one = { split: 'train', batchSize: 1 };
  const said = [
    await window.failure(() => window.open('sample', { tf: undefined }).toTfData(one)),
    await window.failure(() => window.open('sample', { tf: { tensor() {} } }).toTfData(one)),
    await window.failure(() => window.open('sample', { tf: undefined }).batches(one).next()),
  ];
  return { seen, own, epoch, said };
}"""


def test_tf_data_reads_the_next_epoch_each_time(page: Page) -> None:
    found = page.evaluate(TF_DATA)
    assert found["seen"] == found["own"]
    assert found["seen"][0] != found["seen"][1]
    assert found["epoch"] == [0, 1]
    for code, message in found["said"]:
        assert code == "usage"
        assert "wanted tfjs, found" in message


WORKER = """
import { openDataset } from '/client.js';
self.onmessage = async ({ data: url }) => {
  try {
    const dataset = openDataset(url, 'sample');
    const { changed } = await dataset.sync();
    const hashes = {};
    for await (const { sample, rgb } of dataset.pixels({ split: 'train' })) {
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', rgb));
      hashes[sample.key] = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
    }
    const batches = [];
    for await (const { xs, ys, keys, cursor } of dataset.arrays({ split: 'train', batchSize: 50, seed: 1 })) {
      const sum = xs.values.reduce((a, b) => a + b, 0);
      batches.push({ xs: [xs.shape, xs.values.length], values: [xs.shape, sum, Array.from(ys.values)], keys, cursor });
    }
    // With tfjs, where a worker has it.
    await import('/tf.js');
    const values = [];
    const trained = openDataset(url, 'sample', { tf: self.tf });
    for await (const { xs, ys } of trained.batches({ split: 'train', batchSize: 50, seed: 1 })) {
      values.push([xs.shape, (await xs.data()).reduce((a, b) => a + b, 0), Array.from(await ys.data())]);
      self.tf.dispose([xs, ys]);
    }
    const left = self.tf.memory().numTensors;
    const status = await dataset.status();
    self.postMessage({ values, left, changed, hashes, batches, page: typeof document, status });
  } catch (error) {
    self.postMessage({ error: `${error}` });
  }
};
"""


def test_all_of_it_in_a_worker_without_tfjs_or_with(page: Page, stores: dict[str, Path]) -> None:
    page.route("**/tf.js", lambda route: route.fulfill(path=TFJS))
    page.route("**/worker.js", lambda route: route.fulfill(body=WORKER, content_type="text/javascript"))
    found = page.evaluate(
        """async () => {
          const worker = new Worker('/worker.js', { type: 'module' });
          const answer = await new Promise((resolve, reject) => {
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = ({ message }) => reject(new Error(message));
            worker.postMessage(location.origin);
          });
          worker.terminate();
          return { ...answer, here: await keys({ batchSize: 50, seed: 1 }) };
        }"""
    )
    assert "error" not in found, found
    assert (found["page"], found["status"]["exact"]) == ("undefined", True)
    assert found["hashes"] == decoded_in_python(stores["sample"])["train"]
    assert [batch["keys"] for batch in found["batches"]] == found["here"]
    for batch in found["batches"]:
        n = len(batch["keys"])
        assert batch["xs"] == [[n, 64, 64, 3], n * 64 * 64 * 3]
        assert batch["cursor"]["position"] <= 168
    assert found["values"] == [batch["values"] for batch in found["batches"]]
    assert found["left"] == 0


AUGMENT = """async () => {
  // Cuts to a random width, and writes the words into the labels.
  const augment = {
    apply(sample, { height, mask }, words) {
      const word = words();
      const rgb = new Uint8Array(4 * height * 3).fill(word % 256);
      const picture = { width: 4, height, rgb, mask: mask.slice(0, 4 * height) };
      return { sample: { ...sample, class: word % 3, image_size: [4, height] }, picture };
    },
  };
  const options = { split: 'train', seed: 3, repeat: 2, augment, task: ['class', 'mask'] };
  const told = (batches) => {
    const found = {};
    for (const { keys, xs, ys, cursor, samples } of batches) {
      const [n, height, width] = xs.shape;
      for (const [at, key] of keys.entries()) {
        const row = Array.from(ys.class.values.slice(3 * at, 3 * at + 3));
        const first = xs.values[at * height * width * 3];
        (found[key] ??= []).push([cursor.epoch, height, width, ys.mask.shape[2], first, row, samples[at].class]);
      }
    }
    return found;
  };
  const whole = await window.all(window.kinds.arrays({ ...options, batchSize: 5 }));
  const others = await window.all(window.kinds.arrays({ ...options, batchSize: 32, shuffle: false }));
  const at = 3;
  const rest = await window.all(window.kinds.arrays({ ...options, cursor: whole[at].cursor }));
  const pixels = {};
  for await (const { sample, rgb, width } of window.kinds.pixels({ split: 'train', seed: 3, epoch: 1, augment })) {
    pixels[sample.key] = [width, rgb[0], sample.class];
  }
  return { whole: told(whole), others: told(others), rest: told([...whole.slice(0, at + 1), ...rest]), pixels };
}"""


def test_augmented_samples_are_the_same_in_any_batch_and_order(page: Page) -> None:
    found = page.evaluate(AUGMENT)
    assert found["whole"] == found["others"] == found["rest"]
    assert len(found["whole"]) == COUNT
    for key, (first, second) in found["whole"].items():
        for epoch, (number, height, width, mask, value, row, of) in enumerate((first, second)):
            assert (number, height, width, mask) == (epoch, SIZE.height, 4, 4)
            assert row == [float(of == each) for each in range(3)]
            assert value == int(value)
        assert found["pixels"][key] == [4, second[4], second[6]]
    assert len({first[4] for first, _ in found["whole"].values()}) > 20
    assert len([key for key, (first, second) in found["whole"].items() if first[4] != second[4]]) > 25


def test_what_can_not_be_read_is_said(page: Page) -> None:
    said = page.evaluate(
        """async () => {
          const said = {};
          const cases = {
            'batchSize }': { batchSize: 0 },
            'repeat }': { repeat: 0 },
            'maxBoxes }': { maxBoxes: '2' },
            'shuffle }': { shuffle: true },
            'shuffle: { window } }': { shuffle: { window: -1 } },
            'subset: { n } }': { subset: {} },
            seed: { seed: -1, shuffle: false },
            epoch: { epoch: 0.5 },
            'of split train': { filter: () => false, repeat: true },
            'of split train ': { dropLast: true, batchSize: 1000, repeat: true },
          };
          const perClass = { split: 'train', batchSize: 1, subset: { n: 1, perClass: true } };
          said['subset: { perClass } }'] = await failure(() => all(bare.arrays(perClass)));
          for (const [name, options] of Object.entries(cases)) {
            said[name] = await failure(() => all(sample.arrays({ split: 'train', batchSize: 4, ...options })));
          }
          return said;
        }"""
    )
    for name, (code, message) in said.items():
        assert (code, name.strip() in message) == ("usage", True), (name, code, message)
