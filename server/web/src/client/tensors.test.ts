import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classTargets, keypointTargets, normalizationTable, normalizeInto } from './tensors.ts';
import type { Keypoint, Normalization, Sample } from './wire.ts';

const sample = (labels: Partial<Sample>): Sample => ({
  key: 'a.jpg',
  offset: 0,
  length: 1,
  sha256: '0'.repeat(64),
  size: [1, 1],
  image_size: [200, 50],
  affine: [1, 0, 0, 0, 1, 0],
  ...labels,
});

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

describe('classTargets', () => {
  it('has a single one a row, at the class', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 1 }), (ids) => {
        const { values, columns } = classTargets(
          ids.map((id) => sample({ class: id })),
          ['a', 'b', 'c', 'd', 'e'],
        );
        expect(columns).toBe(5);
        for (const [row, id] of ids.entries()) {
          const hot = [...values.slice(row * 5, row * 5 + 5)];
          expect(hot.indexOf(1)).toBe(id);
          expect(hot.filter((v) => v === 0)).toHaveLength(4);
        }
      }),
    );
  });

  it('names the sample that has no class, or one that is not in the list', () => {
    expect(() => classTargets([sample({})], ['a'])).toThrow('a.jpg: wanted a class, found none');
    expect(() => classTargets([sample({ class: 1 })], ['a'])).toThrow('a.jpg: wanted a class below 1, found 1');
  });
});

describe('keypointTargets', () => {
  it('divides x by the width and y by the height, of the first instance', () => {
    const first: Keypoint[] = [
      [20, 10, 2],
      [200, 50, 1],
    ];
    const { values, columns } = keypointTargets([sample({ keypoints: [first, [[1, 1, 2]]] })], ['l', 'r']);
    expect(columns).toBe(4);
    expect([...values]).toEqual([Math.fround(0.1), Math.fround(0.2), 1, 1]);
  });

  it('refuses to make up a place', () => {
    expect(() => keypointTargets([sample({})], ['l'])).toThrow('a.jpg: wanted 1 keypoints, found none');
    expect(() => keypointTargets([sample({ keypoints: [[]] })], ['l'])).toThrow('wanted 1 keypoints, found 0');
    expect(() => keypointTargets([sample({ keypoints: [[[0, 0, 0]]] })], ['nose'])).toThrow(
      'a place for keypoint nose, found not labelled',
    );
  });
});
