import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cursor, type ReadIdentity, stretchOf, withCursor } from './cursor.ts';
import type { BatchOptions, ResumeOptions } from './options.ts';

const identity: ReadIdentity = {
  digest: 'd',
  split: 'train',
  shards: 3,
  seed: 7,
  shuffle: { window: 9 },
  subset: { n: 5, seed: 0, perClass: false },
  functions: ['filter'],
};
const cursor: Cursor = { ...identity, batchSize: 4, repeat: 3, first: 2, epoch: 3, position: 8 };
const options: BatchOptions = { split: 'train', batchSize: 4 };

describe('withCursor', () => {
  it('fills in what is left out, and nothing else', () => {
    expect(withCursor({ cursor })).toMatchObject({
      split: 'train',
      seed: 7,
      shuffle: { window: 9 },
      subset: { n: 5 },
      batchSize: 4,
      repeat: 3,
      epoch: 2,
    });
    expect(withCursor({ cursor, batchSize: 9, seed: 1, epoch: 3 })).toMatchObject({ batchSize: 9, seed: 1, epoch: 3 });
    expect(withCursor(options)).toBe(options);
  });

  it('takes auto as what it chose', () => {
    expect(withCursor({ cursor, shuffle: 'auto' }).shuffle).toEqual({ window: 9 });
    expect(withCursor({ cursor, shuffle: 'full' }).shuffle).toBe('full');
  });
});

describe('stretchOf', () => {
  const resume = (more: Partial<ResumeOptions>) => stretchOf('batches', withCursor({ cursor, ...more }), identity);

  it('begins at the beginning without a cursor', () => {
    expect(stretchOf('batches', options, identity)).toEqual({ first: 0, epoch: 0, position: 0, end: 1 });
    expect(stretchOf('batches', { ...options, epoch: 4, repeat: true }, identity).end).toBe(Number.POSITIVE_INFINITY);
  });

  it('goes on behind the batch, and ends where it would have ended', () => {
    expect(resume({})).toEqual({ first: 2, epoch: 3, position: 8, end: 5 });
    expect(resume({ epoch: 3, repeat: 1 })).toEqual({ first: 3, epoch: 3, position: 8, end: 4 });
  });

  it('survives JSON', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(9), (position, epoch) => {
        const kept = JSON.parse(JSON.stringify({ ...cursor, repeat: true, epoch: 2 + epoch, position })) as Cursor;
        expect(stretchOf('batches', withCursor({ cursor: kept }), identity)).toMatchObject({
          epoch: 2 + epoch,
          position,
        });
      }),
    );
  });

  it.each([
    ['epoch is "4 to 6", found 3', { epoch: 4 }],
    ['epoch is "2 to 2", found 3', { repeat: 1 }],
    ['position is "a whole number", found "8"', { cursor: { ...cursor, position: '8' as unknown as number } }],
    ['digest is "d", found none', { cursor: {} as Cursor, epoch: 0 }],
  ])('refuses: %s', (message, more) => {
    expect(() => resume(more)).toThrow(message);
  });
});
