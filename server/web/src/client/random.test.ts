import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { below, seededWords, shuffleInPlace, xoshiro128 } from './random.ts';

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const take = (next: () => number, n: number): number[] => Array.from({ length: n }, next);
const shuffled = (n: number, seed: number, epoch: number): number[] =>
  shuffleInPlace(
    Array.from({ length: n }, (_, i) => i),
    seededWords(seed, epoch),
  );

describe('xoshiro128**', () => {
  it('gives the words of the reference implementation from the state 1, 2, 3, 4', () => {
    expect(take(xoshiro128([1, 2, 3, 4]), 8)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849,
    ]);
  });
});

describe('seeded order', () => {
  // Computed by a Python program written from the doc comments alone.
  it.each([
    [0, 0, [4040328573, 766560300, 3233569545], [5, 2, 7, 9, 0, 8, 4, 1, 6, 3]],
    [1, 0, [1526988584, 2907895945, 1394869624], [6, 1, 2, 7, 5, 3, 8, 0, 9, 4]],
    [0, 1, [3103873459, 181218647, 3002039413], [7, 6, 0, 4, 3, 8, 1, 5, 2, 9]],
    [4294967295, 7, [929041021, 757236235, 2926599851], [9, 0, 2, 6, 8, 5, 7, 3, 4, 1]],
  ])('is what Python computes for seed %i, epoch %i', (seed, epoch, words, order) => {
    expect(take(seededWords(seed, epoch), 3)).toEqual(words);
    expect(shuffled(10, seed, epoch)).toEqual(order);
  });

  it('is a permutation, the same for the same seed and epoch', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), word, word, (n, seed, epoch) => {
        const once = shuffled(n, seed, epoch);
        expect([...once].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
        expect(shuffled(n, seed, epoch)).toEqual(once);
      }),
    );
  });

  it('differs from epoch to epoch and from seed to seed', () => {
    fc.assert(
      fc.property(word, fc.integer({ min: 0, max: 1000 }), (seed, epoch) => {
        const once = shuffled(100, seed, epoch);
        expect(shuffled(100, seed, epoch + 1)).not.toEqual(once);
        expect(shuffled(100, (seed + 1) % 2 ** 32, epoch)).not.toEqual(once);
      }),
    );
  });

  it.each([-1, 0.5, 2 ** 32, Number.NaN])('refuses %d as a seed', (seed) => {
    expect(() => seededWords(seed, 0)).toThrow(/seed: wanted a whole number/);
  });
});

describe('below', () => {
  it('throws away the words that would favour small numbers', () => {
    // 2^32 = 3 * 1431655765 + 1: the last word alone would make 0 likelier than 1 and 2.
    const words = [2 ** 32 - 1, 2 ** 32 - 2];
    expect(below(() => words.shift() as number, 3)).toBe((2 ** 32 - 2) % 3);
    expect(words).toEqual([]);
  });

  it('stays below n', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), word, (n, seed) => {
        expect(below(seededWords(seed, 0), n)).toBeLessThan(n);
      }),
    );
  });
});
