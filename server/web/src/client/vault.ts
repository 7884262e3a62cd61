import { Connection, type CurrentState, deleteDatabase, type StoredAs, type Tables } from './connection.ts';
import { Intake, type Stock, stockOf } from './intake.ts';
import { besideReaders } from './lock.ts';
import { leftUnswept, sweep } from './sweep.ts';

export type { CurrentState, PendingState, StoredAs } from './connection.ts';

/** One dataset's IndexedDB database: what is in it, and the way to what a sync writes ({@link Intake}). */
export class Vault {
  readonly #name: string;
  #opened: Promise<Connection> | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  #connection(): Promise<Connection> {
    if (this.#opened) return this.#opened;
    const forget = (): void => {
      if (this.#opened === opened) this.#opened = null;
    };
    const opened = Connection.open(this.#name, forget);
    // The next use opens it again: the user may have allowed it by then.
    opened.catch(forget);
    this.#opened = opened;
    return opened;
  }

  /** How image bytes are kept on this device. */
  async storedAs(): Promise<StoredAs> {
    return (await this.#connection()).storedAs();
  }

  /** For one sync: what it writes goes into the database as it is now, never into one made after its deletion. */
  async intake(): Promise<Intake> {
    return new Intake(await this.#connection());
  }

  async stock(): Promise<Stock> {
    return stockOf(await this.#connection());
  }

  /** The dataset as of the last finished sync. */
  async current(): Promise<CurrentState | undefined> {
    const connection = await this.#connection();
    // Of this table alone: a reader does not wait for the shards of a sync under way.
    return connection.transact('readonly', ['dataset'], 'to read the state', (transaction) =>
      transaction.objectStore('dataset').get('current'),
    ) as Promise<CurrentState | undefined>;
  }

  /** The labels of a shard as they were downloaded, by their SHA-256. */
  async labels(sha256: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const row = await this.#row('labels', sha256);
    return row && new Uint8Array(row.bytes);
  }

  /** The images of a shard, one after the other, by their SHA-256. */
  async images(sha256: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const row = await this.#row('images', sha256);
    return row && new Uint8Array(await (await this.#connection()).bytes(row.blob, `to read images ${sha256}`));
  }

  async #row<Half extends 'images' | 'labels'>(half: Half, sha256: string): Promise<Tables[Half]['value'] | undefined> {
    const connection = await this.#connection();
    return connection.transact('readonly', [half], `to read ${half} ${sha256}`, (transaction) =>
      transaction.objectStore(half).get(sha256),
    );
  }

  /** Deletes what no index names any more, if a sync has left some of it and nobody reads it. */
  async sweepBesideReaders(): Promise<void> {
    // Not opened for this: the dataset may have been deleted, and would be there again, empty.
    const connection = await this.#opened;
    if (!connection || !(await leftUnswept(connection))) return;
    await besideReaders(this.#name, async (alone) => alone && (await sweep(connection)));
  }

  /** Deletes the database, and stops what is written to it, here and in other tabs. */
  async delete(): Promise<void> {
    const opened = this.#opened;
    this.#opened = null;
    opened?.then((connection) => connection.end('deleted')).catch(() => undefined);
    await deleteDatabase(this.#name);
  }
}
