import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { grouping, inFlight, oneAhead, pipelined } from './flight.ts';
import { portioned } from './reader.ts';

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

async function* listed<T>(items: readonly T[], log: string[] = []): AsyncGenerator<T, void, undefined> {
  try {
    for (const item of items) {
      log.push(`made ${item}`);
      yield item;
    }
  } finally {
    log.push('closed');
  }
}

async function collected<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

describe('inFlight', () => {
  it('keeps the order of the results, and the limit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat()), fc.integer({ min: 1, max: 9 }), async (items, limit) => {
        let underWay = 0;
        let most = 0;
        const results = await inFlight(items, limit, async (item) => {
          underWay += 1;
          most = Math.max(most, underWay);
          await Promise.resolve();
          underWay -= 1;
          return item + 1;
        });
        expect(results).toEqual(items.map((item) => item + 1));
        expect(most).toBe(Math.min(limit, items.length));
      }),
    );
  });

  it('rejects only when nothing is under way any more, and starts nothing after a failure', async () => {
    const log: number[] = [];
    const work = inFlight([0, 1, 2, 3, 4, 5], 2, async (item) => {
      if (item === 1) throw new Error('no');
      await turn();
      log.push(item);
    });
    await expect(work).rejects.toThrow('no');
    expect(log).toEqual([0]);
  });
});

describe('grouping', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('hands on every item once, in order, one group at a time; nothing after a group that failed, which all hear of', async () => {
    const comings = fc.array(fc.record({ after: fc.nat(9), fails: fc.nat(9).map((one) => one === 0) }));
    await fc.assert(
      fc.asyncProperty(comings, fc.nat(12), async (list, patience) => {
        let now = 0;
        vi.spyOn(performance, 'now').mockImplementation(() => now);
        const groups: number[][] = [];
        let busy = false;
        const fails = (group: readonly number[]): boolean => group.some((at) => list[at]?.fails);
        const { put, flush } = grouping(async (group: readonly number[]) => {
          expect(busy).toBe(false);
          busy = true;
          groups.push([...group]);
          await turn();
          busy = false;
          if (fails(group)) throw new Error(`${group[0]}`);
        }, patience);
        const ends: Promise<string>[] = [];
        const wanted: number[][] = [[]];
        let went = 0;
        for (const [at, { after }] of list.entries()) {
          now += after;
          if (after % 2) await turn();
          ends.push(
            put(at).then(
              () => 'taken',
              ({ message }: Error) => message,
            ),
          );
          wanted.at(-1)?.push(at);
          if (now - went < patience) continue;
          went = now;
          wanted.push([]);
        }
        const ended = await flush().then(
          () => 'done',
          ({ message }: Error) => message,
        );
        const failed = wanted.findIndex(fails);
        const worked = failed < 0 ? wanted : wanted.slice(0, failed + 1);
        expect(groups).toEqual(worked);
        expect(ended).toBe(failed < 0 ? 'done' : `${wanted[failed]?.[0]}`);
        // Whoever let a group go hears of those before it.
        const heard = wanted.slice(0, -1).map((group) => ends[group.at(-1) as number]);
        for (const [position, end] of heard.entries()) {
          expect(await end).toBe(failed < 0 || position <= failed ? 'taken' : ended);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('holds up who lets a group go until the group before is worked on', async () => {
    let finish = (): void => undefined;
    const groups: number[][] = [];
    const { put, flush } = grouping((group: readonly number[]) => {
      groups.push([...group]);
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    }, 0);
    await put(1);
    let through = false;
    const second = put(2).then(() => {
      through = true;
    });
    await turn();
    expect([groups, through]).toEqual([[[1]], false]);
    finish();
    await second;
    await turn();
    expect(groups).toEqual([[1], [2]]);
    const all = flush();
    finish();
    await turn();
    finish();
    await all;
  });
});

describe('oneAhead', () => {
  it('passes everything on, with one value made ahead', async () => {
    const log: string[] = [];
    for await (const item of oneAhead(listed([1, 2, 3], log))) {
      await turn();
      log.push(`used ${item}`);
    }
    expect(log).toEqual(['made 1', 'made 2', 'used 1', 'made 3', 'used 2', 'closed', 'used 3']);
  });

  it('closes the source when the consumer stops', async () => {
    const log: string[] = [];
    for await (const _ of oneAhead(listed([1, 2, 3], log))) break;
    expect(log).toEqual(['made 1', 'made 2', 'closed']);
  });

  it('passes a failure on in its turn', async () => {
    async function* failing(): AsyncGenerator<number, void, undefined> {
      yield 1;
      throw new Error('broken');
    }
    const source = oneAhead(failing());
    expect((await source.next()).value).toBe(1);
    await turn();
    await expect(source.next()).rejects.toThrow('broken');
  });
});

describe('pipelined', () => {
  it('gives the results in order, however long each takes, and works on no more than the limit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(99)), fc.integer({ min: 1, max: 5 }), async (items, limit) => {
        let underWay = 0;
        let most = 0;
        const source = pipelined(listed(items), limit, async (item) => {
          underWay += 1;
          most = Math.max(most, underWay);
          for (let turns = item % 5; turns > 0; turns--) await turn();
          underWay -= 1;
          return item;
        });
        expect(await collected(source)).toEqual(items);
        expect(most).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 20 },
    );
  });

  it('works ahead while the consumer is busy', async () => {
    const log: string[] = [];
    const source = pipelined(listed([1, 2, 3, 4, 5], log), 3, async (item) => item);
    await source.next();
    await turn();
    expect(log).toEqual(['made 1', 'made 2', 'made 3', 'made 4']);
    await source.return();
    expect(log.at(-1)).toBe('closed');
  });

  it('leaves nothing running when the consumer stops', async () => {
    const log: string[] = [];
    const work = async (item: number): Promise<number> => {
      await turn();
      await turn();
      log.push(`done ${item}`);
      return item;
    };
    for await (const _ of pipelined(listed([1, 2, 3, 4, 5], log), 2, work)) break;
    const settled = [...log];
    for (let turns = 0; turns < 5; turns++) await turn();
    expect(log).toEqual(settled);
    expect(log).toContain('closed');
  });

  it('passes a failure of the work on in its turn, and closes the source', async () => {
    const log: string[] = [];
    const source = pipelined(listed([1, 2, 3, 4], log), 3, async (item) => {
      if (item === 2) throw new Error('broken');
      return item;
    });
    expect((await source.next()).value).toBe(1);
    await expect(source.next()).rejects.toThrow('broken');
    expect(log).toContain('closed');
  });
});

describe('portioned', () => {
  it('loses nothing, and a list is full as soon as it weighs enough', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(9)), fc.integer({ min: 1, max: 30 }), async (items, limit) => {
        const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
        const groups = await collected(portioned(listed(items), limit, (item) => item));
        expect(groups.flat()).toEqual(items);
        for (const group of groups.slice(0, -1)) expect(sum(group)).toBeGreaterThanOrEqual(limit);
        for (const group of groups) expect(sum(group.slice(0, -1))).toBeLessThan(limit);
      }),
    );
  });
});

describe('portioned by number', () => {
  it('loses nothing, and only the last group may be smaller', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat()), fc.integer({ min: 1, max: 10 }), async (items, size) => {
        const groups = await collected(portioned(listed(items), size, () => 1));
        expect(groups.flat()).toEqual(items);
        for (const group of groups.slice(0, -1)) expect(group).toHaveLength(size);
        for (const group of groups) expect(group.length).toBeGreaterThan(0);
      }),
    );
  });
});
