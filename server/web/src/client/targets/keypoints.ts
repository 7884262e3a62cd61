import type { DatasetIndex } from '../wire.ts';
import { type Labelled, lacking } from './labelled.ts';
import type { NumberArray } from './numbers.ts';

/**
 * The keypoints of each sample's first instance, K of them.
 *
 * - `keypoints`: [n, 2K] float32, x / width and y / height in turn; 0 where a point is not labelled (v = 0).
 * - `keypointMask`: [n, 2K] float32, 1 for a point that is labelled and 0 for one that is not: multiply a loss with it,
 *   or the model learns that unlabelled points lie in the corner.
 */
export function keypointTargets(
  labelled: readonly Labelled[],
  { keypoints }: DatasetIndex,
): { keypoints: NumberArray; keypointMask: NumberArray } {
  const count = keypoints?.names.length ?? 0;
  const shape = [labelled.length, 2 * count];
  const values = new Float32Array(labelled.length * 2 * count);
  const mask = new Float32Array(values.length);
  for (const [row, { sample }] of labelled.entries()) {
    const points = sample.keypoints?.[0] ?? [];
    if (points.length !== count) lacking(sample, `${count} keypoints`, points.length || 'none');
    const [width, height] = sample.image_size;
    for (const [column, [x, y, v]] of points.entries()) {
      if (v === 0) continue;
      const at = 2 * (row * count + column);
      values.set([x / width, y / height], at);
      mask.fill(1, at, at + 2);
    }
  }
  return { keypoints: { values, shape }, keypointMask: { values: mask, shape } };
}
