import type { Connection, StoredAs } from './connection.ts';

const TEXT = 'probe';
const WANTED = 'to try what can be stored';

/** Whether a row with `blob` can be written and read back. */
async function keeps(connection: Connection, blob: Blob | ArrayBuffer): Promise<boolean> {
  // A key of its own: other tabs and objects probe at the same time, and each takes its row away again.
  // Not randomUUID, which plain http on a LAN lacks.
  const key = `probe-${crypto.getRandomValues(new Uint32Array(4)).join('-')}` as const;
  try {
    await connection.transact('readwrite', ['dataset'], WANTED, (transaction) =>
      transaction.objectStore('dataset').put({ blob }, key),
    );
    const row = await connection.transact('readonly', ['dataset'], WANTED, (transaction) =>
      transaction.objectStore('dataset').get(key),
    );
    if (!row || row === true || !('blob' in row)) return false;
    if (!(blob instanceof Blob)) return row.blob instanceof ArrayBuffer;
    return row.blob instanceof Blob && (await row.blob.text()) === TEXT;
  } catch {
    // Unless it was deleted meanwhile, which says nothing about Blobs.
    connection.ended.throwIfAborted();
    return false;
  } finally {
    await connection.transact('readwrite', ['dataset'], WANTED, (transaction) =>
      transaction.objectStore('dataset').delete(key),
    );
  }
}

/** Whether Blobs lie here, of a sync before: to look costs less than to write one, read it and take it away. */
async function hasBlobs(connection: Connection): Promise<boolean> {
  const row = await connection.transact('readonly', ['images'], 'to see what is stored', (transaction) =>
    transaction.objectStore('images').first(),
  );
  return row?.blob instanceof Blob;
}

/**
 * How this browser keeps image bytes: it is tried, since WebKit refuses Blobs in ephemeral sessions.
 *
 * @returns null when neither can be stored: then something else is wrong, e.g. a full disk, and nothing is learnt
 */
export async function probeStorage(connection: Connection): Promise<StoredAs | null> {
  if ((await hasBlobs(connection)) || (await keeps(connection, new Blob([TEXT])))) return 'blob';
  return (await keeps(connection, new ArrayBuffer(TEXT.length))) ? 'bytes' : null;
}
