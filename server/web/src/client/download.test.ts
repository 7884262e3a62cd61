import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { download } from './download.ts';

type Answer = Response | 'lost';

/** Answers one after the other, and notes at which millisecond each was asked for. */
function answering(...answers: Answer[]): number[] {
  const asked: number[] = [];
  vi.stubGlobal('fetch', async () => {
    asked.push(Date.now());
    const answer = answers[Math.min(asked.length, answers.length) - 1] as Answer;
    if (answer === 'lost') throw new TypeError('Failed to fetch');
    return answer.clone();
  });
  return asked;
}

/** Downloads while the clock runs as fast as timers need it to. */
async function downloaded(signal?: AbortSignal): Promise<string> {
  const ended = download('http://server/file', { cache: 'no-store', signal }).then(
    (bytes) => new TextDecoder().decode(bytes),
    (error) => `${error.code ?? error.name}: ${error.message}`,
  );
  await vi.runAllTimersAsync();
  return ended;
}

const good = new Response('good');
const refused = (status: number, again?: string): Response =>
  new Response('{"detail": "no"}', { status, headers: again === undefined ? {} : { 'Retry-After': again } });

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) }));

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const waits = (asked: readonly number[]): number[] => asked.slice(1).map((at, i) => at - (asked[i] as number));

/** How often it asks before it gives up. */
async function timesAsked(asked: readonly number[]): Promise<number> {
  expect(await downloaded()).toMatch(/^network: .*503/);
  return asked.length;
}

describe('download', () => {
  it('tries again after longer and longer pauses when the network or the server fails, and then gives up', async () => {
    for (const answer of ['lost', refused(500), refused(502)] as Answer[]) {
      const asked = answering(answer);
      expect(await downloaded()).toMatch(/^network: /);
      const [first = 0, second = 0, third = 0, ...more] = waits(asked);
      expect([first >= 300, second >= 1000, third >= 3000, more]).toEqual([true, true, true, []]);
    }
  });

  it('goes on after a failure', async () => {
    answering('lost', refused(503), good);
    expect(await downloaded()).toBe('good');
  });

  it.each([400, 401, 403, 404, 410, 429])('asks once when the answer is %d', async (status) => {
    const asked = answering(refused(status, '1'), good);
    expect(await downloaded()).toMatch(/^http: .*\(no\)/);
    expect(asked).toHaveLength(1);
  });

  it('comes again when it was told to, not before, as often as it takes', async () => {
    const asked = answering(...Array.from({ length: 9 }, () => refused(503, '7')), good);
    expect(await downloaded()).toBe('good');
    const found = waits(asked);
    expect(found).toHaveLength(9);
    for (const wait of found) expect(wait >= 7000 && wait <= 10_500, String(wait)).toBe(true);
  });

  it('takes a date, and anything else as soon', async () => {
    const date = new Date(Date.now() + 20_000).toUTCString();
    const asked = answering(refused(503, date), refused(503, 'later'), refused(503, '0'), good);
    expect(await downloaded()).toBe('good');
    const [first = 0, second = 0, third = 0] = waits(asked);
    expect([first >= 20_000, second >= 300, third >= 300]).toEqual([true, true, true]);
  });

  it('waits for two minutes in all, and not at all for an hour', async () => {
    expect([
      await timesAsked(answering(refused(503, '60'))),
      await timesAsked(answering(refused(503, '3600'))),
    ]).toEqual([3, 1]);
  });

  it('stops waiting when it is aborted', async () => {
    const stop = new AbortController();
    const asked = answering(refused(503, '60'));
    setTimeout(() => stop.abort(), 5000);
    expect(await downloaded(stop.signal)).toMatch(/^AbortError|^20: /);
    expect(asked).toHaveLength(1);
  });
});
