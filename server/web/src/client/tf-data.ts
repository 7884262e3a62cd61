import type { BatchOptions } from './options.ts';
import type { Batch, TensorFactory, TfDataset, TfElement } from './tensors.ts';

/** Options of `toTfData`: tf.data has a `repeat` of its own, and can't go on in the middle. */
export type TfDataOptions = Omit<BatchOptions, 'repeat' | 'cursor'>;

/** A `tf.data.Dataset` that reads one epoch after the other: each time it is iterated, the next. */
export function tfDataset(
  data: NonNullable<TensorFactory['data']>,
  options: TfDataOptions,
  batches: (options: BatchOptions) => AsyncGenerator<Batch, void, undefined>,
): TfDataset {
  let epoch = options.epoch ?? 0;
  async function* elements(): AsyncGenerator<TfElement, void, undefined> {
    for await (const { xs, ys } of batches({ ...options, epoch: epoch++ })) yield ys ? { xs, ys } : { xs };
  }
  return data.generator(elements);
}
