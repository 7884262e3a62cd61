import { DataprepError } from '../complaint.ts';
import type { Connection, CurrentState } from '../connection.ts';
import { sha256Hex } from '../digest.ts';
import { inFlight } from '../flight.ts';
import type { DamagedFile, VerifyOptions } from '../verify.ts';
import type { Sample, ShardReference } from '../wire.ts';
import type { RecordsIntake } from './intake.ts';
import type { Place, RecordBytes, StoredSample } from './layout.ts';

/** One shard is hashed while the next is read. */
const SHARDS_IN_FLIGHT = 2;

type Fault = DamagedFile['found'] | null;

/** What is found of a shard. `labels` are its bytes, put together again, where they are those of the index. */
interface Finding {
  shard: ShardReference;
  faults: { images: Fault; labels: Fault };
  labels: Uint8Array<ArrayBuffer>;
}

const NOTHING = new Uint8Array();

/**
 * Looks for damage in rows. A shard is put together again from its rows, as it was downloaded: its images by their places,
 * its labels as RFC 8785 has them, which is how servers write them. Both must have the digests that the index gives.
 */
export async function findings(
  connection: Connection,
  intake: RecordsIntake,
  { index, splits }: CurrentState,
  { onProgress }: VerifyOptions,
  signal: AbortSignal,
): Promise<Finding[]> {
  const shards = index.shards.filter(({ split }) => splits.includes(split));
  const progress = { filesDone: 0, filesTotal: 2 * shards.length };
  return inFlight(shards, SHARDS_IN_FLIGHT, async (shard) => {
    signal.throwIfAborted();
    const found = await find(connection, intake, shard, signal);
    progress.filesDone += 2;
    onProgress?.({ ...progress });
    return { shard, ...found };
  });
}

async function find(
  connection: Connection,
  intake: RecordsIntake,
  shard: ShardReference,
  signal: AbortSignal,
): Promise<Omit<Finding, 'shard'>> {
  const all = (fault: Fault) => ({ faults: { images: fault, labels: fault }, labels: NOTHING });
  try {
    const stored = await intake.samplesOf(shard);
    if (!stored) return all('nothing');
    const images = new Uint8Array(shard.images.bytes);
    const samples: unknown[] = [];
    for (const one of stored) samples.push(await putTogether(connection, shard, one, images));
    const labels = new TextEncoder().encode(canonical({ id: shard.id, split: shard.split, samples }));
    const faults = {
      images: await faultOf(images, shard.images.sha256),
      labels: await faultOf(labels, shard.labels.sha256),
    };
    return { faults, labels };
  } catch (thrown) {
    // A Blob whose file the browser has lost. A connection that ended says nothing of what is stored.
    signal.throwIfAborted();
    if (!(thrown instanceof DataprepError && thrown.code === 'storage')) throw thrown;
    return all('unreadable content');
  }
}

/** Writes a sample's bytes to their place in the shard. @returns its labels as they were downloaded; null when damaged */
async function putTogether(
  connection: Connection,
  { split }: ShardReference,
  [[key, offset], stored]: [Place, StoredSample],
  images: Uint8Array,
): Promise<Sample | null> {
  const read = async (bytes: RecordBytes): Promise<Uint8Array<ArrayBuffer>> =>
    bytes instanceof Blob ? new Uint8Array(await connection.bytes(bytes, `to read the image of ${key}`)) : bytes;
  const image = await read(stored.image);
  const mask = stored.mask && (await read(stored.mask));
  const end = offset + image.length;
  // Bytes that have become more, or fewer, are damage as any other.
  images.set(image.subarray(0, Math.max(0, images.length - offset)), offset);
  if (mask) images.set(mask.subarray(0, Math.max(0, images.length - end)), Math.min(end, images.length));
  if (stored.split !== split || !stored.derived) return null;
  return {
    ...stored.labels,
    key,
    offset,
    length: image.length,
    ...(mask && { mask: { length: mask.length, sha256: await sha256Hex(mask) } }),
  };
}

async function faultOf(bytes: Uint8Array<ArrayBuffer>, sha256: string): Promise<Fault> {
  return (await sha256Hex(bytes)) === sha256 ? null : 'other content';
}

/** JSON by RFC 8785. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`)}}`;
}
