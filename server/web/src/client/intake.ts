import type { Connection, CurrentState, PendingState, StoredAs, Tables } from './connection.ts';
import { grouping } from './flight.ts';
import type { Missing } from './sync-plan.ts';
import type { ShardReference } from './wire.ts';

/** One shard, or the half of it that was missing, verified and on its way in: rows. */
export interface ShardDelivery {
  images?: Tables['images']['value'];
  labels?: Tables['labels']['value'];
}

/** Which halves of shards are stored. */
export interface StoredKeys {
  images: Set<string>;
  labels: Set<string>;
}

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

  /**
   * Writes a shard, images and labels in one transaction; it is stored when this resolves. Shards that arrive while
   * another is written share the next transaction: each costs the browser some milliseconds, whatever is in it.
   */
  readonly put: (delivery: ShardDelivery) => Promise<unknown> = grouping((deliveries) =>
    this.connection.transact('readwrite', ['images', 'labels'], `to store ${deliveries.length} shards`, (transaction) =>
      Promise.all(
        deliveries.flatMap(({ images, labels }) => [
          images && transaction.objectStore('images').put(images),
          labels && transaction.objectStore('labels').put(labels),
        ]),
      ),
    ),
  );

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
    const tables: ['images', 'labels', 'dataset'] = ['images', 'labels', 'dataset'];
    return this.connection.transact('readwrite', tables, 'to finish a sync', async (transaction) => {
      const stores = { images: transaction.objectStore('images'), labels: transaction.objectStore('labels') };
      const images = await stores.images.getAllKeys();
      const labels = await stores.labels.getAllKeys();
      if (!holds({ images: new Set(images), labels: new Set(labels) }, needed)) return null;
      const named = filesOf(next.index.shards);
      const unnamed = {
        images: images.filter((key) => !named.images.has(key)),
        labels: labels.filter((key) => !named.labels.has(key)),
      };
      const count = unnamed.images.length + unnamed.labels.length;
      const dataset = transaction.objectStore('dataset');
      await Promise.all([
        dataset.put(next, 'current'),
        dataset.delete('pending'),
        ...(sweep ? unnamed.images.map((key) => stores.images.delete(key)) : []),
        ...(sweep ? unnamed.labels.map((key) => stores.labels.delete(key)) : []),
        count > 0 && !sweep ? dataset.put(true, 'unswept') : dataset.delete('unswept'),
      ]);
      return sweep ? count : 0;
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

/** Reads all of it in one transaction: of a sync that finds nothing changed, each is a share that can be measured. */
export function stockOf(connection: Connection): Promise<Stock> {
  const tables: ['dataset', 'images', 'labels'] = ['dataset', 'images', 'labels'];
  return connection.transact('readonly', tables, 'to see what is stored', async (transaction) => {
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
  });
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
