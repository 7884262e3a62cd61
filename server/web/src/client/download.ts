import { DataprepError, reasonOf } from './complaint.ts';

/** Waits before the second, third and fourth try, in milliseconds: a server restart is over within these. */
const PAUSES = [300, 1000, 3000];

/**
 * How long a server that says when to come again (Retry-After) is believed in all, in milliseconds. While a class syncs
 * at once, one that is full says so many times; what asks for more is an outage.
 */
const PATIENCE = 120_000;

/** What to do about some of the answers. A static export answers 404 to what a server answers 410 to. */
const NEXT: Record<number, string> = {
  404: 'Check the dataset’s name, or sync again: it may have changed.',
  410: 'Sync again: the dataset has changed.',
};

/** How to ask. `cache` is the request's cache mode. */
export interface DownloadOptions {
  cache: RequestCache;
  signal?: AbortSignal | undefined;
}

/** Takes the body of an answer. What it fails with counts as a failure of the network. */
type Take<T> = (response: Response) => Promise<T>;

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

async function detailOf(response: Response): Promise<string> {
  const status = `${response.status} ${response.statusText}`.trim();
  // Not every server in between answers errors in JSON; the status alone is then all there is to say.
  const problem: { detail?: unknown } | null = await response.json().catch(() => null);
  return problem?.detail ? `${status} (${problem.detail})` : status;
}

async function tryOnce<T>(url: string, options: DownloadOptions, take: Take<T>): Promise<T> {
  const response = await fetch(url, { cache: options.cache, signal: options.signal ?? null });
  if (response.ok) return await take(response);
  const parts = {
    place: url,
    wanted: 'an answer of 200',
    found: await detailOf(response),
    next: NEXT[response.status] ?? 'See the server’s log.',
  };
  if (response.status < 500) throw new DataprepError('http', parts);
  const again = response.headers.get('Retry-After');
  throw Object.assign(new DataprepError('network', parts), again !== null && { again: millisecondsUntil(again) });
}

/** What Retry-After says: seconds, or a date. What it says in no known way is as if it were soon. */
function millisecondsUntil(again: string): number {
  const wait = /^\d+$/.test(again) ? Number(again) * 1000 : Date.parse(again) - Date.now();
  // Not at once, or a server that is full would be asked in a loop.
  return Math.max(wait || 0, PAUSES[0] as number);
}

/** The bytes at `url`; as {@link downloadAs}. */
export function download(url: string, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
  return downloadAs(url, options, async (response) => new Uint8Array(await response.arrayBuffer()));
}

/**
 * What `take` makes of the body at `url`.
 *
 * Network failures (also in the middle of a body) and 5xx answers are tried again three times, 4xx never. An answer that
 * says when to come again is taken at its word, as often as it takes, for two minutes in all.
 *
 * @throws DataprepError `http` on a 4xx answer, `network` when the tries are used up; the signal's reason on abort
 */
export async function downloadAs<T>(url: string, options: DownloadOptions, take: Take<T>): Promise<T> {
  let patience = PATIENCE;
  for (let tried = 0; ; ) {
    options.signal?.throwIfAborted();
    try {
      return await tryOnce(url, options, take);
    } catch (thrown) {
      options.signal?.throwIfAborted();
      if (thrown instanceof DataprepError && thrown.code !== 'network') throw thrown;
      // Of a refusal that says after how many milliseconds to come again.
      const { again } = thrown as { again?: number };
      if (again) patience -= again;
      const wait = again ?? PAUSES[tried++];
      if (wait === undefined || patience < 0) throw outOfTries(url, thrown, tried);
      // Up to half as long again, or all who were refused would come back in the same instant.
      await pause(wait * (1 + Math.random() / 2), options.signal);
    }
  }
}

function outOfTries(url: string, thrown: unknown, tried: number): DataprepError {
  if (thrown instanceof DataprepError) return thrown;
  return new DataprepError(
    'network',
    {
      place: url,
      wanted: 'an answer',
      found: `${reasonOf(thrown)}, ${tried} times`,
      next: 'Check that the server runs and can be reached from here, then sync again: it goes on where it was.',
    },
    { cause: thrown },
  );
}

/** The JSON document at `url`, revalidated with the server; as {@link download}. */
export async function downloadJson(url: string, signal: AbortSignal | undefined): Promise<unknown> {
  return parseJson(await download(url, { cache: 'no-cache', signal }), url);
}

/**
 * Parses UTF-8 JSON.
 *
 * @param short makes the text shorter before, of what nobody asks for
 * @throws DataprepError (`wire`) naming `place`
 */
export function parseJson(bytes: Uint8Array, place: string, short = (text: string): string => text): unknown {
  try {
    return JSON.parse(short(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new DataprepError(
      'wire',
      {
        place,
        wanted: 'a JSON document',
        found: reasonOf(cause),
        next: 'Check that the address is that of a dataprep server.',
      },
      { cause },
    );
  }
}
