import { DataprepError, reasonOf } from './complaint.ts';
import { answered, completed, Transaction } from './object-store.ts';
import { probeStorage } from './probe.ts';
import type { RecordTables } from './records/layout.ts';
import type { Contract, DatasetIndex } from './wire.ts';

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

/** A row with which it is tried whether Blobs are kept here. */
interface Probe {
  blob: Blob | ArrayBuffer;
}

/** Where labels were objects, not the bytes that were downloaded, it was 1. */
const VERSION = 2;

/**
 * The tables of the database. Images and labels are the bytes that were downloaded, addressed by their SHA-256. Those of
 * records are in the databases of records alone.
 */
export interface Tables extends RecordTables {
  images: { key: string; value: { sha256: string; blob: Blob | ArrayBuffer } };
  labels: { key: string; value: { sha256: string; bytes: ArrayBuffer } };
  /** `unswept` is there while files lie about that no index names. */
  dataset: {
    key: 'current' | 'pending' | 'unswept' | `probe-${string}`;
    value: CurrentState | PendingState | true | Probe;
  };
}

type Table = keyof Tables;

/** What to do when IndexedDB fails to … */
const NEXT = {
  open: 'Allow this site to store data (private windows often do not), then reload.',
  readonly: 'Reload the page; if it fails again, delete the dataset and sync anew.',
  readwrite: 'Free disk space, delete another dataset or sync fewer splits; then sync again: it goes on where it was.',
  delete: 'Reload the page and try again, or delete this site’s data in the browser’s settings.',
};

/** Why a connection ends, as those who still use it are told. */
const ENDINGS = {
  deleted: {
    code: 'stale',
    wanted: 'the dataset to stay until this is done',
    found: 'that it was deleted meanwhile, here or in another tab',
    next: 'Nothing of it is stored. Sync again if it is wanted after all.',
  },
  closed: {
    code: 'storage',
    wanted: 'the database to stay open',
    found: 'that the browser closed it, as when a site’s data is cleared',
    next: 'Sync again: it goes on with what is left.',
  },
} as const;

/** Runs what uses IndexedDB. Whatever fails in there is a DataprepError out here, and nowhere else becomes one. */
async function told<T>(name: string, to: keyof typeof NEXT, wanted: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const estimate = to === 'readwrite' && (await navigator.storage?.estimate?.().catch(() => undefined));
    const room = estimate ? ` (${estimate.usage} of ${estimate.quota} bytes used)` : '';
    const found = `${reasonOf(cause)}${room}`;
    throw new DataprepError('storage', { place: `IndexedDB ${name}`, wanted, found, next: NEXT[to] }, { cause });
  }
}

/** Deletes a database, once all connections to it are closed: those of other tabs are asked to, and do. */
export function deleteDatabase(name: string): Promise<void> {
  return told(name, 'delete', 'to delete the database', async () => {
    await answered(indexedDB.deleteDatabase(name));
  });
}

/**
 * A connection to a dataset's database.
 *
 * A database is only deleted when nobody is connected to it any more. So what writes through one connection alone
 * can never write into a database that was made after the deletion, whichever tab deletes, with or without Web Locks.
 */
export class Connection {
  readonly #name: string;
  readonly #database: IDBDatabase;
  readonly #end = new AbortController();
  #storedAs: Promise<StoredAs> | null = null;

  private constructor(name: string, database: IDBDatabase) {
    this.#name = name;
    this.#database = database;
  }

  /**
   * @param onEnd called when the connection ends of itself: another tab deletes the database, or the browser does
   * @param more makes further tables in a fresh database
   * @param version of a database that is there, to look at it as it is; else it becomes one of this version
   */
  static async open(
    name: string,
    onEnd: () => void,
    more?: (fresh: IDBDatabase) => void,
    version: number | undefined = VERSION,
  ): Promise<Connection> {
    const database = await told(name, 'open', 'to open the database', () => {
      const request = indexedDB.open(name, version);
      request.onupgradeneeded = ({ oldVersion }) => {
        const fresh = request.result;
        if (oldVersion === 1) {
          // The next sync fetches them again, as it does whatever is missing.
          fresh.deleteObjectStore('labels');
        } else {
          fresh.createObjectStore('images', { keyPath: 'sha256' });
          fresh.createObjectStore('dataset');
          more?.(fresh);
        }
        fresh.createObjectStore('labels', { keyPath: 'sha256' });
      };
      return answered(request);
    });
    const connection = new Connection(name, database);
    const over = (why: keyof typeof ENDINGS) => (): void => {
      connection.end(why);
      onEnd();
    };
    database.onversionchange = over('deleted');
    database.onclose = over('closed');
    return connection;
  }

  /** Aborted when the connection has ended; the reason is the DataprepError that everything from then on fails with. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  /** Lets go of the database, when nothing of it is under way. */
  close(): void {
    this.#database.close();
  }

  /** Ends the connection: the dataset is being deleted, or the browser has closed it. */
  end(why: keyof typeof ENDINGS): void {
    const parts = ENDINGS[why];
    this.#end.abort(new DataprepError(parts.code, { place: `IndexedDB ${this.#name}`, ...parts }));
    // Transactions under way are completed.
    this.#database.close();
  }

  /**
   * Runs `work` in one transaction and waits for its completion: until then nothing is written.
   *
   * @param wanted for the message: "to …"
   * @param work awaits nothing but this transaction's requests, and all of them
   * @throws DataprepError `storage`, or the reason why the connection has ended
   */
  async transact<T, Name extends Table>(
    mode: 'readonly' | 'readwrite',
    tables: Name[],
    wanted: string,
    work: (transaction: Transaction<Tables, Name>) => Promise<T>,
  ): Promise<T> {
    this.ended.throwIfAborted();
    try {
      return await told(this.#name, mode, wanted, async () => {
        const transaction = this.#database.transaction(tables, mode);
        const worked = (async () => work(new Transaction(transaction)))();
        // A request that cannot even be made leaves its transaction alive, which would complete with the others.
        worked.catch(() => abort(transaction));
        const [result] = await Promise.all([worked, completed(transaction)]);
        return result;
      });
    } catch (thrown) {
      this.ended.throwIfAborted();
      throw thrown;
    }
  }

  /** The bytes of a row. A Blob lies in a file of its own, whose reading can fail as any of IndexedDB's. */
  bytes(kept: Blob | ArrayBuffer, wanted: string): Promise<ArrayBuffer> {
    return told(this.#name, 'readonly', wanted, async () => (kept instanceof Blob ? kept.arrayBuffer() : kept));
  }

  /** How image bytes are kept on this device; found out once. */
  storedAs(): Promise<StoredAs> {
    this.#storedAs ??= this.#probe();
    return this.#storedAs;
  }

  async #probe(): Promise<StoredAs> {
    let found: StoredAs | null = null;
    try {
      found = await probeStorage(this);
    } finally {
      if (found === null) this.#storedAs = null;
    }
    // Nothing can be written just now. The write that follows says why; Blobs have not been refused.
    return found ?? 'blob';
  }
}

/** Ends a transaction, if it has not ended. */
function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already: its own failure is what made `work` fail.
  }
}
