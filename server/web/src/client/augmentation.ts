import type { Mask } from './decode/mask.ts';
import type { Picture } from './decode/path.ts';
import { checkWord, splitmix32, xoshiro128 } from './random.ts';
import type { Sample } from './wire.ts';

/** A sample's picture and, where it has one, its mask: the class index of every pixel of the picture, row-major. */
export type MaskedPicture = Picture & { mask?: Mask };

/** A sample as a training step sees it: labels in pixels of the picture beside them. */
export interface Augmented {
  sample: Sample;
  picture: MaskedPicture;
}

/** Varies samples at training time: pixels and every kind of label by one map. */
export interface Augmentation {
  /**
   * One variation of a sample. What it is given is not changed.
   *
   * @param words what chance decides by; see {@link sampleWords}. It takes as many as it needs: give each sample its own
   */
  apply(sample: Sample, picture: MaskedPicture, words: () => number): Augmented;
  /**
   * What `apply` makes of samples with the words of (seed, epoch, key), in workers. Where an augmentation has no such
   * function, `apply` is called, on the thread that reads.
   */
  applyAside?(samples: readonly Augmented[], seed: number, epoch: number): Promise<Augmented[]>;
}

/**
 * The stream of uint32 words of one sample in one epoch: a function of these three alone, so that neither the order of
 * an epoch, nor the size of its batches, nor where it was taken up again changes how a sample is varied.
 *
 * With splitmix32 and xoshiro128** as of `seededWords`, all arithmetic modulo 2^32:
 *
 *     h       = (first output of splitmix32 from seed) ^ epoch
 *     for each byte b of the key in UTF-8:
 *       h     = first output of splitmix32 from (h ^ b)
 *     s0…s3   = the first four outputs of splitmix32 from h
 *     words   = xoshiro128** from s0…s3
 *
 * Each of these steps is a bijection of h: two epochs never give a sample the same words.
 *
 * @param seed whole number in 0 … 2^32 - 1
 * @param epoch whole number in 0 … 2^32 - 1
 * @param key the sample's
 * @throws DataprepError (`usage`) for a seed or an epoch that is none
 */
export function sampleWords(seed: number, epoch: number, key: string): () => number {
  checkWord(seed, 'seed');
  checkWord(epoch, 'epoch');
  let h = splitmix32(seed)() ^ epoch;
  for (const byte of new TextEncoder().encode(key)) h = splitmix32(h ^ byte)();
  const next = splitmix32(h);
  return xoshiro128([next(), next(), next(), next()]);
}
