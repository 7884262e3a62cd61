/**
 * dataprep-client/records: a dataset as plain rows of IndexedDB, one an image, for trainers that read those.
 *
 *     import { syncRecords } from 'dataprep-client/records';
 *
 *     const { database } = await syncRecords(location.origin, 'faces');
 *     // indexedDB.open(database), then the table `records`: { key, split, labels, image }
 */
import { datasetAddress } from './address.ts';
import { DataprepError } from './complaint.ts';
import { Connection, type StoredAs } from './connection.ts';
import { RecordsIntake } from './records/intake.ts';
import { createRecordTables, RECORD_TABLES, type RecordLayout } from './records/layout.ts';
import { type SyncOptions, type SyncResult, syncDataset } from './sync.ts';

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
export async function syncRecords(url: string, name: string, options: RecordsOptions = {}): Promise<RecordsResult> {
  const { layout = 'records', images = 'blob' } = options;
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
    const intake = async (): Promise<RecordsIntake> => new RecordsIntake(connection, layout, images);
    return { ...(await syncDataset({ ...served, database }, { intake }, options)), database };
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
