import type { Augmentation } from './augmentation.ts';
import { DataprepError } from './complaint.ts';
import type { Cursor } from './cursor.ts';
import type { Shuffle } from './order.ts';
import type { SampleFilter } from './reader.ts';
import type { Subset } from './subset.ts';
import type { Collate } from './targets/labelled.ts';
import type { Task } from './targets/task.ts';

/** Which samples an epoch reads, and in which order. */
export interface EpochOptions {
  split: string;
  /**
   * `full`: all samples at once. `{ window }`: within windows of shards of so many bytes of encoded images. `auto`:
   * `full` if the split's images fit the memory budget, else windows of half of it. `false`: as stored.
   * When not given: `false` for pixels, `auto` for batches.
   */
  shuffle?: Shuffle | 'auto';
  /** Whole number below 2^32; 0 when not given. The same (seed, epoch) gives the same order everywhere. */
  seed?: number;
  /** Whole number below 2^32; 0 when not given. Count it up to shuffle, and augment, anew. */
  epoch?: number;
  /** Leaves out the samples for which it gives false. The order of the others stays, and a subset is made of them. */
  filter?: SampleFilter;
  /** Only a few samples, the same in every epoch, e.g. to overfit them first. */
  subset?: Subset;
  /** Varies each sample anew in each epoch, before it is normalised. */
  augment?: Augmentation;
}

/** Epoch options, and what makes a batch. */
export interface BatchOptions extends EpochOptions {
  batchSize: number;
  /** Leaves out the last batch of an epoch if it is smaller than the others. */
  dropLast?: boolean;
  /** How many epochs, beginning with `epoch`; true for no end. 1 when not given. Batches don't reach across epochs. */
  repeat?: number | true;
  /** What `ys` are; several give them by name, `null` none. When not given: the first kind of {@link Task} there is. */
  task?: Task | readonly Task[] | null;
  /** Rows for boxes: the most that a sample may have. When not given: as many as each batch needs. */
  maxBoxes?: number;
  /** Makes `ys` instead of a task. */
  collate?: Collate;
  /** Goes on behind the batch that carried it. */
  cursor?: Cursor | null;
}

/** Options to go on behind a batch: those that are left out are the cursor's, apart from functions. */
export interface ResumeOptions extends Partial<BatchOptions> {
  cursor: Cursor;
}

/** The methods that take these options, for messages. */
export type ReadMethod = 'pixels' | 'arrays' | 'batches';

/** An option that is not as it has to be. */
export function badOption(place: string, wanted: string, found: unknown, next = 'Pass one.'): DataprepError {
  // JSON has no NaN.
  const shown = typeof found === 'number' ? String(found) : (JSON.stringify(found) ?? 'nothing');
  return new DataprepError('usage', { place, wanted, found: shown, next });
}

function checkWhole(method: ReadMethod, option: string, found: unknown, from: number): void {
  if (Number.isSafeInteger(found) && (found as number) >= from) return;
  throw badOption(`${method}({ ${option} })`, `a whole number from ${from}`, found);
}

/**
 * Checks what types can't: a number that is none, e.g. of an empty form field, would give an epoch without samples and
 * no word about it.
 */
export function checkEpochOptions(method: ReadMethod, { shuffle, subset }: EpochOptions): void {
  if (subset) checkWhole(method, 'subset: { n }', subset.n, 1);
  if (shuffle && typeof shuffle === 'object') {
    checkWhole(method, 'shuffle: { window }', shuffle.window, 0);
  } else if (![undefined, false, 'auto', 'full'].includes(shuffle)) {
    throw badOption(`${method}({ shuffle })`, "'auto', 'full', { window: bytes } or false", shuffle);
  }
}

/** As {@link checkEpochOptions}. */
export function checkBatchOptions(method: ReadMethod, options: BatchOptions): void {
  const { batchSize, repeat = 1, maxBoxes = 1 } = options;
  checkEpochOptions(method, options);
  checkWhole(method, 'batchSize', batchSize, 1);
  if (repeat !== true) checkWhole(method, 'repeat', repeat, 1);
  checkWhole(method, 'maxBoxes', maxBoxes, 1);
}
