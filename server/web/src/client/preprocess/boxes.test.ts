import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Box } from '../wire.ts';
import { boxesFromAnchors, boxesFromCenters, overlap, suppress } from './boxes.ts';

describe('boxes', () => {
  it('from centres and sizes, in pixels and in shares', () => {
    expect(boxesFromCenters([10, 20, 4, 6])).toEqual([[8, 17, 12, 23]]);
    expect(boxesFromCenters(Float32Array.of(0.5, 0.25, 0.5, 0.5, 0, 0, 1, 1), [64, 32])).toEqual([
      [16, 0, 48, 16],
      [-32, -16, 32, 16],
    ]);
  });

  it('from anchors: the anchor itself, and one moved by half its size and twice as wide', () => {
    const anchors = [50, 40, 20, 10, 50, 40, 20, 10];
    const offsets = [0, 0, 0, 0, 0.5, -0.5, Math.log(2), 0];
    // Centre (50 + 0.5 * 20, 40 - 0.5 * 10), size (20 * 2, 10).
    expect(boxesFromAnchors(offsets, anchors)).toEqual([
      [40, 35, 60, 45],
      [40, 30, 80, 40],
    ]);
    // SSD's variances: a tenth of the way, a fifth of the logarithm.
    const scaled = [0, 0, 0, 0, 5, -5, 5 * Math.log(2), 0];
    const [, moved] = boxesFromAnchors(scaled, anchors, [0.1, 0.1, 0.2, 0.2]);
    for (const [at, value] of [40, 30, 80, 40].entries()) expect(moved?.[at]).toBeCloseTo(value, 9);
  });

  it('are refused when the numbers do not fit', () => {
    expect(() => boxesFromCenters([1, 2, 3])).toThrow(/four numbers a box.*3 numbers/);
    expect(() => boxesFromAnchors([0, 0, 0, 0], [])).toThrow(/an anchor an offset, found 0 and 1/);
  });
});

describe('overlap', () => {
  it.each([
    [[0, 0, 2, 2], [1, 1, 3, 3], 1 / 7],
    [[0, 0, 4, 2], [0, 0, 2, 2], 1 / 2],
    [[0, 0, 2, 2], [2, 0, 4, 2], 0],
    [[1, 1, 1, 1], [1, 1, 1, 1], 0],
  ] as [Box, Box, number][])('of %j and %j is %d', (one, other, share) => {
    expect(overlap(one, other)).toBeCloseTo(share, 12);
    expect(overlap(other, one)).toBeCloseTo(share, 12);
  });
});

describe('suppression', () => {
  // Shifted by 1 of 4: overlap 3 / 5. By 2: 2 / 6.
  const row: Box[] = [
    [0, 0, 4, 4],
    [1, 0, 5, 4],
    [2, 0, 6, 4],
    [9, 9, 10, 10],
  ];

  it('keeps the best of those that overlap, and what only the suppressed one touched', () => {
    expect(suppress(row, [0.9, 0.8, 0.7, 0.1])).toEqual([0, 2, 3]);
    expect(suppress(row, [0.7, 0.9, 0.8, 0.1])).toEqual([1, 3]);
    expect(suppress(row, [0.9, 0.8, 0.7, 0.1], { overlap: 0.3 })).toEqual([0, 3]);
    // An overlap of just the limit stays.
    expect(suppress(row, [0.9, 0.8, 0.7, 0.1], { overlap: 0.6 })).toEqual([0, 1, 2, 3]);
  });

  it('takes equal scores in their order, drops low ones and those that are none, and stops at the most', () => {
    expect(suppress(row, [0.5, 0.5, 0.5, 0.5])).toEqual([0, 2, 3]);
    expect(suppress(row, [0.9, 0.8, Number.NaN, 0.1], { score: 0.1 })).toEqual([0, 3]);
    expect(suppress(row, [0.9, 0.8, 0.7, 0.1], { score: 0.2 })).toEqual([0, 2]);
    expect(suppress(row, [0.9, 0.8, 0.7, 0.1], { most: 1 })).toEqual([0]);
  });

  it('leaves other classes alone', () => {
    expect(suppress(row, [0.9, 0.8, 0.7, 0.1], { classes: [0, 1, 0, 0] })).toEqual([0, 1, 2, 3]);
    expect(suppress(row, [0.9, 0.8, 0.7, 0.1], { classes: [0, 1, 1, 0] })).toEqual([0, 1, 3]);
  });

  it('refuses scores of other boxes', () => {
    expect(() => suppress(row, [1, 2])).toThrow(/4 scores, one a box, found 2/);
    expect(() => suppress(row, [1, 2, 3, 4], { classes: [1] })).toThrow(/4 classes/);
  });

  it('leaves no two that overlap, nor drops one that no better kept one overlaps', () => {
    const box = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(9), fc.nat(9)).map(([x, y, w, h]): Box => [x, y, x + w, y + h]);
    const scored = fc.array(fc.tuple(box, fc.nat(5), fc.nat(1)), { maxLength: 20 });
    fc.assert(
      fc.property(scored, (all) => {
        const boxes = all.map(([one]) => one);
        const classes = all.map(([, , id]) => id);
        const kept = suppress(
          boxes,
          all.map(([, score]) => score),
          { classes, overlap: 0.4 },
        );
        const rivals = (at: number): number[] =>
          kept.filter(
            (other) =>
              other !== at && classes[other] === classes[at] && overlap(boxes[other] as Box, boxes[at] as Box) > 0.4,
          );
        for (const at of boxes.keys()) {
          if (kept.includes(at)) expect(rivals(at)).toEqual([]);
          else expect(rivals(at).some((other) => (all[other]?.[1] as number) >= (all[at]?.[1] as number))).toBe(true);
        }
      }),
    );
  });
});
