import type { Connection, CurrentState, StoredAs } from '../connection.ts';
import { filesOf, holds, Intake, type Stock, type StoredKeys, stockIn } from '../intake.ts';
import { parseLabels } from '../labels.ts';
import type { Sample, ShardReference } from '../wire.ts';
import {
  type Place,
  RECORD_TABLES,
  type RecordBytes,
  type RecordLayout,
  type RecordPicture,
  type Rows,
  rowsOf,
  type StoredSample,
  type Swap,
  type SwapTable,
} from './layout.ts';

/**
 * What a sync of records writes.
 *
 * Shards arrive as in any sync, verified, one transaction each, and wait: that is what an interrupted sync goes on
 * from. The last transaction turns those that waited into rows, deletes the rows of what is gone, and lets the shards
 * go. So the rows are all of one state, old or new, for whoever reads them with plain IndexedDB and no lock of ours.
 */
export class RecordsIntake extends Intake {
  readonly #layout: RecordLayout;
  readonly #as: StoredAs;

  constructor(connection: Connection, layout: RecordLayout, as: StoredAs) {
    super(connection);
    this.#layout = layout;
    this.#as = as;
  }

  /** Shards wait as bytes: a transaction cannot wait for a Blob to be read, and cuts bytes at once. */
  override async storedAs(): Promise<StoredAs> {
    return 'bytes';
  }

  /** With what the rows were made from, beside what waits. */
  override async stock(): Promise<Stock> {
    const stock = await super.stock();
    return { ...stock, keys: together(stock.keys, filesOf(shardsOf(stock.current))) };
  }

  /** The samples that came with a shard, as their rows have them; null where that is not known, or some are gone. */
  samplesOf(shard: ShardReference): Promise<[Place, StoredSample][] | null> {
    return this.connection.transact('readonly', this.#tables, 'to read the records', async (swap) => {
      const came = await swap.objectStore('shards').get(shard.labels.sha256);
      if (!came) return null;
      const rows = rowsOf(this.#layout, swap);
      const found: [Place, StoredSample][] = [];
      for (const place of came.places) {
        const sample = await rows.sample(place[0]);
        if (!sample) return null;
        found.push([place, sample]);
      }
      return found;
    });
  }

  /** Makes another state the current one, without touching a row. */
  async restate(current: CurrentState): Promise<void> {
    await this.connection.transact('readwrite', ['dataset'], 'to note what is damaged', (transaction) =>
      transaction.objectStore('dataset').put(current, 'current'),
    );
  }

  get #tables(): SwapTable[] {
    return ['images', 'labels', 'dataset', 'shards', ...RECORD_TABLES[this.#layout]];
  }

  override swap(next: CurrentState, needed: StoredKeys): Promise<number | null> {
    return this.connection.transact('readwrite', this.#tables, 'to write the records', (swap) =>
      new Swapping(swap, rowsOf(this.#layout, swap), this.#as).run(next, needed),
    );
  }
}

/** The last transaction. It awaits nothing but its own requests. */
class Swapping {
  readonly #swap: Swap;
  readonly #rows: Rows;
  readonly #as: StoredAs;

  constructor(swap: Swap, rows: Rows, as: StoredAs) {
    this.#swap = swap;
    this.#rows = rows;
    this.#as = as;
  }

  /** @returns as {@link Intake.swap} */
  async run(next: CurrentState, needed: StoredKeys): Promise<number | null> {
    const dataset = this.#swap.objectStore('dataset');
    const { current, keys: waiting } = await stockIn(this.#swap);
    const [before, after] = [shardsOf(current), shardsOf(next)];
    const coming = without(after, before);
    const held = together(waiting, filesOf(before));
    if (!holds(held, needed) || coming.some((shard) => !waiting.labels.has(shard.labels.sha256))) return null;

    const written = await this.#write(coming, waiting, before, next.index.image.media_type);
    const gone = without(before, after);
    await this.#delete(gone, written);
    // All keys are strings.
    const all = IDBKeyRange.lowerBound('');
    await Promise.all([
      dataset.put(next, 'current'),
      dataset.delete('pending'),
      this.#swap.objectStore('images').delete(all),
      this.#swap.objectStore('labels').delete(all),
    ]);
    const kept = filesOf(after);
    return gone.length + [...filesOf(gone).images].filter((sha256) => !kept.images.has(sha256)).length;
  }

  /** Writes the rows of shards. @returns their keys */
  async #write(
    coming: readonly ShardReference[],
    waiting: StoredKeys,
    before: readonly ShardReference[],
    mediaType: string,
  ): Promise<Set<string>> {
    const moved = new Map<string, RecordPicture>();
    // Before anything is overwritten.
    for (const shard of coming) {
      if (!waiting.images.has(shard.images.sha256)) await this.#holdMoved(shard, before, moved);
    }
    const written = new Set<string>();
    for (const shard of coming) {
      const bytes = (await this.#swap.objectStore('images').get(shard.images.sha256))?.blob as ArrayBuffer | undefined;
      const samples = await this.#samples(shard);
      const places = samples.map((sample): Place => [sample.key, sample.offset]);
      await Promise.all([
        this.#swap.objectStore('shards').put({ sha256: shard.labels.sha256, places }),
        ...samples.map((sample) => {
          const picture = bytes ? this.#cut(bytes, sample, mediaType) : moved.get(sample.key);
          return this.#rows.put(shard.split, sample, picture ?? null);
        }),
      ]);
      for (const { key } of samples) written.add(key);
    }
    return written;
  }

  async #samples(shard: ShardReference): Promise<Sample[]> {
    const row = await this.#swap.objectStore('labels').get(shard.labels.sha256);
    return row ? parseLabels(new Uint8Array(row.bytes)) : [];
  }

  /** Of a shard whose labels changed alone: the pictures that are to lie under another key than they do. */
  async #holdMoved(
    shard: ShardReference,
    before: readonly ShardReference[],
    moved: Map<string, RecordPicture>,
  ): Promise<void> {
    const old = before.find((one) => one.images.sha256 === shard.images.sha256);
    const row = old && (await this.#swap.objectStore('shards').get(old.labels.sha256));
    const keys = new Map(row?.places.map(([key, offset]) => [offset, key]));
    for (const { key, offset } of await this.#samples(shard)) {
      const oldKey = keys.get(offset);
      const picture = oldKey === undefined || oldKey === key ? undefined : await this.#rows.picture(oldKey);
      if (picture) moved.set(key, picture);
    }
  }

  async #delete(gone: readonly ShardReference[], written: Set<string>): Promise<void> {
    const shards = this.#swap.objectStore('shards');
    for (const { labels } of gone) {
      const keys = (await shards.get(labels.sha256))?.places.map(([key]) => key) ?? [];
      const left = keys.filter((key) => !written.has(key));
      await Promise.all([shards.delete(labels.sha256), ...left.map((key) => this.#rows.delete(key))]);
    }
  }

  #cut(shard: ArrayBuffer, { offset, length, mask }: Sample, mediaType: string): RecordPicture {
    const end = offset + length;
    const image = this.#bytes(shard, offset, end, mediaType);
    return mask ? { image, mask: this.#bytes(shard, end, end + mask.length, 'image/png') } : { image };
  }

  #bytes(shard: ArrayBuffer, from: number, to: number, type: string): RecordBytes {
    const view = new Uint8Array(shard, from, to - from);
    // A view would be stored with all of its shard.
    return this.#as === 'blob' ? new Blob([view], { type }) : view.slice();
  }
}

/** The shards of which a state has the rows. */
function shardsOf(state: CurrentState | undefined): ShardReference[] {
  return state?.index.shards.filter((shard) => state.splits.includes(shard.split)) ?? [];
}

/** A state's rows come from labels and images: a shard is another one when either differs. */
function without(shards: readonly ShardReference[], others: readonly ShardReference[]): ShardReference[] {
  const name = ({ split, images, labels }: ShardReference): string => `${split} ${images.sha256} ${labels.sha256}`;
  const names = new Set(others.map(name));
  return shards.filter((shard) => !names.has(name(shard)));
}

function together(one: StoredKeys, other: StoredKeys): StoredKeys {
  return {
    images: new Set([...one.images, ...other.images]),
    labels: new Set([...one.labels, ...other.labels]),
  };
}
