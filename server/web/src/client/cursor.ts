import { DataprepError } from './complaint.ts';
import type { BatchOptions, ReadMethod, ResumeOptions } from './options.ts';
import type { Shuffle } from './order.ts';
import type { Subset } from './subset.ts';
import type { Task } from './targets/task.ts';

/** What decides which samples come in which order. */
export interface ReadIdentity {
  /** The dataset's. */
  digest: string;
  split: string;
  /** How many the split has. Shards are cut finer or coarser, never otherwise: as many of one digest are the same. */
  shards: number;
  seed: number;
  /** What `auto` chose. */
  shuffle: Shuffle;
  subset: Subset | null;
  /** The names of the options that are functions, and so can't be kept: they have to be given again. */
  functions: string[];
}

/**
 * A place behind a batch, from which `batches` and `arrays` go on: plain JSON, to be kept beside a model's weights.
 *
 * It holds what decides the order, the options with which the reading goes on if it gets no others, and the place.
 */
export interface Cursor extends ReadIdentity {
  batchSize: number;
  dropLast?: boolean | undefined;
  repeat?: number | true | undefined;
  task?: Task | readonly Task[] | null | undefined;
  maxBoxes?: number | undefined;
  /** The epoch with which the reading began. */
  first: number;
  epoch: number;
  /** How many samples of this epoch's order have passed, filtered ones among them. */
  position: number;
}

/** The names of the functions among the options. */
export function functionsOf(options: Pick<BatchOptions, 'filter' | 'augment' | 'collate'>): string[] {
  return (['filter', 'augment', 'collate'] as const).filter((name) => options[name]);
}

/** The options with what they leave out filled in from their cursor. */
export function withCursor(given: BatchOptions | ResumeOptions): BatchOptions {
  const { cursor } = given;
  if (!cursor) return given as BatchOptions;
  const { digest, shards, functions, position, epoch, first, ...kept } = cursor;
  const own = Object.entries(given).filter(
    ([name, value]) => value !== undefined && !(name === 'shuffle' && value === 'auto'),
  );
  return { ...kept, epoch: first, ...Object.fromEntries(own) } as BatchOptions;
}

/** Where a read begins and ends. */
export interface Stretch {
  first: number;
  /** The first epoch to read, and how many samples of its order have passed. */
  epoch: number;
  position: number;
  /** The epoch behind the last one. */
  end: number;
}

/** @throws DataprepError (`usage`) for a cursor of another dataset, another order, or an epoch that isn't to be read */
export function stretchOf(
  method: ReadMethod,
  { cursor, epoch: first = 0, repeat = 1 }: BatchOptions,
  identity: ReadIdentity,
): Stretch {
  const end = repeat === true ? Number.POSITIVE_INFINITY : first + repeat;
  if (!cursor) return { first, epoch: first, position: 0, end };
  const { epoch, position } = cursor;
  const wanted = {
    ...identity,
    epoch: Number.isInteger(epoch) && epoch >= first && epoch < end ? epoch : `${first} to ${end - 1}`,
    position: Number.isSafeInteger(position) && position >= 0 ? position : 'a whole number',
  };
  for (const name of Object.keys(wanted) as (keyof typeof wanted)[]) {
    const [asked, found] = [JSON.stringify(wanted[name]), JSON.stringify(cursor[name])];
    if (asked === found) continue;
    const next = ['digest', 'shards'].includes(name)
      ? 'The dataset has changed since: begin the epoch anew.'
      : 'Pass the options with which the cursor was made, or no cursor.';
    const place = `${method}({ cursor })`;
    throw new DataprepError('usage', {
      place,
      wanted: `a cursor whose ${name} is ${asked}`,
      found: found ?? 'none',
      next,
    });
  }
  return { first, epoch, position, end };
}
