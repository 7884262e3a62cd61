import type { Address } from './address.ts';
import { checkShard, withoutPoints } from './check.ts';
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
  if (labelHalf) checkShard(parseJson(labelHalf.bytes, place, withoutPoints), shard, place);
  return {
    images: imageHalf && { sha256: shard.images.sha256, blob: imageHalf.kept },
    labels: labelHalf && { sha256: shard.labels.sha256, bytes: labelHalf.bytes.buffer },
  };
}

/** A half as it will be kept, and its bytes. */
interface Half {
  kept: Blob | ArrayBuffer;
  bytes: Uint8Array<ArrayBuffer>;
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
    // Made of an answer, a Blob is where Chromium keeps them from the start; one made of bytes would be copied there.
    const kept = as === 'blob' ? await response.blob() : await response.arrayBuffer();
    return { kept, bytes: new Uint8Array(kept instanceof Blob ? await kept.arrayBuffer() : kept) };
  });
  const sha256 = await sha256Hex(half.bytes);
  if (sha256 === file.sha256) return half;
  throw new DataprepError('digest', {
    place: `shard ${shard.id} (${url})`,
    wanted: `${file.bytes} bytes of SHA-256 ${file.sha256}`,
    found: `${half.bytes.byteLength} bytes of ${sha256}`,
    next: 'Nothing of it was stored. Verify the store on the server, then sync again.',
  });
}
