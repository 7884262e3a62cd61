import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutExtents, type EpochOrder, epochOrder, type ShardExtent } from './order.ts';

const extent = fc.record({ count: fc.integer({ min: 1, max: 20 }), bytes: fc.integer({ min: 1, max: 1000 }) });
const extents = fc.array(extent, { maxLength: 12 });
const budget = fc.integer({ min: 0, max: 12_000 });

/** Every sample of an order as shard:position, in the order in which it is read. */
function reads(order: EpochOrder, shards: readonly ShardExtent[]): string[] {
  return order.windows.flatMap((window) => {
    const held = window.shards.flatMap((at) => Array.from({ length: shards[at]?.count ?? 0 }, (_, i) => `${at}:${i}`));
    expect(window.order.length).toBe(held.length);
    return Array.from(window.order, (at) => held[at] as string);
  });
}

const stored = (shards: readonly ShardExtent[]): string[] =>
  shards.flatMap(({ count }, at) => Array.from({ length: count }, (_, i) => `${at}:${i}`));

describe('epochOrder', () => {
  it('reads every sample once, whatever the budget', () => {
    fc.assert(
      fc.property(extents, budget, fc.boolean(), fc.nat(), fc.nat(), (shards, memoryBudget, shuffle, seed, epoch) => {
        const order = epochOrder(shards, { shuffle, seed, epoch, memoryBudget });
        expect(reads(order, shards).sort()).toEqual(stored(shards).sort());
      }),
    );
  });

  it('keeps the stored order when it is not to shuffle', () => {
    fc.assert(
      fc.property(extents, budget, (shards, memoryBudget) => {
        const order = epochOrder(shards, { shuffle: false, seed: 1, epoch: 1, memoryBudget });
        expect(order.kind).toBe('stored');
        expect(reads(order, shards)).toEqual(stored(shards));
      }),
    );
  });

  it('shuffles as a whole exactly when the images fit the budget', () => {
    fc.assert(
      fc.property(extents, budget, (shards, memoryBudget) => {
        const total = shards.reduce((sum, shard) => sum + shard.bytes, 0);
        const order = epochOrder(shards, { shuffle: true, seed: 0, epoch: 0, memoryBudget });
        expect(order.kind).toBe(total <= memoryBudget ? 'full' : 'window');
      }),
    );
  });

  it('holds at most the budget in two neighbouring windows, unless a shard alone is larger', () => {
    fc.assert(
      fc.property(extents, budget, (shards, memoryBudget) => {
        const { kind, windows } = epochOrder(shards, { shuffle: true, seed: 3, epoch: 0, memoryBudget });
        for (const window of kind === 'window' ? windows : []) {
          const bytes = window.shards.reduce((sum, at) => sum + (shards[at]?.bytes ?? 0), 0);
          expect(window.shards.length === 1 || bytes <= memoryBudget / 2).toBe(true);
        }
      }),
    );
  });

  it('takes the first n in stored order', () => {
    fc.assert(
      fc.property(extents, fc.nat(100), (shards, n) => {
        const order = epochOrder(shards, { shuffle: true, seed: 0, epoch: 0, memoryBudget: 1e9, take: n });
        expect(reads(order, cutExtents(shards, n)).sort()).toEqual(stored(shards).slice(0, n).sort());
      }),
    );
  });
});
