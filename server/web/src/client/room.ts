import { DataprepError } from './complaint.ts';
import { Connection, type CurrentState, type PendingState } from './connection.ts';
import { filesOf, type StoredKeys, stockOf } from './intake.ts';

/** Another dataset that is kept under the origin of this page. */
export interface KeptDataset {
  /** `dataprep:{server}:{name}` */
  database: string;
  bytes: number;
}

/** Bytes that may still be stored, as the browser estimates; null where it does not say. */
export async function bytesFree(): Promise<number | null> {
  const estimate = await globalThis.navigator?.storage?.estimate?.().catch(() => undefined);
  if (estimate?.quota === undefined || estimate.usage === undefined) return null;
  return Math.max(0, estimate.quota - estimate.usage);
}

/** The bytes of the files that are stored, as the old and the coming index give their sizes. */
export function bytesStored(keys: StoredKeys, states: readonly (CurrentState | PendingState | undefined)[]): number {
  const sizes = new Map<string, number>();
  for (const shard of states.flatMap((state) => state?.index.shards ?? [])) {
    for (const half of ['images', 'labels'] as const) {
      const { sha256, bytes } = shard[half];
      if (keys[half].has(sha256)) sizes.set(sha256, bytes);
    }
  }
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** The other datasets that this origin keeps, the largest first; none where the browser does not list databases. */
async function keptBeside(own: string): Promise<KeptDataset[]> {
  const kept: KeptDataset[] = [];
  for (const { name: database = '', version } of (await indexedDB.databases?.()) ?? []) {
    if (!database.startsWith('dataprep:') || database === own) continue;
    try {
      // Of an earlier version it stays one: as one of this version it would have to fetch its labels again.
      const connection = await Connection.open(database, () => undefined, undefined, version);
      const { current, pending, keys } = await stockOf(connection).finally(() => connection.close());
      // Records are in rows of their own, and as large as the shards that they were made from.
      const held = database.includes('#') ? filesOf(current?.index.shards ?? []) : keys;
      kept.push({ database, bytes: bytesStored(held, [current, pending]) });
    } catch {
      // What cannot be read is not offered for deletion either.
    }
  }
  return kept.sort((a, b) => b.bytes - a.bytes);
}

/** The sentences of an error for want of room. */
async function whatToDo(database: string): Promise<string> {
  const kept = await keptBeside(database).catch(() => []);
  const list = kept.map(({ database, bytes }) => `${database} (${bytes} bytes)`).join(', ');
  const others = list ? `Delete what else is kept here: ${list}; or free` : 'Free';
  return `${others} disk space, or sync fewer splits; then sync again: it goes on where it was.`;
}

/** What to throw before a sync for which there is no room. */
export async function tooFull(database: string, bytesMissing: number, free: number): Promise<DataprepError> {
  return new DataprepError('storage', {
    place: `IndexedDB ${database}`,
    wanted: `room for ${bytesMissing} bytes`,
    found: `room for ${free}: ${bytesMissing - free} bytes are missing`,
    next: await whatToDo(database),
  });
}

/**
 * What to throw when a sync fails: of an exceeded quota it says what is missing, all else is `thrown` itself.
 *
 * @param bytesToCome what the sync had yet to store
 */
export async function withRoom(thrown: unknown, database: string, bytesToCome: number): Promise<unknown> {
  if (!(thrown instanceof DataprepError && thrown.cause instanceof Error)) return thrown;
  if (thrown.cause.name !== 'QuotaExceededError') return thrown;
  const free = await bytesFree();
  const toCome = bytesToCome > 0 ? `; ${bytesToCome} bytes were still to come` : '';
  const missing = free !== null && free < bytesToCome ? `, ${bytesToCome - free} more than there is room for` : '';
  const found = thrown.found + toCome + missing;
  return new DataprepError(thrown.code, { ...thrown, found, next: await whatToDo(database) }, { cause: thrown.cause });
}
