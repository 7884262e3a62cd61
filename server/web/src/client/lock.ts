/** Readers on this page, by database; the only ones that can be seen where Web Locks are missing. */
const readers = new Map<string, number>();

/**
 * Says that this page reads the database, until the function that it gives is called.
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
      void navigator.locks.request(`${database}#read`, { mode: 'shared' }, () => {
        granted();
        return held;
      });
    });
  }
  let reading = true;
  return () => {
    if (!reading) return;
    reading = false;
    readers.set(database, (readers.get(database) ?? 1) - 1);
    release();
  };
}

/** Runs `work`, telling it whether nobody reads the database meanwhile. */
export async function besideReaders<T>(database: string, work: (alone: boolean) => Promise<T>): Promise<T> {
  if (!navigator.locks) return work((readers.get(database) ?? 0) === 0);
  return navigator.locks.request(`${database}#read`, { ifAvailable: true }, (lock) => work(lock !== null));
}

/**
 * Runs `work` while no other tab syncs the same database. Without Web Locks it just runs: two syncs then download
 * some shards twice, and the last transaction of each still checks that everything it needs is there.
 */
export async function oneSync<T>(
  database: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!navigator.locks) return work();
  return navigator.locks.request(`${database}#sync`, signal ? { signal } : {}, work);
}
