import type { Augmented } from '../augmentation.ts';
import { serve } from '../decode/serving.ts';
import { seededWords } from '../random.ts';
import { augmentation } from './varied.ts';

/** Samples to vary, and by what. */
export interface VariationJob {
  /** What `augmentation` was given on the page. */
  settings: Parameters<typeof augmentation>;
  samples: readonly Augmented[];
  seed: number;
  epoch: number;
}

async function vary({ settings, samples, seed, epoch }: VariationJob): Promise<Augmented[]> {
  const { apply } = augmentation(...settings);
  return samples.map(({ sample, picture }) => apply(sample, picture, seededWords(seed, epoch, sample.key)));
}

serve(vary, (varied) => varied.flatMap(({ picture: { rgb, mask } }) => (mask ? [rgb, mask] : [rgb])));
