import { describe, expect, it } from 'vitest';
import { maskColors, maskShares } from './mask-layer.ts';

const mask = Uint8Array.of(0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 9, 1);

describe('maskColors', () => {
  const rgba = maskColors(mask, 5, (index) => [index, 20, 30]);
  const at = (x: number, y: number): number[] => [...rgba.subarray((y * 5 + x) * 4, (y * 5 + x) * 4 + 4)];

  it('leaves index 0 clear, and colours the others', () => {
    expect(at(0, 1)).toEqual([0, 0, 0, 0]);
    expect(at(2, 1)).toEqual([1, 20, 30, 96]);
    expect(at(3, 2)).toEqual([9, 20, 30, 216]);
  });

  it('shows edges more than insides', () => {
    expect([at(1, 1)[3], at(3, 1)[3], at(4, 2)[3]]).toEqual([216, 216, 216]);
    // The first pixel of a row is no neighbour of the last one of the row above.
    expect(at(4, 0)[3]).toBe(96);
  });
});

it('counts what a mask holds', () => {
  expect(maskShares(mask)).toEqual([
    [1, 11 / 15],
    [0, 3 / 15],
    [9, 1 / 15],
  ]);
});
