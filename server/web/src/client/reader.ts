import { DataprepError } from './complaint.ts';
import { inFlight, oneAhead } from './flight.ts';
import { damagedLabels, parseLabels, parseStored, sampleViews } from './labels.ts';
import type { ReadWindow } from './order.ts';
import type { Vault } from './vault.ts';
import type { Sample, ShardReference } from './wire.ts';

/** Shards read at once: while the labels of one are unpacked, the bytes of others come in. */
const SHARDS_IN_FLIGHT = 4;

/** A sample with its encoded image and, where it has one, its encoded mask: views of the whole shard's bytes. */
export interface Entry {
  sample: Sample;
  bytes: Uint8Array<ArrayBuffer>;
  mask: Uint8Array<ArrayBuffer> | null;
}

/** Tells whether a sample takes part. */
export type SampleFilter = (sample: Sample) => boolean;

function swept(shard: ShardReference): DataprepError {
  return new DataprepError('stale', {
    place: `shard ${shard.id}`,
    wanted: 'the shard in IndexedDB',
    found: 'nothing: the dataset was deleted, or synced anew by another tab',
    next: 'Start the epoch again; sync first if the dataset was deleted.',
  });
}

/** The samples of a shard, as stored. */
export async function readLabels(vault: Vault, shard: ShardReference): Promise<Sample[]> {
  const labels = await vault.labels(shard.labels.sha256);
  if (!labels) throw swept(shard);
  return parseLabels(labels);
}

/** The halves of a shard. */
async function readHalves(
  vault: Vault,
  shard: ShardReference,
): Promise<{ labels: Uint8Array; images: Uint8Array<ArrayBuffer> }> {
  const [labels, images] = await Promise.all([vault.labels(shard.labels.sha256), vault.images(shard.images.sha256)]);
  if (!labels || !images) throw swept(shard);
  return { labels, images };
}

/** A whole shard: one read for its images and one for its labels. */
export async function readShard(vault: Vault, shard: ShardReference): Promise<Entry[]> {
  const { labels, images } = await readHalves(vault, shard);
  return parseLabels(labels).map((sample) => entryOf(sample, images));
}

/** A sample's part of its shard: the image, and behind it the mask. */
export function entryOf(sample: Sample, shard: Uint8Array<ArrayBuffer>): Entry {
  const end = sample.offset + sample.length;
  const mask = sample.mask ? shard.subarray(end, end + sample.mask.length) : null;
  return { sample, bytes: shard.subarray(sample.offset, end), mask };
}

/**
 * An entry as it waits for its turn: its labels as the bytes that they are stored as.
 *
 * A split has a million little arrays of labels. Every garbage collection would go through all of them, and each batch
 * of pictures brings one nearer: the page stood still for a tenth of a second at a time.
 */
interface Waiting {
  labels: Uint8Array;
  shard: Uint8Array<ArrayBuffer>;
}

async function readWindow(
  vault: Vault,
  shards: readonly ShardReference[],
  { parts, order }: ReadWindow,
): Promise<Waiting[]> {
  const waiting = new Map<number, Waiting>();
  await inFlight(parts, SHARDS_IN_FLIGHT, async ({ shard, start }) => {
    const reference = shards[shard] as ShardReference;
    const { labels, images } = await readHalves(vault, reference);
    const views = sampleViews(labels);
    if (views.length !== reference.count) throw damagedLabels(`${views.length} of ${reference.count} samples`);
    for (const [position, view] of views.entries()) waiting.set(start + position, { labels: view, shard: images });
  });
  return order.map((at) => waiting.get(at) as Waiting);
}

/** An entry, and how many of its epoch's order have passed with it. */
export interface PlacedEntry extends Entry {
  passed: number;
}

/**
 * The entries of an epoch, in order; a window is loaded while the one before is read.
 *
 * @param shards those of the split, in the order of the index
 * @param from how many of the order have passed: windows that are over are not read
 */
export async function* readEntries(
  vault: Vault,
  shards: readonly ShardReference[],
  windows: readonly ReadWindow[],
  from: number,
  filter: SampleFilter | undefined,
): AsyncGenerator<PlacedEntry, void, undefined> {
  async function* read(): AsyncGenerator<Waiting[], void, undefined> {
    let start = 0;
    for (const { parts, order } of windows) {
      const left = order.slice(Math.max(0, from - start));
      start += order.length;
      if (left.length > 0) yield await readWindow(vault, shards, { parts, order: left });
    }
  }
  let passed = from;
  for await (const waiting of oneAhead(read())) {
    for (const { labels, shard } of waiting) {
      passed++;
      const entry = entryOf(parseStored<Sample>(labels), shard);
      if (!filter || filter(entry.sample)) yield { ...entry, passed };
    }
  }
}

/** Collects a stream into lists; one is full as soon as its items' weights reach `limit`. */
export async function* portioned<T>(
  source: AsyncGenerator<T, void, undefined>,
  limit: number,
  weight: (item: T) => number,
): AsyncGenerator<T[], void, undefined> {
  let group: T[] = [];
  let sum = 0;
  for await (const item of source) {
    group.push(item);
    sum += weight(item);
    if (sum < limit) continue;
    yield group;
    group = [];
    sum = 0;
  }
  if (group.length > 0) yield group;
}
