/**
 * dataprep-client/records: a dataset as plain rows of IndexedDB, one an image, for trainers that read those.
 *
 *     import { syncRecords } from 'dataprep-client/records';
 *
 *     const { database } = await syncRecords(location.origin, 'faces');
 *     // indexedDB.open(database), then the table `records`: { key, split, labels, image }
 */
import { type Address, datasetAddress } from './address.ts';
import { DataprepError } from './complaint.ts';
import { Connection, type StoredAs } from './connection.ts';
import { oneSync, untilEither } from './lock.ts';
import { findings } from './records/damage.ts';
import { RecordsIntake } from './records/intake.ts';
import { createRecordTables, RECORD_TABLES, type RecordLayout } from './records/layout.ts';
import { type SyncOptions, type SyncResult, syncDataset } from './sync.ts';
import type { DamagedFile, VerifyOptions, VerifyResult } from './verify.ts';
import type { DatasetIndex } from './wire.ts';

export { type ComplaintCode, DataprepError } from './complaint.ts';
export type { StoredAs } from './connection.ts';
export type {
  JpgRecord,
  JsonRecord,
  RecordBytes,
  RecordLabels,
  RecordLayout,
  SampleRecord,
} from './records/layout.ts';
export type { SyncOptions, SyncProgress, SyncResult } from './sync.ts';
export type { DamagedFile, VerifyOptions, VerifyProgress, VerifyResult } from './verify.ts';
export type * from './wire.ts';

/** Which records, and as what. */
export interface RecordsOptions extends SyncOptions {
  /** `records` when not given. */
  layout?: RecordLayout;
  /** Images as Blobs (when not given), or as Uint8Arrays, which are three times as fast to write and to read. */
  images?: StoredAs;
}

/** What a finished sync of records did. */
export interface RecordsResult extends SyncResult {
  /** The name of the IndexedDB database that has the tables: the same for the same server, name, layout and images. */
  database: string;
}

/**
 * Brings the rows of a dataset in this browser up to the server's, as `sync()` does its shards.
 *
 * They are a copy of their own, made from the server and not from what `openDataset` stores: a trainer that wants rows
 * has no use for shards, and would keep every image twice. What is new takes its room twice until the last transaction,
 * which writes it as rows and lets the shards go. Every shard is checked against its SHA-256 before it is stored, an
 * interrupted sync goes on where it was, only what differs is downloaded, and readers see the old rows or the new ones.
 *
 * To delete them: `indexedDB.deleteDatabase(database)`.
 *
 * @param url the server's root: absolute, or relative to the page
 * @throws DataprepError as `sync()`; `storage` when Blobs are asked for where IndexedDB keeps none
 */
export function syncRecords(url: string, name: string, options: RecordsOptions = {}): Promise<RecordsResult> {
  return withRecords(url, name, options, async ({ address, intake }) => ({
    ...(await syncDataset(address, { intake: async () => intake }, options)),
    database: address.database,
  }));
}

/** How to verify records, and which. */
export interface VerifyRecordsOptions extends VerifyOptions, Pick<RecordsOptions, 'layout' | 'images'> {}

/**
 * Hashes rows again, images, masks and labels, and repairs what is damaged or gone by a sync that fetches that alone: the
 * halves of shards in which it is.
 *
 * @throws DataprepError as `syncRecords`; `unsynced` before the first sync
 */
export function verifyRecords(url: string, name: string, options: VerifyRecordsOptions = {}): Promise<VerifyResult> {
  return withRecords(url, name, options, async ({ address, connection, intake }) => {
    const { index, damaged } = await untilEither(intake.ended, options.signal, (signal) =>
      // No sync meanwhile: it would take what is about to be found damaged for stored.
      oneSync(address.database, signal, () => noteDamage(address, connection, intake, options, signal)),
    );
    const filesChecked = 2 * index.shards.length;
    if (damaged.length === 0) return { digest: index.digest, filesChecked, damaged, bytesFetched: 0 };
    const splits = [...new Set(index.shards.map(({ split }) => split))];
    const { digest, bytesFetched } = await syncDataset(
      address,
      { intake: async () => intake },
      { splits, signal: options.signal },
    );
    return { digest, filesChecked, damaged, bytesFetched };
  });
}

/** Looks for damage, and leaves the state of a sync that has yet to fetch what is damaged. */
async function noteDamage(
  address: Address,
  connection: Connection,
  intake: RecordsIntake,
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<{ index: DatasetIndex; damaged: DamagedFile[] }> {
  const { current } = await intake.stock();
  if (!current) {
    throw new DataprepError('unsynced', {
      place: `IndexedDB ${address.database}`,
      wanted: 'synced records',
      found: 'nothing in this browser yet',
      next: 'Call syncRecords() first.',
    });
  }
  const found = await findings(connection, intake, current, options, signal);
  const damaged = found.flatMap(({ shard, faults }) =>
    (['images', 'labels'] as const).flatMap((half) => {
      const fault = faults[half];
      return fault ? { shard: shard.id, half, found: fault } : [];
    }),
  );
  // A sync that fetches images alone reads their samples from labels that wait.
  for (const { shard, faults, labels } of found) {
    if (faults.images && !faults.labels)
      await intake.put([{ labels: { sha256: shard.labels.sha256, bytes: labels.buffer } }]);
  }
  const shards = found.map(({ shard, faults }) => ({
    ...shard,
    images: faults.images ? DAMAGED : shard.images,
    labels: faults.labels || faults.images ? DAMAGED : shard.labels,
  }));
  if (damaged.length > 0) await intake.restate({ ...current, index: { ...current.index, shards } });
  return { index: { ...current.index, shards: found.map(({ shard }) => shard) }, damaged };
}

/** Stands for a half of a shard that is not as the index says. */
const DAMAGED = { sha256: 'damaged', bytes: 0 };

/** What is needed to work on the rows of a dataset. */
interface RecordsAccess {
  address: Address;
  connection: Connection;
  intake: RecordsIntake;
}

async function withRecords<T>(
  url: string,
  name: string,
  { layout = 'records', images = 'blob' }: Pick<RecordsOptions, 'layout' | 'images'>,
  work: (access: RecordsAccess) => Promise<T>,
): Promise<T> {
  checkOptions(layout, images);
  const served = datasetAddress(url, name, globalThis.location?.href);
  // No URL of a server has a # in it, so this is nobody else's name.
  const database = `${served.database}#${layout}${images === 'bytes' ? '-bytes' : ''}`;
  const connection = await Connection.open(
    database,
    () => undefined,
    (fresh) => createRecordTables(fresh, layout),
  );
  try {
    if (images === 'blob') await checkBlobs(connection, database);
    const intake = new RecordsIntake(connection, layout, images);
    return await work({ address: { ...served, database }, connection, intake });
  } finally {
    connection.close();
  }
}

function checkOptions(layout: string, images: string): void {
  const complain = (place: string, wanted: string, found: unknown): never => {
    const next = 'Leave it out for the default.';
    throw new DataprepError('usage', {
      place: `syncRecords({ ${place} })`,
      wanted,
      found: JSON.stringify(found),
      next,
    });
  };
  if (!Object.hasOwn(RECORD_TABLES, layout))
    complain('layout', `one of ${Object.keys(RECORD_TABLES).join(', ')}`, layout);
  if (images !== 'blob' && images !== 'bytes') complain('images', 'blob or bytes', images);
}

/** Asked for Blobs and given something else, a trainer would fail later, and far from here. */
async function checkBlobs(connection: Connection, database: string): Promise<void> {
  if ((await connection.storedAs()) === 'blob') return;
  throw new DataprepError('storage', {
    place: `IndexedDB ${database}`,
    wanted: 'to keep images as Blobs',
    found: 'a browser that keeps none, as WebKit does in private windows',
    next: "Pass images: 'bytes'.",
  });
}
