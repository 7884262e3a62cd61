import { DataprepError } from './complaint.ts';
import { oneAhead } from './flight.ts';
import type { EpochOrder, ReadWindow } from './order.ts';
import type { Vault } from './vault.ts';
import type { Sample, ShardReference } from './wire.ts';

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
  const samples = await vault.labels(shard.labels.sha256);
  if (!samples) throw swept(shard);
  return samples;
}

/** A whole shard: one read for its images and one for its labels. */
export async function readShard(vault: Vault, shard: ShardReference): Promise<Entry[]> {
  const [samples, images] = await Promise.all([readLabels(vault, shard), vault.images(shard.images.sha256)]);
  if (!images) throw swept(shard);
  return samples.map((sample) => entryOf(sample, images));
}

/** A sample's part of its shard: the image, and behind it the mask. */
export function entryOf(sample: Sample, shard: Uint8Array<ArrayBuffer>): Entry {
  const end = sample.offset + sample.length;
  const mask = sample.mask ? shard.subarray(end, end + sample.mask.length) : null;
  return { sample, bytes: shard.subarray(sample.offset, end), mask };
}

async function readWindow(
  vault: Vault,
  shards: readonly ShardReference[],
  counts: readonly number[],
  window: ReadWindow,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const at of window.shards) {
    const shard = shards[at];
    if (!shard) throw new RangeError(`no shard at ${at} of ${shards.length}`);
    entries.push(...(await readShard(vault, shard)).slice(0, counts[at]));
  }
  return Array.from(window.order, (at) => entries[at] as Entry);
}

/**
 * The entries of an epoch, in order; a window is loaded while the one before is read.
 *
 * @param shards those of the split, in the order of the index
 * @param counts how many samples of each take part (see `cutExtents`)
 */
export async function* readEntries(
  vault: Vault,
  shards: readonly ShardReference[],
  counts: readonly number[],
  order: EpochOrder,
  where: SampleFilter | undefined,
): AsyncGenerator<Entry, void, undefined> {
  async function* windows(): AsyncGenerator<Entry[], void, undefined> {
    for (const window of order.windows) yield await readWindow(vault, shards, counts, window);
  }
  for await (const entries of oneAhead(windows())) {
    for (const entry of entries) if (!where || where(entry.sample)) yield entry;
  }
}

/** Collects a stream into lists of `size`; the last may be shorter. */
export function grouped<T>(
  source: AsyncGenerator<T, void, undefined>,
  size: number,
): AsyncGenerator<T[], void, undefined> {
  return portioned(source, size, () => 1);
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
