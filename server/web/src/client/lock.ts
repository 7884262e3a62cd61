/** Readers on this page, by database; the only ones that can be seen where Web Locks are missing. */
const readers = new Map<string, number>();

/**
 * Says that this page reads the database, until the function that it gives is called, once.
 *
 * While somebody reads, a sync leaves the shards of the old index in place.
 */
export async function startReading(database: string): Promise<() => void> {
  readers.set(database, (readers.get(database) ?? 0) + 1);
  let release = (): void => undefined;
  if (navigator.locks) {
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await new Promise<void>((granted) => {
      const request = navigator.locks.request(`${database}#read`, { mode: 'shared' }, () => {
        granted();
        return held;
      });
      // Refused in a sandboxed frame, which has no IndexedDB either: the read says so.
      request.catch(() => granted());
    });
  }
  return () => {
    readers.set(database, (readers.get(database) ?? 1) - 1);
    release();
  };
}

/** Runs `work`, telling it whether nobody reads the database meanwhile. */
export async function besideReaders<T>(database: string, work: (alone: boolean) => Promise<T>): Promise<T> {
  if (!navigator.locks) return work(!readers.get(database));
  return navigator.locks.request(`${database}#read`, { ifAvailable: true }, (lock) => work(lock !== null));
}

/**
 * Runs `work` while no other tab syncs the same database. Without Web Locks it just runs: two syncs then download
 * some shards twice, and the last transaction of each still checks that everything it needs is there.
 */
export async function oneSync<T>(database: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (!navigator.locks) return work();
  return navigator.locks.request(`${database}#sync`, { signal }, work);
}

/** Runs `work` with a signal that is aborted when either is, for the same reason. */
export async function untilEither<T>(
  one: AbortSignal,
  other: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // AbortSignal.any does the same, but is younger than some browsers in classrooms (Firefox 124, Safari 17.4).
  const either = new AbortController();
  const signals = [one, other];
  const stop = (): void => either.abort(signals.find((signal) => signal?.aborted)?.reason);
  for (const signal of signals) signal?.addEventListener('abort', stop);
  if (signals.some((signal) => signal?.aborted)) stop();
  try {
    return await work(either.signal);
  } finally {
    for (const signal of signals) signal?.removeEventListener('abort', stop);
  }
}
