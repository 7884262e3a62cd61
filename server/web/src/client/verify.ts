import type { Address } from './address.ts';
import { DataprepError } from './complaint.ts';
import { sha256Hex } from './digest.ts';
import { inFlight } from './flight.ts';
import type { ShardDelivery } from './intake.ts';
import { oneSync, startReading, untilEither } from './lock.ts';
import { downloadShard } from './shard-download.ts';
import { bytesOf, type Missing } from './sync-plan.ts';
import type { CurrentState, StoredAs, Vault } from './vault.ts';
import type { ShardReference } from './wire.ts';

/** Where a verification is; files are halves of shards. */
export interface VerifyProgress {
  filesDone: number;
  filesTotal: number;
}

/** How to verify. */
export interface VerifyOptions {
  onProgress?: ((progress: VerifyProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** A half of a shard that was not as its digest says. */
export interface DamagedFile {
  shard: string;
  half: 'images' | 'labels';
  found: 'nothing' | 'other content' | 'unreadable content';
}

/** What a finished verification found. Everything `damaged` has been fetched anew: what is stored is whole. */
export interface VerifyResult {
  digest: string;
  filesChecked: number;
  damaged: DamagedFile[];
  bytesFetched: number;
}

/** One shard is hashed while the next is read; more would only hold more of them in memory. */
const SHARDS_IN_FLIGHT = 2;

/** Verifies what `vault` holds, and repairs it from `address`. See {@link Dataset.verify}. */
export async function verifyDataset(
  address: Address,
  vault: Vault,
  current: () => Promise<CurrentState>,
  options: VerifyOptions,
): Promise<VerifyResult> {
  const intake = await vault.intake();
  return untilEither(intake.ended, options.signal, (signal) =>
    // No sync meanwhile: it would take what is about to be found damaged for stored.
    oneSync(address.database, signal, async () => {
      const finish = await startReading(address.database);
      try {
        const { index, splits } = await current();
        const shards = index.shards.filter(({ split }) => splits.includes(split));
        const { damaged, missing } = await findDamage(vault, shards, options, signal);
        // Gone before anything is fetched: nobody trains on what is known to be damaged, whatever happens from here on.
        await intake.remove(missing);
        const as = await intake.storedAs();
        await inFlight(missing, SHARDS_IN_FLIGHT, async (each) =>
          intake.put([await fetchAgain(address, each, as, signal)]),
        );
        const bytesFetched = missing.reduce((sum, each) => sum + bytesOf(each), 0);
        return { digest: index.digest, filesChecked: 2 * shards.length, damaged, bytesFetched };
      } finally {
        finish();
      }
    }),
  );
}

async function findDamage(
  vault: Vault,
  shards: readonly ShardReference[],
  { onProgress }: VerifyOptions,
  signal: AbortSignal,
): Promise<{ damaged: DamagedFile[]; missing: Missing[] }> {
  const progress = { filesDone: 0, filesTotal: 2 * shards.length };
  const found = await inFlight(shards, SHARDS_IN_FLIGHT, async (shard) => {
    const missing: Missing = { shard, images: false, labels: false };
    const damaged: DamagedFile[] = [];
    for (const half of ['images', 'labels'] as const) {
      const { sha256 } = shard[half];
      const fault = await faultOf(signal, sha256, () => vault[half](sha256));
      if (!fault) continue;
      missing[half] = true;
      damaged.push({ shard: shard.id, half, found: fault });
    }
    progress.filesDone += 2;
    onProgress?.({ ...progress });
    return { missing, damaged };
  });
  return {
    damaged: found.flatMap(({ damaged }) => damaged),
    missing: found.flatMap(({ missing, damaged }) => (damaged[0] ? missing : [])),
  };
}

/** What is found in place of content with this digest; null when it is that. */
async function faultOf(
  signal: AbortSignal,
  sha256: string,
  read: () => Promise<Uint8Array<ArrayBuffer> | undefined>,
): Promise<DamagedFile['found'] | null> {
  signal.throwIfAborted();
  try {
    const bytes = await read();
    if (!bytes) return 'nothing';
    return (await sha256Hex(bytes)) === sha256 ? null : 'other content';
  } catch (thrown) {
    // A Blob whose file the browser has lost. A connection that ended says nothing of what is stored.
    signal.throwIfAborted();
    if (thrown instanceof DataprepError && thrown.code === 'storage') return 'unreadable content';
    throw thrown;
  }
}

async function fetchAgain(
  address: Address,
  missing: Missing,
  as: StoredAs,
  signal: AbortSignal,
): Promise<ShardDelivery> {
  try {
    return await downloadShard(address, missing, as, signal);
  } catch (cause) {
    if (!(cause instanceof DataprepError && cause.code === 'http')) throw cause;
    throw new DataprepError(
      'stale',
      {
        place: `shard ${missing.shard.id}`,
        wanted: 'the shard, to repair what is stored here',
        found: `that the server does not have it any more: ${cause.found}`,
        next: 'Call sync(): it fetches the version that the server has now.',
      },
      { cause },
    );
  }
}
