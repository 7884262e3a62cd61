import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Augmented } from '../augmentation.ts';
import type { Sample } from '../wire.ts';
import { packed, unpacked } from './packed.ts';

const side = fc.integer({ min: 1, max: 7 });

const augmented: fc.Arbitrary<Augmented> = fc
  .record({ key: fc.string(), width: side, height: side, masked: fc.boolean() })
  .chain(({ key, width, height, masked }) => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    return fc.tuple(bytes(width * height * 3), bytes(width * height)).map(([rgb, mask]) => ({
      sample: { key } as Sample,
      picture: { rgb: rgb.slice(), width, height, ...(masked && { mask: mask.slice() }) },
    }));
  });

describe('packed samples', () => {
  it('are the same when unpacked, each in memory of its own', () => {
    fc.assert(
      fc.property(fc.array(augmented, { maxLength: 5 }), (samples) => {
        const sent = structuredClone(packed(samples));
        const found = unpacked(sent);
        expect(found).toEqual(samples);
        for (const { picture } of found) {
          expect(picture.rgb.buffer.byteLength).toBe(picture.rgb.length);
          expect(picture.mask?.buffer.byteLength).toBe(picture.mask?.length);
        }
        const length = samples.reduce((sum, { picture: { rgb, mask } }) => sum + rgb.length + (mask?.length ?? 0), 0);
        expect(sent.bytes.length).toBe(length);
      }),
    );
  });
});
