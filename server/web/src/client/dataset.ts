import type { Address } from './address.ts';
import { DataprepError } from './complaint.ts';
import { withCursor } from './cursor.ts';
import type { ArrayBatch } from './epoch.ts';
import { startReading } from './lock.ts';
import {
  type BatchOptions,
  checkBatchOptions,
  checkEpochOptions,
  type EpochOptions,
  type ReadMethod,
  type ResumeOptions,
} from './options.ts';
import { kindOf, type OrderKind } from './order.ts';
import { PictureDecoder } from './picture-decoder.ts';
import { planRead, type ReadPlan } from './plan.ts';
import { type Preflight, preflight } from './preflight.ts';
import { readLabels } from './reader.ts';
import { readArrays, readPixels } from './reading.ts';
import type { SamplePixels } from './sample-pixels.ts';
import { inSplitOrder } from './splits.ts';
import { type DatasetStatus, datasetStatus } from './status.ts';
import { type SyncOptions, type SyncResult, syncDataset } from './sync.ts';
import { type Batch, type TensorFactory, type TfDataset, tensorsOf } from './tensors.ts';
import { type TfDataOptions, tfDataset } from './tf-data.ts';
import { type CurrentState, Vault } from './vault.ts';
import { type VerifyOptions, type VerifyResult, verifyDataset } from './verify.ts';
import type { Contract, DatasetIndex, Sample, ShardReference } from './wire.ts';

/** How to open a dataset. */
export interface DatasetOptions {
  /** The tfjs namespace; only `batches` and `toTfData` need it. */
  tf?: TensorFactory;
  /** Whether decoded pixels must be those that were prepared, to the byte; true when not given. */
  exact?: boolean;
  /** Bytes of encoded images that may be held in memory for shuffling; 512 MiB when not given. */
  memoryBudget?: number;
}

const DEFAULT_BUDGET = 512 * 2 ** 20;

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
   * @throws DataprepError `usage`, `http`, `network`, `wire`, `digest` or `storage` (before anything is fetched, when there is
   *   no room for it); `stale` when the dataset is deleted
   *   meanwhile, here or in another tab, or keeps changing on the server; on abort the signal's reason
   */
  sync(options: SyncOptions = {}): Promise<SyncResult> {
    return syncDataset(this.#address, this.#vault, options);
  }

  /**
   * Looks before a sync: how many bytes it would fetch, whether there is room for them, and how this browser would keep
   * and decode them. Fetches the index and stores nothing; asks the browser to keep what is stored, as `sync` does.
   *
   * @throws DataprepError `usage`, `http`, `network`, `wire` or `storage`; on abort the signal's reason
   */
  preflight(options: Pick<SyncOptions, 'splits' | 'signal'> = {}): Promise<Preflight> {
    return preflight(this.#address, this.#vault, options);
  }

  /**
   * Hashes what is stored again, images and labels, and fetches anew what is damaged or gone, nothing else.
   *
   * What is damaged is deleted first, so that nobody reads it even when the server can't be reached: then the next
   * `verify` or `sync` goes on.
   *
   * @throws DataprepError `unsynced` before the first sync; `network` or `http` when something cannot be fetched, `stale`
   *   when the server has another version by now; `wire`, `digest` or `storage`; on abort the signal's reason
   */
  verify(options: VerifyOptions = {}): Promise<VerifyResult> {
    return verifyDataset(this.#address, this.#vault, () => this.#current(), options);
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
      // A sync that ended meanwhile has left the old shards for this. If it fails, the next reader or sync does it.
      await this.#vault.sweepBesideReaders().catch(() => undefined);
    }
  }

  /** The samples of a split, in stored order: labels as on the wire, no pixels. */
  samples({ split }: { split: string }): AsyncGenerator<Sample, void, undefined> {
    const read = async function* (this: Dataset, current: CurrentState): AsyncGenerator<Sample, void, undefined> {
      for (const shard of this.#shards(current, split)) yield* await readLabels(this.#vault, shard);
    };
    return this.#reading(read.bind(this));
  }

  async #plan(method: ReadMethod, current: CurrentState, options: EpochOptions): Promise<ReadPlan> {
    const shards = this.#shards(current, options.split);
    const source = { vault: this.#vault, current, shards, memoryBudget: this.#memoryBudget };
    const plan = await planRead(method, source, options);
    this.#order = kindOf(plan.identity.shuffle);
    return plan;
  }

  /**
   * Samples with their decoded pictures and masks; needs no tfjs. In stored order unless `shuffle` is set.
   *
   * @throws DataprepError (`decode`) when no decode path gives the golden pixels here, unless opened with exact: false
   */
  pixels(options: EpochOptions): AsyncGenerator<SamplePixels, void, undefined> {
    const read = async function* (this: Dataset, current: CurrentState): AsyncGenerator<SamplePixels, void, undefined> {
      checkEpochOptions('pixels', options);
      const plan = await this.#plan('pixels', current, { ...options, shuffle: options.shuffle ?? false });
      yield* readPixels(plan, this.#decoder, options);
    };
    return this.#reading(read.bind(this));
  }

  /**
   * The batches of one epoch or several as typed arrays with shapes: what {@link batches} makes tensors of. Needs no
   * tfjs.
   *
   * The next batch is decoded while the last is used. The last of an epoch may be smaller, unless `dropLast` is set.
   *
   * @throws DataprepError `usage` for options that can't be, without one image size, for a task without labels, for an
   *   epoch without a batch, or for a cursor of another digest or other options; `labels` naming a sample that lacks
   *   what the task needs; `decode` as {@link pixels}. What `filter`, `augment` and `collate` throw comes through
   */
  arrays(options: BatchOptions | ResumeOptions): AsyncGenerator<ArrayBatch, void, undefined> {
    return this.#arrays('arrays', options);
  }

  #arrays(method: ReadMethod, given: BatchOptions | ResumeOptions): AsyncGenerator<ArrayBatch, void, undefined> {
    const read = async function* (this: Dataset, current: CurrentState): AsyncGenerator<ArrayBatch, void, undefined> {
      const options = withCursor(given);
      checkBatchOptions(method, options);
      const plan = await this.#plan(method, current, options);
      yield* readArrays(method, plan, this.#decoder, options);
    };
    return this.#reading(read.bind(this));
  }

  /**
   * As {@link arrays}, one tensor for the images of a batch. The consumer disposes `xs` and `ys` of every batch that it
   * gets; what is made ahead holds no tensors, so an iteration that is left early leaves none.
   *
   * @throws DataprepError as {@link arrays}, and `usage` without tfjs
   */
  async *batches(options: BatchOptions | ResumeOptions): AsyncGenerator<Batch, void, undefined> {
    const tf = this.#needed('batches', this.#tf);
    for await (const batch of this.#arrays('batches', options)) yield tensorsOf(tf, batch);
  }

  /**
   * A `tf.data.Dataset` of `{ xs, ys }`, for `model.fitDataset`: each time it is iterated it reads the next epoch,
   * beginning with `epoch`. Who iterates disposes the tensors, as `fitDataset` does.
   *
   * tf.data doesn't say when an iterator is left before its end; its shards then stay in place until the page goes.
   *
   * @throws DataprepError `usage` without tfjs or its tf.data; iterating, as {@link batches}
   */
  toTfData(options: TfDataOptions): TfDataset {
    const data = this.#needed('toTfData', this.#tf?.data);
    return tfDataset(data, options, (each) => this.batches(each));
  }

  /** What a method needs of tfjs. */
  #needed<T>(method: string, part: T | undefined): T {
    if (part) return part;
    throw new DataprepError('usage', {
      place: `${method}() of ${this.name}`,
      wanted: 'tfjs',
      found: this.#tf ? 'tfjs without tf.data' : 'none',
      next: 'Open the dataset with { tf }; arrays() and pixels() need none.',
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
