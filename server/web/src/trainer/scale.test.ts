import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearScale, tickStep } from './scale.ts';

const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe('linearScale', () => {
  it('maps the ends to the ends', () => {
    fc.assert(
      fc.property(value, fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (low, span) => {
        const scale = linearScale(low, low + span, 10, 200);
        expect(scale(low)).toBeCloseTo(10, 6);
        expect(scale(low + span)).toBeCloseTo(200, 3);
      }),
    );
  });

  it('has at most six ticks, all inside', () => {
    fc.assert(
      fc.property(value, fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (low, span) => {
        const { ticks } = linearScale(low, low + span, 0, 1);
        expect(ticks.length).toBeLessThanOrEqual(6);
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(low - span * 1e-6);
          expect(tick).toBeLessThanOrEqual(low + span * (1 + 1e-6));
        }
      }),
    );
  });

  it('gives a flat curve a place', () => {
    expect(linearScale(2, 2, 0, 100)(2)).toBe(0);
  });
});

it.each([
  [1, 5, 0.2],
  [10, 5, 2],
  [7, 5, 2],
  [0.03, 5, 0.01],
])('covers %d in at most %d steps of %d', (span, most, step) => {
  expect(tickStep(span, most)).toBeCloseTo(step, 9);
});
