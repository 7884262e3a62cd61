import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededWords } from './random.ts';

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const take = (next: () => number, n: number): number[] => Array.from({ length: n }, next);

describe('the words of a sample', () => {
  // Computed by a Python program written from the doc comment alone.
  it.each([
    [0, 0, 'a.jpg', [3387258812, 999871043, 1261074440]],
    [1, 0, 'a.jpg', [2484691469, 817023283, 785157747]],
    [0, 1, 'a.jpg', [2428748317, 363714314, 1891561668]],
    [4294967295, 7, 'Grüße/日本.png::1', [3300157864, 1113766303, 2665024825]],
  ])('are what Python computes for seed %i, epoch %i, key %s', (seed, epoch, key, words) => {
    expect(take(seededWords(seed, epoch, key), 3)).toEqual(words);
  });

  it('differ from epoch to epoch, and from those of the order', () => {
    fc.assert(
      fc.property(word, fc.integer({ min: 0, max: 1000 }), fc.string({ minLength: 1 }), (seed, epoch, key) => {
        const once = take(seededWords(seed, epoch, key), 4);
        expect(take(seededWords(seed, epoch, key), 4)).toEqual(once);
        expect(take(seededWords(seed, epoch + 1, key), 4)).not.toEqual(once);
        expect(take(seededWords(seed, epoch, `${key}0`), 4)).not.toEqual(once);
        expect(take(seededWords(seed, epoch), 4)).not.toEqual(once);
      }),
    );
  });

  it.each([-1, 0.5, 2 ** 32])('refuse %d as an epoch', (epoch) => {
    expect(() => seededWords(0, epoch, 'a')).toThrow(/epoch: wanted a whole number/);
  });
});
