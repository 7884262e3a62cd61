import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizationTable, normalizeInto } from './tensors.ts';
import type { Normalization } from './wire.ts';

describe('normalisation', () => {
  it('gives x * scale + offset of its own channel, rounded to float32 once', () => {
    const number = fc.double({ min: -10, max: 10, noNaN: true });
    const triple = fc.tuple(number, number, number);
    fc.assert(
      fc.property(triple, triple, fc.uint8Array({ minLength: 3, maxLength: 30 }), (scale, offset, bytes) => {
        const rgb = bytes.slice(0, bytes.length - (bytes.length % 3));
        const normalize: Normalization = { scale, offset };
        const out = new Float32Array(rgb.length + 4).fill(9);
        normalizeInto(out, 2, rgb, normalizationTable(normalize));
        const wanted = Array.from(rgb, (x, i) => Math.fround(x * (scale[i % 3] ?? 0) + (offset[i % 3] ?? 0)));
        expect([...out]).toEqual([9, 9, ...wanted, 9, 9]);
      }),
    );
  });
});
