import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inFlight, oneAhead } from './flight.ts';
import { grouped } from './reader.ts';

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

describe('grouped', () => {
  it('loses nothing, and only the last group may be smaller', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat()), fc.integer({ min: 1, max: 10 }), async (items, size) => {
        const groups = await collected(grouped(listed(items), size));
        expect(groups.flat()).toEqual(items);
        for (const group of groups.slice(0, -1)) expect(group).toHaveLength(size);
        for (const group of groups) expect(group.length).toBeGreaterThan(0);
      }),
    );
  });
});
