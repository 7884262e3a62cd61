import { describe, expect, it } from 'vitest';
import { untilEither } from './lock.ts';

/** Work that lasts until its signal is aborted, and fails with the reason. */
const untilStopped = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });

describe('untilEither', () => {
  it.each([0, 1])('stops for the reason of whichever is aborted (%i)', async (which) => {
    const both = [new AbortController(), new AbortController()] as const;
    const running = untilEither(both[0].signal, both[1].signal, untilStopped);
    both[which === 0 ? 0 : 1].abort('because');
    await expect(running).rejects.toBe('because');
  });

  it('stops at once when one was aborted before', async () => {
    const before = AbortSignal.abort('long ago');
    await expect(untilEither(new AbortController().signal, before, untilStopped)).rejects.toBe('long ago');
  });

  it('needs no second signal, and gives what the work gives', async () => {
    await expect(untilEither(new AbortController().signal, undefined, async () => 7)).resolves.toBe(7);
  });
});
