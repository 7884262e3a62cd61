import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from 'idb';
import { DataprepError, reasonOf } from './complaint.ts';
import type { Contract, DatasetIndex, Sample, ShardReference } from './wire.ts';

/** How image bytes are kept: Blobs where the browser can, else ArrayBuffers. */
export type StoredAs = 'blob' | 'bytes';

/** The dataset as of the last finished sync. `splits` are those of which every shard is stored. */
export interface CurrentState {
  index: DatasetIndex;
  contract: Contract;
  splits: string[];
}

/** A sync that has begun: what it is after. */
export interface PendingState {
  index: DatasetIndex;
  splits: string[];
}

/** The tables of the database. Images and labels are addressed by the SHA-256 of what was downloaded. */
interface Tables extends DBSchema {
  images: { key: string; value: { sha256: string; blob: Blob | ArrayBuffer } };
  labels: { key: string; value: { sha256: string; samples: Sample[] } };
  dataset: { key: 'current' | 'pending'; value: CurrentState | PendingState };
}

/** One shard, or the half of it that was missing, on its way in. */
export interface ShardDelivery {
  images?: { sha256: string; bytes: Uint8Array<ArrayBuffer> };
  labels?: { sha256: string; samples: Sample[] };
}

/** Which halves of shards are stored. */
export interface StoredKeys {
  images: Set<string>;
  labels: Set<string>;
}

/** One dataset's IndexedDB database. Nothing but IndexedDB is awaited inside a transaction. */
export class Vault {
  readonly #name: string;
  #opened: Promise<IDBPDatabase<Tables>> | null = null;
  #storedAs: Promise<StoredAs> | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  #database(): Promise<IDBPDatabase<Tables>> {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  async #open(): Promise<IDBPDatabase<Tables>> {
    try {
      return await openDB<Tables>(this.#name, 1, {
        upgrade(database) {
          database.createObjectStore('images', { keyPath: 'sha256' });
          database.createObjectStore('labels', { keyPath: 'sha256' });
          database.createObjectStore('dataset');
        },
        // Another tab deletes the dataset: let go, so that it need not wait for this page to be closed.
        blocking: () => this.close(),
        terminated: () => {
          this.#opened = null;
        },
      });
    } catch (cause) {
      this.#opened = null;
      throw new DataprepError(
        'storage',
        {
          place: `IndexedDB ${this.#name}`,
          wanted: 'to open the database',
          found: reasonOf(cause),
          next: 'Allow this site to store data (private windows often do not), then reload.',
        },
        { cause },
      );
    }
  }

  /** Closes the connection; the next use opens it again. */
  close(): void {
    const opened = this.#opened;
    this.#opened = null;
    opened?.then((database) => database.close()).catch(() => undefined);
  }

  /** Whether this browser keeps Blobs in IndexedDB: tried once, since WebKit refuses them in ephemeral sessions. */
  storedAs(): Promise<StoredAs> {
    this.#storedAs ??= this.#probeBlobs();
    return this.#storedAs;
  }

  async #probeBlobs(): Promise<StoredAs> {
    const database = await this.#database();
    const sha256 = 'probe';
    try {
      await database.put('images', { sha256, blob: new Blob(['probe']) });
      const kept = (await database.get('images', sha256))?.blob;
      return kept instanceof Blob && (await kept.text()) === 'probe' ? 'blob' : 'bytes';
    } catch {
      return 'bytes';
    } finally {
      await database.delete('images', sha256);
    }
  }

  /** Writes a shard, images and labels in one transaction; it is stored when this resolves. */
  async put(delivery: ShardDelivery): Promise<void> {
    const storedAs = await this.storedAs();
    const database = await this.#database();
    const { images, labels } = delivery;
    const row = images && {
      sha256: images.sha256,
      blob: storedAs === 'blob' ? new Blob([images.bytes]) : images.bytes.buffer,
    };
    try {
      const transaction = database.transaction(['images', 'labels'], 'readwrite');
      const writes: Promise<unknown>[] = [];
      if (row) writes.push(transaction.objectStore('images').put(row));
      if (labels) writes.push(transaction.objectStore('labels').put(labels));
      await Promise.all([...writes, transaction.done]);
    } catch (cause) {
      throw await storageFailure(this.#name, images?.bytes.byteLength ?? 0, cause);
    }
  }

  /** The keys of everything stored. */
  async keys(): Promise<StoredKeys> {
    const database = await this.#database();
    const transaction = database.transaction(['images', 'labels']);
    const [images, labels] = await Promise.all([
      transaction.objectStore('images').getAllKeys(),
      transaction.objectStore('labels').getAllKeys(),
    ]);
    return { images: new Set(images), labels: new Set(labels) };
  }

  async current(): Promise<CurrentState | undefined> {
    return (await (await this.#database()).get('dataset', 'current')) as CurrentState | undefined;
  }

  async pending(): Promise<PendingState | undefined> {
    return (await (await this.#database()).get('dataset', 'pending')) as PendingState | undefined;
  }

  async begin(pending: PendingState): Promise<void> {
    await (await this.#database()).put('dataset', pending, 'pending');
  }

  /**
   * The last transaction of a sync: makes `next` the current state, and sweeps out what its index does not name.
   *
   * @param needed the halves of shards that the new state relies on
   * @param sweep false while somebody reads the old state: then the next sync sweeps
   * @returns the number of files swept, or null when something needed is not there (another tab's sync swept it);
   *   nothing has changed then
   */
  async swap(next: CurrentState, needed: StoredKeys, sweep: boolean): Promise<number | null> {
    const database = await this.#database();
    const transaction = database.transaction(['images', 'labels', 'dataset'], 'readwrite');
    const stores = { images: transaction.objectStore('images'), labels: transaction.objectStore('labels') };
    const images = new Set(await stores.images.getAllKeys());
    const labels = new Set(await stores.labels.getAllKeys());
    if (!holds({ images, labels }, needed)) {
      await transaction.done;
      return null;
    }
    const dataset = transaction.objectStore('dataset');
    const writes: Promise<unknown>[] = [dataset.put(next, 'current'), dataset.delete('pending')];
    let swept = 0;
    if (sweep) {
      const named = filesOf(next.index.shards);
      for (const [kind, keys] of [
        ['images', images],
        ['labels', labels],
      ] as const) {
        for (const key of keys) {
          if (named[kind].has(key)) continue;
          writes.push(stores[kind].delete(key));
          swept += 1;
        }
      }
    }
    await Promise.all([...writes, transaction.done]);
    return swept;
  }

  /** The samples of a shard, by the SHA-256 of its labels. */
  async labels(sha256: string): Promise<Sample[] | undefined> {
    return (await (await this.#database()).get('labels', sha256))?.samples;
  }

  /** The images of a shard, one after the other, by their SHA-256. */
  async images(sha256: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const kept = (await (await this.#database()).get('images', sha256))?.blob;
    if (!kept) return undefined;
    return new Uint8Array(kept instanceof Blob ? await kept.arrayBuffer() : kept);
  }

  /** Deletes the database. Other tabs close their connections when they are asked to. */
  async delete(): Promise<void> {
    this.close();
    this.#storedAs = null;
    await deleteDB(this.#name);
  }
}

/** The files of some shards. */
export function filesOf(shards: readonly ShardReference[]): StoredKeys {
  return {
    images: new Set(shards.map((shard) => shard.images.sha256)),
    labels: new Set(shards.map((shard) => shard.labels.sha256)),
  };
}

/** Whether everything `needed` is among what is `stored`. */
export function holds(stored: StoredKeys, needed: StoredKeys): boolean {
  const missing = (keys: Set<string>, among: Set<string>): boolean => [...keys].some((key) => !among.has(key));
  return !missing(needed.images, stored.images) && !missing(needed.labels, stored.labels);
}

async function storageFailure(name: string, bytes: number, cause: unknown): Promise<DataprepError> {
  const estimate = await globalThis.navigator?.storage?.estimate?.().catch(() => undefined);
  const room = estimate ? ` (${estimate.usage} of ${estimate.quota} bytes used)` : '';
  return new DataprepError(
    'storage',
    {
      place: `IndexedDB ${name}`,
      wanted: `to store a shard of ${bytes} bytes`,
      found: `${reasonOf(cause)}${room}`,
      next: 'Free disk space or delete another dataset, or sync fewer splits; then sync again: it goes on where it was.',
    },
    { cause },
  );
}
