import {
  allOf,
  type Connection,
  type CurrentState,
  type PendingState,
  type StoredAs,
  type Tables,
} from './connection.ts';
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

  current(): Promise<CurrentState | undefined> {
    return storedState(this.connection, 'current');
  }

  pending(): Promise<PendingState | undefined> {
    return storedState(this.connection, 'pending');
  }

  keys(): Promise<StoredKeys> {
    return storedKeys(this.connection);
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
  readonly put: (delivery: ShardDelivery) => Promise<void> = grouping((deliveries) =>
    this.connection.transact('readwrite', ['images', 'labels'], `to store ${deliveries.length} shards`, (transaction) =>
      allOf(
        deliveries.flatMap(({ images, labels }) => [
          async () => images && transaction.objectStore('images').put(images),
          async () => labels && transaction.objectStore('labels').put(labels),
        ]),
      ),
    ),
  );

  /** Deletes halves of shards, all of them in one transaction. */
  async remove(damaged: readonly Missing[]): Promise<void> {
    await this.connection.transact('readwrite', ['images', 'labels'], 'to delete what is damaged', (transaction) =>
      allOf(
        damaged.flatMap(({ shard, images, labels }) => [
          async () => images && transaction.objectStore('images').delete(shard.images.sha256),
          async () => labels && transaction.objectStore('labels').delete(shard.labels.sha256),
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
      await allOf([
        () => dataset.put(next, 'current'),
        () => dataset.delete('pending'),
        ...(sweep ? unnamed.images.map((key) => () => stores.images.delete(key)) : []),
        ...(sweep ? unnamed.labels.map((key) => () => stores.labels.delete(key)) : []),
        () => (count > 0 && !sweep ? dataset.put(true, 'unswept') : dataset.delete('unswept')),
      ]);
      return sweep ? count : 0;
    });
  }
}

/** What a sync has left: the state that it made current, or what it is after if it has not finished. */
interface States {
  current: CurrentState;
  pending: PendingState;
}

export async function storedState<Key extends keyof States>(
  connection: Connection,
  key: Key,
): Promise<States[Key] | undefined> {
  const state = connection.transact('readonly', ['dataset'], 'to read the state', (transaction) =>
    transaction.objectStore('dataset').get(key),
  );
  return (await state) as States[Key] | undefined;
}

/** The keys of everything stored. */
export async function storedKeys(connection: Connection): Promise<StoredKeys> {
  const tables: ['images', 'labels'] = ['images', 'labels'];
  return connection.transact('readonly', tables, 'to list what is stored', async (transaction) => ({
    images: new Set(await transaction.objectStore('images').getAllKeys()),
    labels: new Set(await transaction.objectStore('labels').getAllKeys()),
  }));
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
