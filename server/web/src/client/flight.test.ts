import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
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
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const lasting = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

  it('hands on every item once, in order, one group at a time; nothing after a group that failed, which others hear', async () => {
    const comings = fc.array(fc.record({ after: fc.nat(9), fails: fc.nat(9).map((one) => one === 0) }));
    const limits = fc.record({ size: fc.integer({ min: 1, max: 5 }), patience: fc.integer({ min: 1, max: 12 }) });
    await fc.assert(
      fc.asyncProperty(comings, limits, fc.nat(20), async (list, { size, patience }, takes) => {
        const groups: number[][] = [];
        let busy = false;
        const fails = (group: readonly number[]): boolean => group.some((at) => list[at]?.fails);
        const { put, flush } = grouping(
          async (group: readonly number[]) => {
            expect(busy).toBe(false);
            busy = true;
            groups.push([...group]);
            await lasting(takes);
            busy = false;
            if (fails(group)) throw new Error(`${group[0]}`);
          },
          size,
          patience,
        );
        const said = (promise: Promise<void>): Promise<string> =>
          promise.then(
            () => 'done',
            ({ message }: Error) => message,
          );
        const ends: Promise<string>[] = [];
        const wanted: number[][] = [[]];
        let [now, began] = [0, 0];
        for (const [at, { after }] of list.entries()) {
          now += after;
          await vi.advanceTimersByTimeAsync(after);
          let group = wanted.at(-1) as number[];
          if (group.length === size || (group.length > 0 && now >= began + patience)) {
            group = [];
            wanted.push(group);
          }
          if (group.length === 0) began = now;
          group.push(at);
          ends.push(said(put(at)));
        }
        const last = wanted.at(-1) as number[];
        // What is flushed may be nothing.
        const gone = last.length === size;
        const ending = said(flush());
        await vi.runAllTimersAsync();
        const failed = wanted.findIndex(fails);
        const failure = `${wanted[failed]?.[0]}`;
        const worked = failed < 0 ? wanted : wanted.slice(0, failed + 1);
        expect(groups).toEqual(gone && failed < 0 ? [...worked, []] : worked);
        expect(await ending).toBe(failed < 0 ? 'done' : failure);
        for (const [position, group] of wanted.entries()) {
          const [first, ...others] = group.map((at) => ends[at]);
          if (first) expect(await first).toBe(failed < 0 || position <= failed ? 'done' : failure);
          for (const other of others) expect(await other).toBe('done');
        }
      }),
    );
  });

  it('lets an item go that nothing follows', async () => {
    const groups: number[][] = [];
    const { put } = grouping(
      async (group: readonly number[]) => {
        groups.push([...group]);
      },
      9,
      100,
    );
    await Promise.all([put(1), put(2)]);
    await vi.advanceTimersByTimeAsync(99);
    expect(groups).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(groups).toEqual([[1, 2]]);
    // Nothing goes on behind it.
    expect(vi.getTimerCount()).toBe(0);
  });

  it('holds up who begins a group until the one before is worked on', async () => {
    const { put } = grouping(() => lasting(50), 2, 10);
    await Promise.all([put(1), put(2)]);
    let through = false;
    put(3).then(() => {
      through = true;
    });
    await put(4);
    await vi.advanceTimersByTimeAsync(49);
    expect(through).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(through).toBe(true);
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
