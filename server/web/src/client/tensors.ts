import type { data, Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { ArrayBatch, BatchOf } from './epoch.ts';
import { mapTargets, type NumberArray } from './targets/numbers.ts';
import type { Normalization } from './wire.ts';

/** What `toTfData` gives, element by element: `ys` is left out where a batch has none. */
export type TfElement = { xs: Tensor; ys?: Tensor | Record<string, Tensor> };

/** A `tf.data.Dataset` of batches. */
export type TfDataset = data.Dataset<TfElement>;

/** The part of the tfjs namespace that this client calls: `import * as tf from '@tensorflow/tfjs'` fits. */
export interface TensorFactory {
  tensor(values: Float32Array | Int32Array, shape: number[], dtype: 'float32' | 'int32'): Tensor;
  /** Only `toTfData` needs it. */
  data?: { generator(make: () => AsyncIterator<TfElement>): TfDataset };
}

/** A batch as tensors. The consumer owns `xs` and what is in `ys`, and disposes both. */
export interface Batch extends BatchOf<Tensor> {
  xs: Tensor4D;
}

/** The tensors of a batch: all, or none when one can't be made. */
export function tensorsOf(tf: TensorFactory, batch: ArrayBatch): Batch {
  const made: Tensor[] = [];
  const make = ({ values, shape }: NumberArray): Tensor => {
    const tensor = tf.tensor(values, shape, values instanceof Int32Array ? 'int32' : 'float32');
    made.push(tensor);
    return tensor;
  };
  try {
    return { ...batch, xs: make(batch.xs) as Tensor4D, ys: mapTargets(batch.ys, make) };
  } catch (thrown) {
    for (const tensor of made) tensor.dispose();
    throw thrown;
  }
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
