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
 * Asks `source` for its next value while the consumer is still busy with the last one.
 *
 * At most one value waits. When the consumer stops early, the waiting value is let go and the source is closed.
 */
export async function* oneAhead<T>(source: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  const ask = (): Promise<IteratorResult<T, void>> => {
    const asked = source.next();
    // The consumer may stop before it sees this failure; that must not become an unhandled rejection.
    asked.catch(() => undefined);
    return asked;
  };
  let coming = ask();
  try {
    for (;;) {
      const result = await coming;
      if (result.done) return;
      coming = ask();
      yield result.value;
    }
  } finally {
    await coming.catch(() => undefined);
    await source.return();
  }
}
