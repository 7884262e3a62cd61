import { type Labelled, lacking } from './labelled.ts';
import type { NumberArray } from './numbers.ts';

/** `mask`: the class index of every pixel, [n, height, width] int32; `tf.oneHot` makes it [n, height, width, classes]. */
export function maskTargets(labelled: readonly Labelled[]): { mask: NumberArray } {
  const [width = 0, height = 0] = labelled[0]?.sample.image_size ?? [];
  const values = new Int32Array(labelled.length * width * height);
  for (const [position, { sample, mask }] of labelled.entries()) {
    values.set(mask ?? lacking(sample, 'a mask'), position * width * height);
  }
  return { mask: { values, shape: [labelled.length, height, width] } };
}
