import type { PathName } from './decode/path.ts';
import { filesOf, holds } from './intake.ts';
import type { OrderKind } from './order.ts';
import { persisted } from './preflight.ts';
import { bytesStored } from './room.ts';
import { inSplitOrder } from './splits.ts';
import { surroundings } from './surroundings.ts';
import type { StoredAs, Vault } from './vault.ts';

/** What is here, and what this device can do. */
export interface DatasetStatus {
  synced: boolean;
  /** A sync was begun and did not finish; the next goes on where it was. */
  pending: boolean;
  digest: string | null;
  splits: Record<string, { samples: number; synced: boolean }>;
  /** Samples in the synced splits. */
  samples: number;
  bytesStored: number;
  storedAs: StoredAs;
  /** The decode path in use, or null until it has been proven (on the first read of pixels). */
  decoder: PathName | null;
  /** Whether that path gave the golden pixels; null until then. */
  exact: boolean | null;
  /** How the last epoch was ordered, or null before the first. */
  order: OrderKind | null;
  /** Whether the browser promises to keep what is stored when disk space runs low; null where it does not say. */
  persisted: boolean | null;
  secureContext: boolean;
  /** A sentence for everything that works less well here than it could. */
  losses: string[];
}

/** What only the open dataset knows. */
export type ReadingState = Pick<DatasetStatus, 'decoder' | 'exact' | 'order'>;

/** Looks into the database and at the browser. */
export async function datasetStatus(
  vault: Vault,
  reading: ReadingState,
  decoderLoss: string | null,
): Promise<DatasetStatus> {
  const storedAs = await vault.storedAs();
  const { current, pending, keys } = await vault.stock();
  const splits: DatasetStatus['splits'] = {};
  const sizes = current?.index.splits ?? {};
  for (const split of inSplitOrder(Object.keys(sizes))) {
    const samples = sizes[split]?.samples ?? 0;
    const files = filesOf(current?.index.shards.filter((shard) => shard.split === split) ?? []);
    // The browser may have evicted some of it, or a verification deleted what was damaged.
    splits[split] = { samples, synced: (current?.splits.includes(split) ?? false) && holds(keys, files) };
  }
  const { secureContext, losses } = surroundings();
  if (storedAs === 'bytes') losses.push('IndexedDB keeps no Blobs here: shards are stored as bytes, which is slower.');
  if (decoderLoss) losses.push(decoderLoss);
  const kept = await persisted();
  if (kept === false)
    losses.push('No promise to keep it: when disk space runs low, the browser may delete what is stored.');
  if (reading.exact === false) losses.push('Decoded pixels differ slightly from those that were prepared.');
  return {
    synced: current !== undefined,
    pending: pending !== undefined,
    digest: current?.index.digest ?? null,
    splits,
    samples: Object.values(splits).reduce((sum, split) => sum + (split.synced ? split.samples : 0), 0),
    bytesStored: bytesStored(keys, [current, pending]),
    storedAs,
    ...reading,
    persisted: kept,
    secureContext,
    losses,
  };
}
