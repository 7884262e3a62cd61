import { functionsOf, type ReadIdentity } from './cursor.ts';
import { badOption, type EpochOptions, type ReadMethod } from './options.ts';
import { autoShuffle, type Part, partsOf } from './order.ts';
import { readLabels, type SampleFilter } from './reader.ts';
import { choose, type Subset } from './subset.ts';
import type { CurrentState, Vault } from './vault.ts';
import type { ShardReference } from './wire.ts';

/** Where a read finds its samples. */
export interface ReadSource {
  vault: Vault;
  current: CurrentState;
  /** Those of the split, in the order of the index. */
  shards: readonly ShardReference[];
  /** Bytes of encoded images that may be in memory. */
  memoryBudget: number;
}

/** Which samples are read, in which order: the same in every epoch but for the words of chance. */
export interface ReadPlan extends ReadSource {
  identity: ReadIdentity;
  parts: readonly Part[];
}

/** Settles what the options leave open: which samples a subset takes, and how `auto` shuffles. */
export async function planRead(method: ReadMethod, source: ReadSource, options: EpochOptions): Promise<ReadPlan> {
  const { split, seed = 0, subset, shuffle = 'auto' } = options;
  const { current, shards, memoryBudget } = source;
  const extents = shards.map(({ count, images }) => ({ count, bytes: images.bytes }));
  const parts = partsOf(extents, subset ? await chosen(method, source, subset, options.filter) : null);
  const identity: ReadIdentity = {
    digest: current.index.digest,
    split,
    shards: shards.length,
    seed,
    shuffle: shuffle === 'auto' ? autoShuffle(parts, memoryBudget) : shuffle,
    subset: subset ? { n: subset.n, seed: subset.seed ?? 0, perClass: subset.perClass ?? false } : null,
    functions: functionsOf(options),
  };
  return { ...source, identity, parts };
}

/** The positions of a subset; labels are only read where they decide. */
async function chosen(
  method: ReadMethod,
  { vault, current, shards }: ReadSource,
  subset: Subset,
  filter: SampleFilter | undefined,
): Promise<ReadonlySet<number>> {
  const { labels } = current.index;
  if (subset.perClass && !labels.includes('class')) {
    const wanted = 'a dataset with a class a sample';
    throw badOption(`${method}({ subset: { perClass } })`, wanted, labels, 'Leave perClass out.');
  }
  const positions: number[] = [];
  const classes: (number | undefined)[] = [];
  let start = 0;
  for (const shard of shards) {
    const samples = subset.perClass || filter ? await readLabels(vault, shard) : [];
    for (let at = 0; at < shard.count; at++) {
      const sample = samples[at];
      if (!filter || (sample && filter(sample))) positions.push(start + at);
      classes.push(sample?.class);
    }
    start += shard.count;
  }
  return choose(positions, subset, subset.perClass ? (at) => classes[at] : null);
}
