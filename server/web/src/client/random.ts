import { DataprepError } from './complaint.ts';

const WORD = 2 ** 32;

function rotateLeft(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** splitmix32: every call adds 0x9E3779B9 to the state and mixes it. See {@link seededWords}. */
function splitmix32(start: number): () => number {
  let state = start | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

/** xoshiro128** 1.1 (Blackman and Vigna) from four state words, not all zero: uint32 a call. */
export function xoshiro128(words: readonly [number, number, number, number]): () => number {
  let [a, b, c, d] = words;
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
}

/** @throws DataprepError (`usage`) for what is no uint32 */
function checkWord(value: number, place: string): void {
  if (Number.isInteger(value) && value >= 0 && value < WORD) return;
  throw new DataprepError('usage', {
    place,
    wanted: 'a whole number from 0 to 4294967295',
    found: String(value),
    next: 'Pass such a number.',
  });
}

/**
 * The stream of uint32 words for an epoch, or for one sample in it: a function of these alone, so that neither the order
 * of an epoch, nor the size of its batches, nor where it was taken up again changes how a sample is varied.
 *
 * All arithmetic is modulo 2^32; `>>` is a logical shift.
 *
 *     splitmix32(s):   s += 0x9E3779B9; z = s
 *                      z = (z ^ (z >> 16)) * 0x21F0AAAD
 *                      z = (z ^ (z >> 15)) * 0x735A2D97
 *                      output z ^ (z >> 15)
 *
 *     h       = (first output of splitmix32 from seed) ^ epoch
 *     for each byte b of the sample's key in UTF-8:
 *       h     = first output of splitmix32 from (h ^ b)
 *     s0…s3   = the first four outputs of splitmix32 from h
 *
 *     xoshiro128**:    output rotl(s1 * 5, 7) * 9
 *                      t = s1 << 9; s2 ^= s0; s3 ^= s1; s1 ^= s2; s0 ^= s3; s2 ^= t; s3 = rotl(s3, 11)
 *
 * splitmix32 is a bijection of its state and its states differ, so the four words are distinct and never all zero. Each
 * step of h is a bijection as well: two epochs never give a sample the same words.
 *
 * @param seed whole number in 0 … 2^32 - 1
 * @param epoch whole number in 0 … 2^32 - 1
 * @param key a sample's; without one they are the epoch's own
 * @throws DataprepError (`usage`) for a seed or an epoch that is none
 */
export function seededWords(seed: number, epoch: number, key = ''): () => number {
  checkWord(seed, 'seed');
  checkWord(epoch, 'epoch');
  let h = splitmix32(seed)() ^ epoch;
  for (const byte of new TextEncoder().encode(key)) h = splitmix32(h ^ byte)();
  const next = splitmix32(h);
  return xoshiro128([next(), next(), next(), next()]);
}

/**
 * A whole number in 0 … n - 1, without bias: words at or above the largest multiple of n below 2^32 are thrown
 * away, and the first that is left is taken modulo n.
 */
export function below(words: () => number, n: number): number {
  const limit = WORD - (WORD % n);
  let word = words();
  while (word >= limit) word = words();
  return word % n;
}

/**
 * Fisher–Yates, in place, from the end: for i = n - 1 … 1, swap items i and below(i + 1).
 *
 * @returns the same array
 */
export function shuffleInPlace<T extends { length: number; [position: number]: unknown }>(
  items: T,
  words: () => number,
): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = below(words, i + 1);
    const kept = items[i];
    (items as { [position: number]: unknown })[i] = items[j];
    (items as { [position: number]: unknown })[j] = kept;
  }
  return items;
}
