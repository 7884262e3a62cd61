import type { Connection, CurrentState, PendingState, StoredAs, Tables } from './connection.ts';
import { inFlight } from './flight.ts';
import type { Transaction } from './object-store.ts';
import type { Missing } from './sync-plan.ts';
import type { ShardReference } from './wire.ts';

/** Each is copied in a task of the page, a millisecond of it: all of a group at once would make it stand still. */
const PUTS_IN_FLIGHT = 4;

/** One shard, or the half of it that was missing, verified and on its way in: rows. */
export interface ShardDelivery {
  images?: Tables['images']['value'] | undefined;
  labels?: Tables['labels']['value'] | undefined;
}

/** Which halves of shards are stored. */
export interface StoredKeys {
  images: Set<string>;
  labels: Set<string>;
}

/** A transaction over the tables that tell what is stored. */
export type Stocktaking = Transaction<Tables, 'images' | 'labels' | 'dataset'>;

/** What one sync writes, all of it through one connection: once the dataset is deleted, nothing more gets in. */
export class Intake {
  protected readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Aborted when the dataset is deleted, here or in another tab. */
  get ended(): AbortSignal {
    return this.connection.ended;
  }

  stock(): Promise<Stock> {
    return stockOf(this.connection);
  }

  /** How shards are kept. */
  storedAs(): Promise<StoredAs> {
    return this.connection.storedAs();
  }

  async begin(pending: PendingState): Promise<void> {
    await this.connection.transact('readwrite', ['dataset'], 'to begin a sync', (transaction) =>
      transaction.objectStore('dataset').put(pending, 'pending'),
    );
  }

  /** Writes shards, or halves of them, in one transaction; they are stored when this resolves. */
  put(deliveries: readonly ShardDelivery[]): Promise<unknown> {
    return this.connection.transact('readwrite', ['images', 'labels'], 'to store shards', (transaction) =>
      inFlight(deliveries, PUTS_IN_FLIGHT, ({ images, labels }) =>
        Promise.all([
          images && transaction.objectStore('images').put(images),
          labels && transaction.objectStore('labels').put(labels),
        ]),
      ),
    );
  }

  /** Deletes halves of shards, all of them in one transaction. */
  async remove(damaged: readonly Missing[]): Promise<void> {
    await this.connection.transact('readwrite', ['images', 'labels'], 'to delete what is damaged', (transaction) =>
      Promise.all(
        damaged.flatMap(({ shard, images, labels }) => [
          images && transaction.objectStore('images').delete(shard.images.sha256),
          labels && transaction.objectStore('labels').delete(shard.labels.sha256),
        ]),
      ),
    );
  }

  /**
   * The last transaction of a sync: makes `next` the current state, and sweeps out what its index does not name.
   *
   * @param needed the halves of shards that the new state relies on
   * @param sweep false while somebody reads the old state: then the last of them sweeps, or the next sync
   * @returns the number of files swept, or null when something needed is not there (another tab's sync swept it);
   *   nothing has changed then
   */
  swap(next: CurrentState, needed: StoredKeys, sweep: boolean): Promise<number | null> {
    return this.connection.transact('readwrite', STOCKED, 'to finish a sync', async (transaction) => {
      const { keys } = await stockIn(transaction);
      if (!holds(keys, needed)) return null;
      const deletions = deletionsOf(transaction, keys, next.index.shards);
      const dataset = transaction.objectStore('dataset');
      await Promise.all([
        dataset.put(next, 'current'),
        dataset.delete('pending'),
        deletions.length > 0 && !sweep ? dataset.put(true, 'unswept') : dataset.delete('unswept'),
        ...(sweep ? deletions.map((each) => each()) : []),
      ]);
      return sweep ? deletions.length : 0;
    });
  }
}

/** What a database holds, at one moment: what syncs have left, and which halves of shards. */
export interface Stock {
  /** As of the last finished sync. */
  current: CurrentState | undefined;
  /** What the sync is after that was begun last, if it has not finished. */
  pending: PendingState | undefined;
  keys: StoredKeys;
}

/** The tables that tell. */
export const STOCKED: ['images', 'labels', 'dataset'] = ['images', 'labels', 'dataset'];

/** Reads all of it in one transaction: of a sync that finds nothing changed, each is a share that can be measured. */
export function stockOf(connection: Connection): Promise<Stock> {
  return connection.transact('readonly', STOCKED, 'to see what is stored', stockIn);
}

/** As {@link stockOf}, in a transaction under way. */
export async function stockIn(transaction: Stocktaking): Promise<Stock> {
  const dataset = transaction.objectStore('dataset');
  const [current, pending, images, labels] = await Promise.all([
    dataset.get('current'),
    dataset.get('pending'),
    transaction.objectStore('images').getAllKeys(),
    transaction.objectStore('labels').getAllKeys(),
  ]);
  return {
    current: current as CurrentState | undefined,
    pending: pending as PendingState | undefined,
    keys: { images: new Set(images), labels: new Set(labels) },
  };
}

/** What deletes each file that none of some shards names. */
export function deletionsOf(
  transaction: Stocktaking,
  keys: StoredKeys,
  shards: readonly ShardReference[],
): (() => Promise<unknown>)[] {
  const named = filesOf(shards);
  return (['images', 'labels'] as const).flatMap((table) =>
    [...keys[table]]
      .filter((key) => !named[table].has(key))
      .map((key) => () => transaction.objectStore(table).delete(key)),
  );
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
