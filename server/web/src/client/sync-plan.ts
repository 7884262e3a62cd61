import { DataprepError } from './complaint.ts';
import type { StoredKeys } from './intake.ts';
import { inSplitOrder } from './splits.ts';
import type { DatasetIndex, ShardReference } from './wire.ts';

/** A shard, and which halves of it are missing. */
export interface Missing {
  shard: ShardReference;
  images: boolean;
  labels: boolean;
}

/** What there is to do to have some splits of an index. Bytes are exact: those of the files that the index names. */
export interface Plan {
  splits: string[];
  missing: Missing[];
  shardsTotal: number;
  bytesTotal: number;
  bytesMissing: number;
}

/** The bytes of the halves that are missing. */
export function bytesOf({ shard, images, labels }: Missing): number {
  return (images ? shard.images.bytes : 0) + (labels ? shard.labels.bytes : 0);
}

/**
 * Plans a sync.
 *
 * @param asked all splits when undefined
 * @throws DataprepError (`usage`) for a split that the index does not have
 */
export function planSync(index: DatasetIndex, asked: readonly string[] | undefined, stored: StoredKeys): Plan {
  const splits = checkSplits(index, asked);
  const plan: Plan = { splits, missing: [], shardsTotal: 0, bytesTotal: 0, bytesMissing: 0 };
  for (const shard of index.shards.filter(({ split }) => splits.includes(split))) {
    const images = !stored.images.has(shard.images.sha256);
    const labels = !stored.labels.has(shard.labels.sha256);
    const each = { shard, images, labels };
    plan.shardsTotal += 1;
    plan.bytesTotal += shard.images.bytes + shard.labels.bytes;
    plan.bytesMissing += bytesOf(each);
    if (images || labels) plan.missing.push(each);
  }
  return plan;
}

function checkSplits(index: DatasetIndex, asked: readonly string[] | undefined): string[] {
  const known = inSplitOrder(Object.keys(index.splits));
  for (const split of asked ?? []) {
    if (known.includes(split)) continue;
    throw new DataprepError('usage', {
      place: `sync({ splits }) of ${index.name}`,
      wanted: `some of ${known.join(', ')}`,
      found: JSON.stringify(split),
      next: 'Leave `splits` out for all.',
    });
  }
  return [...new Set(asked ?? known)];
}
