import { type ReadIdentity, type Stretch, stretchOf } from './cursor.ts';
import { jobsAhead } from './decode/pool.ts';
import { type ArrayBatch, BatchMaker } from './epoch.ts';
import { pipelined } from './flight.ts';
import { type BatchOptions, badOption, type EpochOptions, type ReadMethod } from './options.ts';
import { epochOrder, kindOf } from './order.ts';
import type { Decoding, PictureDecoder } from './picture-decoder.ts';
import type { ReadPlan } from './plan.ts';
import { type Entry, type PlacedEntry, portioned, readEntries, type SampleFilter } from './reader.ts';
import { type SamplePixels, samplePixels } from './sample-pixels.ts';

/** Bytes of RGB that `pixels` decodes together, and what is added for each picture, so that tiny ones are not too many. */
const GROUP_BYTES = 2 * 2 ** 20;
const PICTURE_BYTES = 16 * 2 ** 10;

function epochEntries(
  { vault, shards, parts, identity }: ReadPlan,
  epoch: number,
  from: number,
  filter: SampleFilter | undefined,
): AsyncGenerator<PlacedEntry, void, undefined> {
  const { shuffle, seed } = identity;
  return readEntries(vault, shards, epochOrder(parts, shuffle, seed, epoch), from, filter);
}

/** The proof of a path takes as long as the first window does to come in: one goes on beside the other. */
function startDecoding({ current }: ReadPlan, decoder: PictureDecoder): Promise<Decoding> {
  const decoding = decoder.decoding(current);
  // Heard by the first group, if that ever comes.
  decoding.catch(() => undefined);
  return decoding;
}

/** See {@link Dataset.pixels}. */
export async function* readPixels(
  plan: ReadPlan,
  decoder: PictureDecoder,
  { filter, augment, epoch = 0 }: EpochOptions,
): AsyncGenerator<SamplePixels, void, undefined> {
  const entries = epochEntries(plan, epoch, 0, filter);
  const decoding = startDecoding(plan, decoder);
  const variation = { augment, seed: plan.identity.seed, epoch };
  const groups = portioned(entries, GROUP_BYTES, rgbBytes);
  const read = pipelined(groups, jobsAhead(GROUP_BYTES), async (group) =>
    samplePixels(group, await decoding, variation),
  );
  for await (const group of read) yield* group;
}

/** The entries of a batch. */
interface Group {
  entries: PlacedEntry[];
  epoch: number;
}

/** The groups of all epochs of a read, one after the other. */
async function* groupsOf(
  method: ReadMethod,
  plan: ReadPlan,
  { batchSize, dropLast, filter }: BatchOptions,
  { epoch, position, end }: Stretch,
): AsyncGenerator<Group, void, undefined> {
  for (let from = position; epoch < end; epoch++, from = 0) {
    let seen = 0;
    for await (const entries of portioned(epochEntries(plan, epoch, from, filter), batchSize, () => 1)) {
      seen += entries.length;
      if (!dropLast || entries.length === batchSize) yield { entries, epoch };
    }
    if (from === 0 && seen < (dropLast ? batchSize : 1)) throw empty(method, plan.identity, seen);
  }
}

/** See {@link Dataset.arrays}. */
export async function* readArrays(
  method: ReadMethod,
  plan: ReadPlan,
  decoder: PictureDecoder,
  options: BatchOptions,
): AsyncGenerator<ArrayBatch, void, undefined> {
  const { identity, current } = plan;
  const { batchSize, dropLast, repeat, task, maxBoxes, augment } = options;
  const stretch = stretchOf(method, options, identity);
  const maker = new BatchMaker(current.index, options);
  const decoding = startDecoding(plan, decoder);
  const kept = { ...identity, batchSize, dropLast, repeat, task, maxBoxes, first: stretch.first };
  const make = async ({ entries, epoch }: Group): Promise<ArrayBatch> => {
    const contents = await maker.prepare(entries, await decoding, { augment, seed: identity.seed, epoch });
    const cursor = { ...kept, epoch, position: entries.at(-1)?.passed ?? 0 };
    return { ...contents, order: kindOf(identity.shuffle), cursor };
  };
  yield* pipelined(groupsOf(method, plan, options, stretch), jobsAhead(maker.bytes(batchSize)), make);
}

function rgbBytes({ sample }: Entry): number {
  const [width, height] = sample.image_size;
  return width * height * 3 + PICTURE_BYTES;
}

/** An epoch without a batch would be training on nothing, without a word; repeated, it would never end. */
function empty(method: ReadMethod, { split }: ReadIdentity, seen: number): Error {
  const place = `${method}() of split ${split}`;
  return badOption(place, 'a batch', seen, 'Look at filter and dropLast.');
}
