import type { Address } from './address.ts';
import { DataprepError } from './complaint.ts';
import { type Batch, BatchMaker, type BatchOptions, type EpochOptions, type SamplePixels } from './epoch.ts';
import { pipelined } from './flight.ts';
import { startReading } from './lock.ts';
import { cutExtents, type EpochOrder, epochOrder, type OrderKind } from './order.ts';
import { entryMask, PictureDecoder } from './picture-decoder.ts';
import { type Entry, grouped, portioned, readEntries, readLabels } from './reader.ts';
import { inSplitOrder } from './splits.ts';
import { type DatasetStatus, datasetStatus } from './status.ts';
import { type SyncOptions, type SyncResult, syncDataset } from './sync.ts';
import { defaultTask, type TensorFactory } from './tensors.ts';
import { type CurrentState, Vault } from './vault.ts';
import type { Contract, DatasetIndex, Sample, ShardReference } from './wire.ts';

/** How to open a dataset. */
export interface DatasetOptions {
  /** The tfjs namespace; only `batches` needs it. */
  tf?: TensorFactory;
  /** Whether decoded pixels must be those that were prepared, to the byte; true when not given. */
  exact?: boolean;
  /** Bytes of encoded images that may be held in memory for shuffling; 512 MiB when not given. */
  memoryBudget?: number;
}

const DEFAULT_BUDGET = 512 * 2 ** 20;

/** Bytes of RGB that `pixels` decodes together, and what is added for each picture, so that tiny ones are not too many. */
const GROUP_BYTES = 2 * 2 ** 20;
const PICTURE_BYTES = 16 * 2 ** 10;

/** A dataset of a server, kept in IndexedDB. Made by {@link openDataset}. */
export class Dataset {
  readonly #address: Address;
  readonly #vault: Vault;
  readonly #decoder: PictureDecoder;
  readonly #tf: TensorFactory | undefined;
  readonly #memoryBudget: number;
  #order: OrderKind | null = null;

  /** @internal */
  constructor(address: Address, options: DatasetOptions) {
    this.#address = address;
    this.#vault = new Vault(address.database);
    this.#decoder = new PictureDecoder(this.#vault, options.exact ?? true);
    this.#tf = options.tf;
    this.#memoryBudget = options.memoryBudget ?? DEFAULT_BUDGET;
  }

  /** The name on the server. */
  get name(): string {
    return this.#address.name;
  }

  /**
   * Brings this browser's copy up to the server's.
   *
   * Only shards that are not stored yet are downloaded, and each is checked against its SHA-256 before it is
   * stored. The index is swapped last: until then the old state stays whole and readable. An interrupted sync
   * (closed tab, lost network, abort) goes on where it was when it is called again.
   *
   * @throws DataprepError `usage`, `http`, `network`, `wire`, `digest` or `storage`; `stale` when the dataset is deleted
   *   meanwhile, here or in another tab, or keeps changing on the server; on abort the signal's reason
   */
  sync(options: SyncOptions = {}): Promise<SyncResult> {
    return syncDataset(this.#address, this.#vault, options);
  }

  /** What is stored, and how it is read on this device. */
  status(): Promise<DatasetStatus> {
    const { path, exact, loss } = this.#decoder;
    return datasetStatus(this.#vault, { decoder: path, exact, order: this.#order }, loss);
  }

  /** The index as of the last sync. @throws DataprepError (`unsynced`) before it */
  async index(): Promise<DatasetIndex> {
    return (await this.#current()).index;
  }

  /** The contract as of the last sync. @throws DataprepError (`unsynced`) before it */
  async contract(): Promise<Contract> {
    return (await this.#current()).contract;
  }

  async #current(): Promise<CurrentState> {
    const current = await this.#vault.current();
    if (current) return current;
    throw new DataprepError('unsynced', {
      place: `dataset ${this.name}`,
      wanted: 'a synced dataset',
      found: 'nothing in this browser yet',
      next: 'Call sync() first.',
    });
  }

  #shards(current: CurrentState, split: string): ShardReference[] {
    if (current.splits.includes(split)) return current.index.shards.filter((shard) => shard.split === split);
    const known = Object.hasOwn(current.index.splits, split);
    throw new DataprepError(known ? 'unsynced' : 'usage', {
      place: `split ${JSON.stringify(split)} of ${this.name}`,
      wanted: `one of ${inSplitOrder(current.splits).join(', ') || 'the synced splits'}`,
      found: known ? 'a split that is not synced' : 'no such split',
      next: known ? `Call sync({ splits: ['${split}'] }) first.` : 'Name one of these.',
    });
  }

  /** Runs a read with the shards of its index kept in place. */
  async *#reading<T>(
    read: (current: CurrentState) => AsyncGenerator<T, void, undefined>,
  ): AsyncGenerator<T, void, undefined> {
    const finish = await startReading(this.#address.database);
    try {
      yield* read(await this.#current());
    } finally {
      finish();
    }
  }

  /** The samples of a split, in stored order: labels as on the wire, no pixels. */
  samples({ split }: { split: string }): AsyncGenerator<Sample, void, undefined> {
    const read = async function* (this: Dataset, current: CurrentState): AsyncGenerator<Sample, void, undefined> {
      for (const shard of this.#shards(current, split)) yield* await readLabels(this.#vault, shard);
    };
    return this.#reading(read.bind(this));
  }

  #entries(
    method: 'pixels' | 'batches',
    current: CurrentState,
    options: EpochOptions,
    shuffle: boolean,
  ): { entries: AsyncGenerator<Entry, void, undefined>; order: EpochOrder } {
    const { split, seed = 0, epoch = 0, take, where } = options;
    if (take !== undefined) checkTake(method, take);
    const shards = this.#shards(current, split);
    const extents = shards.map((shard) => ({ count: shard.count, bytes: shard.images.bytes }));
    const order = epochOrder(extents, { shuffle, seed, epoch, take, memoryBudget: this.#memoryBudget });
    this.#order = order.kind;
    const counts = cutExtents(extents, take).map((extent) => extent.count);
    return { entries: readEntries(this.#vault, shards, counts, order, where), order };
  }

  /**
   * Samples with their decoded pictures and masks; needs no tfjs. In stored order unless `shuffle` is set.
   *
   * @throws DataprepError (`decode`) when no decode path gives the golden pixels here, unless opened with exact: false
   */
  pixels(options: EpochOptions): AsyncGenerator<SamplePixels, void, undefined> {
    const read = async function* (this: Dataset, current: CurrentState): AsyncGenerator<SamplePixels, void, undefined> {
      const { entries } = this.#entries('pixels', current, options, options.shuffle ?? false);
      const decoding = await this.#decoder.decoding(current);
      const decoded = async (group: Entry[]): Promise<SamplePixels[]> => {
        const [pictures, masks] = await Promise.all([decoding.pictures(group), Promise.all(group.map(entryMask))]);
        return pictures.map((picture, at) => {
          const mask = masks[at];
          return { sample: (group[at] as Entry).sample, ...picture, ...(mask && { mask }) };
        });
      };
      const groups = portioned(entries, GROUP_BYTES, rgbBytes);
      for await (const group of pipelined(groups, decoding.ahead(GROUP_BYTES), decoded)) yield* group;
    };
    return this.#reading(read.bind(this));
  }

  /**
   * The batches of an epoch; the next ones are decoded while the last is used. The last may be smaller.
   *
   * The consumer disposes `xs` and `ys` of every batch.
   *
   * @throws DataprepError `usage` without tfjs, without one image size, or for a task without labels; `labels` naming
   *   a sample that lacks what the task needs; `decode` as {@link pixels}
   */
  batches(options: BatchOptions): AsyncGenerator<Batch, void, undefined> {
    const read = async function* (this: Dataset, current: CurrentState): AsyncGenerator<Batch, void, undefined> {
      const task = options.task === undefined ? defaultTask(current.index) : options.task;
      const maker = new BatchMaker(this.#tensorFactory(), current.index, task);
      const size = batchSizeOf(options);
      const { entries, order } = this.#entries('batches', current, options, options.shuffle ?? true);
      const decoding = await this.#decoder.decoding(current);
      const ahead = decoding.ahead(maker.bytes(size));
      const batches = pipelined(grouped(entries, size), ahead, (group) => maker.prepare(group, decoding));
      for await (const batch of batches) yield maker.finish(batch, order.kind);
    };
    return this.#reading(read.bind(this));
  }

  #tensorFactory(): TensorFactory {
    if (this.#tf) return this.#tf;
    throw new DataprepError('usage', {
      place: `batches() of ${this.name}`,
      wanted: 'tfjs',
      found: 'none',
      next: 'Pass it when opening: openDataset(url, name, { tf }); or use pixels(), which needs none.',
    });
  }

  /**
   * Deletes this browser's copy; the dataset can be synced again.
   *
   * Syncs that run or wait, in this tab or another, are stopped: they reject with `stale` and store nothing more.
   *
   * @throws DataprepError `storage`
   */
  async delete(): Promise<void> {
    await this.#vault.delete();
    this.#decoder.forget(
      new DataprepError('stale', {
        place: `dataset ${this.name}`,
        wanted: 'the dataset to stay while it is read',
        found: 'that it was deleted',
        next: 'Sync it again if it is wanted after all.',
      }),
    );
    this.#order = null;
  }
}

function rgbBytes({ sample }: Entry): number {
  const [width, height] = sample.image_size;
  return width * height * 3 + PICTURE_BYTES;
}

function batchSizeOf({ batchSize }: BatchOptions): number {
  if (Number.isSafeInteger(batchSize) && batchSize > 0) return batchSize;
  throw new DataprepError('usage', {
    place: 'batches({ batchSize })',
    wanted: 'a whole number above 0',
    found: String(batchSize),
    next: 'Pass e.g. 32.',
  });
}

/** A number that is none, e.g. of an empty form field, would give an epoch without samples and no word about it. */
function checkTake(method: string, take: unknown): void {
  if (typeof take === 'number' && Number.isSafeInteger(take) && take >= 0) return;
  throw new DataprepError('usage', {
    place: `${method}({ take })`,
    wanted: 'a whole number from 0',
    found: typeof take === 'string' ? JSON.stringify(take) : String(take),
    next: 'Leave `take` out to read them all.',
  });
}
