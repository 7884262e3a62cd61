import type { Address } from './address.ts';
import { checkShard } from './check.ts';
import { DataprepError } from './complaint.ts';
import type { StoredAs } from './connection.ts';
import { sha256Hex } from './digest.ts';
import { downloadAs, parseJson } from './download.ts';
import type { ShardDelivery } from './intake.ts';
import type { Missing } from './sync-plan.ts';
import type { FileReference, ShardReference } from './wire.ts';

/**
 * Downloads the halves of a shard that are missing.
 *
 * @param as how its images will be kept
 * @throws DataprepError `http`, `network`, `wire` or `digest`; on abort the signal's reason
 */
export async function downloadShard(
  address: Address,
  { shard, images, labels }: Missing,
  as: StoredAs,
  signal: AbortSignal,
): Promise<ShardDelivery> {
  const [imageHalf, labelHalf] = await Promise.all([
    images ? downloadHalf(address, shard, shard.images, 'bin', as, signal) : undefined,
    labels ? downloadHalf(address, shard, shard.labels, 'json', 'bytes', signal) : undefined,
  ]);
  const place = `shard ${shard.id} (${address.shard(shard.labels.sha256, 'json')})`;
  if (labelHalf) checkShard(parseJson(labelHalf.bytes, place), shard, place);
  return {
    ...(imageHalf && { images: { sha256: shard.images.sha256, blob: imageHalf.blob ?? imageHalf.bytes.buffer } }),
    ...(labelHalf && { labels: { sha256: shard.labels.sha256, bytes: labelHalf.bytes.buffer } }),
  };
}

/** The bytes of a half, and the Blob that they were read from where they will be kept as one. */
interface Half {
  bytes: Uint8Array<ArrayBuffer>;
  blob?: Blob;
}

/** A half of a shard, its SHA-256 checked. */
async function downloadHalf(
  address: Address,
  shard: ShardReference,
  file: FileReference,
  kind: 'bin' | 'json',
  as: StoredAs,
  signal: AbortSignal,
): Promise<Half> {
  const url = address.shard(file.sha256, kind);
  // no-store: the bytes go into IndexedDB, and would lie in the HTTP cache a second time.
  const half = await downloadAs(url, { cache: 'no-store', signal }, async (response): Promise<Half> => {
    if (as === 'bytes') return { bytes: new Uint8Array(await response.arrayBuffer()) };
    // Made of an answer, a Blob is where Chromium keeps them from the start; one made of bytes would be copied there.
    const blob = await response.blob();
    return { blob, bytes: new Uint8Array(await blob.arrayBuffer()) };
  });
  const { bytes } = half;
  const sha256 = await sha256Hex(bytes);
  if (sha256 === file.sha256) return half;
  throw new DataprepError('digest', {
    place: `shard ${shard.id} (${url})`,
    wanted: `${file.bytes} bytes of SHA-256 ${file.sha256}`,
    found: `${bytes.byteLength} bytes of ${sha256}`,
    next: 'Nothing of it was stored. Something on the way changed the bytes, or the store is damaged: verify it on the server, then sync again.',
  });
}
