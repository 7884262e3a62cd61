// What the benchmark runs in a page: the client, and beside it what it replaces, as tutorials write it.
// Each gives what it took in milliseconds, and how many images.
import { augmentation } from '/augment.js';
import { openDataset } from '/client.js';

const NAME = 'bench';
const IN_FLIGHT = 6;

const took = async (work) => {
  const began = performance.now();
  const images = await work();
  return { images, took: performance.now() - began };
};

const wait = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const drop = (name) => wait(indexedDB.deleteDatabase(name));

async function getJson(path) {
  return await (await fetch(path)).json();
}

/** The first `count` samples of the index's shards, with their labels. */
async function samplesOf(count) {
  const samples = [];
  for (const shard of (await getJson(`/v1/datasets/${NAME}/index.json`)).shards) {
    if (samples.length >= count) break;
    samples.push(...(await getJson(`/v1/datasets/${NAME}/shards/${shard.labels.sha256}.json`)).samples);
  }
  return samples.slice(0, count);
}

/** One fetch and one put an image, six in flight. */
async function byHand(count) {
  const samples = await samplesOf(count);
  await drop('by-hand');
  const opening = indexedDB.open('by-hand', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('images', { keyPath: 'key' });
  const database = await wait(opening);
  const timed = await took(async () => {
    const queue = samples.values();
    const lane = async () => {
      for (const { key, sha256, keypoints } of queue) {
        const image = await (await fetch(`/v1/datasets/${NAME}/images/${sha256}`, { cache: 'no-store' })).blob();
        await wait(database.transaction('images', 'readwrite').objectStore('images').put({ key, image, keypoints }));
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    return samples.length;
  });
  database.close();
  return timed;
}

/** The bytes of all shards, kept nowhere. */
async function download() {
  const { shards } = await getJson(`/v1/datasets/${NAME}/index.json`);
  return await took(async () => {
    const files = shards.flatMap(({ images, labels }) => [`${images.sha256}.bin`, `${labels.sha256}.json`]).values();
    const lane = async () => {
      for (const file of files)
        await (await fetch(`/v1/datasets/${NAME}/shards/${file}`, { cache: 'no-store' })).blob();
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    return shards.reduce((sum, { count }) => sum + count, 0);
  });
}

async function sync() {
  const dataset = openDataset(location.origin, NAME);
  await dataset.delete();
  const timed = await took(async () => {
    await dataset.sync();
  });
  return { ...timed, images: (await dataset.status()).samples };
}

async function unchanged() {
  const dataset = openDataset(location.origin, NAME);
  const timed = await took(async () => {
    const { shardsFetched } = await dataset.sync();
    if (shardsFetched) throw new Error('something had changed');
  });
  return { ...timed, images: (await dataset.status()).samples };
}

/** One record, one bitmap, one canvas after the other, from what `byHand` has stored. */
async function* drawn() {
  const database = await wait(indexedDB.open('by-hand', 1));
  const keys = await wait(database.transaction('images').objectStore('images').getAllKeys());
  const canvas = document.createElement('canvas');
  for (const key of keys) {
    const { image } = await wait(database.transaction('images').objectStore('images').get(key));
    const bitmap = await createImageBitmap(image);
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    const context = canvas.getContext('2d');
    context.drawImage(bitmap, 0, 0);
    yield { canvas, context };
  }
  database.close();
}

async function epochByHand() {
  return await took(async () => {
    let images = 0;
    for await (const { canvas, context } of drawn()) {
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      const rgb = new Uint8Array(canvas.width * canvas.height * 3);
      for (let from = 0, to = 0; from < data.length; from += 4) {
        rgb[to++] = data[from];
        rgb[to++] = data[from + 1];
        rgb[to++] = data[from + 2];
      }
      images++;
    }
    return images;
  });
}

/** As tutorials do: a tensor an image from its canvas, then a stack of them. */
async function tensorsByHand() {
  const { tf } = window;
  return await took(async () => {
    let images = 0;
    let group = [];
    const flush = async () => {
      if (group.length === 0) return;
      const xs = tf.tidy(() => tf.stack(group).toFloat().div(127.5).sub(1));
      await xs.data();
      images += group.length;
      tf.dispose([xs, group]);
      group = [];
    };
    for await (const { canvas } of drawn()) {
      group.push(tf.browser.fromPixels(canvas));
      if (group.length === 32) await flush();
    }
    await flush();
    return images;
  });
}

async function epoch(exact) {
  const dataset = openDataset(location.origin, NAME, { exact });
  return await took(async () => {
    let images = 0;
    for await (const { rgb } of dataset.pixels({ split: 'train', shuffle: 'auto' })) images += rgb.length > 0;
    return images;
  });
}

/** Everything that an augmentation can do to a picture. */
async function augmented() {
  const dataset = openDataset(location.origin, NAME);
  const crop = { area: [0.7, 1], aspect: [0.9, 1.1] };
  const color = { brightness: 0.2, contrast: 0.2, saturation: 0.2 };
  const augment = augmentation({ crop, rotate: 10, flip: { horizontal: 0.5 }, color }, await dataset.index());
  return await took(async () => {
    let images = 0;
    for await (const { rgb } of dataset.pixels({ split: 'train', shuffle: 'auto', augment })) images += rgb.length > 0;
    return images;
  });
}

async function tensors(exact) {
  const { tf } = window;
  const dataset = openDataset(location.origin, NAME, { exact, tf });
  return await took(async () => {
    let images = 0;
    for await (const { xs, ys } of dataset.batches({ split: 'train', batchSize: 32 })) {
      await xs.data();
      images += xs.shape[0];
      tf.dispose([xs, ys]);
    }
    return images;
  });
}

/** The longest time for which the main thread was not free while something ran; tasks below 50 ms count as 0. */
async function longestTask(work) {
  let longest = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  });
  observer.observe({ entryTypes: ['longtask'] });
  const timed = await work();
  await new Promise((resolve) => setTimeout(resolve, 100));
  observer.disconnect();
  return { ...timed, longest };
}

window.bench = {
  byHand,
  download,
  sync: () => longestTask(sync),
  unchanged,
  epochByHand,
  tensorsByHand,
  epoch: (exact) => longestTask(() => epoch(exact)),
  augmented: () => longestTask(augmented),
  tensors: (exact) => longestTask(() => tensors(exact)),
};
