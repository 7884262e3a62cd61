import type { Augmentation, Augmented } from './augmentation.ts';
import type { Mask } from './decode/mask.ts';
import type { Picture } from './decode/path.ts';
import { type Decoding, entryMask } from './picture-decoder.ts';
import { seededWords } from './random.ts';
import type { Entry } from './reader.ts';
import type { Sample } from './wire.ts';

/** A sample with its decoded picture: `rgb` is height x width x 3 uint8, row-major. */
export interface SamplePixels extends Picture {
  sample: Sample;
  /** Where the sample has a mask: the class index of every pixel, height x width uint8, row-major. */
  mask?: Mask;
}

/** How samples are varied. */
export interface Variation {
  augment?: Augmentation | undefined;
  seed: number;
  epoch: number;
}

/** Decodes samples with their masks, and augments both. */
export async function samplePixels(
  entries: readonly Entry[],
  decoding: Decoding,
  { augment, seed, epoch }: Variation,
): Promise<SamplePixels[]> {
  const decoded = async (): Promise<Augmented[]> => {
    const [pictures, masks] = await Promise.all([decoding.pictures(entries), Promise.all(entries.map(entryMask))]);
    return entries.map(({ sample }, at) => {
      const mask = masks[at];
      return { sample, picture: { ...(pictures[at] as Picture), ...(mask && { mask }) } };
    });
  };
  let found = await decoded();
  if (augment) {
    const one = ({ sample, picture }: Augmented): Augmented =>
      augment.apply(sample, picture, seededWords(seed, epoch, sample.key));
    const aside = await augment.applyAside?.(found, seed, epoch);
    found = aside ?? (aside === null ? await decoded() : found).map(one);
  }
  return found.map(({ sample, picture }) => ({ sample, ...picture }));
}
