import { seededWords, shuffleInPlace } from './random.ts';

/** A few samples of a split, the same in every epoch: a network that can't learn ten images by heart learns nothing. */
export interface Subset {
  /** How many; all there are, where there are fewer. */
  n: number;
  /** Whole number below 2^32; 0 when not given. Another one takes others. */
  seed?: number;
  /** Takes n of each class; samples without a class are left out. */
  perClass?: boolean;
}

/**
 * The positions that a subset takes: they are shuffled ({@link shuffleInPlace} with the words of (seed, 0)), and the
 * first n of them, or the first n of each class, are taken.
 *
 * @param positions those to choose from, ascending
 * @param classOf the class of the sample at a position, to take n of each; null to take n in all
 */
export function choose(
  positions: readonly number[],
  { n, seed = 0 }: Subset,
  classOf: ((position: number) => number | null | undefined) | null,
): Set<number> {
  const order = shuffleInPlace([...positions], seededWords(seed, 0));
  if (!classOf) return new Set(order.slice(0, n));
  const taken = new Map<number, number>();
  const chosen = new Set<number>();
  for (const position of order) {
    const of = classOf(position);
    if (of === null || of === undefined) continue;
    const before = taken.get(of) ?? 0;
    if (before < n) chosen.add(position);
    taken.set(of, before + 1);
  }
  return chosen;
}
