/**
 * Runs `work` over `items` with at most `limit` of them under way at a time.
 *
 * Rejects with the first failure, once everything under way has settled: nothing goes on in the background
 * after the caller has been told that it is over.
 *
 * @returns the results, in the order of the items
 */
export async function inFlight<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, position: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const queue = items.entries();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (const [position, item] of queue) {
      if (failed) return;
      try {
        results[position] = await work(item, position);
      } catch (thrown) {
        failed = true;
        throw thrown;
      }
    }
  };
  const lanes = Array.from({ length: Math.min(limit, items.length) }, lane);
  const settled = await Promise.allSettled(lanes);
  for (const lane of settled) if (lane.status === 'rejected') throw lane.reason;
  return results;
}

/**
 * Runs `work` over what `source` gives, at most `limit` at a time, while the consumer is still busy with earlier results.
 *
 * Results come in the order of the source, and so does a failure. At most `limit` of them are under way or wait. When
 * the consumer stops early, everything under way settles and the source is closed before that is over for it.
 */
export async function* pipelined<T, R>(
  source: AsyncGenerator<T, void, undefined>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const line: Promise<IteratorResult<R, void>>[] = [];
  let stopped = false;
  const start = (): void => {
    // A generator answers in the order in which it is asked.
    const coming = source.next().then(async (item): Promise<IteratorResult<R, void>> => {
      if (item.done || stopped) return { done: true, value: undefined };
      return { done: false, value: await work(item.value) };
    });
    // The consumer may stop before it sees this failure; that must not become an unhandled rejection.
    coming.catch(() => undefined);
    line.push(coming);
  };
  try {
    while (line.length < limit) start();
    for (let next = line.shift(); next; next = line.shift()) {
      const result = await next;
      if (result.done) return;
      start();
      yield result.value;
    }
  } finally {
    stopped = true;
    await Promise.allSettled(line);
    await source.return();
  }
}

/**
 * Hands items to `work` in groups, one group after the other. After a group that failed none is worked on.
 *
 * @param size a group goes when it has so many items,
 * @param patience or so many milliseconds after its first item came
 * @returns `put` takes an item; whoever begins a group waits until the one before is worked on. `flush` lets all go that
 *   have come, and resolves when they are worked on. Both reject with the failure.
 */
export function grouping<T>(
  work: (group: readonly T[]) => Promise<void>,
  size: number,
  patience: number,
): { put: (item: T) => Promise<void>; flush: () => Promise<void> } {
  let group: T[] = [];
  let last = Promise.resolve();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    const going = group;
    group = [];
    last = last.then(() => work(going));
    // Whoever waits for it, now or later, hears of it.
    last.catch(() => undefined);
    return last;
  };
  const put = async (item: T): Promise<void> => {
    const before = last;
    const count = group.push(item);
    if (count === 1) timer = setTimeout(flush, patience);
    if (count === size) flush();
    if (count === 1) await before;
  };
  return { put, flush };
}

/** Asks `source` for its next value while the consumer is still busy with the last one. */
export function oneAhead<T>(source: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  return pipelined(source, 1, async (item) => item);
}
