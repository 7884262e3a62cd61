import { DataprepError, reasonOf } from './complaint.ts';

/** Waits before the second, third and fourth try, in milliseconds: a server restart is over within these. */
const PAUSES = [300, 1000, 3000];

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
  try {
    const problem: unknown = await response.json();
    if (typeof problem === 'object' && problem !== null && 'detail' in problem) return `${status} (${problem.detail})`;
  } catch {
    // Not every server in between answers errors in JSON; the status alone is then all there is to say.
  }
  return status;
}

async function tryOnce(url: string, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url, { cache: options.cache, signal: options.signal ?? null });
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new DataprepError(response.status >= 500 ? 'network' : 'http', {
    place: url,
    wanted: 'an answer of 200',
    found: await detailOf(response),
    next: NEXT[response.status] ?? 'See the server’s log.',
  });
}

/**
 * The body at `url`.
 *
 * Network failures (also in the middle of a body) and 5xx answers are tried again three times, 4xx never.
 *
 * @throws DataprepError `http` on a 4xx answer, `network` when the tries are used up; the signal's reason on abort
 */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
  for (let tried = 0; ; tried++) {
    options.signal?.throwIfAborted();
    try {
      return await tryOnce(url, options);
    } catch (thrown) {
      options.signal?.throwIfAborted();
      if (thrown instanceof DataprepError && thrown.code !== 'network') throw thrown;
      const wait = PAUSES[tried];
      if (wait === undefined) {
        if (thrown instanceof DataprepError) throw thrown;
        throw new DataprepError(
          'network',
          {
            place: url,
            wanted: 'an answer',
            found: `${reasonOf(thrown)}, ${tried + 1} times`,
            next: 'Check that the server runs and can be reached from here, then sync again: it goes on where it was.',
          },
          { cause: thrown },
        );
      }
      await pause(wait, options.signal);
    }
  }
}

/** The JSON document at `url`, revalidated with the server; as {@link download}. */
export async function downloadJson(url: string, signal: AbortSignal | undefined): Promise<unknown> {
  return parseJson(await download(url, { cache: 'no-cache', signal }), url);
}

/**
 * Parses UTF-8 JSON.
 *
 * @throws DataprepError (`wire`) naming `place`
 */
export function parseJson(bytes: Uint8Array, place: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
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
