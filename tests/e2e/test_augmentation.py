"""Augmented samples in Chromium, out of IndexedDB, against the pipeline's own geometry, labels and renderer."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataprep.geometry import Affine, Size
from dataprep.labels import Boxes, Keypoints, Labels
from dataprep.pixels.encode import decode_stored
from dataprep.store.read import Store
from dataprep.store.samples import labels_json
from tests.augment_vectors import augmented, sample_words
from tests.e2e import test_masks
from tests.e2e.chromium import chromium, quiet
from tests.e2e.conftest import built, serving

OPTIONS: dict[str, Any] = {
    "crop": {"area": [0.5, 1], "aspect": [0.8, 1.25]},
    "scale": [0.8, 1.25],
    "rotate": 20,
    "flip": {"horizontal": 0.5},
    "color": {"brightness": 0.3, "contrast": 0.2, "saturation": 0.5},
    "minVisible": 0.3,
    "fill": [9, 99, 199],
}
SEED, EPOCH = 5, 3

READ = """async ([options, seed, epoch]) => {
  const { openDataset } = await import('/client.js');
  const { augmentation } = await import('/augment.js');
  const dataset = openDataset(location.origin, 'sample');
  await dataset.sync();
  const augment = augmentation(options, await dataset.index());
  const found = [];
  for await (const { sample, rgb } of dataset.pixels({ split: 'val', augment, seed, epoch, shuffle: 'full' })) {
    found.push([sample, btoa(Array.from(rgb, (byte) => String.fromCharCode(byte)).join(''))]);
  }
  return found;
}"""


def test_augmented_samples_are_those_of_the_pipeline(sample_store: Path, tmp_path: Path) -> None:
    with (
        serving(sample_store) as server,
        chromium(tmp_path / "profile") as browser,
        quiet(browser) as page,
    ):
        page.goto(f"{server.url}/v1/datasets")
        found = {sample["key"]: (sample, rgb) for sample, rgb in page.evaluate(READ, [OPTIONS, SEED, EPOCH])}
    with Store(sample_store) as store:
        assert store.dataset.keypoints is not None
        pairs = tuple((int(left), int(right)) for left, right in store.dataset.keypoints["pairs"])
        stored = {sample.key: (sample, image) for sample, image, _ in store.iterate() if sample.split == "val"}
    assert found.keys() == stored.keys() and len(found) > 20
    for key, (sample, image) in stored.items():
        wire = json.loads(sample.text.wire)
        labels = Labels(
            wire["class"], None, Boxes.of(wire["boxes"], wire["box_classes"]), Keypoints.of(wire["keypoints"])
        )
        pixels = decode_stored(image or b"", "jpeg", Size(*sample.size))
        words = sample_words(SEED, EPOCH, key)
        moved, rendered, affine = augmented(OPTIONS, labels, pixels, Affine.of(wire["affine"]), words, pairs)
        said, rgb = found[key]
        assert np.array_equal(np.frombuffer(base64.b64decode(rgb), np.uint8), rendered.reshape(-1)), key
        assert said["affine"] == pytest.approx(affine.coefficients(), abs=1e-9)
        for kind, wanted in labels_json(moved).items():
            assert np.shape(said[kind]) == np.shape(wanted), (key, kind)
            assert np.allclose(said[kind], wanted, rtol=0, atol=0.001), (key, kind)


# Notes on which thread pictures are varied: each takes an array of clamped bytes, and workers have their own class.
WATCH = """() => {
  window.varied = { here: 0, asked: 0 };
  window.Uint8ClampedArray = new Proxy(Uint8ClampedArray, {
    construct(...given) {
      window.varied.here += 1;
      return Reflect.construct(...given);
    },
  });
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message.settings) window.varied.asked += message.samples.length;
    return postMessage.call(this, message, ...rest);
  };
}"""

# What pixels and batches hold, and on which thread it came about: by an augmentation of ours, by one that is written by
# hand, which has no workers; where no worker can be started; at last where they break down, pictures in hand.
VARIED = """async (options) => {
  const [{ openDataset }, { augmentation }] = await Promise.all([import('/client.js'), import('/augment.js')]);
  const dataset = openDataset(location.origin, 'masks');
  await dataset.sync();
  const hex = async (parts) => {
    const digest = await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer());
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  };
  const read = async (augment) => {
    Object.assign(window.varied, { here: 0, asked: 0 });
    const [found, parts] = [[], []];
    for await (const { sample, rgb, mask } of dataset.pixels({ split: 'train', seed: 3, epoch: 1, augment })) {
      found.push([sample, await hex([rgb]), mask ? await hex([mask]) : null]);
    }
    for await (const { xs, keys } of dataset.arrays({ split: 'train', batchSize: 4, seed: 3, epoch: 1, augment })) {
      parts.push(keys.join(), xs.values);
    }
    return { found, batches: await hex(parts), ...window.varied };
  };
  const made = () => augmentation(options, { keypoints: null });
  const [ours, { apply }] = [await read(made()), made()];
  const byHand = await read({ apply });
  const again = await read(made());
  const { Worker } = window;
  window.Worker = function () { throw new Error('none here'); };
  const fresh = await import('/augment.js?anew');
  const alone = await read(fresh.augmentation(options, { keypoints: null }));
  window.Worker = class extends Worker {
    postMessage(message, ...rest) {
      super.postMessage(message, ...rest);
      if (message.settings) window.varied.taken = message.samples.every(({ picture }) => picture.rgb.length === 0);
      if (message.settings && window.varied.asked > 6) this.dispatchEvent(new ErrorEvent('error', { message: 'gone' }));
    }
  };
  const frail = await import('/augment.js?frail');
  const broken = await read(frail.augmentation(options, { keypoints: null }));
  window.Worker = Worker;
  return { ours, byHand, again, alone, broken };
}"""


def test_pictures_are_varied_in_workers_and_on_the_page_where_there_are_none(tmp_path: Path) -> None:
    test_masks.write(tmp_path)
    built(tmp_path / "m.yaml", tmp_path / "masks.db")
    options = {**OPTIONS, "maskFill": 9}
    with (
        serving(tmp_path / "masks.db") as server,
        chromium(tmp_path / "profile") as browser,
        quiet(browser) as page,
    ):
        page.goto(f"{server.url}/v1/datasets")
        page.evaluate(WATCH)
        found = page.evaluate(VARIED, options)
    told = {name: (read["found"], read["batches"]) for name, read in found.items()}
    assert told["ours"] == told["byHand"] == told["again"] == told["alone"] == told["broken"]
    assert len(found["ours"]["found"]) == 6 and any(mask for _, _, mask in found["ours"]["found"])
    # Six samples as pixels and as batches.
    assert [(found[name]["here"], found[name]["asked"]) for name in ("ours", "again")] == [(0, 12)] * 2
    assert found["byHand"]["asked"] == found["alone"]["asked"] == 0
    assert found["byHand"]["here"] >= 12 and found["alone"]["here"] >= 12
    # The first six came back; of the others some were with a worker when it broke down, and are made here.
    assert found["broken"]["taken"] and found["broken"]["asked"] > 6
    assert 0 < found["broken"]["here"] < found["alone"]["here"]
