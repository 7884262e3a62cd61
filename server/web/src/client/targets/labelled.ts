import { DataprepError } from '../complaint.ts';
import type { Mask } from '../decode/mask.ts';
import type { Sample } from '../wire.ts';
import type { NumberArray, Targets } from './numbers.ts';

/** A sample of a batch, as augmented, with its decoded mask where it has one. */
export interface Labelled {
  sample: Sample;
  /** The class index of every pixel, height x width uint8, row-major. */
  mask?: Mask;
}

/** Makes the `ys` of a batch: one array, several by name, or null. The first axis is that of the samples. */
export type Collate = (labelled: readonly Labelled[]) => Targets<NumberArray>;

/** @throws DataprepError (`labels`) always: naming the sample that lacks what a task needs */
export function lacking({ key }: Sample, wanted: string, found: string | number = 'none'): never {
  throw new DataprepError('labels', {
    place: key,
    wanted,
    found: String(found),
    next: 'Leave such samples out with filter, or in the manifest.',
  });
}
