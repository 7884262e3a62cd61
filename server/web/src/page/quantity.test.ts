import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesText, countOf, decimalText } from './quantity.ts';

describe('bytesText', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [9994, '9.99 kB'],
    [9995, '10.0 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [2_295_822, '2.30 MB'],
    [5e15, '5000 TB'],
  ])('%d is %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text);
  });

  it('never shows four digits below a terabyte', () => {
    fc.assert(
      fc.property(fc.nat(999_000_000_000), (n) => {
        expect(bytesText(n)).toMatch(/^[\d.]{1,4} [kMGT]?B$/);
      }),
    );
  });
});

it('counts', () => {
  expect(countOf(1, 'sample')).toBe('1 sample');
  expect(countOf(12345, 'sample')).toBe('12,345 samples');
});

it('shows at most three decimals', () => {
  expect([decimalText(1.23456), decimalText(2), decimalText(-0.0004)]).toEqual(['1.235', '2', '0']);
});
