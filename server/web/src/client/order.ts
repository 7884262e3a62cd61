import { seededWords, shuffleInPlace } from './random.ts';

/** How an epoch was ordered: as stored, shuffled as a whole, or shuffled within windows of shards. */
export type OrderKind = 'stored' | 'full' | 'window';

/** What the order needs to know of a shard: its samples, and the bytes of its encoded images. */
export interface ShardExtent {
  count: number;
  bytes: number;
}

/** Shards that are in memory together, and the order in which their samples are read. */
export interface ReadWindow {
  /** Positions in the split's list of shards. */
  shards: number[];
  /** Positions in the concatenation of these shards' samples. */
  order: Uint32Array;
}

/** The whole order of an epoch. */
export interface EpochOrder {
  kind: OrderKind;
  windows: ReadWindow[];
}

/** What decides an order. `take` keeps the first n samples in stored order. */
export interface OrderOptions {
  shuffle: boolean;
  seed: number;
  epoch: number;
  memoryBudget: number;
  take?: number | undefined;
}

/** The shards that hold the first `take` samples, the last of them cut short. */
export function cutExtents(extents: readonly ShardExtent[], take: number | undefined): ShardExtent[] {
  let left = take ?? Number.POSITIVE_INFINITY;
  const cut: ShardExtent[] = [];
  for (const extent of extents) {
    if (left <= 0) break;
    cut.push({ count: Math.min(extent.count, left), bytes: extent.bytes });
    left -= extent.count;
  }
  return cut;
}

function countUp(n: number): Uint32Array {
  return Uint32Array.from({ length: n }, (_, position) => position);
}

/**
 * The order of an epoch, a function of the shards and (seed, epoch) alone.
 *
 * - Not shuffled: one window a shard, in stored order (`stored`).
 * - The encoded images fit `memoryBudget`: one window of all shards in stored order, its samples shuffled (`full`).
 * - Otherwise (`window`): the shards are shuffled first; windows are filled with them in turn while their bytes
 *   stay within half the budget (a window has at least one shard), because the next window is loaded while this one
 *   is read; then the samples of each window are shuffled, windows in turn.
 *
 * All shuffles are {@link shuffleInPlace} on one stream of {@link seededWords}, in the order named here.
 */
export function epochOrder(shards: readonly ShardExtent[], options: OrderOptions): EpochOrder {
  const extents = cutExtents(shards, options.take);
  const positions = extents.map((_, position) => position);
  const samplesOf = (window: number[]): number => window.reduce((sum, at) => sum + (extents[at]?.count ?? 0), 0);
  if (!options.shuffle) {
    return { kind: 'stored', windows: positions.map((at) => ({ shards: [at], order: countUp(samplesOf([at])) })) };
  }

  const words = seededWords(options.seed, options.epoch);
  const total = extents.reduce((sum, extent) => sum + extent.bytes, 0);
  const whole = total <= options.memoryBudget;
  const groups = whole ? [positions] : fillWindows(shuffleInPlace(positions, words), extents, options.memoryBudget / 2);
  const windows = groups.map((group) => ({ shards: group, order: shuffleInPlace(countUp(samplesOf(group)), words) }));
  return { kind: whole ? 'full' : 'window', windows };
}

function fillWindows(positions: number[], extents: readonly ShardExtent[], budget: number): number[][] {
  const windows: number[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const at of positions) {
    const size = extents[at]?.bytes ?? 0;
    const window = windows.at(-1);
    if (window && bytes + size <= budget) {
      window.push(at);
      bytes += size;
    } else {
      windows.push([at]);
      bytes = size;
    }
  }
  return windows;
}
