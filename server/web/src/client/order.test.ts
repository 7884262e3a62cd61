import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { autoShuffle, epochOrder, kindOf, partsOf, type ReadWindow, type ShardExtent, type Shuffle } from './order.ts';
import { seededWords } from './random.ts';
import { choose } from './subset.ts';

/** Written by Python (tests/order_vectors.py), which holds them to its own. */
interface Vectors {
  words: { seed: number; epoch: number; words: number[] }[];
  subsets: { positions: number[]; n: number; seed: number; classes: (number | null)[] | null; chosen: number[] }[];
  orders: {
    shards: [number, number][];
    shuffle: Shuffle;
    seed: number;
    epoch: number;
    chosen: number[] | null;
    order: number[];
  }[];
}
const file = new URL('../../../../tests/vectors/order.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

const extents = fc.array(
  fc.record({ count: fc.integer({ min: 1, max: 20 }), bytes: fc.integer({ min: 1, max: 1000 }) }),
  { maxLength: 12 },
);
const budget = fc.integer({ min: 0, max: 12_000 });
const shuffle: fc.Arbitrary<Shuffle> = fc.oneof(
  fc.constant<Shuffle>(false),
  fc.constant<Shuffle>('full'),
  fc.record({ window: budget }),
);

const reads = (windows: readonly ReadWindow[]): number[] => windows.flatMap((window) => window.order);
const stored = (shards: readonly ShardExtent[]): number[] =>
  Array.from({ length: shards.reduce((sum, { count }) => sum + count, 0) }, (_, at) => at);

describe('the vectors that Python wrote', () => {
  it('have our words', () => {
    for (const { seed, epoch, words } of vectors.words) {
      expect(Array.from(words, seededWords(seed, epoch))).toEqual(words);
    }
  });

  it('have our subsets', () => {
    for (const { positions, n, seed, classes, chosen } of vectors.subsets) {
      const found = choose(positions, { n, seed }, classes && ((at) => classes[at]));
      expect([...found].sort((a, b) => a - b)).toEqual(chosen);
    }
  });

  it('have our orders', () => {
    expect(vectors.orders.length).toBeGreaterThan(50);
    for (const { shards, shuffle, seed, epoch, chosen, order } of vectors.orders) {
      const parts = partsOf(
        shards.map(([count, bytes]) => ({ count, bytes })),
        chosen && new Set(chosen),
      );
      expect(reads(epochOrder(parts, shuffle, seed, epoch))).toEqual(order);
    }
  });
});

describe('epochOrder', () => {
  it('reads every sample once, and each window from its own shards', () => {
    fc.assert(
      fc.property(extents, shuffle, fc.nat(), fc.nat(), (shards, how, seed, epoch) => {
        const windows = epochOrder(partsOf(shards, null), how, seed, epoch);
        expect(reads(windows).sort((a, b) => a - b)).toEqual(stored(shards));
        const shardOf = shards.flatMap(({ count }, shard) => new Array<number>(count).fill(shard));
        for (const { parts: held, order } of windows) {
          expect(new Set(order.map((at) => shardOf[at]))).toEqual(new Set(held.map(({ shard }) => shard)));
        }
      }),
    );
  });

  it('keeps the stored order when it is not to shuffle', () => {
    fc.assert(
      fc.property(extents, (shards) => {
        expect(reads(epochOrder(partsOf(shards, null), false, 1, 1))).toEqual(stored(shards));
      }),
    );
  });

  it('fills windows up to their bytes, unless a shard alone is larger', () => {
    fc.assert(
      fc.property(extents, budget, (shards, window) => {
        for (const { parts: held } of epochOrder(partsOf(shards, null), { window }, 3, 0)) {
          const bytes = held.reduce((sum, part) => sum + part.bytes, 0);
          expect(held.length === 1 || bytes <= window).toBe(true);
        }
      }),
    );
  });

  it('reads no shard of which nothing is chosen', () => {
    const shards = [4, 4, 4].map((count) => ({ count, bytes: 9 }));
    const windows = epochOrder(partsOf(shards, new Set([9, 2])), 'full', 0, 0);
    expect(windows.map(({ parts }) => parts.map(({ shard }) => shard))).toEqual([[0, 2]]);
    expect(reads(windows).sort()).toEqual([2, 9]);
  });
});

describe('autoShuffle', () => {
  it('shuffles as a whole exactly when the images fit the budget; two windows fit it else', () => {
    fc.assert(
      fc.property(extents, budget, (shards, memoryBudget) => {
        const total = shards.reduce((sum, shard) => sum + shard.bytes, 0);
        const found = autoShuffle(partsOf(shards, null), memoryBudget);
        expect(kindOf(found)).toBe(total <= memoryBudget ? 'full' : 'window');
        if (typeof found === 'object') expect(2 * found.window).toBeLessThanOrEqual(memoryBudget);
      }),
    );
  });
});
