import type { DatasetIndex, Sample } from '../wire.ts';
import { type Labelled, lacking } from './labelled.ts';
import type { NumberArray } from './numbers.ts';

function hot(
  labelled: readonly Labelled[],
  classes: number,
  idsOf: (sample: Sample) => readonly number[],
): NumberArray {
  const values = new Float32Array(labelled.length * classes);
  for (const [row, { sample }] of labelled.entries()) {
    for (const id of idsOf(sample)) {
      if (id >= classes) lacking(sample, `a class below ${classes}`, id);
      values[row * classes + id] = 1;
    }
  }
  return { values, shape: [labelled.length, classes] };
}

/** `class`: one-hot, [n, classes] float32. */
export function classTargets(labelled: readonly Labelled[], { classes }: DatasetIndex): { class: NumberArray } {
  return { class: hot(labelled, classes.length, (sample) => [sample.class ?? lacking(sample, 'a class')]) };
}

/** `tags`: multi-hot, [n, classes] float32; a row of zeros where a sample has none of the tags. */
export function tagTargets(labelled: readonly Labelled[], { classes }: DatasetIndex): { tags: NumberArray } {
  return { tags: hot(labelled, classes.length, (sample) => sample.tags ?? lacking(sample, 'tags')) };
}
