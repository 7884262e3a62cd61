import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs';
import { DataprepError } from './complaint.ts';
import type { DatasetIndex, Normalization, Sample } from './wire.ts';

/** The part of the tfjs namespace that this client calls: `import * as tf from '@tensorflow/tfjs'` fits. */
export interface TensorFactory {
  tensor2d(values: Float32Array, shape: [number, number]): Tensor2D;
  tensor4d(values: Float32Array, shape: [number, number, number, number]): Tensor4D;
}

/** What a batch's `ys` are for. */
export type Task = 'class' | 'keypoints';

/** `ys` of a batch as plain numbers, [samples, columns] row-major. */
export interface Targets {
  values: Float32Array;
  columns: number;
}

/**
 * The normalised value of every byte, for R, G and B in turn: 3 x 256.
 *
 * Computed in double precision and rounded to float32 once, so a value does not depend on the backend.
 */
export function normalizationTable({ scale, offset }: Normalization): Float32Array {
  const table = new Float32Array(3 * 256);
  for (let channel = 0; channel < 3; channel++) {
    for (let x = 0; x < 256; x++) {
      table[channel * 256 + x] = x * (scale[channel] as number) + (offset[channel] as number);
    }
  }
  return table;
}

/**
 * Writes a normalised picture into `out` from position `at`.
 *
 * @param rgb uint8 RGB, row-major; `out` gets as many float32, in the same order
 */
export function normalizeInto(out: Float32Array, at: number, rgb: Uint8Array, table: Float32Array): void {
  for (let i = 0; i < rgb.length; i += 3) {
    out[at + i] = table[rgb[i] as number] as number;
    out[at + i + 1] = table[256 + (rgb[i + 1] as number)] as number;
    out[at + i + 2] = table[512 + (rgb[i + 2] as number)] as number;
  }
}

/** The task of a batch when none is named: class if the dataset has it, else keypoints, else none. */
export function defaultTask(index: DatasetIndex): Task | null {
  if (index.labels.includes('class')) return 'class';
  return index.labels.includes('keypoints') ? 'keypoints' : null;
}

/**
 * @throws DataprepError (`usage`) when the dataset has no labels for the task at all
 */
export function checkTask(index: DatasetIndex, task: Task): void {
  const able = task === 'class' ? index.classes.length > 0 && index.labels.includes('class') : index.keypoints !== null;
  if (able) return;
  throw new DataprepError('usage', {
    place: `batches({ task: '${task}' }) of ${index.name}`,
    wanted: `a dataset with ${task === 'class' ? 'a class a sample' : 'keypoints'}`,
    found: `labels: ${index.labels.join(', ') || 'none'}`,
    next: 'Choose another task, or task: null for images alone.',
  });
}

function lacking(key: string, wanted: string, found: string): never {
  throw new DataprepError('labels', {
    place: key,
    wanted,
    found,
    next: 'Leave such samples out with where: (sample) => …, or filter them in the manifest.',
  });
}

/** One-hot classes: [n, classes]. */
export function classTargets(samples: readonly Sample[], classes: readonly string[]): Targets {
  const values = new Float32Array(samples.length * classes.length);
  for (const [row, sample] of samples.entries()) {
    if (sample.class === undefined) lacking(sample.key, 'a class', 'none');
    if (sample.class >= classes.length) lacking(sample.key, `a class below ${classes.length}`, String(sample.class));
    values[row * classes.length + sample.class] = 1;
  }
  return { values, columns: classes.length };
}

/**
 * The keypoints of each sample's first instance: [n, 2K], x / width and y / height in turn.
 *
 * A keypoint that is not labelled (v = 0) has no place, so it is an error rather than a zero that a model would learn.
 */
export function keypointTargets(samples: readonly Sample[], names: readonly string[]): Targets {
  const columns = 2 * names.length;
  const values = new Float32Array(samples.length * columns);
  for (const [row, sample] of samples.entries()) {
    const points = sample.keypoints?.[0];
    if (!points) lacking(sample.key, `${names.length} keypoints`, 'none');
    if (points.length !== names.length) lacking(sample.key, `${names.length} keypoints`, String(points.length));
    const [width, height] = sample.image_size;
    for (const [column, [x, y, v]] of points.entries()) {
      if (v === 0) lacking(sample.key, `a place for keypoint ${names[column]}`, 'not labelled (v = 0)');
      values[row * columns + 2 * column] = x / width;
      values[row * columns + 2 * column + 1] = y / height;
    }
  }
  return { values, columns };
}
