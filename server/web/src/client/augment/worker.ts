import type { Augmented } from '../augmentation.ts';
import { serve } from '../decode/serving.ts';
import { seededWords } from '../random.ts';
import { type Packed, packed } from './packed.ts';
import { augmentation } from './varied.ts';

/** Samples to vary, and by what. */
export interface VariationJob {
  /** What `augmentation` was given on the page. */
  settings: Parameters<typeof augmentation>;
  samples: readonly Augmented[];
  seed: number;
  epoch: number;
}

async function vary({ settings, samples, seed, epoch }: VariationJob): Promise<Packed> {
  const { apply } = augmentation(...settings);
  return packed(samples.map(({ sample, picture }) => apply(sample, picture, seededWords(seed, epoch, sample.key))));
}

serve(vary, ({ bytes }) => [bytes]);
