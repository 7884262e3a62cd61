import { seededWords, shuffleInPlace } from './random.ts';

/** How an epoch was ordered: as stored, shuffled as a whole, or shuffled within windows of shards. */
export type OrderKind = 'stored' | 'full' | 'window';

/** How to shuffle: not at all, as a whole, or in windows of so many bytes of encoded images. */
export type Shuffle = false | 'full' | { window: number };

/** What the order needs to know of a shard: its samples, and the bytes of its encoded images. */
export interface ShardExtent {
  count: number;
  bytes: number;
}

/** What takes part of a shard. */
export interface Part {
  /** The shard's position in the split's list. */
  shard: number;
  /** The position of its first sample in the stored order of the split. */
  start: number;
  /** Positions of the samples that take part, likewise; ascending. */
  positions: number[];
  bytes: number;
}

/** Shards that are in memory together, and the order in which their samples are read. */
export interface ReadWindow {
  parts: readonly Part[];
  /** Positions in the stored order of the split. */
  order: number[];
}

/** What takes part of each shard. A shard of which nothing does is left out, as if it were not there. */
export function partsOf(extents: readonly ShardExtent[], chosen: ReadonlySet<number> | null): Part[] {
  const parts: Part[] = [];
  let start = 0;
  for (const [shard, { count, bytes }] of extents.entries()) {
    const positions: number[] = [];
    for (let at = start; at < start + count; at++) if (!chosen || chosen.has(at)) positions.push(at);
    if (positions.length > 0) parts.push({ shard, start, positions, bytes });
    start += count;
  }
  return parts;
}

/**
 * What `auto` chooses: `full` where the encoded images fit the budget, else windows of half of it, because the next
 * window is loaded while this one is read.
 */
export function autoShuffle(parts: readonly Part[], memoryBudget: number): Shuffle {
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  return total <= memoryBudget ? 'full' : { window: Math.floor(memoryBudget / 2) };
}

/** The name of a way to shuffle. */
export function kindOf(shuffle: Shuffle): OrderKind {
  if (shuffle === false) return 'stored';
  return shuffle === 'full' ? 'full' : 'window';
}

/**
 * The order of an epoch, a function of its parts, `shuffle` and (seed, epoch) alone; `dataprep.order` is the same in
 * Python.
 *
 * - Not shuffled: one window a shard, in stored order.
 * - `full`: one window of all shards, its samples shuffled.
 * - `{ window }`: the shards are shuffled first; windows are filled with them in turn while their bytes stay within
 *   the window's (one has at least one shard); then the samples of each window are shuffled, windows in turn.
 *
 * All shuffles are {@link shuffleInPlace} on one stream of {@link seededWords}, in the order named here.
 */
export function epochOrder(parts: readonly Part[], shuffle: Shuffle, seed: number, epoch: number): ReadWindow[] {
  const words = seededWords(seed, epoch);
  const windowOf = (group: readonly Part[]): ReadWindow => ({
    parts: group,
    order: group.flatMap((part) => part.positions),
  });
  if (shuffle === false) return parts.map((part) => windowOf([part]));
  const groups = shuffle === 'full' ? [parts] : fillWindows(shuffleInPlace([...parts], words), shuffle.window);
  const windows = groups.map(windowOf);
  for (const { order } of windows) shuffleInPlace(order, words);
  return windows;
}

function fillWindows(parts: readonly Part[], budget: number): Part[][] {
  const windows: Part[][] = [];
  let held = 0;
  for (const part of parts) {
    held += part.bytes;
    const window = windows.at(-1);
    if (window && held <= budget) {
      window.push(part);
    } else {
      windows.push([part]);
      held = part.bytes;
    }
  }
  return windows;
}
