import type { Address } from './address.ts';
import { checkShard } from './check.ts';
import { DataprepError } from './complaint.ts';
import { sha256Hex } from './digest.ts';
import { download, parseJson } from './download.ts';
import type { ShardDelivery } from './intake.ts';
import type { Missing } from './sync-plan.ts';
import type { FileReference, ShardReference } from './wire.ts';

/**
 * Downloads the halves of a shard that are missing.
 *
 * @throws DataprepError `http`, `network`, `wire` or `digest`; on abort the signal's reason
 */
export async function downloadShard(
  address: Address,
  { shard, images, labels }: Missing,
  signal: AbortSignal,
): Promise<ShardDelivery> {
  const [imageBytes, labelBytes] = await Promise.all([
    images ? downloadHalf(address, shard, shard.images, 'bin', signal) : undefined,
    labels ? downloadHalf(address, shard, shard.labels, 'json', signal) : undefined,
  ]);
  const place = `shard ${shard.id} (${address.shard(shard.labels.sha256, 'json')})`;
  const parsed = labelBytes && checkShard(parseJson(labelBytes, place), shard, place);
  return {
    ...(imageBytes && { images: { sha256: shard.images.sha256, bytes: imageBytes } }),
    ...(parsed && { labels: { sha256: shard.labels.sha256, samples: parsed.samples } }),
  };
}

/** A half of a shard, its size and SHA-256 checked. */
async function downloadHalf(
  address: Address,
  shard: ShardReference,
  file: FileReference,
  kind: 'bin' | 'json',
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const url = address.shard(file.sha256, kind);
  // no-store: the bytes go into IndexedDB, and would lie in the HTTP cache a second time.
  const bytes = await download(url, { cache: 'no-store', signal });
  const sha256 = await sha256Hex(bytes);
  if (sha256 === file.sha256) return bytes;
  throw new DataprepError('digest', {
    place: `shard ${shard.id} (${url})`,
    wanted: `${file.bytes} bytes of SHA-256 ${file.sha256}`,
    found: `${bytes.byteLength} bytes of ${sha256}`,
    next: 'Nothing of it was stored. Something on the way changed the bytes, or the store is damaged: verify it on the server, then sync again.',
  });
}
